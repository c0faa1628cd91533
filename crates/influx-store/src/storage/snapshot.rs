//! Reading: rows of one series as columns, from one consistent state of the store.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::engine::{Bytes, EngineError, Entries, Space};
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
        let with_type = |field: &FieldId| Ok((*field, self.data_type(*field)?));
        let mut columns = fields.iter().map(with_type).collect::<Result<Vec<_>, ReadError>>()?;
        columns.sort_by_key(|(field, _)| *field);
        columns.dedup_by_key(|(field, _)| *field);
        let position = |field: &FieldId| columns.partition_point(|(known, _)| known < field);
        let order = fields.iter().map(position).collect();
        Ok(RowChunks { entries: self.entries(series, range), columns, order, chunk: rows.max(1) })
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

    fn entries(&self, series: SeriesId, range: TimeRange) -> Entries {
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

/// For how many rows of a chunk there is room before there are any.
const MOST_RESERVED: usize = 1 << 10;

/// The rows of one series, chunk by chunk: see [`Snapshot::rows_chunked`]. It ends after an error.
pub struct RowChunks {
    entries: Entries,
    /// In the order of the ids, none twice.
    columns: Vec<(FieldId, DataType)>,
    /// For each field that was asked for, its place in `columns`.
    order: Vec<usize>,
    chunk: usize,
}

impl std::fmt::Debug for RowChunks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RowChunks").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl RowChunks {
    fn empty(&self) -> Rows {
        self.in_order(Vec::new(), self.new_columns())
    }

    fn new_columns(&self) -> Vec<FieldColumn> {
        self.columns.iter().map(|(_, data_type)| FieldColumn::new(*data_type)).collect()
    }

    fn read(&mut self) -> Result<Rows, ReadError> {
        let room = self.chunk.min(MOST_RESERVED);
        let mut times = Vec::with_capacity(room);
        let mut columns = self.new_columns();
        for column in &mut columns {
            column.reserve(room);
        }
        while times.len() < self.chunk
            && let Some(entry) = self.entries.next()
        {
            let (key, row) = entry?;
            let length = times.len();
            let mut has_any = false;
            // Rows and columns are both in the order of the ids: each is walked once.
            let mut fields = row::fields(&row);
            for ((wanted, _), column) in self.columns.iter().zip(&mut columns) {
                if let Some(value) = fields.value_of(*wanted)? {
                    column.put(length, value)?;
                    has_any = true;
                }
            }
            if has_any {
                let (_, time) = keys::parse_point(&key).ok_or(ReadError::Damaged)?;
                times.push(time);
            }
        }
        for column in &mut columns {
            column.pad(times.len());
        }
        Ok(self.in_order(times, columns))
    }

    /// The columns as they were asked for.
    fn in_order(&self, times: Vec<i64>, columns: Vec<FieldColumn>) -> Rows {
        if self.order.iter().copied().eq(0..columns.len()) {
            return Rows { times, fields: columns };
        }
        let fields = self.order.iter().filter_map(|position| columns.get(*position).cloned());
        Rows { times, fields: fields.collect() }
    }
}

impl Iterator for RowChunks {
    type Item = Result<Rows, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.read();
        if rows.is_err() {
            self.entries = Entries::default();
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

    /// Makes room for so many rows.
    fn reserve(&mut self, rows: usize) {
        match self {
            Self::Float(values) => values.reserve(rows),
            Self::Integer(values) => values.reserve(rows),
            Self::Unsigned(values) => values.reserve(rows),
            Self::Boolean(values) => values.reserve(rows),
            Self::String(values) => values.reserve(rows),
        }
    }

    /// Appends a value as row number `row`; the rows before it that have none get nulls.
    #[inline]
    fn put(&mut self, row: usize, value: ValueRef<'_>) -> Result<(), ReadError> {
        match (self, value) {
            (Self::Float(values), ValueRef::Float(value)) => put(values, row, value),
            (Self::Integer(values), ValueRef::Integer(value)) => put(values, row, value),
            (Self::Unsigned(values), ValueRef::Unsigned(value)) => put(values, row, value),
            (Self::Boolean(values), ValueRef::Boolean(value)) => put(values, row, value),
            (Self::String(values), ValueRef::String(value)) => put(values, row, Arc::from(value)),
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

#[inline]
fn put<T: Clone>(values: &mut Vec<Option<T>>, row: usize, value: T) {
    if values.len() < row {
        values.resize(row, None);
    }
    values.push(Some(value));
}
