use std::ops::Range;
use std::time::Duration;

use futures::{Stream, StreamExt, TryStreamExt};

use super::*;
use crate::model::device::LivenessLimits;
use crate::model::field::Field;
use crate::server::services::Error;
use crate::server::services::testing::Memory;
use crate::server::services::testing::measured::{Read, value};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// A registered device that has measured in these stretches with these distances of points.
fn memory(stretches: &[(Range<i64>, i64)]) -> Memory {
    let memory = Memory::default();
    memory.add_device("a");
    memory.measured(|measured| measured.stretches = stretches.to_vec());
    memory
}

/// The text of a range that begins with the epoch.
async fn text(
    memory: &Memory,
    length: i64,
) -> Result<impl Stream<Item = Result<String>> + Send + use<>> {
    let judgement = Judgement { limits: LivenessLimits::default(), look_back: Duration::ZERO };
    let device = DeviceId::parse("a").unwrap();
    let to = Timestamp::from_nanoseconds(length);
    start(memory.clone(), judgement, device, Timestamp(0), to).await
}

async fn whole(memory: &Memory, length: i64) -> Result<String> {
    text(memory, length).await?.try_collect().await
}

fn reads(memory: &Memory) -> Vec<Read> {
    memory.measured(|measured| measured.reads.clone())
}

fn failed(memory: &Memory) -> usize {
    reads(memory).iter().filter(|read| read.rows.is_none()).count()
}

/// The ranges that were read successfully adjoin and are the whole one.
#[track_caller]
fn check_covered(memory: &Memory, length: i64) {
    let mut reached = 0;
    for read in reads(memory).into_iter().filter(|read| read.rows.is_some()) {
        assert_eq!(read.range.start, reached);
        reached = read.range.end;
    }
    assert_eq!(reached, length);
}

fn lines(text: &str) -> usize {
    text.matches("\r\n").count()
}

#[tokio::test]
async fn every_point_of_the_range_is_there_once_and_in_order() {
    let memory = memory(&[(-DAY..DAY, MINUTE), (3 * DAY..9 * DAY, 7 * SECOND)]);
    let text = whole(&memory, 8 * DAY).await.unwrap();
    check_covered(&memory, 8 * DAY);
    let times =
        (0..DAY).step_by(MINUTE as usize).chain((3 * DAY..8 * DAY).step_by(7 * SECOND as usize));
    let mut lines = text.split_terminator("\r\n");
    assert_eq!(lines.next(), Some("time,Temperature,Humidity,Pressure,CO2,TVOC,Lat,Lon"));
    for time in times {
        let cells: Vec<&str> = lines.next().unwrap().split(',').collect();
        let (shown, values) = cells.split_first().unwrap();
        assert_eq!(*shown, Timestamp::from_nanoseconds(time).rfc3339());
        let values: Vec<f64> = values.iter().map(|value| value.parse().unwrap()).collect();
        assert_eq!(values, Field::ALL.map(|field| value(field, time)));
    }
    assert_eq!(lines.next(), None);
}

#[tokio::test]
async fn a_range_without_points_is_the_header_alone() {
    let memory = memory(&[]);
    let pieces: Vec<String> = text(&memory, YEAR).await.unwrap().try_collect().await.unwrap();
    assert_eq!(pieces, [csv::header()]);
    assert!(reads(&memory).len() <= 6, "{:?}", reads(&memory));
    check_covered(&memory, YEAR);
}

#[tokio::test]
async fn a_sparse_year_needs_few_reads() {
    let memory = memory(&[(0..YEAR, HOUR)]);
    assert_eq!(lines(&whole(&memory, YEAR).await.unwrap()), 1 + 365 * 24);
    assert!(reads(&memory).len() <= 6, "{:?}", reads(&memory));
}

#[tokio::test]
async fn chunks_become_as_long_as_ten_thousand_rows() {
    for step in [MINUTE, 10 * SECOND, SECOND, SECOND / 5] {
        let length = 8 * AIM as i64 * step;
        let memory = memory(&[(0..length, step)]);
        whole(&memory, length).await.unwrap();
        let reads = reads(&memory);
        assert!(reads.len() <= 13, "{step}: {}", reads.len());
        // All but the first ones, which find out, and the last one.
        let usual = reads.get(4..reads.len() - 1).unwrap();
        assert!(usual.iter().all(|read| read.rows == Some(AIM)), "{step}: {reads:?}");
    }
}

#[tokio::test]
async fn what_has_too_many_rows_is_read_in_shorter_chunks() {
    // A hundred times a second, after months of silence and after months of one point an hour.
    for sparse in [0..0, 0..200 * DAY] {
        let dense = 200 * DAY..200 * DAY + HOUR / 3;
        let memory = memory(&[(sparse.clone(), HOUR), (dense, SECOND / 100)]);
        let text = whole(&memory, 300 * DAY).await.unwrap();
        assert_eq!(lines(&text) as i64, 1 + sparse.end / HOUR + 120_000);
        check_covered(&memory, 300 * DAY);
        let (failed, all) = (failed(&memory), reads(&memory).len());
        assert!((1..=6).contains(&failed) && all <= 90, "{failed} of {all}");
    }
}

