//! Progress of "Write Missing Data", as it travels from the server to the page: one line each.

/// One line of the stream that the write job sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteProgress {
    /// So many minutes of so many are acknowledged by InfluxDB.
    Writing { written: u32, total: u32 },
    /// All of them are.
    Done { written: u32 },
    /// The job has ended early; what was written stays.
    Failed { written: u32, total: u32, message: String },
}

impl WriteProgress {
    /// As a line of the stream, with its line end: `writing 1440 10080`, `done 10080`, `failed 1440 10080 The disk is full.`
    pub fn to_line(&self) -> String {
        match self {
            Self::Writing { written, total } => format!("writing {written} {total}\n"),
            Self::Done { written } => format!("done {written}\n"),
            Self::Failed { written, total, message } => {
                format!("failed {written} {total} {}\n", message.replace(['\r', '\n'], " "))
            }
        }
    }

    /// Reads one line of the stream, without its line end.
    pub fn from_line(line: &str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let kind = words.next()?;
        let written = words.next()?.parse().ok()?;
        let mut total = || words.next()?.parse().ok();
        match kind {
            "writing" => Some(Self::Writing { written, total: total()? }),
            "done" => Some(Self::Done { written }),
            "failed" => {
                Some(Self::Failed { written, total: total()?, message: words.next()?.to_owned() })
            }
            _ => None,
        }
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
        for progress in [
            WriteProgress::Writing { written: 0, total: 10_080 },
            WriteProgress::Done { written: 10_080 },
            WriteProgress::Failed { written: 1, total: 2, message: "It is full.".to_owned() },
        ] {
            let line = progress.to_line();
            assert_eq!(line.strip_suffix('\n').and_then(WriteProgress::from_line), Some(progress));
        }
    }

    #[test]
    fn progress_is_one_line_and_nothing_else_is_progress() {
        let failed =
            WriteProgress::Failed { written: 1, total: 2, message: "full\r\nstop".to_owned() };
        assert_eq!(failed.to_line(), "failed 1 2 full  stop\n");
        for line in ["", "done", "done -1", "writing 1", "failed 1 2", "begun 1 2", "<html>"] {
            assert_eq!(WriteProgress::from_line(line), None, "{line}");
        }
    }
}
