//! What the points of a long range cost as four windowed results, storage and answer text included.
//!
//! `cargo bench -p influx-store --bench windows` prints the best and the median of several runs: of reading the rows
//! alone, of the four results (first, min, max, last), and of one result that only fits the generic way.

#![expect(clippy::print_stdout, reason = "that is what a bench is for")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use influx_store::catalog::Setup;
use influx_store::flux::{BucketInfo, Chunks, Edges, Environment, Source, SourceError, prepare};
use influx_store::storage::{
    BucketId, FieldId, Options, ReadError, Rows, Series, Snapshot, Store, TimeRange,
};
use influx_wire::csv::{Annotation, Dialect};
use influx_wire::line_protocol::Precision;

/// 2026-10-01T00:00:00Z, in seconds.
const START: i64 = 1_790_812_800;
const BATCH: i64 = 5_000;
const RUNS: usize = 15;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// One bucket that everybody may read.
struct Bucket {
    id: BucketId,
    snapshot: Snapshot,
}

fn failed(error: ReadError) -> SourceError {
    SourceError(error.to_string())
}

impl Source for Bucket {
    fn buckets(&self) -> Result<Vec<BucketInfo>, SourceError> {
        Ok(vec![BucketInfo {
            id: self.id,
            name: "iot_center".to_owned(),
            organization_id: String::new(),
            retention_seconds: 0,
        }])
    }

    fn series(&self, bucket: BucketId) -> Result<Arc<[Arc<Series>]>, SourceError> {
        Ok(self.snapshot.series(bucket))
    }

