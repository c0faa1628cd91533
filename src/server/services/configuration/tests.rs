use super::*;
use crate::server::ports::{Authorization, EntryChange};
use crate::server::services::registration::unregister;
use crate::server::services::testing::{MINUTE_NS, Memory, TestClock};

fn id() -> DeviceId {
    DeviceId::parse("device").unwrap()
}

async fn token(memory: &Memory, clock: &TestClock, may_register: bool) -> Option<(String, bool)> {
    let enrolled = enroll(memory, clock, &id(), may_register).await.unwrap()?;
    Some((enrolled.token.expose_secret().to_owned(), enrolled.newly_registered))
}

#[tokio::test]
async fn a_device_is_registered_once_and_keeps_its_token() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    assert_eq!(token(&memory, &clock, false).await, None);
    assert_eq!(memory.entry("device"), None, "asking registers nothing");
    let first = token(&memory, &clock, true).await.unwrap();
    assert!(first.1, "is newly registered");
    clock.advance(MINUTE_NS);
    assert_eq!(token(&memory, &clock, true).await, Some((first.0.clone(), false)));
    assert_eq!(token(&memory, &clock, false).await, Some((first.0.clone(), false)));
    unregister(&memory, &clock, "device").await.unwrap();
    assert_eq!(token(&memory, &clock, false).await, None);
    assert!(token(&memory, &clock, true).await.unwrap().1, "is newly registered");
}

#[tokio::test]
async fn a_disabled_device_gets_nothing() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    token(&memory, &clock, true).await.unwrap();
    rotation::disable(&memory, &clock, "device").await.unwrap();
    for may_register in [false, true] {
        let refused = enroll(&memory, &clock, &id(), may_register).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    rotation::enable(&memory, &clock, "device").await.unwrap();
    assert!(token(&memory, &clock, true).await.is_some());
}

#[tokio::test]
async fn a_token_that_is_of_no_use_is_replaced() {
    // Deleted in InfluxDB by hand.
    let (memory, clock) = (Memory::default(), TestClock::default());
    let first = token(&memory, &clock, true).await.unwrap().0;
    memory.remove_authorization(&memory.entry("device").unwrap().key.unwrap().value);
    clock.advance(MINUTE_NS);
    assert_eq!(token(&memory, &clock, false).await, None);
    let second = token(&memory, &clock, true).await.unwrap();
    assert!(second.0 != first && !second.1, "{second:?}");

    // Never one: what iot-api-python stores.
    let memory = Memory::default();
    let fake = EntryChange {
        key: Some("fake_auth_id_device".to_owned()),
        token: Some(SecretString::from("fake_auth_token_device")),
        ..EntryChange::default()
    };
    crate::server::ports::Registry::change(&memory, "device", &fake, 1).await.unwrap();
    assert_eq!(token(&memory, &clock, false).await, None);
    let (new, newly) = token(&memory, &clock, true).await.unwrap();
    assert!(new.starts_with("token of ") && !newly);

    // For all buckets, as the second IoT Center made them; nobody's device stops because of that.
    let memory = Memory::default();
    memory.add_authorization(Authorization {
        id: format!("{:016x}", 100),
        description: "IoTCenterDevice: device".to_owned(),
        active: true,
        has_device_scope: false,
        created_at: Some(1),
    });
    let wide = EntryChange {
        key: Some(format!("{:016x}", 100)),
        token: Some(SecretString::from("wide")),
        ..EntryChange::default()
    };
    crate::server::ports::Registry::change(&memory, "device", &wide, 1).await.unwrap();
    assert_eq!(token(&memory, &clock, false).await, Some(("wide".to_owned(), false)));
    assert_ne!(token(&memory, &clock, true).await, Some(("wide".to_owned(), false)));
    assert!(memory.authorizations().iter().all(|one| one.active), "the old one goes on");
}

#[tokio::test]
async fn a_device_of_a_former_iot_center_is_adopted() {
    let (memory, clock) = (Memory::default(), TestClock::default());
    memory.add_authorization(Authorization {
        id: format!("{:016x}", 100),
        description: "IoT Center: device".to_owned(),
        active: true,
        has_device_scope: false,
        created_at: Some(1),
    });
    assert_eq!(token(&memory, &clock, false).await, None);
    let (new, newly) = token(&memory, &clock, true).await.unwrap();
    assert!(new.starts_with("token of ") && !newly);
    assert_eq!(memory.authorizations().len(), 2);
}
