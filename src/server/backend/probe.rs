//! One look at InfluxDB: whether it answers, how fast, its version and its clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use influx_client::{Client, Greeting};
use tokio::time::{Instant, timeout};

use super::Target;
use crate::model::status::BackendState;
use crate::server::clock::SystemClock;
use crate::server::ports::Clock;

/// A probe that takes longer makes the backend "delayed"…
const SLOW: Duration = Duration::from_secs(1);

/// …and one that takes so long failing.
const LIMIT: Duration = Duration::from_secs(5);

/// What the last look has found.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    /// `embedded store`, `InfluxDB 2.9.1`
    pub(super) name: String,
    /// If it said so.
    pub(super) version: Option<String>,
    pub(super) state: BackendState,
    /// When that was, in nanoseconds since the Unix epoch; `None` before the first one.
    pub(super) at: Option<i64>,
    /// How far its clock is ahead of ours, in milliseconds, give or take a second.
    pub(super) ahead_ms: Option<i64>,
}

impl Probe {
    /// Looks now.
    pub(super) async fn of(client: &Client, target: &Target) -> Self {
        let begin = Instant::now();
        let client = client.with_deadline(begin + LIMIT);
        let explainer = target.explainer().within(LIMIT);
        let (greeting, state) = match timeout(LIMIT, client.ping()).await {
            Ok(Ok(greeting)) if begin.elapsed() <= SLOW => (greeting, BackendState::Ready),
            // What its clock showed when it answered is not known.
            Ok(Ok(greeting)) => (Greeting { date: None, ..greeting }, BackendState::Delayed),
            Ok(Err(error)) => {
                (Greeting::default(), BackendState::Failing(explainer.explain(error).sentence))
            }
            Err(_) => (Greeting::default(), BackendState::Failing(explainer.timed_out().sentence)),
        };
        let (now, Greeting { version, date }) = (SystemClock.now(), greeting);
        Self {
            name: name_of(target, version.as_deref()),
            version,
            state,
            at: Some(now),
            ahead_ms: date.map(|date| ahead_ms(date, now)),
        }
    }

    /// It could not be looked at, or not yet.
    pub(super) fn failed(target: &Target, sentence: String) -> Self {
        Self::unusable(&name_of(target, None), sentence)
    }

    /// There is nothing to look at.
    pub(super) fn unusable(name: &str, sentence: String) -> Self {
        Self {
            name: name.to_owned(),
            version: None,
            state: BackendState::Failing(sentence),
            at: None,
            ahead_ms: None,
        }
    }

    /// Notes that it could not be connected to.
    pub(super) fn fail(&mut self, sentence: &str) {
        self.state = BackendState::Failing(sentence.to_owned());
        self.at = Some(SystemClock.now());
    }
}

fn name_of(target: &Target, version: Option<&str>) -> String {
    match version {
        _ if target.is_embedded => "embedded store".to_owned(),
        Some(version) => format!("InfluxDB {}", version.trim_start_matches('v')),
        None => "InfluxDB".to_owned(),
    }
}

/// How far a clock that shows whole seconds is ahead of one that shows nanoseconds.
fn ahead_ms(date: SystemTime, now: i64) -> i64 {
    let seconds = date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // On the average half of its second is over.
    let shown =
        i64::try_from(seconds).unwrap_or_default().saturating_mul(1_000).saturating_add(500);
    shown.saturating_sub(now / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_to_half_a_second() {
        let date = UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(ahead_ms(date, 100_500_000_000), 0);
        assert_eq!(ahead_ms(date, 100_000_000_000), 500);
        assert_eq!(ahead_ms(date, 160_000_000_000), -59_500);
        assert_eq!(ahead_ms(UNIX_EPOCH, i64::MAX), 500 - i64::MAX / 1_000_000);
    }
}
