//! The buckets of the organization.

use serde::{Deserialize, Serialize};

use super::device::HowItWorks;
use super::time::Timestamp;

/// The buckets that the server may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketList {
    /// Those of the settings first, InfluxDB's own last, each by name.
    pub buckets: Vec<BucketSummary>,
    /// So many days back series and points are counted…
    pub counted_days: u32,
    /// …and the newest point is looked for.
    pub looked_back_days: u32,
    pub now: Timestamp,
    pub how: Vec<HowItWorks>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketSummary {
    pub id: String,
    pub name: String,
    pub description: String,
    /// What the settings name it for.
    pub role: Option<BucketRole>,
    /// InfluxDB has made it for itself.
    pub is_system: bool,
    /// How long points are kept; `None` for ever.
    pub retention_seconds: Option<u64>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// `None` if they could not be counted in time.
    pub counts: Option<BucketCounts>,
    pub last_write: LastWrite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BucketRole {
    /// `INFLUX_BUCKET`
    Telemetry,
    /// `INFLUX_BUCKET_AUTH`
    Registry,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketCounts {
    /// Measurements with their tags and fields: as many tables as Flux would read.
    pub series: u64,
    /// Of each set of tags as many as its field with the most values has.
    pub points: u64,
}

/// The time of the newest point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LastWrite {
    /// It could not be found in time.
    Unknown,
    /// There is none, as far as was looked back.
    None,
    At(Timestamp),
}
