//! The Flux behind every page. Shapes that InfluxDB's storage engine can answer by itself ("pushdown") come first: nothing stands between
//! `filter` and the aggregate.

use std::time::Duration;

use influx_wire::flux::build::{
    Pipeline, Script, ago, any_of, boolean, column, duration, from, identifier, string, strings,
    time,
};
use influx_wire::flux::{self, ast::Expression};

use super::schema;
use crate::model::device::DeviceId;
use crate::model::event::EventKind;
use crate::model::field::{Field, MEASUREMENT};
use crate::model::spark::Span;
use crate::server::config::DeviceTag;

const TAGS: [&str; 2] = [DeviceTag::ALL[0].key(), DeviceTag::ALL[1].key()];

/// 2200-01-01: beyond what a clock that is wrong may have written.
const FAR_FUTURE: i64 = 7_258_118_400_000_000_000;

fn measurement() -> Expression {
    column("_measurement").equals(MEASUREMENT)
}

/// Keeps points of these devices, by either tag.
fn of(points: Pipeline, devices: &[DeviceId]) -> Pipeline {
    let ids: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
    let [first, second] = TAGS.map(|tag| any_of(tag, &ids));
    points.filter(first.or(second))
}

/// So long before now; a year is written as one.
fn since(look_back: Duration) -> Expression {
    if look_back == Duration::from_hours(365 * 24) {
        return ago(flux::ast::Duration { months: 12, ..flux::ast::Duration::default() });
    }
    ago(look_back)
}

/// What one device has measured since so long ago.
pub(super) fn recent(bucket: &str, devices: &[DeviceId], look_back: Duration) -> Pipeline {
    of(from(bucket).range_from(since(look_back)).filter(measurement()), devices)
}

/// What all devices have measured from `start` up to `stop`.
fn all_between(bucket: &str, start: i64, stop: i64) -> Pipeline {
    from(bucket).range(time(start), time(stop)).filter(measurement())
}

/// What one device has measured from `start` up to `stop`.
fn between(bucket: &str, device: &DeviceId, start: i64, stop: i64) -> Pipeline {
    of(all_between(bucket, start, stop), std::slice::from_ref(device))
}

/// Sums up windows by a function, under the windows' starts; those without points are left out.
fn windowed(points: Pipeline, every: Duration, function: &'static str) -> Pipeline {
    let window = [
        ("every", duration(every)),
        ("fn", identifier(function)),
        ("createEmpty", boolean(false)),
        ("timeSrc", string("_start")),
    ];
    points.call("aggregateWindow", window)
}

/// The registry without tokens, of one device or all; also points that a wrong clock has dated ahead.
pub(super) fn registry(bucket: &str, device: Option<&str>) -> String {
    let mut condition = column("_measurement")
        .equals(schema::REGISTRY)
        .and(column("_field").not_equals(schema::TOKEN_FIELD));
    if let Some(device) = device {
        condition = condition.and(column(schema::DEVICE_TAG).equals(device));
    }
    from(bucket).range(0, time(FAR_FUTURE)).filter(condition).last().to_string()
}

pub(super) fn token(bucket: &str, device: &str) -> String {
    let condition = column("_measurement")
        .equals(schema::REGISTRY)
        .and(column("_field").equals(schema::TOKEN_FIELD))
        .and(column(schema::DEVICE_TAG).equals(device));
    from(bucket).range(0, time(FAR_FUTURE)).filter(condition).last().to_string()
}

/// All values that keys and the times of revealing ever had, of one device or all.
pub(super) fn registry_history(bucket: &str, device: Option<&str>) -> String {
    let mut condition = column("_measurement")
        .equals(schema::REGISTRY)
        .and(any_of("_field", &["key", "revealedAt"]));
    if let Some(device) = device {
        condition = condition.and(column(schema::DEVICE_TAG).equals(device));
    }
    from(bucket).range(0, time(FAR_FUTURE)).filter(condition).to_string()
}

