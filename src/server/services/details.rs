//! All about one device.

use std::collections::BTreeMap;
use std::time::Duration;

use super::history::{self, Overlap};
use super::listing::Judgement;
use super::registry::entry;
use super::sparks::{self, Sparks};
use super::{Error, Result};
use crate::model::device::{
    DeviceConfiguration, DeviceDetails, DeviceId, FieldSummary, MissingMinutes,
};
use crate::model::emulator;
use crate::model::field::Field;
use crate::model::spark::Span;
use crate::model::time::Timestamp;
use crate::server::ports::{
    Aggregate, AggregateKind, Authorizations, Clock, Events, Explain, LastPoint, PortError,
    Registry, Telemetry, Value,
};

/// The summary is about so many days.
const SUMMARY: Duration = Duration::from_hours(30 * 24);

/// So many events of a device are shown.
const MOST_EVENTS: u32 = 20;

/// Registration, newest points, a summary per field and the missing minutes of a device.
pub async fn details(
    ports: &(impl Registry + Authorizations + Events + Telemetry + Explain),
    clock: &impl Clock,
    judgement: Judgement,
    overlap: Overlap,
    configuration: DeviceConfiguration,
    device: &DeviceId,
) -> Result<DeviceDetails> {
    let now = Timestamp::from_nanoseconds(clock.now());
    let (entry, last, missing, tokens, events) = tokio::join!(
        entry(ports, device.as_str()),
        last_and_summary(ports, now, judgement.look_back, device),
        missing(ports, now, device),
        history::tokens(ports, device.as_str(), overlap),
        ports.events(Some(device.as_str()), events_since(now), MOST_EVENTS)
    );
    let (points, fields) = last?;
    let registration = entry?.registration(now);
    if registration.is_none() && points.is_empty() {
        return Err(not_found(device.as_str()));
    }
    let last_seen = points.iter().map(|point| Timestamp::from_nanoseconds(point.time)).max();
    let registered_at = registration.as_ref().and_then(|registration| registration.registered_at);
    Ok(DeviceDetails {
        id: device.clone(),
        registration,
        liveness: judgement.liveness(last_seen, registered_at, now),
        last_seen,
        configuration,
        fields,
        missing: MissingMinutes {
            count: missing?.len() as u32,
            has_foreign_points: has_foreign_points(&points),
        },
        tokens: tokens?,
        events: events?,
        now,
        how: ports.how(),
    })
}

/// Where the log of events begins that a page shows, in nanoseconds.
pub fn events_since(now: Timestamp) -> i64 {
    now.to_nanoseconds().saturating_sub(SUMMARY.as_nanos() as i64)
}

/// What a device that is neither registered nor has data, or an id that is none, is answered with.
pub fn not_found(id: &str) -> Error {
    Error::NotFound(format!("The device \"{id}\" is not registered and has no data."))
}

/// The minutes that "Write Missing Data" would write.
pub async fn missing(
    ports: &impl Telemetry,
    now: Timestamp,
    device: &DeviceId,
) -> Result<Vec<Timestamp>, PortError> {
    let (from, to) = emulator::window(now);
    let present =
        ports.minutes_with_points(device, from.to_nanoseconds(), to.to_nanoseconds()).await?;
    let present: Vec<Timestamp> = present.into_iter().map(Timestamp::from_nanoseconds).collect();
    Ok(emulator::missing_minutes(from, to, &present))
}

/// Whether there are points that the emulator did not write: it names a sensor for every field of its own.
pub fn has_foreign_points(points: &[LastPoint]) -> bool {
    points.iter().any(|point| {
        point.sensors.is_empty()
            || point.sensors.iter().any(|(_, sensor)| !sensor.starts_with(emulator::SENSOR_PREFIX))
    })
}

async fn last_and_summary(
    ports: &impl Telemetry,
    now: Timestamp,
    look_back: Duration,
    device: &DeviceId,
) -> Result<(Vec<LastPoint>, Vec<FieldSummary>), PortError> {
    let points = ports.last_points(std::slice::from_ref(device), look_back).await?;
    let since = now.to_nanoseconds().saturating_sub(SUMMARY.as_nanos() as i64);
    let mut fields: Vec<String> = points
        .iter()
        .filter(|point| point.time >= since && point.value.as_number().is_some())
        .map(|point| point.field.clone())
        .collect();
    fields.sort();
    fields.dedup();
    // A field that also holds strings cannot be asked for its minimum: InfluxDB refuses the whole query.
    fields.retain(|field| {
        points.iter().filter(|point| point.field == *field).all(|point| point.value != Value::Other)
    });
    if fields.is_empty() {
        return Ok((points, Vec::new()));
    }
    let charted = measured_lately(&points, &fields, now);
    let (aggregates, mut sparks) = tokio::join!(
        ports.aggregates(device, &fields, SUMMARY),
        sparks::last_day(ports, now, std::slice::from_ref(device), &charted)
    );
    let mut summary = summarize(&points, &aggregates?);
    add_sparks(&mut summary, &mut sparks, device);
    Ok((points, summary))
}

