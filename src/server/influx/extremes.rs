//! The extremes of windows, of many devices at once: what spark lines show.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::StreamExt;
use influx_client::Query;
use influx_wire::csv::{Batch, ColumnData};

use super::columns::{column, text, time, value};
use super::{Session, queries};
use crate::model::device::DeviceId;
use crate::model::field::Field;
use crate::model::spark::{Extremes, Span};
use crate::model::time::Timestamp;
use crate::server::config::DeviceTag;
use crate::server::ports::{FieldWindows, Result, Value};

/// The smallest and the largest value of each window, by the window's start in nanoseconds; infinite where one of them is not
/// known.
type Windows = BTreeMap<i64, (f64, f64)>;

/// Reads the windows of a span as the answer arrives: what nobody has asked for is not kept.
pub(super) async fn read(
    session: &Session,
    devices: &[DeviceId],
    fields: &[Field],
    span: Span,
) -> Result<Vec<FieldWindows>> {
    let script = queries::extremes(session.bucket(), devices, fields, span);
    session.record_query("Read the smallest and the largest value of every hour", &script);
    let [first, second] = DeviceTag::ALL.map(DeviceTag::key);
    let query =
        Query::new(script).now(session.now).columns(["_time", "_field", "_value", first, second]);
    let explain = |error| session.explainer.explain(error);
    let mut stream = session.client.query(query).await.map_err(explain)?;
    let mut found = Found::new(devices, fields);
    while let Some(batch) = stream.next().await {
        found.add(&batch.map_err(explain)?);
    }
    Ok(found.into_windows())
}

/// What is wanted, and as much of it as has arrived.
struct Found<'a> {
    devices: HashSet<&'a str>,
    fields: &'a [Field],
    windows: HashMap<(&'a str, Field), Windows>,
}

impl<'a> Found<'a> {
    fn new(devices: &'a [DeviceId], fields: &'a [Field]) -> Self {
        let devices = devices.iter().map(DeviceId::as_str).collect();
        Self { devices, fields, windows: HashMap::new() }
    }

    /// Takes the rows of one of the two results.
    fn add(&mut self, batch: &Batch) {
        let merge: fn(&mut (f64, f64), f64) = match batch.result.as_str() {
            "min" => |(low, _), value| *low = low.min(value),
            "max" => |(_, high), value| *high = high.max(value),
            _ => return,
        };
        let (times, values) = (column(batch, "_time"), column(batch, "_value"));
        let names = column(batch, "_field");
        for tag in DeviceTag::ALL {
            let devices = column(batch, tag.key());
            for row in 0..batch.tables.len() {
                let number = value(values, row).and_then(Value::as_number);
                if let (Some(key), Some(time), Some(number)) =
                    (self.key(devices, names, row), time(times, row), number)
                {
                    let windows = self.windows.entry(key).or_default();
                    merge(
                        windows.entry(time).or_insert((f64::INFINITY, f64::NEG_INFINITY)),
                        number,
                    );
                }
            }
        }
    }

    /// What a row is about, if it is wanted.
    fn key(
        &self,
        devices: Option<&ColumnData>,
        fields: Option<&ColumnData>,
        row: usize,
    ) -> Option<(&'a str, Field)> {
        let device = *self.devices.get(text(devices, row)?)?;
        let field = Field::from_key(text(fields, row)?)?;
        self.fields.contains(&field).then_some((device, field))
    }

    fn into_windows(self) -> Vec<FieldWindows> {
        let window = |(start, (low, high)): (i64, (f64, f64))| {
            // A window of which only one result has a row has got its first point between the two.
            let is_known = low.is_finite() && high.is_finite();
            is_known.then_some(Extremes { start: Timestamp::from_nanoseconds(start), low, high })
        };
        let line = |((device, field), windows): ((&str, Field), Windows)| FieldWindows {
            device: device.to_owned(),
            field,
            windows: windows.into_iter().filter_map(window).collect(),
        };
        self.windows.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use influx_wire::csv::{ColumnMeta, DataType};

    use super::*;

    /// Rows of a result: device, field, time and value.
    fn batch(result: &str, tag: &str, rows: &[(&str, &str, i64, f64)]) -> Batch {
        let meta = |label: &str, data_type| ColumnMeta {
            label: label.to_owned(),
            data_type,
            group: false,
        };
        let strings = |text: fn(&(&str, &str, i64, f64)) -> String| {
            ColumnData::String(rows.iter().map(|row| Some(text(row))).collect())
        };
        Batch {
            result: result.to_owned(),
            tables: vec![0; rows.len()],
            columns: vec![
                meta(tag, DataType::String),
                meta("_field", DataType::String),
                meta("_time", DataType::Time),
                meta("_value", DataType::Double),
            ],
            data: vec![
                strings(|row| row.0.to_owned()),
                strings(|row| row.1.to_owned()),
                ColumnData::Time(rows.iter().map(|row| Some(row.2)).collect()),
                ColumnData::Double(rows.iter().map(|row| Some(row.3)).collect()),
            ],
        }
    }

    #[test]
    fn several_series_of_a_device_are_merged_and_those_of_others_left_out() {
        let devices = [DeviceId::parse("a").unwrap()];
        let mut found = Found::new(&devices, &[Field::Co2]);
        found.add(&batch("min", "clientId", &[("a", "CO2", 2_000_000, 3.0)]));
        found.add(&batch("max", "clientId", &[("a", "CO2", 2_000_000, 4.0)]));
        found.add(&batch("min", "device", &[("a", "CO2", 2_000_000, 1.0), ("b", "CO2", 0, 0.0)]));
        found.add(&batch("max", "device", &[("a", "CO2", 2_000_000, 2.0), ("b", "CO2", 0, 9.0)]));
        found.add(&batch("min", "device", &[("a", "CO2", 1_000_000, 7.0)]));
        found.add(&batch("max", "device", &[("a", "CO2", 1_000_000, 7.0)]));
        found.add(&batch("min", "device", &[("a", "TVOC", 1_000_000, 7.0), ("a", "x", 0, 1.0)]));
        found.add(&batch("max", "clientId", &[("a", "CO2", 3_000_000, 5.0)]));
        found.add(&batch("other", "clientId", &[("a", "CO2", 2_000_000, 99.0)]));
        let window = |start, low, high| Extremes { start: Timestamp(start), low, high };
        assert_eq!(
            found.into_windows(),
            [FieldWindows {
                device: "a".to_owned(),
                field: Field::Co2,
                windows: vec![window(1, 7.0, 7.0), window(2, 1.0, 4.0)],
            }]
        );
    }
}
