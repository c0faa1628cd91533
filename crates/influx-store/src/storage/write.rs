//! A prepared body into rows: series and fields are found or created, points that InfluxDB would refuse are
//! refused with its words, all others are written.

use std::sync::Arc;

use influx_wire::time::format_rfc3339;

use super::prepare::{Prepared, PreparedPoint, PreparedSeries};
use super::registry::type_name;
use super::transaction::{Transaction, with_fields};
use super::{BucketId, Field, FieldId, FieldValue, SeriesId, StoreError, WriteError, row};
use crate::catalog::Bucket;

/// The longest string, in bytes.
const MAX_STRING_BYTES: usize = 1_048_576;

/// Writes all points that can be written. An error of the engine fails the whole group.
pub(super) fn apply(
    transaction: &mut Transaction<'_>,
    bucket: BucketId,
    prepared: &Prepared,
    max_series: usize,
) -> Result<(), WriteError> {
    let Some(bucket) = transaction.catalog().bucket(bucket).cloned() else {
        return Err(WriteError::UnknownBucket);
    };
    let oldest = bucket.oldest_time(transaction.now());
    let mut request = Request::new(transaction, &bucket, prepared, max_series);
    let mut refused = Refused::default();
    let mut expired = Expired::default();
    for point in &prepared.points {
        if point.time < oldest {
            expired.add(point);
        } else if let Err(reason) = request.point(point)? {
            refused.add(reason);
        }
    }
    request.finish();
    match (refused.reason, expired.oldest.zip(expired.newest)) {
        (Some(reason), _) => {
            let dropped = refused.count;
            Err(WriteError::Partial {
                message: format!("partial write: {reason} dropped={dropped}"),
                dropped,
            })
        }
        (None, Some((first, last))) => {
            let dropped = expired.count;
            let describe = |point: &PreparedPoint| {
                let series = series_key(prepared, point.series);
                let (time, bound) = (format_rfc3339(point.time), format_rfc3339(oldest));
                format!(
                    "point {series} at {time} dropped because it violates a Retention Policy Lower Bound at {bound}"
                )
            };
            let message = format!(
                "partial write: dropped {dropped} points outside retention policy of duration {duration} - oldest {first}, \
                 newest {last} dropped={dropped} for database: {bucket} for retention policy: autogen",
                duration = go_duration(bucket.retention_seconds),
                first = describe(first),
                last = describe(last),
                bucket = bucket.id,
            );
            Err(WriteError::Partial { message, dropped })
        }
        (None, None) => Ok(()),
    }
}

#[derive(Default)]
struct Refused {
    /// Why the first one was refused.
    reason: Option<String>,
    count: usize,
}

impl Refused {
    fn add(&mut self, reason: Reason) {
        self.count += 1;
        self.reason.get_or_insert_with(|| reason.0());
    }
}

/// Says why a point is refused; only the first reason is ever put into words.
struct Reason<'a>(Box<dyn FnOnce() -> String + 'a>);

#[derive(Default)]
struct Expired<'a> {
    oldest: Option<&'a PreparedPoint>,
    newest: Option<&'a PreparedPoint>,
    count: usize,
}

impl<'a> Expired<'a> {
    fn add(&mut self, point: &'a PreparedPoint) {
        self.count += 1;
        if self.oldest.is_none_or(|oldest| point.time < oldest.time) {
            self.oldest = Some(point);
        }
        if self.newest.is_none_or(|newest| point.time > newest.time) {
            self.newest = Some(point);
        }
    }
}

