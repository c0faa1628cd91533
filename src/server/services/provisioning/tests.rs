use std::collections::HashSet;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::server::services::testing::{Fault, Memory, TestClock};

fn ids(count: usize) -> Vec<DeviceId> {
    (0..count).map(|index| DeviceId::parse(&format!("d{index}")).unwrap()).collect()
}

async fn list(memory: &Memory, count: usize) -> List {
    look(memory, &TestClock::default(), ids(count)).await.unwrap()
}

fn start(
    memory: &Memory,
    list: List,
) -> impl Stream<Item = (DeviceId, Registered)> + Send + 'static {
    let memory = memory.clone();
    register_all(move || memory.clone(), TestClock::default(), DeviceLocks::default(), list)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn all_that_are_not_registered_are() {
    let memory = Memory::default();
    memory.add_device("d3");
    let outcomes: Vec<_> = start(&memory, list(&memory, 20).await).collect().await;
    let devices: Vec<_> = outcomes.iter().map(|(device, _)| device.clone()).collect();
    assert_eq!(devices, ids(20), "in their order");
    for (device, outcome) in outcomes {
        let expected = match device.as_str() {
            "d3" => Registered::Already { has_token: false },
            _ => Registered::Now,
        };
        assert_eq!(outcome, expected, "{device}");
    }
    assert_eq!(memory.authorizations().len(), 20);
    let again: Vec<_> = start(&memory, list(&memory, 20).await).collect().await;
    for (device, outcome) in again {
        let has_token = device.as_str() != "d3";
        assert_eq!(outcome, Registered::Already { has_token }, "{device}");
    }
}

#[tokio::test]
async fn those_in_hand_are_finished_when_nobody_reads() {
    let memory = Memory::default();
    let mut outcomes = Box::pin(start(&memory, list(&memory, 100).await));
    assert!(outcomes.next().await.is_some());
    drop(outcomes);
    let mut before = usize::MAX;
    // Memory waits for nothing: what is begun goes on whenever others yield.
    loop {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let count = memory.authorizations().len();
        if count == before {
            break;
        }
        before = count;
    }
    assert!(before <= 3 * IN_FLIGHT, "{before} were registered");
    assert!(memory.authorizations().iter().all(|authorization| authorization.active));
}

#[tokio::test]
async fn the_rest_is_not_tried_while_influxdb_is_down() {
    let memory = Memory::default();
    let list = list(&memory, 50).await;
    memory.fail_call(0, Fault::Before, true);
    let outcomes: Vec<_> = start(&memory, list).map(|(_, outcome)| outcome).collect().await;
    let failed = outcomes.iter().filter(|outcome| matches!(outcome, Registered::Failed(_))).count();
    assert!((GIVE_UP_AFTER..=GIVE_UP_AFTER + IN_FLIGHT).contains(&failed), "{outcomes:?}");
    assert_eq!(outcomes.last(), Some(&Registered::NotTried));
}

#[tokio::test]
async fn tokens_are_revealed_once_and_those_that_are_refused_are_told() {
    let (memory, clock, locks) = (Memory::default(), TestClock::default(), DeviceLocks::default());
    let _: Vec<_> = start(&memory, list(&memory, 5).await).collect().await;
    let wanted = ids(6);
    let first = reveal_all(&memory, &clock, &locks, &wanted, soon()).await;
    let tokens: HashSet<String> = first
        .iter()
        .filter_map(|(_, token)| Some(token.as_ref().ok()?.expose_secret().to_owned()))
        .collect();
    assert_eq!(tokens.len(), 5, "each its own");
    let refused = first.last().and_then(|(_, token)| token.as_ref().err());
    assert!(matches!(refused, Some(Error::NotFound(_))), "{refused:?}");
    let second = reveal_all(&memory, &clock, &locks, &wanted, soon()).await;
    assert!(second.iter().all(|(_, token)| token.is_err()));
}

#[tokio::test]
async fn what_there_is_no_time_for_stays_to_be_revealed() {
    let (memory, clock, locks) = (Memory::default(), TestClock::default(), DeviceLocks::default());
    let _: Vec<_> = start(&memory, list(&memory, 2).await).collect().await;
    let late = reveal_all(&memory, &clock, &locks, &ids(2), Instant::now()).await;
    assert!(late.iter().all(|(_, token)| token.is_err()));
    let again = reveal_all(&memory, &clock, &locks, &ids(2), soon()).await;
    assert!(again.iter().all(|(_, token)| token.is_ok()));
}
