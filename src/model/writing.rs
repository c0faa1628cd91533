//! Progress of "Write Missing Data", as it travels from the server to the page: one JSON document a line.

use serde::{Deserialize, Serialize};

/// One line of the stream that the write job sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WriteProgress {
    /// So many minutes of so many are acknowledged by InfluxDB.
    Writing { written: u32, total: u32 },
    /// All of them are.
    Done { written: u32 },
    /// The job has ended early; what was written stays.
    Failed { written: u32, total: u32, message: String },
}

impl WriteProgress {
    /// As a line of the stream, with its line end.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// Reads one line of the stream.
    pub fn from_line(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }
}

/// The result in the words that people and tests know it by: `10,080 minutes written`, `0 minutes missing`.
pub fn describe_result(written: u32) -> String {
    if written == 0 {
        "0 minutes missing".to_owned()
    } else {
        format!("{} minutes written", group_digits(written.into()))
    }
}

/// `10080` as `10,080`.
pub fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits_by_thousands() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (10_080, "10,080"), (1_234_567, "1,234,567")]
        {
            assert_eq!(group_digits(number), text);
        }
    }

    #[test]
    fn progress_survives_its_line() {
        let progress =
            WriteProgress::Failed { written: 1, total: 2, message: "full\nstop".to_owned() };
        let line = progress.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(WriteProgress::from_line(line.trim_end()), Some(progress));
    }
}
