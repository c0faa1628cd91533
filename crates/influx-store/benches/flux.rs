//! What the evaluator costs without storage: 30 days of one device, one row a minute, seven fields.
//!
//! `cargo bench -p influx-store --bench flux` prints the best of several runs of each query, answer text included.

#![expect(clippy::print_stdout, reason = "that is what a bench is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use influx_store::flux::{BucketInfo, Edges, Environment, Source, SourceError, prepare};
use influx_store::storage::{
    BucketId, Field, FieldColumn, FieldId, FieldValue, Rows, Series, SeriesId, TimeRange,
};
use influx_wire::csv::{Annotation, DataType, Dialect};

const MINUTE: i64 = 60_000_000_000;
const ROWS: i64 = 43_200;
const NOW: i64 = 1_640_995_200_000_000_000;
const FIELDS: [&str; 7] = ["CO2", "Humidity", "Lat", "Lon", "Pressure", "TVOC", "Temperature"];
const SENSORS: [&str; 6] = [
    "CO2Sensor",
    "GPSSensor",
    "HumiditySensor",
    "PressureSensor",
    "TVOCSensor",
    "TemperatureSensor",
];

/// Columns in memory; reading is copying.
struct Columns {
    series: Arc<[Arc<Series>]>,
    rows: Rows,
}

impl Columns {
    fn new() -> Self {
        let float =
            |scale: f64| FieldColumn::Float((0..ROWS).map(|row| Some(wave(row, scale))).collect());
        let integer =
            |base: i64| FieldColumn::Integer((0..ROWS).map(|row| Some(base + row % 50)).collect());
        let fields = vec![
            integer(800),
            float(30.0),
            float(50.0),
            float(14.0),
            float(980.0),
            integer(500),
            float(20.0),
        ];
        let field = |(id, name): (u32, &str)| {
            let data_type =
                if matches!(name, "CO2" | "TVOC") { DataType::Long } else { DataType::Double };
            Field { id: FieldId(id), name: name.into(), data_type }
        };
        let mut tags: Vec<(Arc<str>, Arc<str>)> =
            SENSORS.iter().map(|name| ((*name).into(), format!("virtual_{name}").into())).collect();
        tags.push(("clientId".into(), "virtual_device".into()));
        let series = Series {
            id: SeriesId(1),
            measurement: "environment".into(),
            tags,
            fields: (0..).zip(FIELDS).map(field).collect(),
        };
        let times = (0..ROWS).map(|row| NOW - (ROWS - row) * MINUTE).collect();
        Self { series: [Arc::new(series)].into(), rows: Rows { times, fields } }
    }
}

/// A value with one decimal, as sensors send it.
fn wave(row: i64, base: f64) -> f64 {
    ((base + 5.0 * (row as f64 / 700.0).sin()) * 10.0).round() / 10.0
}

impl Source for Columns {
    fn buckets(&self) -> Result<Vec<BucketInfo>, SourceError> {
        Ok(vec![BucketInfo {
            id: BucketId(1),
            name: "iot_center".to_owned(),
            organization_id: String::new(),
            retention_seconds: 0,
        }])
    }

    fn series(&self, _: BucketId) -> Result<Arc<[Arc<Series>]>, SourceError> {
        Ok(Arc::clone(&self.series))
    }

