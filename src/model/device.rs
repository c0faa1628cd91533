//! Devices: their ids, whether they are alive, and what the pages show of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::field::Field;
use super::leftover::Leftovers;
use super::spark::Spark;
use super::time::Timestamp;
use super::token::TokenRecord;

/// The id of a device that this server may register: `[A-Za-z0-9][A-Za-z0-9._:-]{0,63}`, compared exactly.
///
/// There is one constructor, and deserialization goes through it: who holds a `DeviceId` need not check.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(String);

/// A text that is no device id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device ID starts with a letter or digit and has up to 64 letters, digits or . _ : -")]
pub struct InvalidDeviceId;

impl DeviceId {
    pub const MAX_LENGTH: usize = 64;

    pub fn parse(text: &str) -> Result<Self, InvalidDeviceId> {
        let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let goes_on_well = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'));
        if starts_well && goes_on_well && text.len() <= Self::MAX_LENGTH {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDeviceId)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DeviceId {
    type Error = InvalidDeviceId;

    fn try_from(text: String) -> Result<Self, InvalidDeviceId> {
        Self::parse(&text)
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a device is alive, judged by its newest point on the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Liveness {
    Online,
    Stale,
    Silent,
    NeverSeen,
}

impl Liveness {
    pub const ALL: [Self; 4] = [Self::Online, Self::Stale, Self::Silent, Self::NeverSeen];

    /// Judges by the newest point: online below `online_ms`, stale below `stale_ms`, silent beyond.
    pub fn judge(last_seen: Option<Timestamp>, now: Timestamp, limits: LivenessLimits) -> Self {
        match last_seen.map(|seen| now.0 - seen.0) {
            None => Self::NeverSeen,
            Some(age) if age < limits.online_ms => Self::Online,
            Some(age) if age < limits.stale_ms => Self::Stale,
            Some(_) => Self::Silent,
        }
    }

    /// The word that stands beside the state's icon.
    pub fn label(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Stale => "stale",
            Self::Silent => "silent",
            Self::NeverSeen => "never seen",
        }
    }
}

/// Ages of the newest point, in milliseconds, at which a device is no longer online and no longer stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivenessLimits {
    pub online_ms: i64,
    pub stale_ms: i64,
}

impl Default for LivenessLimits {
    /// Five minutes and a day.
    fn default() -> Self {
        Self { online_ms: 5 * 60_000, stale_ms: 24 * 3_600_000 }
    }
}

/// One row of the list of devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// As it stands in the registry: it need not be a [`DeviceId`].
    pub id: String,
    /// Whether the id is a [`DeviceId`], and the device thus has a page.
    pub has_page: bool,
    pub registered_at: Option<Timestamp>,
    /// `None` of a silent device: more than a year ago.
    pub last_seen: Option<Timestamp>,
    pub liveness: Liveness,
    /// Its temperature in the last day; `None` if it has none or that could not be read.
    pub temperature: Option<Spark>,
}

/// A page of the list of devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceList {
    pub rows: Vec<DeviceRow>,
    /// Devices that match the search, on all pages.
    pub matching: u32,
    /// Devices in the registry.
    pub registered: u32,
    pub page: u32,
    pub size: u32,
    /// The server's clock when it answered.
    pub now: Timestamp,
    /// The telemetry could not be read: states and times of the newest points are unknown. A sentence that says why.
    pub last_seen_failed: Option<String>,
    /// What the last look at all authorizations found.
    pub leftovers: Leftovers,
    pub how: Vec<HowItWorks>,
}

/// What the list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceSort {
    #[default]
    Id,
    IdDescending,
    LastSeen,
    LastSeenDescending,
    Registered,
    RegisteredDescending,
}

/// Which part of the list is wanted; stands in the URL as `?q=&sort=&page=&size=`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceListRequest {
    /// Part of the id, upper and lower case alike.
    pub search: String,
    pub sort: DeviceSort,
    /// From 1.
    pub page: u32,
    /// 1 to [`DeviceListRequest::MAX_SIZE`].
    pub size: u32,
}

impl DeviceListRequest {
    pub const MAX_SIZE: u32 = 1_000;
}

impl Default for DeviceListRequest {
    fn default() -> Self {
        Self { search: String::new(), sort: DeviceSort::Id, page: 1, size: 100 }
    }
}

