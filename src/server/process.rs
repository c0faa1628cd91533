//! What this process costs the machine, as Linux tells it under `/proc`.
//!
//! Own code: of the libraries for it the small ones ask for the same few files, and the large ones for the whole machine. Where there is no
//! `/proc`, nothing is known.

use std::fs;

use super::ports::monitoring::ProcessFigures;

/// Ticks of the processor's clock in a second: 100 in everything that Linux tells programs, on every machine that this one runs on.
const TICKS: f64 = 100.0;

/// Bytes of a block, of which Linux counts reading and writing.
const BLOCK: f64 = 512.0;

/// What it costs now.
pub fn figures() -> Option<ProcessFigures> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut figures = parse(&status, &stat)?;
    // Some containers do not show it.
    let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
    figures.blocks_read = number(&io, "read_bytes").unwrap_or_default() / BLOCK;
    figures.blocks_written = number(&io, "write_bytes").unwrap_or_default() / BLOCK;
    // One of them is the folder itself, open while it is read.
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    figures.open_files = open.saturating_sub(1) as f64;
    Some(figures)
}

fn parse(status: &str, stat: &str) -> Option<ProcessFigures> {
    let bytes = |name| number(status, name).map_or(0.0, |kibibytes| kibibytes * 1_024.0);
    // The name of the program may hold anything, but no later field holds a parenthesis. The first one behind it is number 3.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse().ok());
    Some(ProcessFigures {
        user_seconds: field(14).map(|ticks: f64| ticks / TICKS)?,
        system_seconds: field(15).map(|ticks: f64| ticks / TICKS)?,
        minor_page_faults: field(10)?,
        major_page_faults: field(12)?,
        threads: number(status, "Threads")?,
        resident_bytes: bytes("VmRSS"),
        peak_resident_bytes: bytes("VmHWM"),
        anonymous_bytes: bytes("RssAnon"),
        mapped_bytes: bytes("RssFile") + bytes("RssShmem"),
        virtual_bytes: bytes("VmSize"),
        ..ProcessFigures::default()
    })
}

/// The name of this machine.
pub fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

/// The number behind `name:`.
fn number(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        let status = "Name:\tiot\nVmPeak:\t  20 kB\nVmSize:\t  9 kB\nVmHWM:\t  5 kB\nVmRSS:\t    4 kB\nRssAnon:\t 1 kB\nRssFile:\t 2 kB\nRssShmem:\t 1 kB\nThreads:\t7\n";
        let stat = "123 (a) b) S 1 2 3 4 5 6 10 11 12 13 250 150 0 0 20 0 7 0 99";
        let figures = parse(status, stat).unwrap();
        let expected = ProcessFigures {
            user_seconds: 2.5,
            system_seconds: 1.5,
            threads: 7.0,
            resident_bytes: 4_096.0,
            peak_resident_bytes: 5_120.0,
            anonymous_bytes: 1_024.0,
            mapped_bytes: 3_072.0,
            virtual_bytes: 9_216.0,
            minor_page_faults: 10.0,
            major_page_faults: 12.0,
            ..ProcessFigures::default()
        };
        assert_eq!(figures, expected);
        for (status, stat) in [("", stat), (status, ""), (status, "1 (a) S"), ("Threads:\tx", stat)]
        {
            assert_eq!(parse(status, stat), None, "{status:?} {stat:?}");
        }
    }

    #[test]
    fn this_process_is_running() {
        let files: Vec<fs::File> =
            (0..20).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        let figures = figures().unwrap();
        assert!(figures.resident_bytes > 1e6 && figures.threads >= 1.0, "{figures:?}");
        assert!(figures.peak_resident_bytes >= figures.anonymous_bytes, "{figures:?}");
        assert!(figures.open_files >= files.len() as f64, "{figures:?}");
        assert!(!host_name().is_empty() && !host_name().contains('\n'));
    }
}
