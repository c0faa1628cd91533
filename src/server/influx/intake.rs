//! Line protocol of devices: read, and taken into the telemetry bucket as it stands.

use influx_client::{Error, SecretString};
use influx_wire::line_protocol::{Precision, parse};

use super::Session;
use crate::model::mqtt::{TimestampUnit, guessed_nanoseconds};
use crate::server::ports::Result;
use crate::server::ports::intake::{Access, Gate, Intake, IntakeError, Lines};

/// A line that is no line protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number in the body, from 1.
    pub number: usize,
    pub reason: String,
    /// Its beginning, without the values of strings.
    pub excerpt: String,
}

/// Reads a body of line protocol. Lines without a timestamp get `now`, in nanoseconds like all timestamps of the result.
pub fn read_lines(body: &str, unit: TimestampUnit, now: i64) -> (Lines, Vec<BadLine>) {
    let precision = match unit {
        TimestampUnit::Auto | TimestampUnit::Nanoseconds => Precision::Nanoseconds,
        TimestampUnit::Microseconds => Precision::Microseconds,
        TimestampUnit::Milliseconds => Precision::Milliseconds,
        TimestampUnit::Seconds => Precision::Seconds,
    };
    let (mut lines, mut bad) = (Lines::default(), Vec::new());
    for line in parse(body, precision) {
        match line {
            Ok(line) => {
                let timestamp = match line.timestamp {
                    Some(timestamp) if unit == TimestampUnit::Auto => {
                        guessed_nanoseconds(timestamp)
                    }
                    Some(timestamp) => timestamp,
                    None => now,
                };
                lines.push(line.untimed(), timestamp);
            }
            Err(error) => bad.push(BadLine {
                number: error.number,
                reason: error.reason,
                excerpt: excerpt(&error.line),
            }),
        }
    }
    (lines, bad)
}

/// The longest beginning of a line that is repeated in logs and answers.
const LONGEST_EXCERPT: usize = 80;

/// The beginning of a line, up to the first string: that may be anything, a password too.
pub fn excerpt(line: &str) -> String {
    let line = line.trim_end_matches('\n');
    let mut excerpt: String = line
        .chars()
        .take_while(|character| *character != '"')
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .take(LONGEST_EXCERPT)
        .collect();
    if excerpt.chars().count() < line.chars().count() {
        excerpt.push('…');
    }
    excerpt
}

impl Intake for Session {
    async fn take(&self, lines: &str) -> Result<(), IntakeError> {
        let written = self.client.write(self.bucket(), lines.to_owned(), Precision::Nanoseconds);
        match written.await {
            Ok(()) => Ok(()),
            Err(Error::PartialWrite { message, dropped: Some(dropped) }) => {
                Err(IntakeError::Partly { sentence: message, dropped })
            }
            Err(Error::PartialWrite { message, dropped: None } | Error::Invalid { message }) => {
                Err(IntakeError::Refused { sentence: message })
            }
            Err(Error::TooLarge) => Err(IntakeError::TooLarge),
            Err(error) => {
                let after = error.retry_after();
                Err(IntakeError::Later { error: self.explainer.explain(error), after })
            }
        }
    }
}

impl Gate for Session {
    async fn access(&self, token: SecretString) -> Result<Access> {
        // What cannot stand in a header cannot be a token.
        let Ok(client) = self.client.with_token(token) else { return Ok(Access::Unknown) };
        // Nothing is written, and InfluxDB says whether something might be.
        match client.write(self.bucket(), "", Precision::Nanoseconds).await {
            Ok(()) => Ok(Access::Granted),
            Err(Error::Unauthorized { .. }) => Ok(Access::Unknown),
            Err(Error::Forbidden { .. }) => Ok(Access::Denied),
            Err(error) => Err(self.explainer.explain(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_644_359_970_000_000_000;

    fn read(body: &str, unit: TimestampUnit) -> String {
        let (lines, bad) = read_lines(body, unit, NOW);
        assert_eq!(bad, []);
        lines.text(0..lines.len()).to_owned()
    }

    #[test]
    fn timestamps_become_nanoseconds_and_nothing_else_changes() {
        let body = "m,t=a\\ b v=1.50,w=\"x 1\" 1644359970\n# comment\n\nm v=2i  \n";
        assert_eq!(
            read(body, TimestampUnit::Seconds),
            "m,t=a\\ b v=1.50,w=\"x 1\" 1644359970000000000\nm v=2i 1644359970000000000\n"
        );
        assert_eq!(read("m v=1 5", TimestampUnit::Nanoseconds), "m v=1 5\n");
        assert_eq!(read("m v=1 5", TimestampUnit::Milliseconds), "m v=1 5000000\n");
        assert_eq!(
            read("m v=1 1644359970\nm v=1 1644359970000000", TimestampUnit::Auto),
            "m v=1 1644359970000000000\nm v=1 1644359970000000000\n"
        );
    }

    #[test]
    fn bad_lines_are_named_and_the_others_kept() {
        let body = "m v=1 1\nm v=\nm,t=a password=\"canary\n1\" x\nm v=2 9999999999999\n";
        let (lines, bad) = read_lines(body, TimestampUnit::Seconds, NOW);
        assert_eq!(lines.text(0..lines.len()), "m v=1 1000000000\n");
        assert_eq!(bad.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 3, 5]);
        assert_eq!(bad[1].reason, "bad timestamp");
        assert!(!format!("{bad:?}").contains("canary"), "{bad:?}");
    }

    #[test]
    fn excerpts_are_short_and_hold_no_strings() {
        assert_eq!(excerpt("m v=1 1\n"), "m v=1 1");
        assert_eq!(excerpt("{\"password\":\"canary\"}"), "{…");
        assert_eq!(excerpt("a\tb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
        assert_eq!(excerpt(&"ä".repeat(100)).chars().count(), 81);
    }
}
