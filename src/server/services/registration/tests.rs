//! [`Memory`] checks after every effect that no active authorization is without an entry, so every test here checks it too.

use super::*;
use crate::model::device::Reveal;
use crate::server::services::history::Overlap;
use crate::server::services::locks::DeviceLocks;
use crate::server::services::reconciler::{Reconciled, reconcile};
use crate::server::services::reveal::reveal;
use crate::server::services::testing::{Fault, MINUTE_NS, Memory, TestClock};

const OVERLAP: Overlap = Overlap { refresh: std::time::Duration::from_hours(1) };

fn id() -> DeviceId {
    DeviceId::parse("device").unwrap()
}

fn state(memory: &Memory) -> EntryState {
    memory.entry("device").map_or(EntryState::Unregistered, |entry| entry.state())
}

fn active(memory: &Memory) -> usize {
    memory.authorizations().iter().filter(|authorization| authorization.active).count()
}

async fn registered() -> (Memory, TestClock) {
    let (memory, clock) = (Memory::default(), TestClock::default());
    register(&memory, &clock, &id(), false).await.unwrap();
    (memory, clock)
}

#[tokio::test]
async fn registers_once() {
    let (memory, clock) = registered().await;
    assert_eq!((state(&memory), active(&memory)), (EntryState::Registered, 1));
    assert_eq!(memory.authorizations()[0].description, "IoTCenterDevice: device");
    assert!(matches!(register(&memory, &clock, &id(), false).await, Err(Error::Conflict(_))));
    assert_eq!(memory.authorizations().len(), 1);
}

#[tokio::test]
async fn unregisters_and_registers_again() {
    let (memory, clock) = registered().await;
    unregister(&memory, &clock, "device").await.unwrap();
    assert_eq!((state(&memory), memory.authorizations().len()), (EntryState::Unregistered, 0));
    assert!(matches!(unregister(&memory, &clock, "device").await, Err(Error::NotFound(_))));
    register(&memory, &clock, &id(), false).await.unwrap();
    assert_eq!((state(&memory), active(&memory)), (EntryState::Registered, 1));
}

#[tokio::test]
async fn unregistering_revokes_all_tokens_of_exactly_this_device() {
    let (memory, clock) = registered().await;
    memory.add_device("devic");
    memory.add_device("device2");
    let stranger = |number: u64, description: &str| Authorization {
        id: format!("{number:016x}"),
        description: description.to_owned(),
        active: false,
        has_device_scope: true,
        created_at: None,
    };
    memory.add_authorization(stranger(100, "IoT Center: device"));
    memory.add_authorization(stranger(101, "IoT Center: device2"));
    unregister(&memory, &clock, "device").await.unwrap();
    let mut left: Vec<String> =
        memory.authorizations().into_iter().map(|one| one.description).collect();
    left.sort();
    assert_eq!(left, ["IoT Center: device2", "IoTCenterDevice: devic", "IoTCenterDevice: device2"]);
}

#[tokio::test]
async fn unregisters_what_is_outside_the_grammar_or_already_revoked() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.add_device("../x\"");
    unregister(&memory, &clock, "../x\"").await.unwrap();
    let change = EntryChange { key: Some("not an id".to_owned()), ..EntryChange::default() };
    memory.change("other", &change, 1).await.unwrap();
    unregister(&memory, &clock, "other").await.unwrap();
    assert_eq!(memory.authorizations(), []);
}

#[tokio::test]
async fn a_scope_that_is_not_as_asked_is_refused() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.grant_too_much();
    assert!(matches!(register(&memory, &clock, &id(), false).await, Err(Error::Internal(_))));
    assert_eq!(memory.authorizations(), []);
    assert_eq!(state(&memory), EntryState::Unregistered);
}

/// The number of calls of a registration that goes well.
async fn calls_of_a_registration() -> usize {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.fail_call(usize::MAX, Fault::Before, false);
    register(&memory, &clock, &id(), false).await.unwrap();
    memory.calls()
}