/// How a field of the body stands to the fields of the store.
#[derive(Clone)]
enum Resolution {
    Unknown,
    Known(Field),
    /// Exists, with this type.
    Conflict(&'static str),
}

struct KnownSeries {
    id: SeriesId,
    /// For each field of the body: whether the series has it.
    has_field: Vec<bool>,
    new_fields: Vec<Field>,
}

struct Request<'a, 'b> {
    transaction: &'a mut Transaction<'b>,
    bucket: &'a Bucket,
    prepared: &'a Prepared,
    max_series: usize,
    /// For each measurement and field of the body.
    fields: Vec<Vec<Resolution>>,
    series: Vec<Option<KnownSeries>>,
    /// The fields of the point in hand.
    point_fields: Vec<(FieldId, &'a FieldValue)>,
    row: Vec<u8>,
}

impl<'a, 'b> Request<'a, 'b> {
    fn new(
        transaction: &'a mut Transaction<'b>,
        bucket: &'a Bucket,
        prepared: &'a Prepared,
        max_series: usize,
    ) -> Self {
        let measurements = prepared.measurements.iter();
        Self {
            transaction,
            bucket,
            prepared,
            max_series,
            fields: measurements
                .map(|measurement| vec![Resolution::Unknown; measurement.fields.len()])
                .collect(),
            series: prepared.series.iter().map(|_| None).collect(),
            point_fields: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Writes a point, or says why InfluxDB would not.
    fn point(&mut self, point: &PreparedPoint) -> Result<Result<(), Reason<'a>>, StoreError> {
        let prepared = self.prepared;
        let (Some(series), Some(values)) =
            (prepared.series.get(point.series), prepared.values.get(point.values.clone()))
        else {
            return Ok(Ok(()));
        };
        let (Some(measurement), Some(resolutions)) = (
            prepared.measurements.get(series.measurement),
            self.fields.get_mut(series.measurement),
        ) else {
            return Ok(Ok(()));
        };
        let name = &measurement.name;
        if values.is_empty() {
            return Ok(Err(Reason(Box::new(move || {
                format!(
                    "invalid field name: input field \"time\" on measurement \"{name}\" is invalid"
                )
            }))));
        }

        // First all checks, so that a refused point leaves no field behind.
        let mut has_new_field = false;
        for (index, value) in values {
            let index = *index as usize;
            let (Some((field, data_type)), Some(resolution)) =
                (measurement.fields.get(index), resolutions.get_mut(index))
            else {
                continue;
            };
            if let FieldValue::String(text) = value
                && text.len() > MAX_STRING_BYTES
            {
                let length = text.len();
                return Ok(Err(Reason(Box::new(move || {
                    format!(
                        "input field \"{field}\" on measurement \"{name}\" is too long, {length} > {MAX_STRING_BYTES}"
                    )
                }))));
            }
            if let Resolution::Unknown = resolution
                && let Some(known) =
                    self.transaction.registry().find_field(self.bucket.ordinal, name, field)
            {
                *resolution = if known.data_type == *data_type {
                    Resolution::Known(known.clone())
                } else {
                    Resolution::Conflict(type_name(known.data_type))
                };
            }
            match resolution {
                Resolution::Unknown => has_new_field = true,
                Resolution::Known(_) => {}
                Resolution::Conflict(existing) => {
                    let (existing, data_type) = (*existing, *data_type);
                    return Ok(Err(Reason(Box::new(move || {
                        format!(
                            "field type conflict: input field \"{field}\" on measurement \"{name}\" is type {}, already \
                             exists as type {existing}",
                            type_name(data_type)
                        )
                    }))));
                }
            }
        }
        let known = match self.series.get_mut(point.series) {
            Some(Some(known)) => known,
            Some(slot) => {
                let Some(known) =
                    find_or_create(self.transaction, self.bucket, name, series, self.max_series)?
                else {
                    let limit = self.max_series;
                    return Ok(Err(Reason(Box::new(move || {
                        format!("max-series-per-database limit exceeded: ({limit})")
                    }))));
                };
                slot.insert(known)
            }
            None => return Ok(Ok(())),
        };
        if has_new_field {
            for (index, _) in values {
                let index = *index as usize;
                if let (Some((field, data_type)), Some(resolution @ Resolution::Unknown)) =
                    (measurement.fields.get(index), resolutions.get_mut(index))
                {
                    let field = self.transaction.create_field(
                        self.bucket.ordinal,
                        name,
                        field,
                        *data_type,
                    )?;
                    *resolution = Resolution::Known(field);
                }
            }
        }

        self.point_fields.clear();
        for (index, value) in values {
            let index = *index as usize;
            let Some(Resolution::Known(field)) = resolutions.get(index) else { continue };
            self.point_fields.push((field.id, value));
            if known.has_field.len() <= index {
                known.has_field.resize(index + 1, false);
            }
            if let Some(has_field @ false) = known.has_field.get_mut(index) {
                *has_field = true;
                known.new_fields.push(field.clone());
            }
        }
        if !self.point_fields.is_sorted_by_key(|(id, _)| *id) {
            self.point_fields.sort_by_key(|(id, _)| *id);
        }
        self.row.clear();
        for (id, value) in &self.point_fields {
            row::push(&mut self.row, *id, (*value).into());
        }
        self.transaction.put_row(known.id, point.time, &self.row)?;
        Ok(Ok(()))
    }

    /// Notes which series have got fields that they did not have.
    fn finish(self) {
        for (known, series) in self.series.iter().zip(&self.prepared.series) {
            let Some(known) = known else { continue };
            let Some(measurement) = self.prepared.measurements.get(series.measurement) else {
                continue;
            };
            let registry = self.transaction.registry();
            let Some(current) =
                registry.find_series(self.bucket.ordinal, &measurement.name, &series.tags)
            else {
                continue;
            };
            let is_new = |field: &&Field| !current.fields.iter().any(|known| known.id == field.id);
            let new: Vec<Field> = known.new_fields.iter().filter(is_new).cloned().collect();
            if !new.is_empty() {
                let changed = with_fields(current, new);
                self.transaction.change_series(Arc::new(changed));
            }
        }
    }
}

/// `None` if the bucket has as many series as it may have.
fn find_or_create(
    transaction: &mut Transaction<'_>,
    bucket: &Bucket,
    measurement: &Arc<str>,
    series: &PreparedSeries,
    max_series: usize,
) -> Result<Option<KnownSeries>, StoreError> {
    let id = match transaction.registry().find_series(bucket.ordinal, measurement, &series.tags) {
        Some(series) => series.id,
        None if transaction.registry().series_count(bucket.ordinal) >= max_series => {
            return Ok(None);
        }
        None => transaction.create_series(bucket.ordinal, measurement, &series.tags)?.id,
    };
    Ok(Some(KnownSeries { id, has_field: Vec::new(), new_fields: Vec::new() }))
}

/// Measurement and tags as line protocol.
fn series_key(prepared: &Prepared, series: usize) -> String {
    let Some(series) = prepared.series.get(series) else { return String::new() };
    let measurement =
        prepared.measurements.get(series.measurement).map_or("", |measurement| &*measurement.name);
    let mut key = measurement.replace(',', "\\,").replace(' ', "\\ ");
    let escape = |text: &str| text.replace(',', "\\,").replace('=', "\\=").replace(' ', "\\ ");
    for (tag, value) in &series.tags {
        key.push(',');
        key.push_str(&escape(tag));
        key.push('=');
        key.push_str(&escape(value));
    }
    key
}

/// Whole seconds as Go prints a duration: `1h0m0s`.
fn go_duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}