    fn rows(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Result<Rows, SourceError> {
        let mut chunks =
            self.snapshot.rows_chunked(series.id, fields, range, limit).map_err(failed)?;
        chunks.next().unwrap_or_else(|| Ok(Rows::default())).map_err(failed)
    }

    fn chunks<'a>(
        &'a self,
        _: BucketId,
        series: &'a Series,
        fields: &'a [FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Chunks<'a> {
        match self.snapshot.rows_chunked(series.id, fields, range, limit) {
            Ok(chunks) => Box::new(chunks.map(|rows| rows.map_err(failed))),
            Err(error) => Box::new(std::iter::once(Err(failed(error)))),
        }
    }

    fn last(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.snapshot.last_of(series.id, fields, range).map_err(failed)
    }

    fn first(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.snapshot.first_of(series.id, fields, range).map_err(failed)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (name, days, every) in [("30 days", 30, "36m"), ("365 days", 365, "8h")] {
        let path = directory.path().join(name);
        let store = Store::open(&path, Options::default())?;
        let setup = Setup {
            username: "u".into(),
            organization: "o".into(),
            bucket: "iot_center".into(),
            ..Setup::default()
        };
        let bucket = store.set_up(setup).await?.bucket.id;
        for first in (0..days * 1_440).step_by(BATCH as usize) {
            let body = lines(first..(first + BATCH).min(days * 1_440));
            store.write(bucket, &body, Precision::Seconds).await?;
        }
        measure(&format!("{name}, just written"), &store, bucket, days, every)?;
        drop(store);
        let store = Store::open(&path, Options::default())?;
        measure(&format!("{name}, opened again"), &store, bucket, days, every)?;
    }
    Ok(())
}

fn measure(name: &str, store: &Store, id: BucketId, days: i64, every: &str) -> Result<()> {
    let snapshot = store.snapshot();
    let series = snapshot.series(id);
    let series = series.first().ok_or("no series")?;
    let wanted =
        |name: &str| matches!(name, "Temperature" | "Humidity" | "Pressure" | "CO2" | "TVOC");
    let fields: Vec<FieldId> =
        series.fields.iter().filter(|field| wanted(&field.name)).map(|field| field.id).collect();
    let all = TimeRange { start: i64::MIN, stop: i64::MAX };
    print(name, "rows of 5 fields", || {
        let mut rows = 0;
        for chunk in snapshot.rows_chunked(series.id, &fields, all, 1_024)? {
            rows += chunk?.times.len();
        }
        Ok(rows)
    })?;

    let now = (START + days * 86_400) * 1_000_000_000;
    let source = Bucket { id, snapshot: snapshot.clone() };
    let environment = Environment::new(Arc::new(source), now);
    let v1 = "import \"influxdata/influxdb/v1\"\n";
    let four: String = ["first", "min", "max", "last"]
        .iter()
        .map(|function| result(days, every, function, ""))
        .collect();
    print(name, "first, min, max, last", || answer(&environment, &format!("{v1}{four}")))?;
    let mean = result(days, every, "mean", "");
    print(name, "mean", || answer(&environment, &format!("{v1}{mean}")))?;
    let generic = result(days, every, "mean", "|> limit(n: 1000000)");
    print(name, "mean, the generic way", || answer(&environment, &format!("{v1}{generic}")))
}

/// The way of the application to ask for one result; `before` goes in front of the windows.
fn result(days: i64, every: &str, function: &str, before: &str) -> String {
    format!(
        r#"from(bucket: "iot_center") |> range(start: {START}, stop: {})
            |> filter(fn: (r) => r._measurement == "environment") |> filter(fn: (r) => r.clientId == "x" or r.device == "x")
            |> filter(fn: (r) => r._field == "Temperature" or r._field == "Humidity" or r._field == "Pressure" or r._field == "CO2" or r._field == "TVOC")
            {before} |> aggregateWindow(every: {every}, fn: {function}, createEmpty: false, timeSrc: "_start")
            |> v1.fieldsAsCols() |> keep(columns: ["_time", "Temperature", "Humidity", "Pressure", "CO2", "TVOC"]) |> yield(name: "{function}")
        "#,
        START + days * 86_400
    )
}

fn answer(environment: &Environment, script: &str) -> Result<usize> {
    let annotations = vec![Annotation::DataType, Annotation::Group, Annotation::Default];
    let dialect = Dialect { annotations, ..Dialect::default() };
    let mut length = 0;
    for chunk in prepare(script, dialect, environment)? {
        length += chunk?.len();
    }
    Ok(length)
}

fn print(name: &str, what: &str, mut run: impl FnMut() -> Result<usize>) -> Result<()> {
    let mut times = Vec::new();
    let mut size = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        size = run()?;
        times.push(start.elapsed());
    }
    times.sort();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let (best, median) = (milliseconds(times.first()), milliseconds(times.get(RUNS / 2)));
    println!("{name:24} {what:24} {best:9.2} ms {median:9.2} ms {size:>9} rows or bytes");
    Ok(())
}

/// What the emulator writes: a point a minute.
fn lines(minutes: std::ops::Range<i64>) -> String {
    let mut body = String::new();
    for minute in minutes {
        let day = (minute as f64 / 1_440.0 * std::f64::consts::TAU).sin();
        let month = (minute as f64 / 43_200.0 * std::f64::consts::TAU).sin();
        let tenth = |value: f64| (value * 10.0).trunc() / 10.0;
        let _ = writeln!(
            body,
            "environment,CO2Sensor=virtual_CO2Sensor,GPSSensor=virtual_GPSSensor,HumiditySensor=virtual_HumiditySensor,\
             PressureSensor=virtual_PressureSensor,TVOCSensor=virtual_TVOCSensor,TemperatureSensor=virtual_TemperatureSensor,\
             clientId=x CO2={}i,Humidity={},Lat={:.6},Lon={:.6},Pressure={},TVOC={}i,Temperature={} {}",
            (1_700.0 + 650.0 * day + 600.0 * month) as i64,
            tenth(49.5 + 24.0 * day + 24.0 * month),
            50.087 + 0.9 * month,
            14.407 + 1.4 * month,
            tenth(1_010.0 + 20.0 * day + 20.0 * month),
            (1_125.0 + 430.0 * day + 430.0 * month) as i64,
            tenth(20.0 + 10.0 * day + 10.0 * month),
            START + minute * 60,
        );
    }
    body
}
