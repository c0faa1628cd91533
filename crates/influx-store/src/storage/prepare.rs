//! A body of line protocol, read into what the writer needs and nothing borrowed from it.
//!
//! This is the part of a write that needs no knowledge of what is stored, so it runs in the caller's task,
//! before the one writer thread sees the request.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::line_protocol::{self, Line, Precision};

use super::{FieldValue, WriteError};

/// A field name that InfluxDB drops without a word, unless it is the only one.
const TIME_FIELD: &str = "time";

#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) measurements: Vec<PreparedMeasurement>,
    pub(super) series: Vec<PreparedSeries>,
    /// In the order of the lines.
    pub(super) points: Vec<PreparedPoint>,
    /// Index of the field in its measurement, and value: the fields of all points.
    pub(super) values: Vec<(u32, FieldValue)>,
}

#[derive(Debug)]
pub(super) struct PreparedMeasurement {
    pub(super) name: Arc<str>,
    /// A name stands here once for each type that the body gives it.
    pub(super) fields: Vec<(Arc<str>, DataType)>,
}

#[derive(Debug)]
pub(super) struct PreparedSeries {
    pub(super) measurement: usize,
    pub(super) tags: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Debug)]
pub(super) struct PreparedPoint {
    pub(super) series: usize,
    pub(super) time: i64,
    /// The fields in `values`, in the order of the line. Empty if the line had only a field `time`.
    pub(super) values: Range<usize>,
}

/// Reads the whole body. One bad line refuses all of it.
pub(super) fn prepare(body: &str, precision: Precision, now: i64) -> Result<Prepared, WriteError> {
    let unit = precision.nanoseconds();
    let mut builder = Builder::new(now - now.rem_euclid(unit));
    let mut errors: Vec<String> = Vec::new();
    for line in line_protocol::parse(body, precision) {
        match line {
            Ok(line) if errors.is_empty() => builder.line(line),
            Ok(_) => {}
            Err(error) => errors.push(error.to_string()),
        }
    }
    if errors.is_empty() {
        Ok(builder.prepared)
    } else {
        Err(WriteError::Lines { message: errors.join("\n") })
    }
}

struct Builder<'a> {
    prepared: Prepared,
    now: i64,
    /// By the text of measurement and tags. The same series may have several such texts.
    series: HashMap<&'a str, usize>,
    measurements: HashMap<Arc<str>, usize>,
    /// For each measurement: by name, the indices of its fields, one for each type.
    fields: Vec<HashMap<Arc<str>, Vec<usize>>>,
    last_series: Option<(&'a str, usize)>,
}

impl<'a> Builder<'a> {
    fn new(now: i64) -> Self {
        Self {
            prepared: Prepared {
                measurements: Vec::new(),
                series: Vec::new(),
                points: Vec::new(),
                values: Vec::new(),
            },
            now,
            series: HashMap::new(),
            measurements: HashMap::new(),
            fields: Vec::new(),
            last_series: None,
        }
    }

    fn line(&mut self, line: Line<'a>) {
        let series = match self.last_series {
            Some((text, series)) if text == line.series => series,
            _ => self.series(&line),
        };
        self.last_series = Some((line.series, series));
        let Prepared { measurements, series: all_series, points, values } = &mut self.prepared;
        let measurement = all_series.get(series).map_or(0, |series| series.measurement);
        let (Some(measurement), Some(known)) =
            (measurements.get_mut(measurement), self.fields.get_mut(measurement))
        else {
            return;
        };
        let first = values.len();
        // Lines of one source name their fields in the same order.
        let mut expected = 0;
        for (name, value) in line.fields {
            if name == TIME_FIELD {
                continue;
            }
            let value = match value {
                line_protocol::FieldValue::Float(value) => FieldValue::Float(value),
                line_protocol::FieldValue::Integer(value) => FieldValue::Integer(value),
                line_protocol::FieldValue::Unsigned(value) => FieldValue::Unsigned(value),
                line_protocol::FieldValue::Boolean(value) => FieldValue::Boolean(value),
                line_protocol::FieldValue::String(value) => FieldValue::String(Arc::from(&*value)),
            };
            let data_type = value.data_type();
            let fields = &mut measurement.fields;
            let is_same = |field: &(Arc<str>, DataType)| *field.0 == *name && field.1 == data_type;
            let field = if fields.get(expected).is_some_and(is_same) {
                expected
            } else {
                let known = match known.get_mut(&*name) {
                    Some(known) => known,
                    None => known.entry(Arc::from(&*name)).or_default(),
                };
                let index = known.iter().find(|index| fields.get(**index).is_some_and(is_same));
                index.copied().unwrap_or_else(|| {
                    known.push(fields.len());
                    fields.push((Arc::from(&*name), data_type));
                    fields.len() - 1
                })
            };
            expected = field + 1;
            values.push((field as u32, value));
        }
        points.push(PreparedPoint {
            series,
            time: line.timestamp.unwrap_or(self.now),
            values: first..values.len(),
        });
    }

    fn series(&mut self, line: &Line<'a>) -> usize {
        if let Some(series) = self.series.get(line.series) {
            return *series;
        }
        let measurements = &mut self.prepared.measurements;
        let measurement = if let Some(measurement) = self.measurements.get(&*line.measurement) {
            *measurement
        } else {
            let name: Arc<str> = Arc::from(&*line.measurement);
            self.measurements.insert(Arc::clone(&name), measurements.len());
            measurements.push(PreparedMeasurement { name, fields: Vec::new() });
            self.fields.push(HashMap::new());
            measurements.len() - 1
        };
        let tags =
            line.tags.iter().map(|(key, value)| (Arc::from(&**key), Arc::from(&**value))).collect();
        let series = self.prepared.series.len();
        self.prepared.series.push(PreparedSeries { measurement, tags });
        self.series.insert(line.series, series);
        series
    }
}