/// The fleet at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fleet {
    pub online: u32,
    pub stale: u32,
    pub silent: u32,
    pub never_seen: u32,
    /// Points that arrived in the last full five minutes, per minute.
    pub points_per_minute: Option<f64>,
    /// The first [`Fleet::MAX_TILES`] devices, those seen last first.
    pub tiles: Vec<FleetTile>,
    /// What happened in the last thirty days, newest first; the first [`Fleet::MAX_EVENTS`].
    pub events: Vec<Event>,
    pub now: Timestamp,
    pub how: Vec<HowItWorks>,
}

impl Fleet {
    pub const MAX_TILES: usize = 60;
    pub const MAX_EVENTS: u32 = 10;
}

/// One device of the fleet with its newest values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetTile {
    pub device: DeviceRow,
    pub values: Vec<LatestValue>,
}

/// The newest value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatestValue {
    pub field: Field,
    pub value: f64,
    pub time: Timestamp,
}

/// All that the page of a device shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceDetails {
    pub id: DeviceId,
    pub registration: Option<Registration>,
    pub liveness: Liveness,
    pub last_seen: Option<Timestamp>,
    pub configuration: DeviceConfiguration,
    /// One row a field that has points in the last thirty days.
    pub fields: Vec<FieldSummary>,
    pub missing: MissingMinutes,
    /// The tokens that it has and had, newest first; none of a device that is not registered.
    pub tokens: Vec<TokenRecord>,
    /// What happened to it in the last thirty days, newest first.
    pub events: Vec<Event>,
    pub now: Timestamp,
    pub how: Vec<HowItWorks>,
}

/// How a device is registered. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub registered_at: Option<Timestamp>,
    /// The id of its authorization in InfluxDB.
    pub authorization_id: String,
    pub reveal: Reveal,
}

/// Whether the device's token can still be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reveal {
    /// Once, until this moment.
    Available {
        until: Timestamp,
    },
    Revealed {
        at: Timestamp,
    },
    /// Nobody asked within the time.
    Expired,
}

/// Where a device writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceConfiguration {
    pub influx_url: String,
    pub organization: String,
    pub bucket: String,
}

/// What a device has measured in one field in the last thirty days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSummary {
    /// The field as InfluxDB has it: also fields that this program has no [`Field`] for.
    pub name: String,
    pub last: f64,
    pub last_time: Timestamp,
    pub min: f64,
    pub max: f64,
    pub count: u64,
    /// The newest value of the tag that names the field's sensor.
    pub sensor: Option<String>,
    /// The last day of a charted field; `None` if it has no values or they could not be read.
    pub spark: Option<Spark>,
}

/// What "Write Missing Data" would write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingMinutes {
    /// Full minutes of the last seven days without any point.
    pub count: u32,
    /// The device has points that the emulator did not write: writing asks first.
    pub has_foreign_points: bool,
}

/// A call behind what a page shows, for people who are learning InfluxDB. Never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HowItWorks {
    /// What the call is for: `Find the newest point of every device`.
    pub title: String,
    /// `POST /api/v2/query?org=iot-center`
    pub request: String,
    /// Flux, line protocol or JSON; may be empty.
    pub body: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_ids_of_existing_devices() {
        for id in [
            "virtual_device",
            "ESP8266-5CCF7F1DC2E5",
            "test_device_508472435243",
            "a",
            "0:1.2-3_4",
            &"x".repeat(64),
        ] {
            assert_eq!(DeviceId::parse(id).map(|id| id.as_str().to_owned()), Ok(id.to_owned()));
        }
    }

    #[test]
    fn refuses_hostile_ids() {
        for id in [
            "",
            "../x",
            "\"",
            "__proto__",
            "-a",
            ".",
            "a b",
            "a/b",
            "ä",
            "a\n",
            "a\0",
            &"x".repeat(65),
            "a\" or true",
        ] {
            assert_eq!(DeviceId::parse(id), Err(InvalidDeviceId), "{id:?}");
            assert!(serde_json::from_value::<DeviceId>(serde_json::json!(id)).is_err());
        }
    }

    #[test]
    fn liveness_changes_at_its_limits() {
        let now = Timestamp(10_000_000_000);
        let judge =
            |age| Liveness::judge(Some(Timestamp(now.0 - age)), now, LivenessLimits::default());
        assert_eq!(judge(0), Liveness::Online);
        assert_eq!(judge(299_999), Liveness::Online);
        assert_eq!(judge(300_000), Liveness::Stale);
        assert_eq!(judge(86_399_999), Liveness::Stale);
        assert_eq!(judge(86_400_000), Liveness::Silent);
        assert_eq!(Liveness::judge(None, now, LivenessLimits::default()), Liveness::NeverSeen);
    }
}
