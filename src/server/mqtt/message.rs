//! From the payload of a message to lines.

use bytes::Bytes;

use super::gzip;
use crate::model::mqtt::TimestampUnit;
use crate::server::influx::intake::{BadLine, excerpt, read_lines};
use crate::server::ports::intake::Lines;

/// A message as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Line protocol, packed with gzip or not.
    pub(super) payload: Bytes,
    /// Of the timestamps in it.
    pub(super) unit: TimestampUnit,
    /// In nanoseconds since the Unix epoch; the timestamp of lines that have none.
    pub(super) arrived: i64,
}

/// What is no line protocol, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nonsense {
    /// How many lines, or 1 for a message as a whole.
    pub(super) count: u64,
    pub(super) reason: String,
}

impl Message {
    /// The lines of the message, and what of it is none.
    pub(super) fn read(&self) -> (Lines, Option<Nonsense>) {
        let nonsense = |reason: String| (Lines::default(), Some(Nonsense { count: 1, reason }));
        let unpacked;
        let body = if gzip::is_gzip(&self.payload) {
            unpacked = match gzip::unpack(&self.payload, |_| true) {
                Ok(unpacked) => unpacked,
                Err(error) => return nonsense(format!("A message cannot be unpacked: {error}.")),
            };
            &unpacked
        } else {
            self.payload.as_ref()
        };
        let Ok(body) = std::str::from_utf8(body) else {
            return nonsense("A message is neither text in UTF-8 nor gzip.".to_owned());
        };
        let (lines, bad) = read_lines(body, self.unit, self.arrived);
        let nonsense = bad
            .first()
            .map(|first| Nonsense { count: bad.len() as u64, reason: describe(first, bad.len()) });
        (lines, nonsense)
    }
}

fn describe(first: &BadLine, count: usize) -> String {
    let BadLine { number, reason, excerpt } = first;
    let what = format!("Line {number} of a message is no line protocol ({reason}): {excerpt}");
    match count {
        1 => what,
        _ => format!("{what} and {} more lines of it", count - 1),
    }
}

/// The reason why InfluxDB refused lines, and the beginning of one of them.
pub(super) fn describe_refusal(sentence: &str, example: Option<&str>) -> String {
    const LONGEST: usize = 200;
    let mut short: String = sentence.chars().take(LONGEST).collect();
    if short.len() < sentence.len() {
        short.push('…');
    }
    match example {
        Some(line) => format!("InfluxDB refuses a line ({short}): {}", excerpt(line)),
        None => format!("InfluxDB refuses lines ({short})."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const NOW: i64 = 1_644_359_970_000_000_000;

    fn read(payload: &[u8], unit: TimestampUnit) -> (String, Option<Nonsense>) {
        let payload = Bytes::copy_from_slice(payload);
        let (lines, nonsense) = Message { payload, unit, arrived: NOW }.read();
        (lines.text(0..lines.len()).to_owned(), nonsense)
    }

    #[test]
    fn lines_in_any_unit_packed_or_not() {
        let expected = ("m v=1 1644359970000000000\n".to_owned(), None);
        assert_eq!(read(b"m v=1", TimestampUnit::Auto), expected);
        assert_eq!(read(b"m v=1 1644359970", TimestampUnit::Auto), expected);
        assert_eq!(read(b"m v=1 1644359970000\n", TimestampUnit::Milliseconds), expected);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"m v=1 1644359970\n").unwrap();
        assert_eq!(read(&packed.finish().unwrap(), TimestampUnit::Seconds), expected);
        assert_eq!(read(b"", TimestampUnit::Auto), (String::new(), None));
    }

    #[test]
    fn nonsense_is_described_without_strings() {
        let (lines, nonsense) =
            read(b"m v=1 1\n{\"token\":\"canary\"}\nx\n", TimestampUnit::Nanoseconds);
        assert_eq!(lines, "m v=1 1\n");
        let nonsense = nonsense.unwrap();
        assert_eq!(nonsense.count, 2);
        assert!(
            nonsense.reason.contains("Line 2") && nonsense.reason.contains("{…"),
            "{nonsense:?}"
        );
        assert!(!nonsense.reason.contains("canary"), "{nonsense:?}");
        for payload in [&b"\x1f\x8b"[..], &b"m v=\xff"[..]] {
            let (lines, nonsense) = read(payload, TimestampUnit::Auto);
            assert_eq!((lines.as_str(), nonsense.unwrap().count), ("", 1));
        }
    }

    #[test]
    fn refusals_are_short() {
        let text = describe_refusal(&"ä".repeat(1_000), Some("m,t=a v=\"canary\" 1\n"));
        assert!(text.contains("m,t=a v=…") && !text.contains("canary"), "{text}");
        assert!(text.chars().count() < 300, "{text}");
    }
}