    fn rows(
        &self,
        _: BucketId,
        _: &Series,
        fields: &[FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Result<Rows, SourceError> {
        let from = self.rows.times.partition_point(|time| *time < range.start);
        let to = self
            .rows
            .times
            .partition_point(|time| *time < range.stop)
            .min(from.saturating_add(limit));
        let copy = |field: &FieldId| match self.rows.fields.get(field.0 as usize) {
            Some(FieldColumn::Float(values)) => {
                FieldColumn::Float(values.get(from..to).unwrap_or_default().to_vec())
            }
            Some(FieldColumn::Integer(values)) => {
                FieldColumn::Integer(values.get(from..to).unwrap_or_default().to_vec())
            }
            _ => FieldColumn::Boolean(Vec::new()),
        };
        let times = self.rows.times.get(from..to).unwrap_or_default().to_vec();
        Ok(Rows { times, fields: fields.iter().map(copy).collect() })
    }

    fn last(
        &self,
        _: BucketId,
        _: &Series,
        fields: &[FieldId],
        _: TimeRange,
    ) -> Result<Edges, SourceError> {
        Ok(vec![Some((NOW - MINUTE, FieldValue::Float(1.0))); fields.len()])
    }

    fn first(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.last(bucket, series, fields, range)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let read = r#"from(bucket: "iot_center") |> range(start: -30d)
        |> filter(fn: (r) => r._measurement == "environment") |> filter(fn: (r) => r.clientId == "virtual_device")"#;
    let five = r#"|> filter(fn: (r) => r["_field"] == "Temperature" or r["_field"] == "TVOC" or r["_field"] == "Pressure" or r["_field"] == "Humidity" or r["_field"] == "CO2")"#;
    let keep =
        r#"|> keep(columns: ["_time", "Temperature", "TVOC", "Pressure", "Humidity", "CO2"])"#;
    let v1 = "import \"influxdata/influxdb/v1\"\n";
    let reduce = r"|> reduce(
        fn: (r, accumulator) => ({
          maxTime: (if r._time>accumulator.maxTime then r._time else accumulator.maxTime),
          maxValue: (if r._value>accumulator.maxValue then r._value else accumulator.maxValue),
          minValue: (if r._value<accumulator.minValue then r._value else accumulator.minValue),
          count: accumulator.count + 1.0
        }),
        identity: {maxTime: 1970-01-01, count: 0.0, minValue: math.mInf(sign: 1), maxValue: math.mInf(sign: -1)})";
    let queries = [
        ("fieldsAsCols, 43,200 x 5", format!("{v1}{read} {five} |> v1.fieldsAsCols()")),
        ("the same, keep(_time + 5)", format!("{v1}{read} {five} |> v1.fieldsAsCols() {keep}")),
        (
            "the same, not pushed down",
            format!("{v1}{read} {five} |> limit(n: 99999) |> v1.fieldsAsCols() {keep}"),
        ),
        (
            "reduce over 302,400 values",
            format!(
                "import \"math\"\n{read} |> toFloat() |> group(columns: [\"_field\"]) {reduce}"
            ),
        ),
        ("raw, 216,000 rows", format!("{read} {five}")),
        (
            "map over 43,200 rows",
            format!(
                "{read} |> filter(fn: (r) => r._field == \"Lat\") |> map(fn: (r) => ({{r with _value: r._value * 2.0}})) |> count()"
            ),
        ),
        (
            "aggregateWindow(1h, mean)",
            format!("{read} {five} |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)"),
        ),
        (
            "min, max, count, last of 7",
            format!(
                "d = {read}\nd |> min() |> yield(name: \"min\")\nd |> max() |> yield(name: \"max\")\nd |> count() |> yield(name: \"count\")\nd |> last() |> yield(name: \"last\")"
            ),
        ),
    ];
    let environment = Environment::new(Arc::new(Columns::new()), NOW);
    let annotations = vec![Annotation::DataType, Annotation::Group, Annotation::Default];
    let dialect = Dialect { annotations, ..Dialect::default() };
    for (name, script) in queries {
        let mut best = Duration::MAX;
        let mut bytes = 0;
        for _ in 0..10 {
            let start = Instant::now();
            let mut length = 0;
            for chunk in prepare(&script, dialect.clone(), &environment)? {
                length += chunk?.len();
            }
            best = best.min(start.elapsed());
            bytes = length;
        }
        println!("{name:28} {:9.3} ms {bytes:>10} bytes", best.as_secs_f64() * 1e3);
    }
    Ok(())
}
