//! The tokens that a device has had, from the points of its registry entry: InfluxDB keeps every value that a field ever had.
//!
//! Unregistering a device deletes these points, and its history with them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::time::Timestamp;
use crate::model::token::{TokenLife, TokenRecord};
use crate::server::ports::{Authorizations, Past, PastField, Registry, Result};

use super::registration;

/// How many tokens of a device are shown, the newest first.
const MOST_SHOWN: usize = 8;

/// A key of a device and the time for which it was the current one; nanoseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub since: i64,
    pub until: Option<i64>,
    pub revealed_at: Option<i64>,
}

/// How long a token is valid after it was replaced, and how long InfluxDB has it then: devices learn of a new one when they fetch their
/// configuration again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// How often devices fetch their configuration.
    pub refresh: Duration,
}

impl Overlap {
    /// A token that was replaced at `time` is disabled at this time…
    pub fn disabled_at(self, time: i64) -> i64 {
        time.saturating_add(self.nanoseconds().saturating_mul(2))
    }

    /// …and deleted at this one.
    pub fn deleted_at(self, time: i64) -> i64 {
        time.saturating_add(self.nanoseconds().saturating_mul(3))
    }

    fn nanoseconds(self) -> i64 {
        i64::try_from(self.refresh.as_nanos()).unwrap_or(i64::MAX)
    }
}

/// The keys of each device, oldest first.
pub fn keys(history: Vec<Past>) -> BTreeMap<String, Vec<Key>> {
    let mut devices: BTreeMap<String, Vec<Key>> = BTreeMap::new();
    for Past { device, field, value, time } in history {
        let keys = devices.entry(device).or_default();
        let current = keys.last_mut().filter(|key| key.until.is_none());
        match field {
            PastField::RevealedAt => {
                if let Some(key) = current {
                    key.revealed_at = Some(time);
                }
            }
            PastField::Key => {
                // Programs write what stands there already.
                if current.as_ref().is_some_and(|key| key.id == value) {
                    continue;
                }
                if let Some(key) = current {
                    key.until = Some(time);
                }
                if !value.is_empty() {
                    keys.push(Key { id: value, since: time, until: None, revealed_at: None });
                }
            }
        }
    }
    devices
}

/// The newest tokens of a device, newest first, and how each of them is.
pub async fn tokens(
    ports: &(impl Registry + Authorizations),
    device: &str,
    overlap: Overlap,
) -> Result<Vec<TokenRecord>> {
    let mut keys = keys(ports.history(Some(device)).await?).remove(device).unwrap_or_default();
    keys.reverse();
    keys.truncate(MOST_SHOWN);
    let records = keys.into_iter().map(async |key| {
        // That InfluxDB does not say is no reason to show nothing.
        let state = match registration::find(ports, &key.id).await {
            Ok(Some(authorization)) if !authorization.active => TokenLife::Disabled,
            Ok(Some(_)) => match key.until {
                Some(until) => TokenLife::Overlapping {
                    until: Timestamp::from_nanoseconds(overlap.disabled_at(until)),
                },
                None => TokenLife::Active,
            },
            Ok(None) => TokenLife::Gone,
            Err(_) => TokenLife::Unknown,
        };
        TokenRecord {
            authorization_id: key.id,
            since: Timestamp::from_nanoseconds(key.since),
            until: key.until.map(Timestamp::from_nanoseconds),
            revealed_at: key.revealed_at.map(Timestamp::from_nanoseconds),
            state,
        }
    });
    Ok(futures::future::join_all(records).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(field: PastField, value: &str, time: i64) -> Past {
        Past { device: "a".to_owned(), field, value: value.to_owned(), time }
    }

    fn key(id: &str, since: i64, until: Option<i64>, revealed_at: Option<i64>) -> Key {
        Key { id: id.to_owned(), since, until, revealed_at }
    }

    #[test]
    fn keys_follow_each_other() {
        use PastField::{Key as K, RevealedAt as R};
        let history = vec![
            past(R, "before anything", 0),
            past(K, "one", 1),
            past(R, "x", 2),
            past(K, "one", 3),
            past(K, "two", 4),
            past(K, "", 5),
            past(R, "x", 6),
            past(K, "three", 7),
        ];
        assert_eq!(
            keys(history)["a"],
            [
                key("one", 1, Some(4), Some(2)),
                key("two", 4, Some(5), None),
                key("three", 7, None, None)
            ]
        );
        assert!(keys(Vec::new()).is_empty());
    }

    #[test]
    fn a_token_overlaps_for_two_refreshes() {
        let overlap = Overlap { refresh: Duration::from_secs(10) };
        assert_eq!(overlap.disabled_at(5), 20_000_000_005);
        assert_eq!(overlap.deleted_at(5), 30_000_000_005);
    }
}
