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

/// Rows that are read as they are asked for.
pub type Chunks<'a> = Box<dyn Iterator<Item = Result<Rows, SourceError>> + Send + 'a>;

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

    /// All rows of a series that have at least one of the fields, in chunks of at most `limit` rows; no chunk is
    /// empty. What stands here looks for the place again for each chunk: a source that can keep it should.
    fn chunks<'a>(
        &'a self,
        bucket: BucketId,
        series: &'a Series,
        fields: &'a [FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Chunks<'a> {
        let mut next = Some(range.start);
        Box::new(std::iter::from_fn(move || {
            let range = TimeRange { start: next.take()?, ..range };
            let rows = self.rows(bucket, series, fields, range, limit);
            if let Ok(rows) = &rows {
                let last = rows.times.last()?;
                next = last.checked_add(1).filter(|_| rows.times.len() >= limit);
            }
            Some(rows)
        }))
    }

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
