//! Reading: rows of one series as columns, from one consistent state of the store.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::engine::{Bytes, EngineError, Space};
use super::row::{self, ValueRef};
use super::view::View;
use super::{
    BucketId, FieldColumn, FieldId, FieldValue, ReadError, Rows, Series, SeriesId, TimeRange, keys,
};
use crate::catalog::Catalog;
use crate::storage::registry::BucketOrdinal;

/// The store as it was at one instant, whatever is written meanwhile. Cheap to make and to clone.
///
/// Points that the retention of their bucket no longer keeps at that instant are not returned. A snapshot keeps
/// old versions of what has changed since on disk, so drop it when the query is over.
#[derive(Clone)]
pub struct Snapshot {
    view: Arc<View>,
    now: i64,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Snapshot").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(super) fn new(view: Arc<View>, now: i64) -> Self {
        Self { view, now }
    }

    /// When the snapshot was made, in nanoseconds since the Unix epoch.
    pub fn time(&self) -> i64 {
        self.now
    }

    /// Organizations, buckets, users and authorizations at that instant.
    pub fn catalog(&self) -> &Catalog {
        &self.view.catalog
    }

    /// All series of a bucket, sorted by measurement, then by tags: bytewise, pair by pair, a shorter set first.
    /// None if there is no such bucket. A series may have no point that retention still keeps.
    pub fn series(&self, bucket: BucketId) -> Arc<[Arc<Series>]> {
        let bucket = self.view.catalog.bucket(bucket);
        bucket.map_or_else(Arc::default, |bucket| self.view.registry.series(bucket.ordinal))
    }

    /// The rows of a series that have at least one of the fields, as columns in the order of `fields`.
    pub fn rows(
        &self,
        series: SeriesId,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Rows, ReadError> {
        let mut chunks = self.rows_chunked(series, fields, range, usize::MAX)?;
        chunks.next().unwrap_or_else(|| Ok(chunks.empty()))
    }

    /// The same in chunks of at most `rows` rows, so that the caller can stop in between. No chunk is empty.
    pub fn rows_chunked(
        &self,
        series: SeriesId,
        fields: &[FieldId],
        range: TimeRange,
        rows: usize,
    ) -> Result<RowChunks, ReadError> {
        let columns = fields
            .iter()
            .map(|field| Ok((*field, self.data_type(*field)?)))
            .collect::<Result<_, ReadError>>()?;
        Ok(RowChunks {
            entries: Box::new(self.entries(series, range)),
            columns,
            chunk: rows.max(1),
        })
    }

    /// The newest value of a field of a series, with its time.
    pub fn last(
        &self,
        series: SeriesId,
        field: FieldId,
        range: TimeRange,
    ) -> Result<Option<(i64, FieldValue)>, ReadError> {
        Ok(self.last_of(series, &[field], range)?.pop().flatten())
    }

    /// The newest value of each field; they may be of different times.
    pub fn last_of(
        &self,
        series: SeriesId,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Vec<Option<(i64, FieldValue)>>, ReadError> {
        find_first(self.entries(series, range).rev(), fields)
    }

    /// The oldest value of a field of a series, with its time.
    pub fn first(
        &self,
        series: SeriesId,
        field: FieldId,
        range: TimeRange,
    ) -> Result<Option<(i64, FieldValue)>, ReadError> {
        Ok(self.first_of(series, &[field], range)?.pop().flatten())
    }

    /// The oldest value of each field; they may be of different times.
    pub fn first_of(
        &self,
        series: SeriesId,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Vec<Option<(i64, FieldValue)>>, ReadError> {
        find_first(self.entries(series, range), fields)
    }

    fn data_type(&self, field: FieldId) -> Result<DataType, ReadError> {
        self.view.data_type(field).ok_or(ReadError::UnknownField(field))
    }

    fn entries(
        &self,
        series: SeriesId,
        range: TimeRange,
    ) -> impl DoubleEndedIterator<Item = Result<(Bytes, Bytes), EngineError>> + Send + use<> {
        let bucket = self.view.catalog.bucket_of(BucketOrdinal::of(series));
        let oldest = bucket.map_or(i64::MAX, |bucket| bucket.oldest_time(self.now));
        let (from, to) =
            (keys::point(series, range.start.max(oldest)), keys::point(series, range.stop));
        self.view.engine.range(Space::Points, &from, &to)
    }
}

/// For each field the value in the first entry that has it.
fn find_first(
    entries: impl Iterator<Item = Result<(Bytes, Bytes), EngineError>>,
    fields: &[FieldId],
) -> Result<Vec<Option<(i64, FieldValue)>>, ReadError> {
    let mut found: Vec<Option<(i64, FieldValue)>> = vec![None; fields.len()];
    let mut missing = fields.len();
    if missing == 0 {
        return Ok(found);
    }
    for entry in entries {
        let (key, row) = entry?;
        let (_, time) = keys::parse_point(&key).ok_or(ReadError::Damaged)?;
        for field in row::fields(&row) {
            let (id, value) = field?;
            for (slot, _) in
                found.iter_mut().zip(fields).filter(|(slot, field)| slot.is_none() && **field == id)
            {
                *slot = Some((time, value.to_owned()));
                missing -= 1;
            }
        }
        if missing == 0 {
            break;
        }
    }
    Ok(found)
}

/// The rows of one series, chunk by chunk: see [`Snapshot::rows_chunked`]. It ends after an error.
pub struct RowChunks {
    entries: Box<dyn Iterator<Item = Result<(Bytes, Bytes), EngineError>> + Send>,
    columns: Vec<(FieldId, DataType)>,
    chunk: usize,
}

impl std::fmt::Debug for RowChunks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RowChunks").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl RowChunks {
    fn empty(&self) -> Rows {
        let fields =
            self.columns.iter().map(|(_, data_type)| FieldColumn::new(*data_type)).collect();
        Rows { times: Vec::new(), fields }
    }

    fn read(&mut self) -> Result<Rows, ReadError> {
        let mut rows = self.empty();
        while rows.times.len() < self.chunk
            && let Some(entry) = self.entries.next()
        {
            let (key, row) = entry?;
            let length = rows.times.len();
            let mut has_any = false;
            for field in row::fields(&row) {
                let (id, value) = field?;
                for (_, data) in
                    self.columns.iter().zip(&mut rows.fields).filter(|((field, _), _)| *field == id)
                {
                    data.put(length, value)?;
                    has_any = true;
                }
            }
            if has_any {
                let (_, time) = keys::parse_point(&key).ok_or(ReadError::Damaged)?;
                rows.times.push(time);
            }
        }
        let length = rows.times.len();
        for column in &mut rows.fields {
            column.pad(length);
        }
        Ok(rows)
    }
}

impl Iterator for RowChunks {
    type Item = Result<Rows, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.read();
        if rows.is_err() {
            self.entries = Box::new(std::iter::empty());
        }
        match rows {
            Ok(rows) if rows.times.is_empty() => None,
            rows => Some(rows),
        }
    }
}

