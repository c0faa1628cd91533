//! The changes of one group of requests, on their way into one batch of the engine.
//!
//! Requests see what earlier ones of the group have changed. Nothing is visible to readers, or acknowledged,
//! before [`Transaction::commit`]; a failure there undoes the whole group.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use influx_wire::csv::DataType;
use serde::Serialize;

use super::engine::{Batch, Bytes, EngineSnapshot, Space};
use super::keys::{self, Kind};
use super::registry::{BucketOrdinal, Registry, StoredField, StoredSeries, Tags};
use super::view::{Garbage, View};
use super::{Field, FieldId, ReadError, Series, SeriesId, StoreError, row};
use crate::catalog::{Bucket, Catalog};

/// What the writer knows besides the published view.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Newest time of a series on disk, or a later one; unknown series are looked up.
    pub(super) newest: HashMap<SeriesId, i64>,
    next_field: Option<u32>,
    next_series: HashMap<BucketOrdinal, u64>,
    /// Points of these series, from the first id up to, not including, the second, are to be removed from disk.
    pub(super) garbage: Garbage,
    /// Where the removal of the first garbage goes on.
    pub(super) purged_to: Option<[u8; keys::POINT_KEY_LENGTH]>,
}

impl Memory {
    pub(super) fn new(garbage: Garbage) -> Self {
        Self { garbage, ..Self::default() }
    }

    /// After a failed commit: what is remembered may never have reached the disk.
    pub(super) fn forget(&mut self, garbage: Garbage) {
        // The ids that the failed group has taken stay unused, which costs nothing.
        self.newest.clear();
        self.garbage = garbage;
        self.purged_to = None;
    }
}

/// Rows of one series that are in no batch yet.
struct PendingRows {
    newest: i64,
    /// Newer than anything on disk, ascending.
    appended: Vec<(i64, Bytes)>,
    /// All others, merged with what is on disk.
    merged: BTreeMap<i64, Bytes>,
    gap: Gap,
}

/// A time without rows on disk. Who fills a gap in the past writes many rows, and need not look for each of them.
struct Gap {
    times: Range<i64>,
    /// Rows that fell into it.
    used: u32,
}

impl Gap {
    /// Looking for a gap takes longer than looking for a row: one that was used less often is the last.
    const WORTH: u32 = 16;

    /// The first row looks for a gap.
    fn unknown() -> Self {
        Self { times: 0..0, used: Self::WORTH }
    }

    /// The row of this time on disk.
    fn find(
        &mut self,
        engine: &EngineSnapshot,
        series: SeriesId,
        time: i64,
    ) -> Result<Option<Bytes>, ReadError> {
        if self.times.contains(&time) {
            self.used += 1;
            return Ok(None);
        }
        if self.used < Self::WORTH {
            return Ok(engine.get(Space::Points, &keys::point(series, time))?);
        }
        let (from, to) = (keys::point(series, time), keys::point(series, i64::MAX));
        let (end, row) = match engine.range(Space::Points, &from, &to).next() {
            None => (i64::MAX, None),
            Some(next) => {
                let (key, row) = next?;
                let (_, next) = keys::parse_point(&key).ok_or(ReadError::Damaged)?;
                (next, (next == time).then_some(row))
            }
        };
        *self = Self { times: time..end, used: 0 };
        Ok(row)
    }
}

