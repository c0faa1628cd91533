//! Following on a clock that is turned by hand, so that no test waits.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proptest::prelude::*;
use tokio::time::Instant;

use super::pollers::POLL_EVERY;
use super::*;
use crate::model::field::Field;
use crate::model::series::Column;
use crate::server::ports::{Cause, PortError};
use crate::server::services::Error;
use crate::server::services::testing::Memory;

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_644_359_970 * SECOND;

/// What a device has measured, read with faults and delays on demand. Clones share it.
#[derive(Clone, Default)]
struct Measured(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    times: BTreeSet<i64>,
    is_down: bool,
    panics: bool,
    /// A query takes this long before and after it sees what is there.
    latency: Duration,
    /// The range of each query.
    reads: Vec<(i64, i64)>,
}

impl Measured {
    fn at(times: &[i64]) -> Self {
        let measured = Self::default();
        measured.state().times.extend(times);
        measured
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, time: i64) {
        self.state().times.insert(time);
    }

    fn reads(&self) -> usize {
        self.state().reads.len()
    }
}

impl Points for Measured {
    async fn read(&self, from: i64, to: i64) -> ports::Result<Series> {
        assert!(from < to, "InfluxDB refuses empty ranges");
        let latency = self.state().latency;
        self.state().reads.push((from, to));
        sleep(latency).await;
        let answer = {
            let state = self.state();
            assert!(!state.panics, "on demand");
            let times = state.times.range(from..to).copied().collect();
            if state.is_down { Err(down()) } else { Ok(series(times)) }
        };
        sleep(latency).await;
        answer
    }
}

const DOWN: &str = "InfluxDB is down.";

fn down() -> PortError {
    PortError { sentence: DOWN.to_owned(), cause: Cause::Temporary }
}

fn series(times: Vec<i64>) -> Series {
    let mut series = Series::default();
    series.columns.push(Column::new(Field::Co2, times.iter().map(|time| *time as f64).collect()));
    series.times = times;
    series
}

/// A clock that goes with tokio's.
#[derive(Clone, Copy)]
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> i64 {
        START + self.0.elapsed().as_nanos() as i64
    }
}

/// A server with one device.
struct Server {
    measured: Measured,
    clock: TestClock,
    pollers: Pollers,
}

impl Server {
    fn new(measured: Measured) -> Self {
        Self { measured, clock: TestClock(Instant::now()), pollers: Pollers::default() }
    }

    fn follow(&self, since: i64) -> Reader {
        let device = DeviceId::parse("a").unwrap();
        let source = Source { points: self.measured.clone(), clock: self.clock };
        Reader(Box::pin(frames(source, &self.pollers, &device, since)))
    }
}

/// Reads what a follower sends.
struct Reader(Pin<Box<dyn Stream<Item = LiveFrame> + Send>>);

impl Reader {
    async fn next(&mut self) -> LiveFrame {
        self.0.next().await.expect("the stream goes on")
    }

    /// All frames of a time, in a form that is easily compared.
    async fn during(&mut self, duration: Duration) -> Vec<Told> {
        let end = Instant::now() + duration;
        let mut frames = Vec::new();
        while let Ok(frame) = tokio::time::timeout_at(end, self.next()).await {
            frames.push(Told::from(frame));
        }
        frames
    }

    async fn during_seconds(&mut self, seconds: u64) -> Vec<Told> {
        self.during(Duration::from_secs(seconds)).await
    }
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// At this second since the start.
    Alive(i64),
    /// With these times.
    Points(Vec<i64>),
    Trouble,
}

impl From<LiveFrame> for Told {
    fn from(frame: LiveFrame) -> Self {
        match frame {
            LiveFrame::Alive { now } => Self::Alive((now.to_nanoseconds() - START) / SECOND),
            LiveFrame::Points(series) => {
                let values: Vec<i64> =
                    series.columns[0].values.iter().map(|value| *value as i64).collect();
                let expected: Vec<i64> =
                    series.times.iter().map(|time| *time as f64 as i64).collect();
                assert_eq!(values, expected, "values stay with their times");
                Self::Points(series.times)
            }
            LiveFrame::Trouble(sentence) => {
                assert_eq!(sentence, DOWN);
                Self::Trouble
            }
        }
    }
}