impl FieldColumn {
    /// A column without rows.
    pub fn new(data_type: DataType) -> Self {
        match data_type {
            DataType::Double => Self::Float(Vec::new()),
            DataType::Long | DataType::Time => Self::Integer(Vec::new()),
            DataType::UnsignedLong => Self::Unsigned(Vec::new()),
            DataType::Boolean => Self::Boolean(Vec::new()),
            DataType::String => Self::String(Vec::new()),
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Unsigned(values) => values.len(),
            Self::Boolean(values) => values.len(),
            Self::String(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a value as row number `row`; the rows before it that have none get nulls.
    fn put(&mut self, row: usize, value: ValueRef<'_>) -> Result<(), ReadError> {
        self.pad(row);
        match (self, value) {
            (Self::Float(values), ValueRef::Float(value)) => values.push(Some(value)),
            (Self::Integer(values), ValueRef::Integer(value)) => values.push(Some(value)),
            (Self::Unsigned(values), ValueRef::Unsigned(value)) => values.push(Some(value)),
            (Self::Boolean(values), ValueRef::Boolean(value)) => values.push(Some(value)),
            (Self::String(values), ValueRef::String(value)) => values.push(Some(Arc::from(value))),
            _ => return Err(ReadError::Damaged),
        }
        Ok(())
    }

    fn pad(&mut self, length: usize) {
        match self {
            Self::Float(values) => values.resize(length, None),
            Self::Integer(values) => values.resize(length, None),
            Self::Unsigned(values) => values.resize(length, None),
            Self::Boolean(values) => values.resize(length, None),
            Self::String(values) => values.resize(length, None),
        }
    }
}
