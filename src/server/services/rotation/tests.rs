//! [`Memory`] checks after every effect that no active authorization is without an entry, so every test here checks it too.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;
use crate::model::device::{DeviceId, Reveal};
use crate::model::time::Timestamp;
use crate::model::token::TokenLife;
use crate::server::services::history::{self, Overlap};
use crate::server::services::locks::DeviceLocks;
use crate::server::services::reconciler::reconcile;
use crate::server::services::registration::register;
use crate::server::services::testing::{Fault, MINUTE_NS, Memory, TestClock};

const OVERLAP: Overlap = Overlap { refresh: Duration::from_hours(1) };

async fn registered() -> (Memory, TestClock, String) {
    let (memory, clock) = (Memory::default(), TestClock::default());
    let id = DeviceId::parse("device").unwrap();
    let first = register(&memory, &clock, &id, false).await.unwrap();
    clock.advance(MINUTE_NS);
    (memory, clock, first.key)
}

fn key(memory: &Memory) -> String {
    memory.entry("device").unwrap().key.unwrap().value
}

fn is_active(memory: &Memory, key: &str) -> bool {
    memory.authorizations().iter().any(|one| one.id == key && one.active)
}

#[tokio::test]
async fn a_new_token_and_the_old_one_for_a_time() {
    let (memory, clock, first) = registered().await;
    let new = rotate(&memory, &clock, "device", false).await.unwrap();
    assert_eq!(key(&memory), new.key);
    assert_eq!(new.token.expose_secret(), format!("token of {}", new.key));
    assert!(is_active(&memory, &first) && is_active(&memory, &new.key));
    let entry = memory.entry("device").unwrap();
    assert!(!entry.is_rotating() && entry.state() == EntryState::Registered);
    let now = Timestamp::from_nanoseconds(clock.now());
    assert!(matches!(entry.reveal(now), Reveal::Available { .. }), "the new one can be revealed");

    let locks = DeviceLocks::default();
    let tokens = history::tokens(&memory, "device", OVERLAP).await.unwrap();
    assert_eq!(tokens[0].state, TokenLife::Active);
    assert!(matches!(tokens[1].state, TokenLife::Overlapping { .. }), "{tokens:?}");

    clock.advance(119 * MINUTE_NS);
    reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
    assert!(is_active(&memory, &first), "devices may not have asked again yet");
    clock.advance(MINUTE_NS);
    let (done, _) = reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
    assert_eq!((done.disabled, done.retired), (1, 0));
    assert!(!is_active(&memory, &first) && is_active(&memory, &new.key));
    clock.advance(60 * MINUTE_NS);
    let (done, _) = reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
    assert_eq!((done.disabled, done.retired), (0, 1));
    assert_eq!(memory.authorizations().len(), 1);
    let tokens = history::tokens(&memory, "device", OVERLAP).await.unwrap();
    assert_eq!(tokens[1].state, TokenLife::Gone);
}

#[tokio::test]
async fn a_token_that_was_shown_is_not_revealed() {
    let (memory, clock, _) = registered().await;
    rotate(&memory, &clock, "device", true).await.unwrap();
    let now = Timestamp::from_nanoseconds(clock.now());
    let reveal = memory.entry("device").unwrap().reveal(now);
    assert!(matches!(reveal, Reveal::Revealed { .. }), "{reveal:?}");
}

#[tokio::test]
async fn nothing_to_rotate() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    assert!(matches!(rotate(&memory, &clock, "device", false).await, Err(Error::NotFound(_))));
    assert!(matches!(disable(&memory, &clock, "device").await, Err(Error::NotFound(_))));
    assert!(matches!(enable(&memory, &clock, "device").await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn whatever_fails_the_device_has_a_token_that_works() {
    let calls = {
        let (memory, clock, _) = registered().await;
        memory.fail_call(usize::MAX, Fault::Before, false);
        rotate(&memory, &clock, "device", false).await.unwrap();
        memory.calls()
    };
    assert!(calls >= 7, "only {calls} calls");
    for call in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            for stays_down in [false, true] {
                let context =
                    format!("call {call} failed {fault:?}, down after that: {stays_down}");
                let (memory, clock, first) = registered().await;
                memory.fail_call(call, fault, stays_down);
                assert!(rotate(&memory, &clock, "device", false).await.is_err(), "{context}");
                memory.recover();
                assert!(is_active(&memory, &first), "{context}: the old token goes on");

                clock.advance(11 * MINUTE_NS);
                reconcile(&memory, &clock, &DeviceLocks::default(), OVERLAP).await.unwrap();
                let entry = memory.entry("device").unwrap();
                assert!(!entry.is_rotating(), "{context}: {entry:?}");
                assert!(is_active(&memory, &key(&memory)), "{context}: {entry:?}");
                let inactive = memory.authorizations().iter().filter(|one| !one.active).count();
                assert_eq!(inactive, 0, "{context}: nothing is left over");
                rotate(&memory, &clock, "device", false).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn off_and_on_again() {
    let (memory, clock, first) = registered().await;
    let second = rotate(&memory, &clock, "device", false).await.unwrap().key;
    disable(&memory, &clock, "device").await.unwrap();
    assert!(!is_active(&memory, &first) && !is_active(&memory, &second), "none of them works");
    assert_eq!(memory.entry("device").unwrap().state(), EntryState::Registered);
    let locks = DeviceLocks::default();
    clock.advance(11 * MINUTE_NS);
    reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
    assert_eq!(memory.authorizations().len(), 2, "it is not taken for unfinished");

    enable(&memory, &clock, "device").await.unwrap();
    assert!(!is_active(&memory, &first) && is_active(&memory, &second));
    memory.remove_authorization(&second);
    assert!(matches!(disable(&memory, &clock, "device").await, Err(Error::Gone(_))));
    assert!(matches!(enable(&memory, &clock, "device").await, Err(Error::Gone(_))));
    rotate(&memory, &clock, "device", false).await.unwrap();
    assert!(is_active(&memory, &key(&memory)), "rotating helps");
}

#[tokio::test]
async fn what_happened_is_on_record() {
    use EventKind::{Disabled, Enabled, Registered, Rotated};

    use crate::server::ports::Events as _;
    let (memory, clock, _) = registered().await;
    for step in 0..3 {
        clock.advance(MINUTE_NS);
        match step {
            0 => drop(rotate(&memory, &clock, "device", false).await.unwrap()),
            1 => disable(&memory, &clock, "device").await.unwrap(),
            _ => enable(&memory, &clock, "device").await.unwrap(),
        }
    }
    let events = memory.events(Some("device"), 0, 10).await.unwrap();
    let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Enabled, Disabled, Rotated, Registered]);
}