/// The charted fields among these that have a spark line: those with a point in the last day.
fn measured_lately(points: &[LastPoint], fields: &[String], now: Timestamp) -> Vec<Field> {
    let from = Span::last_day(now).from.to_nanoseconds();
    let is_measured = |field: &Field| {
        fields.iter().any(|name| name == field.key())
            && points.iter().any(|point| point.field == field.key() && point.time >= from)
    };
    Field::CHARTED.into_iter().filter(is_measured).collect()
}

fn add_sparks(rows: &mut [FieldSummary], sparks: &mut Sparks, device: &DeviceId) {
    for row in rows {
        let field = Field::from_key(&row.name);
        row.spark = field.and_then(|field| sparks.take(device.as_str(), field));
    }
}

/// One row a field; several series of a field are merged.
fn summarize(points: &[LastPoint], aggregates: &[Aggregate]) -> Vec<FieldSummary> {
    let mut merged: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for Aggregate { kind, field, value } in aggregates {
        let (min, max, count) =
            merged.entry(field).or_insert((f64::INFINITY, f64::NEG_INFINITY, 0.0));
        match kind {
            AggregateKind::Minimum => *min = min.min(*value),
            AggregateKind::Maximum => *max = max.max(*value),
            AggregateKind::Count => *count += value,
        }
    }
    let mut rows: Vec<FieldSummary> = merged
        .into_iter()
        .filter_map(|(name, (min, max, count))| {
            let newest =
                points.iter().filter(|point| point.field == name).max_by_key(|point| point.time)?;
            let tag = Field::from_key(name).map(Field::sensor_tag);
            let sensor = newest.sensors.iter().find(|(key, _)| Some(key.as_str()) == tag);
            Some(FieldSummary {
                name: name.to_owned(),
                last: newest.value.as_number()?,
                last_time: Timestamp::from_nanoseconds(newest.time),
                min,
                max,
                count: count as u64,
                sensor: sensor.map(|(_, value)| value.clone()),
                spark: None,
            })
        })
        .filter(|row| row.count > 0 && row.min.is_finite() && row.max.is_finite())
        .collect();
    // Known fields first, in their usual order.
    let place =
        |name: &str| Field::ALL.iter().position(|field| field.key() == name).unwrap_or(usize::MAX);
    rows.sort_by(|left, right| {
        place(&left.name).cmp(&place(&right.name)).then_with(|| left.name.cmp(&right.name))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(field: &str, value: f64, time: i64, sensors: &[(&str, &str)]) -> LastPoint {
        LastPoint {
            device: "a".to_owned(),
            field: field.to_owned(),
            value: Value::Float(value),
            time,
            sensors: sensors
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    fn aggregates(field: &str, min: f64, max: f64, count: f64) -> Vec<Aggregate> {
        [
            (AggregateKind::Minimum, min),
            (AggregateKind::Maximum, max),
            (AggregateKind::Count, count),
        ]
        .map(|(kind, value)| Aggregate { kind, field: field.to_owned(), value })
        .into()
    }

    #[test]
    fn several_series_of_a_field_are_merged() {
        let points = [
            point("Temperature", 20.0, 1, &[("TemperatureSensor", "old")]),
            point("Temperature", 21.0, 2, &[("TemperatureSensor", "new"), ("GPSSensor", "x")]),
            point("extra", 1.0, 2, &[]),
        ];
        let all = [
            aggregates("extra", 0.0, 1.0, 2.0),
            aggregates("Temperature", 5.0, 20.0, 10.0),
            aggregates("Temperature", 7.0, 30.0, 5.0),
        ];
        let rows = summarize(&points, &all.concat());
        let temperature = rows.first().unwrap();
        assert_eq!(
            (temperature.name.as_str(), temperature.min, temperature.max, temperature.count),
            ("Temperature", 5.0, 30.0, 15)
        );
        assert_eq!((temperature.last, temperature.sensor.as_deref()), (21.0, Some("new")));
        assert_eq!(
            rows.get(1).map(|row| (row.name.as_str(), row.sensor.as_deref())),
            Some(("extra", None))
        );
    }

    #[test]
    fn only_charted_fields_of_the_last_day_have_a_spark_line() {
        let hour = 3_600_000_000_000;
        let points = [
            point("CO2", 1.0, 100 * hour, &[]),
            point("CO2", 1.0, 10 * hour, &[]),
            point("Humidity", 1.0, 10 * hour, &[]),
            point("Lat", 1.0, 100 * hour, &[]),
            point("Temperature", 1.0, 100 * hour, &[]),
        ];
        // Temperature also holds strings.
        let fields = ["CO2", "Humidity", "Lat"].map(str::to_owned);
        let now = Timestamp::from_nanoseconds(101 * hour);
        assert_eq!(measured_lately(&points, &fields, now), [Field::Co2]);
    }

    #[test]
    fn points_of_other_sensors_are_foreign() {
        assert!(!has_foreign_points(&[]));
        assert!(!has_foreign_points(&[point(
            "Temperature",
            1.0,
            1,
            &[("TemperatureSensor", "virtual_TemperatureSensor")]
        )]));
        assert!(has_foreign_points(&[point(
            "Temperature",
            1.0,
            1,
            &[("TemperatureSensor", "BME280")]
        )]));
        assert!(has_foreign_points(&[point("Temperature", 1.0, 1, &[])]));
    }
}
