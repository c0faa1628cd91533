//! What devices measure: points of measurement `environment`.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use influx_wire::csv::Batch;
use influx_wire::line_protocol::{FieldValue, LineWriter, Precision, SeriesKey, WriteError};

use super::columns::{column, text, time, value};
use super::{Session, extremes, queries, series};
use crate::model::device::DeviceId;
use crate::model::emulator::{self, Reading};
use crate::model::field::{Field, MEASUREMENT};
use crate::model::place::Place;
use crate::model::series::Series;
use crate::model::spark::Span;
use crate::server::config::DeviceTag;
use crate::server::ports::{
    Aggregate, AggregateKind, Cause, FieldWindows, LastPoint, Naming, PortError, Result, Telemetry,
    Value,
};

/// Nanoseconds in which the types of fields are taken to stay as they were found.
const TYPES_FIT_FOR: i64 = 60_000_000_000;

impl Telemetry for Session {
    async fn last_seen(&self, look_back: Duration) -> Result<Vec<(String, i64)>> {
        let script = queries::last_seen(self.bucket(), look_back);
        let mut seen = Vec::new();
        for batch in self.query("Find the newest point of every device", script).await? {
            let times = column(&batch, "_time");
            for tag in DeviceTag::ALL {
                let devices = column(&batch, tag.key());
                for row in 0..batch.tables.len() {
                    if let (Some(device), Some(time)) = (text(devices, row), time(times, row)) {
                        seen.push((device.to_owned(), time));
                    }
                }
            }
        }
        Ok(seen)
    }

    async fn last_points(
        &self,
        devices: &[DeviceId],
        look_back: Duration,
    ) -> Result<Vec<LastPoint>> {
        let script = queries::last_points(self.bucket(), devices, look_back);
        let batches = self.query("Read the newest value of every field", script).await?;
        Ok(batches.iter().flat_map(last_points).collect())
    }

    async fn aggregates(
        &self,
        device: &DeviceId,
        fields: &[String],
        look_back: Duration,
    ) -> Result<Vec<Aggregate>> {
        let script = queries::aggregates(self.bucket(), device, fields, look_back);
        let mut aggregates = Vec::new();
        for batch in self.query("Summarize every field: minimum, maximum, count", script).await? {
            let kind = match batch.result.as_str() {
                "min" => AggregateKind::Minimum,
                "max" => AggregateKind::Maximum,
                "count" => AggregateKind::Count,
                _ => continue,
            };
            let (names, values) = (column(&batch, "_field"), column(&batch, "_value"));
            for row in 0..batch.tables.len() {
                if let (Some(field), Some(value)) =
                    (text(names, row), value(values, row).and_then(Value::as_number))
                {
                    aggregates.push(Aggregate { kind, field: field.to_owned(), value });
                }
            }
        }
        Ok(aggregates)
    }

    async fn first_point(&self, device: &DeviceId, from: i64, to: i64) -> Result<Option<i64>> {
        let script = queries::first_point(self.bucket(), device, from, to);
        let batches = self.query("Find the first point after the silence", script).await?;
        let times = batches.iter().flat_map(|batch| {
            let times = column(batch, "_time");
            (0..batch.tables.len()).filter_map(move |row| time(times, row))
        });
        Ok(times.min())
    }

    async fn count_points(&self, from: i64, to: i64) -> Result<u64> {
        let script = queries::count_points(self.bucket(), from, to);
        let batches = self.query("Count the points of the last five minutes", script).await?;
        let count = |batch: &Batch| -> f64 {
            let values = column(batch, "_value");
            (0..batch.tables.len()).filter_map(|row| value(values, row)?.as_number()).sum()
        };
        Ok(batches.iter().map(count).sum::<f64>() as u64)
    }

    async fn minutes_with_points(&self, device: &DeviceId, from: i64, to: i64) -> Result<Vec<i64>> {
        let script = queries::minutes_with_points(self.bucket(), device, from, to);
        let mut minutes = Vec::new();
        for batch in self.query("Find the minutes that have points", script).await? {
            // `distinct` calls its column so, whatever it was called before.
            let times = column(&batch, "_value");
            minutes.extend((0..batch.tables.len()).filter_map(|row| time(times, row)));
        }
        Ok(minutes)
    }

    async fn conflicting_fields(&self, from: i64) -> Result<Vec<String>> {
        if self.now < self.connection.types_fit_until.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let script = queries::field_types(self.bucket(), from, self.now);
        let mut conflicting = Vec::new();
        let mut found = HashSet::new();
        let batches = match self.query("Check the types of the fields", script).await {
            // A field has several types already, which InfluxDB cannot put into one table.
            Err(error) if error.sentence.contains("schema collision") => {
                return Ok(vec!["one of the emulator's fields".to_owned()]);
            }
            batches => batches?,
        };
        for batch in batches {
            let values = column(&batch, "_value");
            let Some(field) = Field::from_key(&batch.result) else { continue };
            let is_as_written = |found: Value| match found {
                Value::Integer(_) => field.is_integer(),
                Value::Float(_) => !field.is_integer(),
                Value::Unsigned(_) | Value::Other => false,
            };
            let name = field.key().to_owned();
            found.insert(field);
            if (0..batch.tables.len())
                .filter_map(|row| value(values, row))
                .any(|found| !is_as_written(found))
                && !conflicting.contains(&name)
            {
                conflicting.push(name);
            }
        }
        // A field that is not there yet may get any type at any moment.
        if conflicting.is_empty() && found.len() == Field::ALL.len() {
            self.connection.types_fit_until.store(self.now + TYPES_FIT_FOR, Ordering::Relaxed);
        }
        Ok(conflicting)
    }

