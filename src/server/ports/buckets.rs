//! The buckets of the organization.

use super::Result;
use crate::model::bucket::{BucketCounts, BucketRole};

/// A bucket without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEntry {
    pub id: String,
    pub name: String,
    pub description: String,
    pub role: Option<BucketRole>,
    pub is_system: bool,
    /// `None` for ever.
    pub retention_seconds: Option<u64>,
    /// Nanoseconds since the Unix epoch, if InfluxDB says so.
    pub created_at: Option<i64>,
    pub updated_at: Option<i64>,
}

/// What there is to know of buckets, but not what is in them.
pub trait Buckets: Send + Sync {
    fn buckets(&self) -> impl Future<Output = Result<Vec<BucketEntry>>> + Send;
    /// Counts what a bucket has from `from` (nanoseconds) on.
    fn count(
        &self,
        bucket: &BucketEntry,
        from: i64,
    ) -> impl Future<Output = Result<BucketCounts>> + Send;
    /// The time of the newest point from `from` on, both in nanoseconds.
    fn newest(
        &self,
        bucket: &BucketEntry,
        from: i64,
    ) -> impl Future<Output = Result<Option<i64>>> + Send;
}
