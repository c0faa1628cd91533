use super::*;
use crate::model::device::LivenessLimits;
use crate::server::services::testing::{MINUTE_NS, Memory, TestClock};

fn judgement() -> Judgement {
    Judgement { limits: LivenessLimits::default(), look_back: Duration::from_hours(365 * 24) }
}

async fn changes(memory: &Memory, clock: &TestClock) -> Vec<(Timestamp, Option<Timestamp>)> {
    let events = watch(memory, clock, judgement()).await.unwrap();
    assert!(events.iter().all(|event| event.kind == EventKind::Outage));
    events.into_iter().map(|event| (event.time, event.until)).collect()
}

#[tokio::test]
async fn silence_is_noted_once_and_ends_with_the_first_point() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    let minutes_ago = |minutes: i64| {
        Timestamp::from_nanoseconds(TestClock::default().now() - minutes * MINUTE_NS)
    };
    memory.add_device("a");
    memory.add_device("never seen");
    memory.add_last_seen("a", 4);
    memory.add_last_seen("stranger", 60);
    assert_eq!(changes(&memory, &clock).await, []);
    clock.advance(MINUTE_NS);
    let begun = minutes_ago(4);
    assert_eq!(changes(&memory, &clock).await, [(begun, None)]);
    assert_eq!(changes(&memory, &clock).await, [], "once");

    // Back, seen a while after its first point.
    memory.add_last_seen("a", 1);
    memory.add_minute(minutes_ago(2).to_nanoseconds());
    assert_eq!(changes(&memory, &clock).await, [(begun, Some(minutes_ago(2)))]);
    assert_eq!(changes(&memory, &clock).await, []);
    clock.advance(10 * MINUTE_NS);
    assert_eq!(changes(&memory, &clock).await, [(minutes_ago(1), None)], "and silent again");
    memory.remove_device("a");
    let now = Timestamp::from_nanoseconds(clock.now());
    assert_eq!(changes(&memory, &clock).await, [(minutes_ago(1), Some(now))]);
}

#[tokio::test]
async fn old_silence_is_no_news() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.add_device("a");
    // The port is asked for two days only; memory gives what it has.
    assert_eq!(changes(&memory, &clock).await, []);
    assert_eq!(memory.asked_look_back(), Some(NEWS));
}