#[tokio::test]
async fn whatever_fails_no_token_is_left_that_nobody_knows_of() {
    let calls = calls_of_a_registration().await;
    assert!(calls >= 8, "only {calls} calls");
    for call in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            for stays_down in [false, true] {
                let context =
                    format!("call {call} failed {fault:?}, down after that: {stays_down}");
                let (memory, clock) = (Memory::default(), TestClock::default());
                memory.fail_call(call, fault, stays_down);
                assert!(register(&memory, &clock, &id(), false).await.is_err(), "{context}");
                memory.recover();

                // Whoever tries again at once succeeds, or hears why not; a minute later it works.
                let again = register(&memory, &clock, &id(), false).await;
                assert!(matches!(again, Ok(_) | Err(Error::Conflict(_))), "{context}: {again:?}");
                clock.advance(MINUTE_NS);
                if state(&memory) != EntryState::Registered {
                    register(&memory, &clock, &id(), false).await.unwrap();
                }
                assert_eq!(
                    (state(&memory), active(&memory)),
                    (EntryState::Registered, 1),
                    "{context}"
                );
                let key = memory.entry("device").and_then(|entry| entry.key).unwrap().value;
                assert!(
                    memory.authorizations().iter().any(|one| one.active && one.id == key),
                    "{context}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_reconciler_puts_right_what_is_left() {
    for call in 0..calls_of_a_registration().await {
        for fault in [Fault::Before, Fault::After] {
            let context = format!("call {call} failed {fault:?}");
            let (memory, clock, locks) =
                (Memory::default(), TestClock::default(), DeviceLocks::default());
            memory.fail_call(call, fault, true);
            assert!(register(&memory, &clock, &id(), false).await.is_err(), "{context}");
            memory.recover();
            clock.advance(11 * MINUTE_NS);
            reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
            match state(&memory) {
                EntryState::Registered => assert_eq!(active(&memory), 1, "{context}"),
                EntryState::Unregistered => {
                    assert_eq!(memory.authorizations(), [], "{context}");
                }
                EntryState::Pending => panic!("{context}: still pending"),
            }
            let (again, _) = reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
            assert_eq!(again, Reconciled::default(), "{context}");
        }
    }
}

#[tokio::test]
async fn the_reconciler_leaves_alone_what_is_not_its_own() {
    let (memory, clock) = registered().await;
    let inactive = |number: u64, description: &str, created_at| Authorization {
        id: format!("{number:016x}"),
        description: description.to_owned(),
        active: false,
        has_device_scope: true,
        created_at,
    };
    memory.add_authorization(inactive(100, "somebody's token", Some(1)));
    memory.add_authorization(inactive(101, "IoTCenterDevice: young", Some(clock.now())));
    memory.add_authorization(inactive(102, "IoTCenterDevice: of unknown age", None));
    let (done, _) = reconcile(&memory, &clock, &DeviceLocks::default(), OVERLAP).await.unwrap();
    assert_eq!(done, Reconciled::default());
    assert_eq!(memory.authorizations().len(), 4);
}

#[tokio::test]
async fn a_failed_unregistration_can_be_repeated() {
    let (memory, clock) = registered().await;
    memory.fail_call(usize::MAX, Fault::Before, false);
    unregister(&memory, &clock, "device").await.unwrap();
    let calls = memory.calls();
    for call in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let (memory, clock) = registered().await;
            memory.fail_call(call, fault, true);
            let _ = unregister(&memory, &clock, "device").await;
            memory.recover();
            let again = unregister(&memory, &clock, "device").await;
            assert!(
                matches!(again, Ok(()) | Err(Error::NotFound(_))),
                "call {call} {fault:?}: {again:?}"
            );
            assert_eq!(
                (state(&memory), memory.authorizations().len()),
                (EntryState::Unregistered, 0)
            );
        }
    }
}

#[tokio::test]
async fn a_clock_that_goes_backwards_disturbs_nothing() {
    let (memory, clock) = registered().await;
    clock.advance(-60 * MINUTE_NS);
    unregister(&memory, &clock, "device").await.unwrap();
    register(&memory, &clock, &id(), false).await.unwrap();
    assert_eq!((state(&memory), active(&memory)), (EntryState::Registered, 1));
}

#[tokio::test]
async fn a_token_is_revealed_once() {
    let (memory, clock) = registered().await;
    let token = reveal(&memory, &clock, &id()).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&token), "token of 0000000000000001");
    assert!(matches!(reveal(&memory, &clock, &id()).await, Err(Error::Gone(_))));
    let now = Timestamp::from_nanoseconds(clock.now());
    assert!(matches!(memory.entry("device").unwrap().reveal(now), Reveal::Revealed { .. }));

    unregister(&memory, &clock, "device").await.unwrap();
    assert!(matches!(reveal(&memory, &clock, &id()).await, Err(Error::NotFound(_))));
    register(&memory, &clock, &id(), false).await.unwrap();
    assert!(reveal(&memory, &clock, &id()).await.is_ok());
}

#[tokio::test]
async fn a_token_is_not_shown_before_it_is_on_record() {
    for fault in [Fault::Before, Fault::After] {
        let (memory, clock) = registered().await;
        // Entry, token, record.
        memory.fail_call(2, fault, false);
        assert!(matches!(reveal(&memory, &clock, &id()).await, Err(Error::Port(_))));
    }
}

#[tokio::test]
async fn a_token_is_revealed_within_a_quarter_of_an_hour_only() {
    let (memory, clock) = registered().await;
    clock.advance(15 * MINUTE_NS);
    assert!(matches!(reveal(&memory, &clock, &id()).await, Err(Error::Gone(_))));
}