/// The newest events since `start`, of one device or all, with their fields side by side.
pub(super) fn events(bucket: &str, device: Option<&str>, start: i64, most: u32) -> String {
    let mut condition = column("_measurement").equals(schema::EVENTS);
    if let Some(device) = device {
        condition = condition.and(column(schema::DEVICE_TAG).equals(device));
    }
    let events = from(bucket).range(time(start), time(FAR_FUTURE)).filter(condition);
    let table = events
        .call("v1.fieldsAsCols", [])
        .group::<&str>(&[])
        .call("sort", [("columns", strings(&["_time"])), ("desc", boolean(true))])
        .limit(most);
    Script::new().import("influxdata/influxdb/v1").result(table).to_string()
}

/// The outages of devices since `start` whose end is not known.
pub(super) fn open_outages(bucket: &str, start: i64) -> String {
    let condition = column("_measurement")
        .equals(schema::EVENTS)
        .and(column(schema::KIND_TAG).equals(EventKind::Outage.key()))
        .and(column("_field").equals(schema::UNTIL_FIELD));
    from(bucket)
        .range(time(start), time(FAR_FUTURE))
        .filter(condition)
        .filter(column("_value").equals(""))
        .to_string()
}

/// The first point of a device from `start` up to `stop`, a row for each of its series.
pub(super) fn first_point(bucket: &str, device: &DeviceId, start: i64, stop: i64) -> String {
    between(bucket, device, start, stop).first().keep(&["_time"]).to_string()
}

/// Key and token of the newest point of each.
pub(super) fn read_token(bucket: &str) -> String {
    let condition = column("_measurement").equals(schema::READ_TOKEN);
    from(bucket).range(0, time(FAR_FUTURE)).filter(condition).last().to_string()
}

/// The time of the newest point of every device, one row for each pair of the two tags.
pub(super) fn last_seen(bucket: &str, look_back: Duration) -> String {
    from(bucket)
        .range_from(since(look_back))
        .filter(measurement())
        .last()
        .keep(&["_time", TAGS[0], TAGS[1]])
        .group(&TAGS)
        .max("_time")
        .to_string()
}

/// The newest value of every series of these devices, with all tags.
pub(super) fn last_points(bucket: &str, devices: &[DeviceId], look_back: Duration) -> String {
    recent(bucket, devices, look_back).last().to_string()
}

/// Results `min`, `max` and `count`, one row a series.
pub(super) fn aggregates(
    bucket: &str,
    device: &DeviceId,
    fields: &[String],
    look_back: Duration,
) -> String {
    let points =
        || recent(bucket, std::slice::from_ref(device), look_back).filter(any_of("_field", fields));
    ["min", "max", "count"]
        .into_iter()
        .fold(Script::new(), |script, function| {
            script.result(points().call(function, []).yield_as(function))
        })
        .to_string()
}

/// How many points every device has sent: as many as its field with the most points.
pub(super) fn count_points(bucket: &str, start: i64, stop: i64) -> String {
    from(bucket)
        .range(time(start), time(stop))
        .filter(measurement())
        .count()
        .group(&TAGS)
        .max("_value")
        .to_string()
}

/// The beginnings of the minutes with any point of a device.
pub(super) fn minutes_with_points(
    bucket: &str,
    device: &DeviceId,
    start: i64,
    stop: i64,
) -> String {
    windowed(between(bucket, device, start, stop), Duration::from_secs(60), "count")
        .keep(&["_time"])
        .call("distinct", [("column", string("_time"))])
        .to_string()
}

/// A value of each field of the emulator, whatever device it is of: results named after the fields.
pub(super) fn field_types(bucket: &str, start: i64, stop: i64) -> String {
    let points = |field: Field| {
        from(bucket)
            .range(time(start), time(stop))
            .filter(measurement().and(column("_field").equals(field.key())))
            .group::<&str>(&[])
            .last()
            .yield_as(field.key())
    };
    Field::ALL
        .into_iter()
        .fold(Script::new(), |script, field| script.result(points(field)))
        .to_string()
}

/// These fields, one column each.
pub(super) fn series(
    bucket: &str,
    device: &DeviceId,
    fields: &[Field],
    start: i64,
    stop: i64,
) -> String {
    let keys: Vec<&str> = fields.iter().copied().map(Field::key).collect();
    let points = between(bucket, device, start, stop).filter(any_of("_field", &keys));
    let columns: Vec<&str> = std::iter::once("_time").chain(keys).collect();
    let table = points.call("v1.fieldsAsCols", []).keep(&columns);
    Script::new().import("influxdata/influxdb/v1").result(table).to_string()
}