pub(crate) struct Transaction<'a> {
    view: &'a View,
    registry: Arc<Registry>,
    catalog: Arc<Catalog>,
    memory: &'a mut Memory,
    batch: Batch<'a>,
    rows: HashMap<SeriesId, PendingRows>,
    changed_series: HashMap<SeriesId, Arc<Series>>,
    /// Set when a request had to stop half-way.
    failed: Option<StoreError>,
    now: i64,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(view: &'a View, batch: Batch<'a>, memory: &'a mut Memory, now: i64) -> Self {
        Self {
            view,
            registry: Arc::clone(&view.registry),
            catalog: Arc::clone(&view.catalog),
            memory,
            batch,
            rows: HashMap::new(),
            changed_series: HashMap::new(),
            failed: None,
            now,
        }
    }

    /// Nanoseconds since the Unix epoch, the same for the whole group.
    pub(crate) fn now(&self) -> i64 {
        self.now
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The catalog, to be changed. Whoever changes it also puts the record.
    pub(crate) fn catalog_mut(&mut self) -> &mut Catalog {
        Arc::make_mut(&mut self.catalog)
    }

    pub(crate) fn put_record(
        &mut self,
        kind: Kind,
        id: u64,
        record: &impl Serialize,
    ) -> Result<(), StoreError> {
        match serde_json::to_vec(record) {
            Ok(json) => {
                self.batch.put(Space::Catalog, kind.key(id), json);
                Ok(())
            }
            Err(error) => Err(self.fail(StoreError::Failed(error.to_string().into()))),
        }
    }

    pub(crate) fn remove_record(&mut self, kind: Kind, id: u64) {
        self.batch.remove(Space::Catalog, kind.key(id));
    }

    /// Makes the commit fail, before anything is written.
    pub(super) fn refuse(&mut self, error: StoreError) {
        self.fail(error);
    }

    /// Makes the whole group fail: a request stopped after it had begun to change things.
    fn fail(&mut self, error: StoreError) -> StoreError {
        self.failed.get_or_insert(error).clone()
    }

    // Series and fields

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn snapshot(&self) -> &EngineSnapshot {
        &self.view.engine
    }

    pub(super) fn memory(&mut self) -> &mut Memory {
        self.memory
    }

    pub(super) fn create_series(
        &mut self,
        bucket: BucketOrdinal,
        measurement: &Arc<str>,
        tags: &Tags,
    ) -> Result<Arc<Series>, StoreError> {
        let number = match self.memory.next_series.get(&bucket) {
            Some(number) => *number,
            None => match self.first_free_series(bucket) {
                Ok(number) => number,
                Err(error) => return Err(self.fail(error)),
            },
        };
        self.memory.next_series.insert(bucket, number + 1);
        let id = SeriesId(number);
        let series = Arc::new(Series {
            id,
            measurement: Arc::clone(measurement),
            tags: tags.to_vec(),
            fields: Vec::new(),
        });
        // Nothing of it is on disk: an id is used once.
        self.memory.newest.insert(id, i64::MIN);
        self.change_series(Arc::clone(&series));
        Ok(series)
    }

    fn first_free_series(&self, bucket: BucketOrdinal) -> Result<u64, StoreError> {
        let (first, end) = (bucket.first_series(), bucket.next().first_series());
        let (from, to) = (keys::series(first), keys::series(end));
        let newest = self.view.engine.range(Space::Catalog, &from, &to).next_back();
        let newest = newest.transpose().map_err(ReadError::from)?;
        let used = newest.and_then(|(key, _)| Kind::Series.id(&key)).unwrap_or(first.0);
        let garbage =
            self.memory.garbage.range(first..end).next_back().map_or(0, |(_, end)| end.0 - 1);
        Ok(used.max(garbage) + 1)
    }

    pub(super) fn create_field(
        &mut self,
        bucket: BucketOrdinal,
        measurement: &Arc<str>,
        name: &Arc<str>,
        data_type: DataType,
    ) -> Result<Field, StoreError> {
        let number = match self.memory.next_field {
            Some(number) => number,
            None => match self.first_free_field() {
                Ok(number) => number,
                Err(error) => return Err(self.fail(error)),
            },
        };
        self.memory.next_field = Some(number + 1);
        let field = Field { id: FieldId(number), name: Arc::clone(name), data_type };
        let (measurement_, name) = (Arc::clone(measurement), Arc::clone(name));
        let stored = StoredField { bucket, measurement: measurement_, name, data_type };
        self.put_record(Kind::Field, u64::from(number), &stored)?;
        Arc::make_mut(&mut self.registry).put_field(bucket, measurement, field.clone());
        Ok(field)
    }

    fn first_free_field(&self) -> Result<u32, StoreError> {
        let (from, to) = Kind::Field.range();
        let newest = self.view.engine.range(Space::Catalog, &from, &to).next_back();
        let newest = newest.transpose().map_err(ReadError::from)?;
        Ok(newest.and_then(|(key, _)| Kind::Field.id(&key)).map_or(0, |id| id as u32 + 1))
    }

    /// Puts a series, new or with other fields.
    pub(super) fn change_series(&mut self, series: Arc<Series>) {
        self.changed_series.insert(series.id, Arc::clone(&series));
        Arc::make_mut(&mut self.registry).put_series(series);
    }

    /// Forgets a series, and the fields of its measurement if it was the last one. Its points must be gone or
    /// [discarded](Self::discard).
    pub(super) fn remove_series(&mut self, series: &Series) {
        self.changed_series.remove(&series.id);
        self.rows.remove(&series.id);
        self.memory.newest.remove(&series.id);
        self.batch.remove(Space::Catalog, keys::series(series.id));
        for field in Arc::make_mut(&mut self.registry).remove_series(series) {
            self.batch.remove(Space::Catalog, keys::field(field.id));
        }
    }

    /// Forgets all series and fields of a bucket; its points are removed from disk later.
    pub(crate) fn remove_points_of_bucket(&mut self, bucket: &Bucket) {
        let (series, fields) = Arc::make_mut(&mut self.registry).remove_bucket(bucket.ordinal);
        for id in series {
            self.changed_series.remove(&id);
            self.rows.remove(&id);
            self.memory.newest.remove(&id);
            self.batch.remove(Space::Catalog, keys::series(id));
        }
        for id in fields {
            self.batch.remove(Space::Catalog, keys::field(id));
        }
        self.discard(bucket.ordinal.first_series(), bucket.ordinal.next().first_series());
    }

    /// Notes that the points of these series, to which nothing refers any more, are to be removed from disk.
    pub(super) fn discard(&mut self, from: SeriesId, to: SeriesId) {
        self.batch.put(Space::Catalog, Kind::Garbage.key(from.0), to.0.to_be_bytes());
        self.memory.garbage.insert(from, to);
        self.memory.purged_to = None;
    }

    /// The first ordinal of which no points are left on disk, nor of any behind it, without a bucket.
    pub(crate) fn ordinal_behind_garbage(&self) -> BucketOrdinal {
        let last = self.memory.garbage.last_key_value();
        last.map_or(BucketOrdinal(0), |(from, _)| BucketOrdinal::of(*from).next())
    }

    /// Notes that nothing of these series is on disk any more.
    pub(super) fn discarded(&mut self, from: SeriesId) {
        self.batch.remove(Space::Catalog, Kind::Garbage.key(from.0));
        self.memory.garbage.remove(&from);
    }

    // Rows

    /// Writes a row; its fields win over those that are already there for the same series and time.
    pub(super) fn put_row(
        &mut self,
        series: SeriesId,
        time: i64,
        row: &[u8],
    ) -> Result<(), StoreError> {
        self.try_put_row(series, time, row).map_err(|error| self.fail(error.into()))
    }

    fn try_put_row(&mut self, series: SeriesId, time: i64, row: &[u8]) -> Result<(), ReadError> {
        let pending = match self.rows.entry(series) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let newest = match self.memory.newest.get(&series) {
                    Some(newest) => *newest,
                    None => newest_time(&self.view.engine, series)?.unwrap_or(i64::MIN),
                };
                entry.insert(PendingRows {
                    newest,
                    appended: Vec::new(),
                    merged: BTreeMap::new(),
                    gap: Gap::unknown(),
                })
            }
        };
        if time > pending.newest {
            pending.newest = time;
            pending.appended.push((time, row.into()));
            return Ok(());
        }
        if let Ok(position) = pending.appended.binary_search_by_key(&time, |(time, _)| *time) {
            if let Some((_, older)) = pending.appended.get_mut(position) {
                *older = row::merge(older, row)?.into();
            }
            return Ok(());
        }
        match pending.merged.entry(time) {
            Entry::Occupied(mut entry) => {
                let merged = row::merge(entry.get(), row)?;
                entry.insert(merged.into());
            }
            Entry::Vacant(entry) => {
                entry.insert(match pending.gap.find(&self.view.engine, series, time)? {
                    Some(older) => row::merge(&older, row)?.into(),
                    None => row.into(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn remove_row(&mut self, key: Bytes) {
        self.batch.remove(Space::Points, key);
    }

    /// Makes everything durable: the view that readers may see from now on. On an error nothing has changed, as far
    /// as readers can tell.
    ///
    /// `None` if there is nothing to write.
    pub(crate) fn commit(mut self) -> Result<Option<Committed>, StoreError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        for (id, series) in std::mem::take(&mut self.changed_series) {
            let stored = StoredSeries {
                measurement: Arc::clone(&series.measurement),
                tags: series.tags.clone(),
                fields: series.fields.iter().map(|field| field.id.0).collect(),
            };
            self.put_record(Kind::Series, id.0, &stored)?;
        }
        for (series, rows) in self.rows {
            self.memory.newest.insert(series, rows.newest);
            for (time, row) in rows.appended.into_iter().chain(rows.merged) {
                self.batch.put(Space::Points, keys::point(series, time), row);
            }
        }
        if self.batch.is_empty() {
            return Ok(None);
        }
        self.batch.commit().map_err(|error| {
            if matches!(error, super::engine::EngineError::DiskFull) {
                StoreError::DiskFull
            } else if error.is_disk_full() {
                StoreError::Failed("the disk was full".into())
            } else {
                StoreError::Failed(error.to_string().into())
            }
        })?;
        Ok(Some(Committed { registry: self.registry, catalog: self.catalog }))
    }
}

/// What a commit leaves to be published.
pub(crate) struct Committed {
    pub(super) registry: Arc<Registry>,
    pub(super) catalog: Arc<Catalog>,
}

/// The newest time of a series on disk.
pub(super) fn newest_time(
    engine: &EngineSnapshot,
    series: SeriesId,
) -> Result<Option<i64>, ReadError> {
    let (from, to) = (keys::point(series, i64::MIN), keys::point(series, i64::MAX));
    let Some(newest) = engine.range(Space::Points, &from, &to).next_back() else { return Ok(None) };
    let (key, _) = newest?;
    Ok(Some(keys::parse_point(&key).ok_or(ReadError::Damaged)?.1))
}

/// Puts a new field among those of a series, which are sorted by name.
pub(super) fn with_fields(series: &Series, new: impl IntoIterator<Item = Field>) -> Series {
    let mut series = series.clone();
    let known: HashSet<FieldId> = series.fields.iter().map(|field| field.id).collect();
    series.fields.extend(new.into_iter().filter(|field| !known.contains(&field.id)));
    series.fields.sort_by(|left, right| left.name.cmp(&right.name));
    series
}
