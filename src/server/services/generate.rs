//! "Send one reading": what the emulator measures at this moment, one point for each device.
//!
//! Only registered devices get one: a typing error shall not become a series that stays.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, stream};

use super::details::has_foreign_points;
use super::listing::Judgement;
use super::registry::EntryState;
use super::writing::{check_types, explain_refusal, not_confirmed};
use super::{Error, Result};
use crate::model::device::DeviceId;
use crate::model::emulator::{self, Reading};
use crate::model::time::Timestamp;
use crate::server::ports::{Clock, Naming, Registry, Telemetry};

/// Points on their way to InfluxDB at once.
const IN_FLIGHT: usize = 4;

/// What became of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub device: DeviceId,
    /// What was written, or why nothing was.
    pub result: Result<Reading>,
}

/// Writes one reading of now for each of these devices and says what became of each, in their order; one that is named twice counts once.
///
/// An error means that nothing was written for any of them.
pub async fn generate(
    ports: &(impl Registry + Telemetry),
    clock: &impl Clock,
    devices: &[DeviceId],
) -> Result<Vec<Outcome>> {
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let now = Timestamp::from_nanoseconds(clock.now());
    let only = if let [device] = devices { Some(device.as_str()) } else { None };
    let (entries, types) = tokio::join!(ports.entries(only), check_types(ports, now));
    let entries = entries?;
    types?;
    let states: HashMap<&str, EntryState> =
        entries.iter().map(|entry| (entry.device.as_str(), entry.state())).collect();
    let mut seen = HashSet::new();
    let outcomes = devices.iter().filter(|device| seen.insert(*device)).map(|device| {
        let state = states.get(device.as_str()).copied().unwrap_or(EntryState::Unregistered);
        let reading = emulator::reading(now, fastrand::f64);
        async move {
            let result = match state {
                EntryState::Registered => write(ports, device, reading).await,
                EntryState::Pending => Err(Error::Conflict(format!(
                    "The device \"{device}\" is being registered at the moment. Try again in a minute."
                ))),
                EntryState::Unregistered => {
                    Err(Error::NotFound(format!("The device \"{device}\" is not registered.")))
                }
            };
            Outcome { device: device.clone(), result }
        }
    });
    let outcomes: Vec<_> = outcomes.collect();
    Ok(stream::iter(outcomes).buffered(IN_FLIGHT).collect().await)
}

/// The same for one device, by somebody who looks at its page: asks before it writes between points of a real device.
///
/// `confirmed` allows it on a device that has points which the emulator did not write.
pub async fn send(
    ports: &(impl Registry + Telemetry),
    clock: &impl Clock,
    judgement: Judgement,
    device: &DeviceId,
    confirmed: bool,
) -> Result<Reading> {
    if !confirmed {
        let points = ports.last_points(std::slice::from_ref(device), judgement.look_back).await?;
        if has_foreign_points(&points) {
            return Err(not_confirmed(device));
        }
    }
    let outcomes = generate(ports, clock, std::slice::from_ref(device)).await?;
    let nothing = || Err(Error::Internal(format!("nothing became of the reading of {device}")));
    outcomes.into_iter().next().map_or_else(nothing, |outcome| outcome.result)
}

async fn write(ports: &impl Telemetry, device: &DeviceId, reading: Reading) -> Result<Reading> {
    // Whoever asks for a reading looks for it: the pages of iot-api-ui by `device`, those of IoT Center by `clientId`.
    let written = ports.write(device, std::slice::from_ref(&reading), Naming::All).await;
    written.map(|()| reading).map_err(|error| Error::Port(explain_refusal(error)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::device::LivenessLimits;
    use crate::server::services::testing::{Memory, TestClock};

    fn ids(ids: &[&str]) -> Vec<DeviceId> {
        ids.iter().map(|id| DeviceId::parse(id).unwrap()).collect()
    }

    fn judgement() -> Judgement {
        Judgement { limits: LivenessLimits::default(), look_back: Duration::from_hours(365 * 24) }
    }

    #[tokio::test]
    async fn each_registered_device_gets_one_reading_of_now() {
        let (memory, clock) = (Memory::default(), TestClock::default());
        memory.add_device("a");
        memory.add_device("b");
        let outcomes = generate(&memory, &clock, &ids(&["b", "unknown", "a", "b"])).await.unwrap();
        let devices: Vec<&str> = outcomes.iter().map(|outcome| outcome.device.as_str()).collect();
        assert_eq!(devices, ["b", "unknown", "a"], "in their order, each once");
        for outcome in &outcomes {
            match (&outcome.result, outcome.device.as_str()) {
                (Err(Error::NotFound(message)), "unknown") => {
                    assert_eq!(message, "The device \"unknown\" is not registered.");
                }
                (Ok(reading), "a" | "b") => {
                    assert_eq!(reading.time, Timestamp::from_nanoseconds(clock.now()));
                    assert!((970.0..=1_051.0).contains(&reading.pressure), "{reading:?}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(memory.batches(), [1, 1]);
    }

    #[tokio::test]
    async fn a_type_conflict_is_said_before_anything_is_written() {
        let (memory, clock) = (Memory::default(), TestClock::default());
        memory.add_device("a");
        memory.add_conflicting_field("Temperature");
        let error = generate(&memory, &clock, &ids(&["a"])).await.unwrap_err();
        assert!(matches!(&error, Error::Conflict(text) if text.contains("Temperature")), "{error}");
        assert_eq!(memory.batches(), [0; 0]);
    }

    #[tokio::test]
    async fn a_failure_is_one_of_its_device() {
        let (memory, clock) = (Memory::default(), TestClock::default());
        memory.add_device("a");
        memory.add_device("b");
        memory.fail_writes_after(1);
        let outcomes = generate(&memory, &clock, &ids(&["a", "b"])).await.unwrap();
        let written = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        assert_eq!((written, outcomes.len()), (1, 2), "{outcomes:?}");
    }

    #[tokio::test]
    async fn nobody_asks_for_nothing() {
        let memory = Memory::default();
        assert_eq!(generate(&memory, &TestClock::default(), &[]).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn a_real_device_is_asked_about_first() {
        let (memory, clock) = (Memory::default(), TestClock::default());
        memory.add_device("kitchen");
        memory.add_foreign_point("kitchen");
        let kitchen = DeviceId::parse("kitchen").unwrap();
        let refused = send(&memory, &clock, judgement(), &kitchen, false).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(memory.batches(), [0; 0]);
        assert!(send(&memory, &clock, judgement(), &kitchen, true).await.is_ok());
        assert_eq!(memory.batches(), [1]);
    }
}
