//! Shows a device's token: once, soon after its registration or rotation.

use secrecy::SecretString;

use super::registry::{EntryState, entry};
use super::{Error, Result};
use crate::model::device::{DeviceId, Reveal};
use crate::model::event::EventKind;
use crate::model::time::Timestamp;
use crate::server::ports::{Clock, EntryChange, Noted, Registry};

/// The token of a device, if nobody has seen it yet. That it was shown is on record before it is. The caller holds the device's lock.
pub async fn reveal(
    registry: &impl Registry,
    clock: &impl Clock,
    device: &DeviceId,
) -> Result<SecretString> {
    let id = device.as_str();
    let current = entry(registry, id).await?;
    if current.state() != EntryState::Registered {
        return Err(Error::NotFound(format!("The device \"{id}\" is not registered.")));
    }
    if current.is_rotating() {
        return Err(Error::Conflict(format!(
            "The device \"{id}\" is getting a new token at the moment. Try again in a minute."
        )));
    }
    let now = clock.now();
    match current.reveal(Timestamp::from_nanoseconds(now)) {
        Reveal::Available { .. } => {}
        Reveal::Revealed { .. } => {
            return Err(Error::Gone(format!(
                "The token of \"{id}\" was shown already, and it is shown once only. If it is lost, rotate it: the device gets a new one."
            )));
        }
        Reveal::Expired => {
            return Err(Error::Gone(format!(
                "The token of \"{id}\" can be shown within 15 minutes of its registration or rotation only. Rotate it: the device gets a new one."
            )));
        }
    }
    let token = registry.token(id).await?.ok_or_else(|| {
        Error::Gone(format!(
            "The registry has no token for \"{id}\". Rotate it: the device gets a new one."
        ))
    })?;
    let change = EntryChange {
        revealed_at: Some(Timestamp::from_nanoseconds(now).rfc3339()),
        event: current
            .authorization()
            .map(|key| Noted { kind: EventKind::Revealed, detail: key.value.clone() }),
        ..EntryChange::default()
    };
    registry.change(id, &change, current.next_time(now)).await?;
    tracing::info!(device.id = id, "the token of a device was revealed");
    Ok(token)
}
