//! What a device fetches to begin: whether it is registered, and its token. Registers it where that is wanted, as IoT Center does.

use secrecy::{ExposeSecret as _, SecretString};

use super::registration::{self, NewToken, register};
use super::registry::{EntryState, entry};
use super::{Error, Result, adoption, rotation};
use crate::model::device::DeviceId;
use crate::model::time::Timestamp;
use crate::server::ports::{Authorizations, Clock, Registry};

/// What only the registry knows of a device's configuration.
#[derive(Debug)]
pub struct Enrolled {
    pub token: SecretString,
    pub newly_registered: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The token of a device. `None` if it is not registered and shall not be. The caller holds its lock.
///
/// A token that opens nothing any more, or more than the telemetry bucket, is replaced by one that is as it should be: devices that were
/// registered by other programs need not be touched.
pub async fn enroll(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &DeviceId,
    may_register: bool,
) -> Result<Option<Enrolled>> {
    let id = device.as_str();
    let current = entry(ports, id).await?;
    let (token, newly_registered) = match current.state() {
        EntryState::Registered => match registered(ports, clock, device, may_register).await? {
            Some(token) => (token, false),
            None => return Ok(None),
        },
        EntryState::Unregistered | EntryState::Pending if !may_register => return Ok(None),
        EntryState::Pending => (register(ports, clock, device, true).await?.token, true),
        EntryState::Unregistered => match adoption::adopt(ports, clock, device, true).await {
            Ok(NewToken { token, .. }) => (token, false),
            Err(Error::NotFound(_)) => (register(ports, clock, device, true).await?.token, true),
            Err(error) => return Err(error),
        },
    };
    let after = entry(ports, id).await?;
    let updated_at = Timestamp::from_nanoseconds(after.newest);
    Ok(Some(Enrolled {
        token,
        newly_registered,
        created_at: after.registered_at().unwrap_or(updated_at),
        updated_at,
    }))
}

/// The token of a device that is registered; a new one where the old one is of no use.
async fn registered(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &DeviceId,
    may_replace: bool,
) -> Result<Option<SecretString>> {
    let id = device.as_str();
    let current = rotation::settle(ports, clock, entry(ports, id).await?).await?;
    let key = current.authorization().map(|key| key.value.clone()).unwrap_or_default();
    let found = registration::find(ports, &key).await?;
    if found.as_ref().is_some_and(|found| !found.active) {
        return Err(Error::Conflict(format!(
            "The token of \"{id}\" is disabled. Enable it on the page of the device."
        )));
    }
    let stored = ports.token(id).await?.filter(|token| !token.expose_secret().is_empty());
    let is_right = found.as_ref().is_some_and(|found| found.has_device_scope);
    match stored {
        Some(token) if found.is_some() && (is_right || !may_replace) => Ok(Some(token)),
        _ if !may_replace => Ok(None),
        _ => Ok(Some(rotation::rotate(ports, clock, id, true).await?.token)),
    }
}

#[cfg(test)]
mod tests;
