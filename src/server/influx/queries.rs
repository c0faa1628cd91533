//! The Flux behind every page. Shapes that InfluxDB's storage engine can answer by itself ("pushdown") come first: nothing stands between
//! `filter` and the aggregate.

use std::time::Duration;

use super::flux::{Condition, Pipeline, ago, integer, script, string, time};
use super::registry;
use crate::model::device::DeviceId;
use crate::model::field::{Field, MEASUREMENT};
use crate::server::config::DeviceTag;

const TAGS: [&str; 2] = [DeviceTag::ALL[0].key(), DeviceTag::ALL[1].key()];

/// 2200-01-01: beyond what a clock that is wrong may have written.
const FAR_FUTURE: i64 = 7_258_118_400_000_000_000;

fn measurement() -> Condition {
    Condition::equal("_measurement", MEASUREMENT)
}

/// Points of these devices, by either tag.
fn of(devices: &[DeviceId]) -> Condition {
    let by_tag = |id: &DeviceId| TAGS.map(|tag| Condition::equal(tag, id.as_str()));
    Condition::any(devices.iter().flat_map(by_tag)).unwrap_or_else(|| Condition::equal(TAGS[0], ""))
}

/// The registry without tokens, of one device or all; also points that a wrong clock has dated ahead.
pub(super) fn registry(bucket: &str, device: Option<&str>) -> String {
    let mut condition = Condition::equal("_measurement", registry::MEASUREMENT)
        .and(Condition::not_equal("_field", registry::TOKEN_FIELD));
    if let Some(device) = device {
        condition = condition.and(Condition::equal(registry::DEVICE_TAG, device));
    }
    script(
        &[],
        [Pipeline::from(bucket)
            .range(integer(0), time(FAR_FUTURE))
            .filter(condition)
            .then("last", vec![])],
    )
}

pub(super) fn token(bucket: &str, device: &str) -> String {
    let condition = Condition::equal("_measurement", registry::MEASUREMENT)
        .and(Condition::equal("_field", registry::TOKEN_FIELD))
        .and(Condition::equal(registry::DEVICE_TAG, device));
    script(
        &[],
        [Pipeline::from(bucket)
            .range(integer(0), time(FAR_FUTURE))
            .filter(condition)
            .then("last", vec![])],
    )
}

/// The time of the newest point of every device, one row for each pair of the two tags.
pub(super) fn last_seen(bucket: &str, look_back: Duration) -> String {
    let pipeline = Pipeline::from(bucket)
        .since(ago(look_back))
        .filter(measurement())
        .then("last", vec![])
        .keep(&["_time", TAGS[0], TAGS[1]])
        .group(&TAGS)
        .then("max", vec![("column", string("_time"))]);
    script(&[], [pipeline])
}

/// The newest value of every series of these devices, with all tags.
pub(super) fn last_points(bucket: &str, devices: &[DeviceId], look_back: Duration) -> String {
    let pipeline = Pipeline::from(bucket)
        .since(ago(look_back))
        .filter(measurement())
        .filter(of(devices))
        .then("last", vec![]);
    script(&[], [pipeline])
}

/// Results `min`, `max` and `count`, one row a series.
pub(super) fn aggregates(
    bucket: &str,
    device: &DeviceId,
    fields: &[String],
    look_back: Duration,
) -> String {
    let fields = Condition::any(fields.iter().map(|field| Condition::equal("_field", field)));
    let pipeline = |function: &str| {
        let points = Pipeline::from(bucket)
            .since(ago(look_back))
            .filter(measurement())
            .filter(of(std::slice::from_ref(device)));
        let points = match &fields {
            Some(fields) => points.filter(fields.clone()),
            None => points,
        };
        points.then(function, vec![]).named(function)
    };
    script(&[], ["min", "max", "count"].map(pipeline))
}

/// How many points every device has sent: as many as its field with the most points.
pub(super) fn count_points(bucket: &str, from: i64, to: i64) -> String {
    let pipeline = Pipeline::from(bucket)
        .range(time(from), time(to))
        .filter(measurement())
        .then("count", vec![])
        .group(&TAGS)
        .then("max", vec![]);
    script(&[], [pipeline])
}

/// The beginnings of the minutes with any point of a device.
pub(super) fn minutes_with_points(bucket: &str, device: &DeviceId, from: i64, to: i64) -> String {
    let pipeline = Pipeline::from(bucket)
        .range(time(from), time(to))
        .filter(measurement())
        .filter(of(std::slice::from_ref(device)))
        .windows(Duration::from_secs(60), "count")
        .keep(&["_time"])
        .then("group", vec![])
        .then("distinct", vec![("column", string("_time"))]);
    script(&[], [pipeline])
}

/// A value of each field of the emulator, whatever device it is of: results named after the fields.
pub(super) fn field_types(bucket: &str, from: i64, to: i64) -> String {
    let pipeline = |field: Field| {
        Pipeline::from(bucket)
            .range(time(from), time(to))
            .filter(measurement().and(Condition::equal("_field", field.key())))
            .then("group", vec![])
            .then("last", vec![])
            .named(field.key())
    };
    script(&[], Field::ALL.map(pipeline))
}

/// The charted fields, one column each.
pub(super) fn series(bucket: &str, device: &DeviceId, from: i64, to: i64) -> String {
    let keys = Field::CHARTED.map(Field::key);
    let mut pipeline = Pipeline::from(bucket).range(time(from), time(to)).filter(measurement());
    if let Some(fields) = Condition::any(keys.map(|key| Condition::equal("_field", key))) {
        pipeline = pipeline.filter(fields);
    }
    let columns: Vec<&str> = std::iter::once("_time").chain(keys).collect();
    let pipeline = pipeline
        .filter(of(std::slice::from_ref(device)))
        .then_of("v1", "fieldsAsCols")
        .keep(&columns);
    script(&["influxdata/influxdb/v1"], [pipeline])
}
