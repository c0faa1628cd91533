use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::time::Instant;

use super::*;

/// An InfluxDB in memory: a line with `bad` is refused with all others, one with `conflict` is left out, and before all that it fails as
/// often as it is told.
#[derive(Default)]
struct Memory {
    taken: Mutex<Vec<String>>,
    failures: Mutex<VecDeque<IntakeError>>,
    calls: Mutex<Vec<String>>,
    /// More lines than that are too large.
    most: Option<usize>,
}

impl Memory {
    fn failing(failures: impl IntoIterator<Item = IntakeError>) -> Self {
        Self { failures: Mutex::new(failures.into_iter().collect()), ..Self::default() }
    }

    /// What is stored, in the order in which it came first.
    fn stored(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let taken = self.taken.lock().unwrap();
        taken.iter().filter(|line| seen.insert(line.as_str())).cloned().collect()
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

impl Intake for Memory {
    async fn take(&self, lines: &str) -> Result<(), IntakeError> {
        self.calls.lock().unwrap().push(lines.to_owned());
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        if self.most.is_some_and(|most| lines.lines().count() > most) {
            return Err(IntakeError::TooLarge);
        }
        if lines.contains("bad") {
            return Err(IntakeError::Refused { sentence: "unable to parse".to_owned() });
        }
        let (dropped, good): (Vec<&str>, Vec<&str>) =
            lines.lines().partition(|line| line.contains("conflict"));
        self.taken.lock().unwrap().extend(good.into_iter().map(str::to_owned));
        if dropped.is_empty() {
            return Ok(());
        }
        let sentence = "field type conflict".to_owned();
        Err(IntakeError::Partly { sentence, dropped: dropped.len() as u64 })
    }
}

/// Lines `0 …`, `1 …`, some of them marked.
fn lines(count: usize, marks: &[(usize, &str)]) -> Lines {
    let mut lines = Lines::default();
    for line in 0..count {
        let mark = marks.iter().find(|(marked, _)| *marked == line).map_or("good", |mark| mark.1);
        lines.push(&format!("{line},t={mark} v=1"), 1);
    }
    lines
}

fn numbers(stored: &[String]) -> Vec<usize> {
    stored.iter().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}

fn later(cause: Cause, after: Option<Duration>) -> IntakeError {
    let error = PortError { sentence: "InfluxDB is away.".to_owned(), cause };
    IntakeError::Later { error, after }
}

fn nobody(error: &PortError) {
    panic!("waits for {error}");
}

#[tokio::test]
async fn good_lines_are_taken_in_one_call() {
    let memory = Memory::default();
    assert_eq!(take(&memory, &lines(1_000, &[]), nobody).await, []);
    assert_eq!(numbers(&memory.stored()), (0..1_000).collect::<Vec<_>>());
    assert_eq!(memory.calls(), 1);
    assert_eq!(take(&memory, &Lines::default(), nobody).await, []);
    assert_eq!(memory.calls(), 1);
    let memory = Memory::default();
    assert_eq!(take(&memory, &lines(12_000, &[]), nobody).await, []);
    assert_eq!(numbers(&memory.stored()), (0..12_000).collect::<Vec<_>>());
    assert_eq!(memory.calls(), 3);
}

#[tokio::test]
async fn bad_lines_are_found_and_all_others_taken_in_order() {
    for bad in [vec![0], vec![999], vec![3, 4, 500], (0..10).collect()] {
        let memory = Memory::default();
        let marks: Vec<_> = bad.iter().map(|line| (*line, "bad")).collect();
        let refusals = take(&memory, &lines(1_000, &marks), nobody).await;
        let found: Vec<_> = refusals.iter().map(|refusal| refusal.example.unwrap()).collect();
        assert_eq!(found, bad);
        let expected: Vec<_> = (0..1_000).filter(|line| !bad.contains(line)).collect();
        assert_eq!(numbers(&memory.stored()), expected);
        assert!(memory.calls() < 40 * bad.len(), "{} calls for {bad:?}", memory.calls());
    }
}

#[tokio::test]
async fn a_conflict_is_counted_and_one_example_found() {
    let memory = Memory::default();
    let marks = [(17, "conflict"), (18, "conflict"), (900, "conflict")];
    let refusals = take(&memory, &lines(1_000, &marks), nobody).await;
    let sentence = "field type conflict".to_owned();
    assert_eq!(refusals, [Refusal { lines: 3, sentence, example: Some(17) }]);
    assert_eq!(memory.stored().len(), 997);
    assert!(memory.calls() <= 12, "{}", memory.calls());
}

#[tokio::test]
async fn what_is_too_large_goes_in_parts() {
    let memory = Memory { most: Some(100), ..Memory::default() };
    assert_eq!(take(&memory, &lines(1_000, &[]), nobody).await, []);
    assert_eq!(numbers(&memory.stored()), (0..1_000).collect::<Vec<_>>());
    let memory = Memory { most: Some(0), ..Memory::default() };
    let refusals = take(&memory, &lines(2, &[]), nobody).await;
    assert_eq!(refusals.iter().map(|refusal| refusal.lines).sum::<u64>(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out() {
    let memory = Memory::failing((0..50).map(|_| later(Cause::Temporary, None)));
    let mut waited = 0;
    let begin = Instant::now();
    assert_eq!(take(&memory, &lines(10, &[(2, "bad")]), |_| waited += 1).await.len(), 1);
    assert_eq!(numbers(&memory.stored()), [0, 1, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(waited, 50);
    let longest = LONGEST_BACKOFF * 50;
    assert!(begin.elapsed() > longest / 4 && begin.elapsed() < longest, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn influxdb_may_say_how_long_to_wait() {
    let after = Some(Duration::from_secs(42));
    let memory = Memory::failing([later(Cause::Temporary, after)]);
    let begin = Instant::now();
    take(&memory, &lines(1, &[]), |_| {}).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(42));
}

#[tokio::test(start_paused = true)]
async fn who_refuses_even_nothing_is_to_blame_and_not_the_line() {
    let refuse = || IntakeError::Refused { sentence: "Bad Request".to_owned() };
    let memory = Memory::failing([refuse(), refuse(), refuse(), refuse()]);
    let mut sentences = Vec::new();
    let refusals =
        take(&memory, &lines(1, &[]), |error| sentences.push(error.sentence.clone())).await;
    assert_eq!(refusals, []);
    assert_eq!(numbers(&memory.stored()), [0]);
    assert_eq!(sentences.len(), 2);
    assert!(sentences[0].contains("Bad Request") && sentences[0].contains("INFLUX_URL"));
}
