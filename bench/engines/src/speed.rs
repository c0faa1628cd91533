//! How fast, how large.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::engine::{Engine, Key, Result, key};
use crate::workload::{Random, WRITERS, run_writers};

const BATCH: u64 = 2_000;
const WEEK: u64 = 10_080;
const MONTH: u64 = 43_200;
const SERIES: u64 = 1_000;
const COMMITS: u64 = 400;

#[derive(Default)]
pub struct Speed {
    pub rows: BTreeMap<&'static str, String>,
}

impl Speed {
    fn put(&mut self, name: &'static str, value: String) {
        self.rows.insert(name, value);
    }
}

pub fn measure<E: Engine>() -> Result<Speed> {
    let mut speed = Speed::default();
    let directory = tempfile::tempdir_in(crate::work_directory()?)?;

    // A week of one device, in batches.
    let mut times = Vec::new();
    for run in 0..7 {
        let engine = E::open(&directory.path().join(format!("week{run}")))?;
        let batches: Vec<Vec<_>> = (0..WEEK)
            .collect::<Vec<_>>()
            .chunks(BATCH as usize)
            .map(|minutes| {
                minutes.iter().map(|minute| (key(1, *minute), row(1, *minute))).collect()
            })
            .collect();
        let start = Instant::now();
        for batch in &batches {
            engine.commit(batch)?;
        }
        times.push(start.elapsed());
    }
    speed.put("a. 10,080 rows in batches of 2,000", millis(median(times)));

    // A month of one device among 20, scanned.
    let path = directory.path().join("month");
    let engine = E::open(&path)?;
    for day in 0..30 {
        let minutes = day * 1440..(day + 1) * 1440;
        let rows: Vec<(Key, Vec<u8>)> = minutes
            .flat_map(|minute| {
                (0..20).map(move |series| (key(series, minute), row(series, minute)))
            })
            .collect();
        engine.commit(&rows)?;
    }
    drop(engine);
    std::thread::sleep(Duration::from_secs(2));
    speed.put("d. size of 864,000 rows, 30 batches (MB)", megabytes(size(&path)?));
    let engine = E::open(&path)?;
    let mut times = Vec::new();
    for _ in 0..15 {
        let start = Instant::now();
        let (mut rows, mut bytes) = (0, 0);
        engine.scan(key(7, 0), key(7, MONTH), |_, value| {
            rows += 1;
            bytes += value.len();
            ControlFlow::Continue(())
        })?;
        assert!(rows == MONTH && bytes > 0, "{rows} rows");
        times.push(start.elapsed());
    }
    speed.put("b. scan of 43,200 rows", millis(median(times)));
    let start = Instant::now();
    for series in 0..1_000 {
        assert!(engine.last(key(series % 20, 0), key(series % 20, u64::MAX))?.is_some());
    }
    speed.put(
        "c. newest row of a series (µs)",
        format!("{:.1}", start.elapsed().as_secs_f64() * 1e6 / 1_000.0),
    );
    drop(engine);

    // Many devices that report at once, 8 writers.
    let path = directory.path().join("fleet");
    let engine = Arc::new(E::open(&path)?);
    let waits = std::sync::Mutex::new(Vec::new());
    let sent_at: Vec<AtomicU64> = (0..WRITERS).map(|_| AtomicU64::new(0)).collect();
    let start = Instant::now();
    run_writers(
        Arc::clone(&engine),
        |writer, number| {
            sent_at[writer as usize].store(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
            (number <= COMMITS / WRITERS).then(|| {
                let time = writer * COMMITS + number;
                (0..SERIES).map(|series| (key(series, time), row(series, time))).collect()
            })
        },
        |writer, _| {
            let sent = Duration::from_nanos(sent_at[writer as usize].load(Ordering::Relaxed));
            waits.lock().expect("no panic").push(start.elapsed() - sent);
        },
        &BTreeMap::new(),
    )?;
    let elapsed = start.elapsed();
    let mut waits = waits.into_inner()?;
    waits.sort();
    speed.put(
        "e. 400 commits of 1,000 series, 8 writers (rows/s)",
        thousands(SERIES * COMMITS, elapsed),
    );
    speed.put("f.   acknowledged after, median", millis(waits[waits.len() / 2]));
    speed.put("g.   acknowledged after, 99 %", millis(waits[waits.len() * 99 / 100]));
    drop(engine);
    std::thread::sleep(Duration::from_secs(2));
    speed.put("h.   size of its 400,000 rows (MB)", megabytes(size(&path)?));

    // One row a commit, 8 writers.
    let engine = Arc::new(E::open(&directory.path().join("single"))?);
    let start = Instant::now();
    run_writers(
        Arc::clone(&engine),
        |writer, number| {
            (number <= 500)
                .then(|| vec![(key(writer * 1_000 + number % 50, number), row(writer, number))])
        },
        |_, _| {},
        &BTreeMap::new(),
    )?;
    speed.put(
        "i. one row a request, 8 writers (requests/s)",
        thousands(500 * WRITERS, start.elapsed()),
    );
    Ok(speed)
}

/// 63 bytes: seven fields, as the emulator's values compress.
pub fn row(series: u64, time: u64) -> Vec<u8> {
    let mut random = Random(series << 32 | time);
    let mut row = Vec::with_capacity(63);
    for field in 0..7_u8 {
        row.push(field << 3);
        let value = 20.0 + (time as f64 / 1440.0).sin() * 10.0 + random.below(100) as f64 / 100.0;
        row.extend_from_slice(&((value * 100.0).round() / 100.0).to_be_bytes());
    }
    row
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

fn thousands(count: u64, time: Duration) -> String {
    format!("{:.0}", count as f64 / time.as_secs_f64())
}

/// What the files of a directory take on disk: blocks, not lengths.
pub fn size(path: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut total = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { size(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(total)
}
