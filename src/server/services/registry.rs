//! What an entry of the registry means: whether a device is registered, since when, and whether its token can still be shown.

use crate::model::device::{Registration, Reveal};
use crate::model::time::Timestamp;
use crate::server::ports::Registry;
use crate::server::ports::{Entry, Result};

/// For how long after its registration a device's token can be revealed.
pub const REVEAL_WINDOW_MS: i64 = 15 * 60_000;

/// Written before the authorization is activated…
pub const PENDING: &str = "pending";
/// …and after.
pub const ACTIVE: &str = "active";
/// Written with a new token before it is activated: the one before is valid until then.
pub const ROTATING: &str = "rotating";
/// The authorization was made inactive by a person.
pub const DISABLED: &str = "disabled";

/// The description of a device's authorization begins so; what follows is the id, and all of it is compared.
pub const DESCRIPTION_PREFIX: &str = "IoTCenterDevice: ";

/// The description that the first IoT Center used.
pub const FORMER_DESCRIPTION_PREFIX: &str = "IoT Center: ";

/// What [`Entry::key`] and its status say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    Unregistered,
    /// A registration has begun and is not finished.
    Pending,
    Registered,
}

impl Entry {
    pub fn state(&self) -> EntryState {
        let Some(key) = self.authorization() else { return EntryState::Unregistered };
        // Other programs write no status, and a status older than the key is about a former registration.
        match &self.status {
            Some(status) if status.time >= key.time && status.value == PENDING => {
                EntryState::Pending
            }
            _ => EntryState::Registered,
        }
    }

    /// Whether a new token was written whose authorization may not be active yet.
    pub fn is_rotating(&self) -> bool {
        let Some(key) = self.authorization() else { return false };
        self.status
            .as_ref()
            .is_some_and(|status| status.time >= key.time && status.value == ROTATING)
    }

    /// The stored authorization id, unless it is empty.
    pub fn authorization(&self) -> Option<&crate::server::ports::Stored> {
        self.key.as_ref().filter(|key| !key.value.is_empty())
    }

    /// As written into the entry, else the time of its point.
    pub fn registered_at(&self) -> Option<Timestamp> {
        let key = self.authorization()?;
        let written =
            self.created_at.as_ref().and_then(|text| Timestamp::parse_rfc3339(&text.value));
        Some(written.unwrap_or(Timestamp::from_nanoseconds(key.time)))
    }

    /// What the page of the device shows of a registration.
    pub fn registration(&self, now: Timestamp) -> Option<Registration> {
        let key = self.authorization().filter(|_| self.state() == EntryState::Registered)?;
        Some(Registration {
            registered_at: self.registered_at(),
            authorization_id: key.value.clone(),
            reveal: self.reveal(now),
        })
    }

    /// Whether the token can be shown when it is `now`.
    pub fn reveal(&self, now: Timestamp) -> Reveal {
        let Some(key) = self.authorization() else { return Reveal::Expired };
        if let Some(revealed) =
            self.revealed_at.as_ref().filter(|revealed| revealed.time >= key.time)
        {
            let written = Timestamp::parse_rfc3339(&revealed.value);
            return Reveal::Revealed {
                at: written.unwrap_or(Timestamp::from_nanoseconds(revealed.time)),
            };
        }
        // By the point that holds the key, not by what somebody wrote as its date.
        let until = Timestamp(Timestamp::from_nanoseconds(key.time).0 + REVEAL_WINDOW_MS);
        if now < until { Reveal::Available { until } } else { Reveal::Expired }
    }

    /// The time of the next point of this entry: newer than all before, even if the clock went backwards.
    pub fn next_time(&self, now: i64) -> i64 {
        now.max(self.newest.saturating_add(1))
    }
}

/// The entry of one device; an empty one if the registry does not know it.
pub async fn entry(registry: &impl Registry, device: &str) -> Result<Entry> {
    let entries = registry.entries(Some(device)).await?;
    let found = entries.into_iter().find(|entry| entry.device == device);
    Ok(found.unwrap_or_else(|| Entry {
        device: device.to_owned(),
        newest: i64::MIN,
        ..Entry::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ports::Stored;

    #[expect(clippy::unnecessary_wraps, reason = "fields of entries are optional")]
    fn stored(value: &str, time: i64) -> Option<Stored> {
        Some(Stored { value: value.to_owned(), time })
    }

    #[test]
    fn an_empty_key_means_unregistered() {
        let mut entry = Entry { key: stored("", 5), status: stored(ACTIVE, 5), ..Entry::default() };
        assert_eq!(entry.state(), EntryState::Unregistered);
        entry.key = None;
        assert_eq!(entry.state(), EntryState::Unregistered);
    }

    #[test]
    fn entries_of_other_programs_have_no_status() {
        let entry = Entry { key: stored("08e64ffe9b764000", 5), ..Entry::default() };
        assert_eq!(entry.state(), EntryState::Registered);
    }

    #[test]
    fn what_is_older_than_the_key_is_about_a_former_registration() {
        let minute = 60_000_000_000;
        let entry = Entry {
            key: stored("08e64ffe9b764000", minute),
            status: stored(PENDING, minute - 1),
            revealed_at: stored("1970-01-01T00:00:01Z", minute - 1),
            ..Entry::default()
        };
        assert_eq!(entry.state(), EntryState::Registered);
        assert_eq!(
            entry.reveal(Timestamp(60_000)),
            Reveal::Available { until: Timestamp(60_000 + REVEAL_WINDOW_MS) }
        );
        assert_eq!(entry.reveal(Timestamp(60_000 + REVEAL_WINDOW_MS)), Reveal::Expired);
    }

    #[test]
    fn points_get_newer_even_if_the_clock_does_not() {
        let entry = Entry { newest: 100, ..Entry::default() };
        assert_eq!(entry.next_time(50), 101);
        assert_eq!(entry.next_time(500), 500);
    }
}