    async fn write(&self, device: &DeviceId, readings: &[Reading], naming: Naming) -> Result<()> {
        let tags = match naming {
            Naming::Usual => &[self.connection.device_tag][..],
            Naming::All => &DeviceTag::ALL,
        };
        let lines = lines(tags, device, readings)?;
        let written = self.client.write(self.bucket(), lines, Precision::Nanoseconds).await;
        written.map_err(|error| self.explainer.explain(error))
    }

    async fn series(&self, device: &DeviceId, from: i64, to: i64) -> Result<Series> {
        series::read(self, device, from, to).await
    }

    async fn windows(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
        window: NonZeroU64,
    ) -> Result<Series> {
        series::read_windows(self, device, from, to, window).await
    }

    async fn places(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
        window: NonZeroU64,
    ) -> Result<Vec<Place>> {
        series::read_places(self, device, from, to, window).await
    }

    async fn rows(&self, device: &DeviceId, from: i64, to: i64, most: usize) -> Result<Series> {
        series::read_all_fields(self, device, from, to, most).await
    }

    async fn extremes(
        &self,
        devices: &[DeviceId],
        fields: &[Field],
        span: Span,
    ) -> Result<Vec<FieldWindows>> {
        extremes::read(self, devices, fields, span).await
    }
}

impl Session {
    pub(super) fn bucket(&self) -> &str {
        &self.connection.telemetry.name
    }
}

fn last_points(batch: &Batch) -> Vec<LastPoint> {
    let (fields, times, values) =
        (column(batch, "_field"), column(batch, "_time"), column(batch, "_value"));
    let devices = DeviceTag::ALL.map(|tag| column(batch, tag.key()));
    let sensor_tags: Vec<(&str, _)> = batch
        .columns
        .iter()
        .filter(|meta| meta.label.ends_with("Sensor"))
        .map(|meta| (meta.label.as_str(), column(batch, &meta.label)))
        .collect();
    let point = |row: usize| {
        Some(LastPoint {
            device: devices.iter().find_map(|column| text(*column, row))?.to_owned(),
            field: text(fields, row)?.to_owned(),
            value: value(values, row)?,
            time: time(times, row)?,
            sensors: sensor_tags
                .iter()
                .filter_map(|(tag, column)| {
                    Some(((*tag).to_owned(), text(*column, row)?.to_owned()))
                })
                .collect(),
        })
    };
    (0..batch.tables.len()).filter_map(point).collect()
}

/// Bytes of a reading's line behind its series, more or less.
const FIELDS_LENGTH: usize = 144;

/// Readings as line protocol, with nanoseconds.
fn lines(names: &[DeviceTag], device: &DeviceId, readings: &[Reading]) -> Result<String> {
    let mut sensors: Vec<(&str, String)> =
        Field::ALL.into_iter().map(|field| (field.sensor_tag(), emulator::sensor(field))).collect();
    sensors.dedup();
    let mut tags: Vec<(&str, &str)> = sensors
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .chain(names.iter().map(|tag| (tag.key(), device.as_str())))
        .collect();
    // InfluxDB takes sorted tags a little faster.
    tags.sort_unstable();
    let unwritable = |error: WriteError| PortError {
        sentence: format!("A point cannot be written as line protocol: {error}."),
        cause: Cause::Unexpected,
    };
    let series = SeriesKey::new(MEASUREMENT, tags).map_err(unwritable)?;
    let mut writer = LineWriter::with_capacity(readings.len() * (series.len() + FIELDS_LENGTH));
    for reading in readings {
        let fields = [
            (Field::Co2.key(), FieldValue::Integer(reading.co2)),
            (Field::Humidity.key(), FieldValue::Float(reading.humidity)),
            (Field::Lat.key(), FieldValue::Float(reading.lat)),
            (Field::Lon.key(), FieldValue::Float(reading.lon)),
            (Field::Pressure.key(), FieldValue::Float(reading.pressure)),
            (Field::Tvoc.key(), FieldValue::Integer(reading.tvoc)),
            (Field::Temperature.key(), FieldValue::Float(reading.temperature)),
        ];
        let time = Some(reading.time.to_nanoseconds());
        writer.point_of(&series, fields, time).map_err(unwritable)?;
    }
    Ok(writer.take())
}