#[tokio::test]
async fn what_is_too_much_for_influxdb_is_read_in_shorter_chunks() {
    let memory = memory(&[(200 * DAY..300 * DAY, SECOND)]);
    memory.measured(|measured| measured.overload = Some(MOST / 2));
    let text = whole(&memory, 202 * DAY).await.unwrap();
    assert_eq!(lines(&text), 1 + 2 * 86_400);
    check_covered(&memory, 202 * DAY);
    assert!(failed(&memory) <= 4, "{:?}", reads(&memory));
}

#[tokio::test]
async fn more_points_at_one_time_than_can_be_held_are_an_error() {
    let memory = memory(&[(0..DAY, MINUTE)]);
    memory.measured(|measured| measured.faults.extend((0..99).map(|read| (read, Cause::TooLarge))));
    let error = text(&memory, DAY).await.err();
    assert!(matches!(error, Some(Error::Port(error)) if error.cause == Cause::TooLarge));
    assert_eq!(reads(&memory).pop().unwrap().range, 0..1);
}

#[tokio::test]
async fn nothing_is_read_before_it_is_wanted() {
    let memory = memory(&[(0..30 * DAY, SECOND)]);
    let mut text = Box::pin(text(&memory, 30 * DAY).await.unwrap());
    assert_eq!(reads(&memory).len(), 1, "the first is, to know whether it can be");
    for taken in 1..50 {
        text.next().await.unwrap().unwrap();
        assert_eq!(reads(&memory).len(), taken);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_sent() {
    let memory = memory(&[(0..DAY, MINUTE)]);
    assert!(matches!(text(&memory, 0).await.err(), Some(Error::Invalid { .. })));
    assert!(matches!(text(&memory, 367 * DAY).await.err(), Some(Error::Invalid { .. })));
    assert!(text(&memory, 366 * DAY).await.is_ok());
    memory.remove_device("a");
    assert!(matches!(text(&memory, DAY).await.err(), Some(Error::NotFound(_))));
    memory.add_foreign_point("a");
    assert!(text(&memory, DAY).await.is_ok(), "it has data");
    for cause in [Cause::Temporary, Cause::Configuration] {
        memory.measured(|measured| {
            measured.reads.clear();
            measured.faults.insert(0, cause);
        });
        let error = text(&memory, DAY).await.err();
        assert!(matches!(error, Some(Error::Port(error)) if error.cause == cause));
    }
    memory.fail_call(0, crate::server::services::testing::Fault::Before, true);
    assert!(matches!(text(&memory, DAY).await.err(), Some(Error::Port(_))));
}

#[tokio::test]
async fn an_error_midway_ends_the_text_with_it() {
    for cause in [Cause::Temporary, Cause::Configuration, Cause::Unexpected] {
        let memory = memory(&[(0..30 * DAY, SECOND)]);
        memory.measured(|measured| measured.faults.extend((3..9).map(|read| (read, cause))));
        let outcomes: Vec<Result<String>> = text(&memory, 30 * DAY).await.unwrap().collect().await;
        let (last, before) = outcomes.split_last().unwrap();
        assert!(matches!(last, Err(Error::Port(error)) if error.cause == cause));
        assert!(before.len() == 3 && before.iter().all(Result::is_ok));
        assert!(reads(&memory).len() < 9, "{:?}", reads(&memory));
    }
}

#[tokio::test]
async fn a_hiccup_is_survived() {
    let memory = memory(&[(0..30 * DAY, MINUTE)]);
    memory.measured(|measured| measured.faults.insert(3, Cause::Temporary));
    assert_eq!(lines(&whole(&memory, 30 * DAY).await.unwrap()), 1 + 30 * 24 * 60);
}

#[tokio::test]
async fn a_dropped_text_cancels_the_read_behind_it() {
    let memory = memory(&[(0..30 * DAY, SECOND)]);
    memory.measured(|measured| measured.stalled = Some(1));
    let mut text = Box::pin(text(&memory, 30 * DAY).await.unwrap());
    assert!(text.next().await.is_some());
    assert!(futures::poll!(text.next()).is_pending());
    assert!(!memory.measured(|measured| measured.is_cancelled));
    drop(text);
    assert!(memory.measured(|measured| measured.is_cancelled));
}

/// Exports so many rows of a week and gives the bytes of the text.
async fn export_rows(rows: i64) -> usize {
    let memory = memory(&[(0..7 * DAY, 7 * DAY / rows)]);
    let mut text = Box::pin(text(&memory, 7 * DAY).await.unwrap());
    let (mut bytes, mut count, mut longest) = (0, 0, 0);
    while let Some(piece) = text.next().await {
        let piece = piece.unwrap();
        bytes += piece.len();
        longest = longest.max(lines(&piece));
        count += lines(&piece);
    }
    assert!(count as i64 > rows && longest <= MOST + 1, "{count} {longest}");
    bytes
}

#[tokio::test]
async fn three_hundred_thousand_rows_are_held_in_parts() {
    assert!(export_rows(300_000).await > 300_000 * 40);
}

/// The most memory that this process ever held, in bytes.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1_024
}

/// Run it alone: `cargo test --release --features ssr --lib ten_million -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes a minute without optimization, and its memory can only be told from that of other tests if it runs alone"]
async fn ten_million_rows_need_little_memory() {
    const ALLOWED: usize = 64 << 20;
    let (before, begin) = (peak_memory(), std::time::Instant::now());
    let bytes = export_rows(10_000_000).await;
    let growth = peak_memory() - before;
    println!("{bytes} bytes in {:?}, {} KiB of memory", begin.elapsed(), growth >> 10);
    assert!(growth < ALLOWED, "{growth} bytes");
}
