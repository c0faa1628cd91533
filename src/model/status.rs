//! How the server and its backend are: what the header says, and the whole report of `/status`.

use serde::{Deserialize, Serialize};

use super::device::HowItWorks;
use super::time::Timestamp;

/// The backend and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendStatus {
    /// `embedded store` or `InfluxDB 2.9.1`.
    pub name: String,
    pub state: BackendState,
    /// A warning that stands on every page, such as the server being reachable without sign-in.
    pub banner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackendState {
    Ready,
    /// It answered, but took longer than a second.
    Delayed,
    /// What is wrong and what to do about it.
    Failing(String),
}

impl BackendStatus {
    /// The name where the configuration leads to no backend at all.
    pub const NO_BACKEND: &str = "no backend";

    /// What is said of it above every page while it fails.
    pub fn failure(&self) -> Option<(String, &str)> {
        let BackendState::Failing(sentence) = &self.state else { return None };
        let title = match self.name.as_str() {
            Self::NO_BACKEND => "There is no backend".to_owned(),
            name => format!("Cannot use {name}"),
        };
        Some((title, sentence))
    }
}

impl BackendState {
    /// The word beside the dot.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Delayed => "delayed",
            Self::Failing(_) => "failing",
        }
    }
}

/// What everybody should know where other machines can reach this server.
pub const EXPOSED: &str = "This server has no sign-in and is reachable from other machines: everybody in that network can register devices, \
                           read their data and their tokens.";

/// All that `/status` shows. Holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// What was looked at, the worst first.
    pub checks: Vec<Check>,
    /// What is what: versions, addresses, names.
    pub facts: Vec<Fact>,
    pub settings: Vec<SettingValue>,
    pub started: Timestamp,
    pub now: Timestamp,
    pub how: Vec<HowItWorks>,
}

impl StatusReport {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        self.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Good)
    }

    /// The whole report in a sentence.
    pub fn summary(&self) -> String {
        let count =
            |least: Verdict| self.checks.iter().filter(|check| check.verdict >= least).count();
        let things = |count: usize| match count {
            1 => "1 thing".to_owned(),
            count => format!("{count} things"),
        };
        match self.verdict() {
            Verdict::Good => "Everything is in order.".to_owned(),
            Verdict::Unknown => "What could be looked at is in order.".to_owned(),
            Verdict::Warning => {
                let things = things(count(Verdict::Warning));
                format!("It works; {things} should be looked at.")
            }
            Verdict::Danger => "It works, but it is not safe.".to_owned(),
            Verdict::Bad => {
                let what = match count(Verdict::Bad) {
                    1 => "1 thing is".to_owned(),
                    count => format!("{count} things are"),
                };
                format!("It does not work as it should: {what} wrong.")
            }
        }
    }
}

/// How something was found. Later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    Good,
    /// It could not be found out.
    Unknown,
    /// It works, and should be changed all the same.
    Warning,
    /// It works for people who should not be able to do it, too.
    Danger,
    /// It does not work.
    Bad,
}

impl Verdict {
    /// The word beside the icon.
    pub fn label(self) -> &'static str {
        match self {
            Self::Good => "in order",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Danger => "not safe",
            Self::Bad => "failing",
        }
    }
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// `Backend`, `Clocks`.
    pub subject: String,
    pub verdict: Verdict,
    /// What was found, in one sentence or two.
    pub finding: String,
    /// What to do about it, unless that is said already.
    pub advice: Option<String>,
    /// The path of the page to do it on.
    pub page: Option<String>,
}

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A setting as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingValue {
    pub name: String,
    /// Empty where there is neither a value nor a default. Of a secret only that it is set.
    pub value: String,
    pub origin: Origin,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    Environment,
    LocalFile,
    File,
    Default,
}

impl Origin {
    pub fn label(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::LocalFile => ".env.local",
            Self::File => ".env",
            Self::Default => "default",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdicts: &[Verdict]) -> StatusReport {
        let check = |verdict: &Verdict| Check {
            subject: "Backend".to_owned(),
            verdict: *verdict,
            finding: String::new(),
            advice: None,
            page: None,
        };
        StatusReport {
            checks: verdicts.iter().map(check).collect(),
            facts: Vec::new(),
            settings: Vec::new(),
            started: Timestamp(0),
            now: Timestamp(0),
            how: Vec::new(),
        }
    }

    #[test]
    fn the_worst_counts() {
        use Verdict::{Bad, Danger, Good, Unknown, Warning};
        let summary = |verdicts: &[Verdict]| report(verdicts).summary();
        assert_eq!(summary(&[]), "Everything is in order.");
        assert_eq!(summary(&[Good, Unknown]), "What could be looked at is in order.");
        assert_eq!(summary(&[Good, Warning]), "It works; 1 thing should be looked at.");
        assert_eq!(
            summary(&[Warning, Unknown, Warning]),
            "It works; 2 things should be looked at."
        );
        assert_eq!(summary(&[Warning, Danger]), "It works, but it is not safe.");
        assert_eq!(
            summary(&[Danger, Bad, Warning]),
            "It does not work as it should: 1 thing is wrong."
        );
        assert_eq!(report(&[Bad, Danger, Good]).verdict(), Bad);
    }
}
