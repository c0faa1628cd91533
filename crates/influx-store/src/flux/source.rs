//! Where the evaluator reads from: the seam between queries and storage.
//!
//! The store implements it over a snapshot and the caller's permissions; tests implement it over a few lines of
//! line protocol.

use std::sync::Arc;

use crate::storage::{BucketId, FieldId, FieldValue, Rows, Series, TimeRange};

/// A bucket that the caller may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketInfo {
    pub id: BucketId,
    pub name: String,
    /// 16 hexadecimal digits.
    pub organization_id: String,
    /// 0 keeps for ever.
    pub retention_seconds: i64,
}

/// The storage could not be read. The text goes to the log and, shortened by the caller, to the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the storage: {0}")]
pub struct SourceError(pub String);

/// The newest or oldest value of each field that was asked for, in that order, with its time.
pub type Edges = Vec<Option<(i64, FieldValue)>>;

/// What a query can read. All methods see the same state, however long the query runs.
pub trait Source: Send + Sync {
    /// The organization in which the query runs: 16 hexadecimal digits, for messages.
    fn organization_id(&self) -> String {
        String::new()
    }

    /// The buckets that the caller may read, by name.
    fn buckets(&self) -> Result<Vec<BucketInfo>, SourceError>;

    /// The series of a bucket, by measurement, then by tags (pairs bytewise, a shorter set first).
    fn series(&self, bucket: BucketId) -> Result<Arc<[Arc<Series>]>, SourceError>;

    /// At most `limit` rows of a series that have at least one of the fields, from the start of the range; fewer
    /// than `limit` only if there are no more.
    fn rows(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Result<Rows, SourceError>;

    /// The newest value of each field in the range.
    fn last(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError>;

    /// The oldest value of each field in the range.
    fn first(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError>;
}
