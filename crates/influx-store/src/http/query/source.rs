//! What a query reads: one state of the store, as far as the caller may see it.

use std::sync::Arc;

use crate::auth::Access;
use crate::catalog::OrganizationId;
use crate::flux::{BucketInfo, Chunks, Edges, Source, SourceError};
use crate::storage::{BucketId, FieldId, ReadError, Rows, Series, Snapshot, TimeRange};

/// A bucket that the caller may not read is no bucket at all, as in InfluxDB.
#[derive(Debug)]
pub(super) struct StoreSource {
    snapshot: Snapshot,
    organization: OrganizationId,
    access: Access,
}

impl StoreSource {
    pub(super) fn new(snapshot: Snapshot, organization: OrganizationId, access: Access) -> Self {
        Self { snapshot, organization, access }
    }
}

/// The cause goes to the log here; a caller learns no more than that there is one.
fn failed(error: ReadError) -> SourceError {
    tracing::error!(cause = %error, "a query cannot read");
    SourceError(error.to_string())
}

impl Source for StoreSource {
    fn organization_id(&self) -> String {
        self.organization.to_string()
    }

    fn buckets(&self) -> Result<Vec<BucketInfo>, SourceError> {
        let mut buckets: Vec<BucketInfo> = self
            .snapshot
            .catalog()
            .buckets()
            .filter(|bucket| bucket.organization == self.organization)
            .filter(|bucket| self.access.check_bucket_read(bucket).is_ok())
            .map(|bucket| BucketInfo {
                id: bucket.id,
                name: bucket.name.clone(),
                organization_id: bucket.organization.to_string(),
                retention_seconds: i64::try_from(bucket.retention_seconds).unwrap_or(i64::MAX),
            })
            .collect();
        buckets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(buckets)
    }

    fn series(&self, bucket: BucketId) -> Result<Arc<[Arc<Series>]>, SourceError> {
        Ok(self.snapshot.series(bucket))
    }

    fn rows(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Result<Rows, SourceError> {
        let mut chunks =
            self.snapshot.rows_chunked(series.id, fields, range, limit).map_err(failed)?;
        match chunks.next() {
            Some(rows) => rows.map_err(failed),
            None => self
                .snapshot
                .rows(series.id, fields, TimeRange { start: 0, stop: 0 })
                .map_err(failed),
        }
    }

    fn chunks<'a>(
        &'a self,
        _: BucketId,
        series: &'a Series,
        fields: &'a [FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Chunks<'a> {
        match self.snapshot.rows_chunked(series.id, fields, range, limit) {
            Ok(chunks) => Box::new(chunks.map(|rows| rows.map_err(failed))),
            Err(error) => Box::new(std::iter::once(Err(failed(error)))),
        }
    }

    fn last(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.snapshot.last_of(series.id, fields, range).map_err(failed)
    }

    fn first(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.snapshot.first_of(series.id, fields, range).map_err(failed)
    }
}
