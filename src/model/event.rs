//! What happened to devices and to InfluxDB, for the log on `/` and on the page of a device. An event never holds a token.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    Registered,
    /// Taken over from a former IoT Center, which knew it by an authorization only.
    Adopted,
    /// It got a new token; the old one goes on for a while.
    Rotated,
    /// Its token was shown.
    Revealed,
    /// Its token was made inactive…
    Disabled,
    /// …and active again.
    Enabled,
    /// A token that was replaced is gone.
    Retired,
    Unregistered,
    /// An authorization that belonged to no registered device was deleted.
    OrphanRemoved,
    /// The device sent nothing for longer than an online device may.
    Outage,
    /// InfluxDB did not answer.
    BackendOutage,
}

impl EventKind {
    pub const ALL: [Self; 11] = [
        Self::Registered,
        Self::Adopted,
        Self::Rotated,
        Self::Revealed,
        Self::Disabled,
        Self::Enabled,
        Self::Retired,
        Self::Unregistered,
        Self::OrphanRemoved,
        Self::Outage,
        Self::BackendOutage,
    ];

    /// As it is stored and as other programs read it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Adopted => "adopted",
            Self::Rotated => "rotated",
            Self::Revealed => "revealed",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Retired => "retired",
            Self::Unregistered => "unregistered",
            Self::OrphanRemoved => "orphan-removed",
            Self::Outage => "outage",
            Self::BackendOutage => "backend-outage",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// For a table.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Registered => "Registered",
            Self::Adopted => "Adopted from a former IoT Center",
            Self::Rotated => "Token rotated",
            Self::Revealed => "Token revealed",
            Self::Disabled => "Token disabled",
            Self::Enabled => "Token enabled",
            Self::Retired => "Old token revoked",
            Self::Unregistered => "Unregistered",
            Self::OrphanRemoved => "Orphaned authorization removed",
            Self::Outage => "Sent nothing",
            Self::BackendOutage => "InfluxDB did not answer",
        }
    }

    /// Whether it is something that goes wrong rather than something that somebody did.
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::Outage | Self::BackendOutage)
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventKind,
    /// As in the registry: it need not be a device id. `None` where it is about no device.
    pub device: Option<String>,
    pub time: Timestamp,
    /// The end of an outage; `None` while it goes on, and of events that take no time.
    pub until: Option<Timestamp>,
    /// The id of the authorization that it is about, or why InfluxDB did not answer.
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_keys() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_key(kind.key()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.key());
        }
        assert_eq!(EventKind::from_key("exploded"), None);
    }
}