fn times_of(frames: &[Told]) -> Vec<i64> {
    let times = frames.iter().filter_map(|frame| match frame {
        Told::Points(times) => Some(times.clone()),
        _ => None,
    });
    times.flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn begins_alive_and_catches_up() {
    let server = Server::new(Measured::at(&[START - 3, START - 2, START - 1]));
    let mut reader = server.follow(START - 3);
    assert_eq!(
        reader.during_seconds(1).await,
        [Told::Alive(0), Told::Points(vec![START - 2, START - 1])]
    );
}

#[tokio::test(start_paused = true)]
async fn catches_up_an_hour_at_most() {
    let old = START - LONGEST_GAP;
    let recent = old + 60 * SECOND;
    let server = Server::new(Measured::at(&[old, recent]));
    for since in [i64::MIN, 0, old - 1] {
        assert_eq!(times_of(&server.follow(since).during_seconds(1).await), [recent], "{since}");
    }
    assert_eq!(times_of(&server.follow(i64::MAX).during_seconds(9).await), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_point_comes_with_the_next_poll() {
    let server = Server::new(Measured::default());
    let mut reader = server.follow(START);
    reader.during(Duration::from_millis(1_200)).await;
    server.measured.write(START + SECOND);
    assert_eq!(reader.during(POLL_EVERY).await, [Told::Points(vec![START + SECOND])]);
    // A clock of a device may be ahead.
    server.measured.write(START + 1_800 * SECOND);
    assert_eq!(reader.during(POLL_EVERY).await, [Told::Points(vec![START + 1_800 * SECOND])]);
}

#[tokio::test(start_paused = true)]
async fn who_is_ahead_does_not_hold_up_the_others() {
    let server = Server::new(Measured::default());
    let mut ahead = server.follow(i64::MAX);
    let mut other = server.follow(START);
    server.measured.write(START + 1);
    assert_eq!(times_of(&other.during_seconds(1).await), [START + 1]);
    assert_eq!(times_of(&ahead.during_seconds(1).await), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn all_who_follow_a_device_share_its_poller() {
    let server = Server::new(Measured::at(&[START - 1]));
    let mut readers: Vec<Reader> = (0..5).map(|_| server.follow(START)).collect();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(server.pollers.count(), 1);
    assert!((19..=21).contains(&server.measured.reads()), "{}", server.measured.reads());
    server.measured.write(START + SECOND);
    for reader in &mut readers {
        assert_eq!(times_of(&reader.during_seconds(1).await), [START + SECOND]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_poller_ends_with_the_last_who_follows() {
    let server = Server::new(Measured::default());
    let (first, second) = (server.follow(START), server.follow(START));
    drop(first);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(server.pollers.count(), 1);
    // Also while it waits for an answer.
    server.measured.state().latency = Duration::from_secs(1_000);
    sleep(Duration::from_secs(2)).await;
    drop(second);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(server.pollers.count(), 0);
    let reads = server.measured.reads();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(server.measured.reads(), reads);

    server.measured.state().latency = Duration::ZERO;
    server.measured.write(START + SECOND);
    assert_eq!(times_of(&server.follow(START).during_seconds(1).await), [START + SECOND]);
}

#[tokio::test(start_paused = true)]
async fn who_follows_a_poller_that_has_died_is_not_kept_waiting() {
    let server = Server::new(Measured::default());
    let reader = server.follow(START);
    sleep(Duration::from_secs(1)).await;
    server.measured.state().panics = true;
    assert_eq!(reader.0.collect::<Vec<_>>().await.len(), 1, "the stream ends");
    server.measured.state().panics = false;
    server.measured.write(START + SECOND);
    assert_eq!(times_of(&server.follow(START).during_seconds(1).await), [START + SECOND]);
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_every_five_seconds() {
    let server = Server::new(Measured::default());
    let mut reader = server.follow(START);
    let alive: Vec<Told> = [0, 5, 10, 15].map(Told::Alive).into();
    assert_eq!(reader.during_seconds(17).await, alive);
    // Also by who waits for an answer: here, for what polls before the last have found.
    for second in [1, 2] {
        server.measured.write(START + second * SECOND);
        reader.during_seconds(1).await;
    }
    server.measured.state().latency = Duration::from_secs(8);
    let told = server.follow(START).during_seconds(17).await;
    assert_eq!(told[..4], [19, 24, 29, 34].map(Told::Alive));
    assert_eq!(times_of(&told), [START + SECOND, START + 2 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_said_once_and_then_in_every_silence_until_it_is_over() {
    let server = Server::new(Measured::default());
    let mut reader = server.follow(START);
    reader.during_seconds(1).await;
    server.measured.state().is_down = true;
    let before = server.measured.reads();
    assert_eq!(reader.during_seconds(12).await, [Told::Trouble, Told::Trouble, Told::Trouble]);
    // After 1, 2, 4 and then 5 seconds.
    assert!((3..=5).contains(&(server.measured.reads() - before)));

    for time in [START + 2 * SECOND, START + 3 * SECOND] {
        server.measured.write(time);
    }
    server.measured.state().is_down = false;
    let told = reader.during_seconds(5).await;
    assert_eq!(told[0], Told::Points(vec![START + 2 * SECOND, START + 3 * SECOND]));
    assert!(matches!(told[1], Told::Alive(13..=17)), "{told:?}");

    // Over without points is over, too.
    server.measured.state().is_down = true;
    assert_eq!(reader.during_seconds(1).await, [Told::Trouble]);
    server.measured.state().is_down = false;
    assert!(matches!(reader.during_seconds(2).await[..], [Told::Alive(_)]));
}

#[tokio::test(start_paused = true)]
async fn who_joins_in_trouble_is_told() {
    let server = Server::new(Measured::default());
    server.measured.state().is_down = true;
    let _first = server.follow(START);
    sleep(Duration::from_secs(20)).await;
    let told = server.follow(START).during(Duration::from_millis(1)).await;
    assert_eq!(told, [Told::Alive(20), Told::Trouble]);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_catch_up_tries_again() {
    let server = Server::new(Measured::at(&[START - 2, START - 1]));
    let _first = server.follow(START - 2);
    sleep(Duration::from_millis(750)).await;
    // The poller sleeps meanwhile, so that it sees nothing of this.
    server.measured.state().is_down = true;
    let mut late = server.follow(START - 3);
    assert_eq!(late.during(Duration::from_millis(100)).await, [Told::Alive(0), Told::Trouble]);
    server.measured.state().is_down = false;
    assert_eq!(
        late.during_seconds(2).await,
        [Told::Points(vec![START - 2]), Told::Points(vec![START - 1]), Told::Alive(1)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_reads_what_it_has_missed_and_nothing_is_kept_for_it() {
    let server = Server::new(Measured::default());
    let mut reader = server.follow(START);
    reader.during_seconds(1).await;
    let expected: Vec<i64> = (1..60).map(|second| START + second * SECOND).collect();
    for time in &expected {
        server.measured.write(*time);
        sleep(Duration::from_secs(1)).await;
    }
    let before = server.measured.reads();
    let told = reader.during(Duration::from_millis(1)).await;
    assert_eq!(times_of(&told), expected);
    assert_eq!(told.len(), 2, "what was missed, and what the last poll has found");
    assert!(server.measured.reads() - before <= 2);
}

#[test]
fn many_rows_are_sent_in_several_frames() {
    let rows = 2 * MOST_ROWS as i64 + 1;
    let all: Vec<Series> = pieces(series((0..rows).collect()), -1).collect();
    assert_eq!(
        all.iter().map(|piece| piece.times.len()).collect::<Vec<_>>(),
        [MOST_ROWS, MOST_ROWS, 1]
    );
    for piece in &all {
        assert_eq!(
            piece.columns[0].values,
            piece.times.iter().map(|time| *time as f64).collect::<Vec<_>>()
        );
    }
    assert_eq!(
        all.iter().flat_map(|piece| piece.times.clone()).collect::<Vec<_>>(),
        (0..rows).collect::<Vec<_>>()
    );
    assert_eq!(pieces(series(vec![1, 2, 3]), 2).collect::<Vec<_>>(), [series(vec![3])]);
    assert_eq!(pieces(series(vec![1, 2, 3]), 3).count(), 0);
    assert_eq!(pieces(Series::default(), 0).count(), 0);
}

#[tokio::test]
async fn follows_what_is_registered_or_has_points() {
    let memory = Memory::default();
    memory.add_device("registered");
    memory.add_foreign_point("foreign");
    let check = async |id: &str| {
        let pollers = Pollers::default();
        let clock = TestClock(Instant::now());
        let memory = memory.clone();
        let device = DeviceId::parse(id).unwrap();
        let stream =
            follow(move || memory.clone(), clock, Duration::from_secs(1), &pollers, &device, START);
        stream.await.map(|_| ())
    };
    assert_eq!(check("registered").await, Ok(()));
    assert_eq!(check("foreign").await, Ok(()));
    assert!(matches!(check("unknown").await, Err(Error::NotFound(_))));
}

/// Something that happens to a server that is followed.
#[derive(Debug, Clone)]
enum Event {
    /// A point is written, so many nanoseconds newer than the last.
    Write(i64),
    Wait(u64),
    /// Somebody begins to follow; since so many points ago.
    Join(usize),
    Leave(prop::sample::Index),
    /// Somebody reads for so many milliseconds; the others do not.
    Read(prop::sample::Index, u64),
    Down(bool),
    Latency(u64),
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1..2 * SECOND).prop_map(Event::Write),
        4 => (0u64..1_500).prop_map(Event::Wait),
        3 => (0usize..10).prop_map(Event::Join),
        1 => any::<prop::sample::Index>().prop_map(Event::Leave),
        4 => (any::<prop::sample::Index>(), 0u64..1_500).prop_map(|(who, time)| Event::Read(who, time)),
        1 => any::<bool>().prop_map(Event::Down),
        1 => (0u64..400).prop_map(Event::Latency),
    ]
}

/// Lets all of it happen, then waits; gives the times that each reader was told, and those that it should have been told.
async fn happen(events: Vec<Event>) -> Vec<(Vec<i64>, Vec<i64>)> {
    let server = Server::new(Measured::default());
    let mut newest = START - 60 * SECOND;
    let mut readers: Vec<(i64, Reader, Vec<Told>)> = Vec::new();
    for event in events {
        match event {
            Event::Write(newer) => {
                newest += newer;
                server.measured.write(newest);
            }
            Event::Wait(milliseconds) => sleep(Duration::from_millis(milliseconds)).await,
            Event::Join(points_ago) => {
                let since = server.measured.state().times.iter().rev().nth(points_ago).copied();
                let since = since.unwrap_or(START - 61 * SECOND);
                readers.push((since, server.follow(since), Vec::new()));
            }
            Event::Leave(who) if !readers.is_empty() => {
                readers.swap_remove(who.index(readers.len()));
            }
            Event::Read(who, milliseconds) if !readers.is_empty() => {
                let place = who.index(readers.len());
                let (_, reader, told) = &mut readers[place];
                told.extend(reader.during(Duration::from_millis(milliseconds)).await);
            }
            Event::Leave(_) | Event::Read(..) => {}
            Event::Down(is_down) => server.measured.state().is_down = is_down,
            Event::Latency(milliseconds) => {
                server.measured.state().latency = Duration::from_millis(milliseconds);
            }
        }
    }
    server.measured.state().is_down = false;
    let mut outcomes = Vec::new();
    for (since, mut reader, mut told) in readers {
        told.extend(reader.during_seconds(12).await);
        let state = told.iter().rev().find(|told| !matches!(told, Told::Points(_)));
        assert!(matches!(state, Some(Told::Alive(_))), "the last state is good: {told:?}");
        let expected = server.measured.state().times.range(since + 1..).copied().collect();
        outcomes.push((times_of(&told), expected));
    }
    outcomes
}

proptest! {
    #[test]
    fn no_point_is_lost_or_comes_twice(events in prop::collection::vec(any_event(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        for (told, expected) in runtime.block_on(happen(events)) {
            prop_assert_eq!(told, expected);
        }
    }
}
