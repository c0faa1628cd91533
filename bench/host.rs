//! What the host of a virtual machine takes from it, which makes every number worse: Linux counts the time for which a processor was
//! wanted and not there ("steal" in proc(5)).

use std::fmt;

/// Processor time since the machine was started, in hundredths of a second; nothing where nobody counts.
#[derive(Default)]
pub(super) struct Host {
    used: u64,
    taken: u64,
}

impl Host {
    pub(super) fn now() -> Self {
        let statistics = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let first = statistics.lines().next().unwrap_or_default();
        let times: Vec<u64> = first.split_ascii_whitespace().skip(1).flat_map(str::parse).collect();
        match times[..] {
            [user, nice, system, _idle, _waiting, interrupts, soft_interrupts, taken, ..] => {
                Self { used: user + nice + system + interrupts + soft_interrupts, taken }
            }
            _ => Self::default(),
        }
    }

    /// What was taken since `self` was made, or asked for the last time.
    pub(super) fn share(&mut self) -> Share {
        let now = Self::now();
        let (used, taken) = (now.used - self.used, now.taken - self.taken);
        *self = now;
        Share(taken as f64 / (used + taken).max(1) as f64)
    }

    /// Prints it as a row of the table.
    pub(super) fn row(&mut self) {
        println!("| … meanwhile the host of this machine took | {} | | |", self.share());
    }
}

/// Of the processor time that was asked for.
pub(super) struct Share(f64);

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.0} % of the processor time asked for", self.0 * 100.0)
    }
}