/// What is asked of each window: the results are called so.
pub(super) const WINDOW_FUNCTIONS: [&str; 4] = ["first", "min", "max", "last"];

/// The same by windows of so many nanoseconds, under the windows' starts: one result for each of [`WINDOW_FUNCTIONS`].
///
/// `start` and `stop` are borders of windows, else the first and the last of them would be cut.
pub(super) fn windows(
    bucket: &str,
    device: &DeviceId,
    start: i64,
    stop: i64,
    every: Duration,
) -> String {
    let table = |function: &'static str| {
        window_table(between(bucket, device, start, stop), &Field::CHARTED, every, function)
            .yield_as(function)
    };
    WINDOW_FUNCTIONS
        .into_iter()
        .fold(Script::new().import("influxdata/influxdb/v1"), |script, function| {
            script.result(table(function))
        })
        .to_string()
}

/// Where a device was at the end of windows.
pub(super) fn places(
    bucket: &str,
    device: &DeviceId,
    start: i64,
    stop: i64,
    every: Duration,
) -> String {
    let points = between(bucket, device, start, stop);
    let table = window_table(points, &[Field::Lat, Field::Lon], every, "last");
    Script::new().import("influxdata/influxdb/v1").result(table).to_string()
}

/// One value of each window, the fields side by side.
fn window_table(
    points: Pipeline,
    fields: &[Field],
    every: Duration,
    function: &'static str,
) -> Pipeline {
    let keys: Vec<&str> = fields.iter().copied().map(Field::key).collect();
    let columns: Vec<&str> = std::iter::once("_time").chain(keys.iter().copied()).collect();
    windowed(points.filter(any_of("_field", &keys)), every, function)
        .call("v1.fieldsAsCols", [])
        .keep(&columns)
}

/// More ids than these are not named in a query: it would be longer than its answer. Then it asks for all devices.
const MOST_IDS: usize = 100;

/// Results `min` and `max`, a row a series and window; also of other devices where many are asked for.
pub(super) fn extremes(bucket: &str, devices: &[DeviceId], fields: &[Field], span: Span) -> String {
    let keys: Vec<&str> = fields.iter().map(|field| field.key()).collect();
    let points = || {
        let all = all_between(bucket, span.from.to_nanoseconds(), span.to.to_nanoseconds());
        let points = if devices.len() <= MOST_IDS { of(all, devices) } else { all };
        points.filter(any_of("_field", &keys))
    };
    let every = Duration::from_millis(span.window_ms.unsigned_abs());
    let table = |function| {
        windowed(points(), every, function)
            .keep(&["_time", "_field", "_value", TAGS[0], TAGS[1]])
            .yield_as(function)
    };
    Script::new().result(table("min")).result(table("max")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn extremes_of(ids: usize) -> String {
        let devices: Vec<DeviceId> =
            (0..ids).filter_map(|id| DeviceId::parse(&format!("d{id}")).ok()).collect();
        extremes("b", &devices, &[Field::Temperature], Span::last_day(Timestamp(86_400_000)))
    }

    #[test]
    fn nothing_stands_between_the_filters_and_the_windows() {
        let pipeline = |function| {
            format!(
                r#"from(bucket: "b")
    |> range(start: 1970-01-01T00:00:00Z, stop: 1970-01-02T01:00:00Z)
    |> filter(fn: (r) => r._measurement == "environment")
    |> filter(fn: (r) => r.clientId == "d0" or r.device == "d0")
    |> filter(fn: (r) => r._field == "Temperature")
    |> aggregateWindow(every: 1h, fn: {function}, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_field", "_value", "clientId", "device"])
    |> yield(name: "{function}")
"#
            )
        };
        assert_eq!(extremes_of(1), pipeline("min") + &pipeline("max"));
    }

    #[test]
    fn many_devices_are_asked_for_without_their_ids() {
        assert!(extremes_of(MOST_IDS).contains("\"d99\""));
        assert!(!extremes_of(MOST_IDS + 1).contains("clientId =="));
    }
}
