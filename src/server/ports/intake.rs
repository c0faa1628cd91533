//! Line protocol of devices on its way into the telemetry bucket, and whether a token opens that way.

use std::ops::Range;
use std::time::Duration;

use secrecy::SecretString;

use super::PortError;

/// Lines that were read and found right, with timestamps in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    text: String,
    /// Where in the text each line ends, its line feed included: a string may hold line feeds too.
    ends: Vec<usize>,
}

impl Lines {
    /// Adds a line: measurement, tags and fields as they are written, and nanoseconds since the Unix epoch.
    pub fn push(&mut self, untimed: &str, timestamp: i64) {
        use std::fmt::Write as _;

        self.text.push_str(untimed);
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, " {timestamp}");
        self.ends.push(self.text.len());
    }

    pub fn append(&mut self, other: &Self) {
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The length of the text in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Some of the lines, counted from 0.
    pub fn text(&self, lines: Range<usize>) -> &str {
        let end = |line: usize| line.checked_sub(1).and_then(|line| self.ends.get(line).copied());
        let (start, end) = (end(lines.start).unwrap_or(0), end(lines.end).unwrap_or(0));
        self.text.get(start..end).unwrap_or_default()
    }

    /// All lines in ranges of at most so many bytes and lines; a line that is longer is a range of its own.
    pub fn ranges(
        &self,
        most_bytes: usize,
        most_lines: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = next;
            let fits =
                |end: usize| end - start <= most_lines && self.text(start..end).len() <= most_bytes;
            next = (start + 1).min(self.len());
            while next < self.len() && fits(next + 1) {
                next += 1;
            }
            (start < next).then_some(start..next)
        })
    }
}

/// Takes lines into the telemetry bucket.
pub trait Intake: Send + Sync {
    /// Writes lines that all carry a timestamp, so that writing them twice leaves the same points. `Ok` means that they are stored for
    /// good; so does `Ok` for no lines at all, as far as that can fail.
    fn take(&self, lines: &str) -> impl Future<Output = Result<(), IntakeError>> + Send;
}

/// Why lines were not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntakeError {
    /// Nothing is wrong with the lines: the same ones may be taken later.
    Later {
        error: PortError,
        /// How long InfluxDB asks to wait.
        after: Option<Duration>,
    },
    /// None of them was taken, as something is wrong with at least one.
    Refused { sentence: String },
    /// All of them were taken, but for so many.
    Partly { sentence: String, dropped: u64 },
    /// None of them was taken, as they are too many at once.
    TooLarge,
}

/// Looks up what a token opens.
pub trait Gate: Send + Sync {
    fn access(&self, token: SecretString) -> impl Future<Output = super::Result<Access>> + Send;
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The telemetry bucket may be written to.
    Granted,
    /// InfluxDB knows the token, but it does not open that bucket, or not now.
    Denied,
    /// There is no such token.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(untimed: &[&str]) -> Lines {
        let mut lines = Lines::default();
        for (index, line) in untimed.iter().enumerate() {
            lines.push(line, index as i64);
        }
        lines
    }

    #[test]
    fn lines_are_found_again() {
        let mut all = lines(&["a v=1", "b v=\"x\ny\""]);
        all.append(&lines(&["c v=3"]));
        assert_eq!((all.len(), all.bytes()), (3, "a v=1 0\nb v=\"x\ny\" 1\nc v=3 0\n".len()));
        assert_eq!(all.text(1..2), "b v=\"x\ny\" 1\n");
        assert_eq!(all.text(1..3), "b v=\"x\ny\" 1\nc v=3 0\n");
        assert_eq!(all.text(0..3), "a v=1 0\nb v=\"x\ny\" 1\nc v=3 0\n");
        assert_eq!((all.text(0..0), all.text(3..3), all.text(5..9)), ("", "", ""));
    }

    #[test]
    fn ranges_hold_all_lines_and_whole_ones() {
        let all = lines(&["a v=1", "b v=2", "a_long_one v=3", "d v=4", "e v=5", "f v=6"]);
        let ranges = |bytes, lines| all.ranges(bytes, lines).collect::<Vec<_>>();
        assert_eq!(ranges(16, 9), [0..2, 2..3, 3..5, 5..6]);
        assert_eq!(ranges(1, 9).len(), 6);
        assert_eq!(all.ranges(1_000, 9).next(), Some(0..6));
        assert_eq!(ranges(1_000, 4), [0..4, 4..6]);
        assert_eq!(Lines::default().ranges(10, 10).count(), 0);
    }
}
