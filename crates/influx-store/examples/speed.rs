//! How fast the store writes a week of one device and reads a month of it, without HTTP.
//!
//! `cargo run --release -p influx-store --example speed`

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use influx_store::catalog::Setup;
use influx_store::storage::{BucketId, FieldId, Options, Store, TimeRange};
use influx_wire::line_protocol::Precision;

const WEEK: i64 = 10_080;
const MONTH: i64 = 43_200;
const RUNS: usize = 9;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    for batch in [2_000, 5_000, WEEK] {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let (_directory, store, bucket) = open().await?;
            let bodies = bodies("a", WEEK, batch);
            let start = Instant::now();
            for body in &bodies {
                store.write(bucket, body, Precision::Seconds).await?;
            }
            times.push(start.elapsed());
        }
        println!("write 10,080 points of 7 fields, {batch} lines a request: {:?}", median(times));
    }

    let (_directory, store, bucket) = open().await?;
    for device in ["a", "b", "c"] {
        for body in bodies(device, MONTH, 5_000) {
            store.write(bucket, &body, Precision::Seconds).await?;
        }
    }
    let snapshot = store.snapshot();
    let series = snapshot.series(bucket);
    let series = series.get(1).ok_or("no series")?;
    let fields: Vec<FieldId> = series.fields.iter().take(5).map(|field| field.id).collect();
    let all = TimeRange { start: i64::MIN, stop: i64::MAX };
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let rows = snapshot.rows(series.id, &fields, all)?;
        times.push(start.elapsed());
        if rows.times.len() != MONTH as usize {
            return Err(format!("{} rows", rows.times.len()).into());
        }
    }
    println!("read 43,200 rows of 5 fields: {:?}", median(times));
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let start = Instant::now();
        snapshot.last_of(series.id, &fields, all)?;
        times.push(start.elapsed());
    }
    println!("newest values of 5 fields: {:?}", median(times));

    let start = Instant::now();
    let writers = (0..64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for time in 0..100 {
                let body = format!("m,device={writer} v={time} {time}");
                store.write(bucket, &body, Precision::Seconds).await?;
            }
            Ok::<(), influx_store::storage::WriteError>(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    println!(
        "64 writers, one point a request: {:.0} requests/s",
        6_400.0 / start.elapsed().as_secs_f64()
    );

    let start = Instant::now();
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for body in bodies(&format!("bulk{writer}"), 50_000, 5_000) {
                store.write(bucket, &body, Precision::Seconds).await?;
            }
            Ok::<(), influx_store::storage::WriteError>(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    println!(
        "8 writers, 5,000 points a request: {:.0} points/s",
        400_000.0 / start.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn open() -> Result<(tempfile::TempDir, Store, BucketId)> {
    let directory = tempfile::tempdir()?;
    let store = Store::open(directory.path(), Options::default())?;
    let setup = Setup {
        username: "u".into(),
        organization: "o".into(),
        bucket: "b".into(),
        ..Setup::default()
    };
    let bucket = store.set_up(setup).await?.bucket.id;
    Ok((directory, store, bucket))
}

/// What the emulator writes for one device: a point a minute.
fn bodies(device: &str, minutes: i64, batch: i64) -> Vec<String> {
    let mut bodies = vec![String::new()];
    for minute in 0..minutes {
        if minute % batch == 0 && minute > 0 {
            bodies.push(String::new());
        }
        let wave = (minute as f64 / 1_440.0).sin();
        if let Some(body) = bodies.last_mut() {
            let _ = writeln!(
                body,
                "environment,CO2Sensor=virtual_CO2Sensor,GPSSensor=virtual_GPSSensor,HumiditySensor=virtual_HumiditySensor,\
                 PressureSensor=virtual_PressureSensor,TVOCSensor=virtual_TVOCSensor,TemperatureSensor=virtual_TemperatureSensor,\
                 clientId={device} CO2={}i,Humidity={:.1},Lat=50.087,Lon=14.42,Pressure={:.1},TVOC={}i,Temperature={:.1} {}",
                (420.0 + 10.0 * wave) as i64,
                70.0 + 20.0 * wave,
                1_000.0 + 20.0 * wave,
                (220.0 + 30.0 * wave) as i64,
                20.0 + 10.0 * wave,
                1_700_000_000 + minute * 60,
            );
        }
    }
    bodies
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
