use std::time::Duration;

use super::*;
use crate::server::services::history::Overlap;
use crate::server::services::reconciler::reconcile;
use crate::server::services::registration::register;
use crate::server::services::testing::{MINUTE_NS, Memory, TestClock};

const OVERLAP: Overlap = Overlap { refresh: Duration::from_hours(1) };

fn authorization(number: u64, description: &str) -> Authorization {
    Authorization {
        id: format!("{number:016x}"),
        description: description.to_owned(),
        active: true,
        // The first IoT Center's tokens open all buckets.
        has_device_scope: false,
        created_at: Some(number as i64),
    }
}

fn is_active(memory: &Memory, number: u64) -> bool {
    let id = format!("{number:016x}");
    memory.authorizations().iter().any(|one| one.id == id && one.active)
}

#[tokio::test]
async fn a_device_of_a_former_iot_center_gets_a_token_of_its_own() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.add_authorization(authorization(100, "IoT Center: old"));
    memory.add_authorization(authorization(101, "IoT Center: old"));
    memory.add_authorization(authorization(102, "IoT Center: old2"));
    let id = DeviceId::parse("old").unwrap();
    let new = adopt(&memory, &clock, &id, false).await.unwrap();
    let entry = memory.entry("old").unwrap();
    assert_eq!(entry.key.as_ref().unwrap().value, new.key);
    assert_eq!(entry.registered_at().unwrap().0, 0, "as old as its first authorization");
    assert!(is_active(&memory, 100) && is_active(&memory, 101), "they go on for a time");
    assert!(matches!(adopt(&memory, &clock, &id, false).await, Err(Error::Conflict(_))));

    clock.advance(121 * MINUTE_NS);
    let locks = DeviceLocks::default();
    reconcile(&memory, &clock, &locks, OVERLAP).await.unwrap();
    assert!(!is_active(&memory, 100) && !is_active(&memory, 101));
    assert!(is_active(&memory, 102), "another device");
}

#[tokio::test]
async fn who_was_not_known_is_not_adopted() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.add_authorization(authorization(100, "IoT Center: device2"));
    memory.add_authorization(authorization(101, "IoT Center: devic"));
    let id = DeviceId::parse("device").unwrap();
    assert!(matches!(adopt(&memory, &clock, &id, false).await, Err(Error::NotFound(_))));
    assert_eq!(memory.entry("device"), None);
}

#[tokio::test]
async fn only_what_belongs_to_no_device_is_removed() {
    let (memory, clock, locks) = (Memory::default(), TestClock::default(), DeviceLocks::default());
    let id = DeviceId::parse("device").unwrap();
    let first = register(&memory, &clock, &id, false).await.unwrap().key;
    clock.advance(MINUTE_NS);
    let second = rotation::rotate(&memory, &clock, "device", false).await.unwrap().key;
    memory.add_authorization(authorization(100, "IoT Center: device"));
    memory.add_authorization(authorization(101, "somebody's"));
    memory.add_authorization(authorization(102, "IoT Center: former"));
    let audit = audit::audit(&memory).await.unwrap();
    assert_eq!((audit.leftovers().former, audit.leftovers().orphans), (1, 1));
    for key in [&first, &second] {
        let refused = remove(&memory, &clock, &locks, key).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    for key in [format!("{:016x}", 101), format!("{:016x}", 999), "x\" or true".to_owned()] {
        let refused = remove(&memory, &clock, &locks, &key).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    remove(&memory, &clock, &locks, &format!("{:016x}", 100)).await.unwrap();
    remove(&memory, &clock, &locks, &format!("{:016x}", 102)).await.unwrap();
    assert_eq!(memory.authorizations().len(), 3);
    assert!(audit::audit(&memory).await.unwrap().leftovers().is_empty());
}

#[tokio::test]
async fn a_device_whose_authorization_is_gone_is_found() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    let id = DeviceId::parse("device").unwrap();
    let key = register(&memory, &clock, &id, false).await.unwrap().key;
    memory.remove_authorization(&key);
    let audit = audit::audit(&memory).await.unwrap();
    assert_eq!(audit.without_authorization(), ["device"]);
}
