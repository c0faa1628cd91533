//! Takes over what others have left: devices that a former IoT Center knew by an authorization only, and authorizations that belong to
//! no device.

use super::audit::{self, Verdict};
use super::history;
use super::locks::DeviceLocks;
use super::registration::{NewToken, rfc3339};
use super::registry::{ACTIVE, EntryState, FORMER_DESCRIPTION_PREFIX, entry};
use super::rotation;
use super::{Error, Result};
use crate::model::device::DeviceId;
use crate::model::event::{Event, EventKind};
use crate::model::time::Timestamp;
use crate::server::ports::{Authorization, Authorizations, Clock, EntryChange, Events, Registry};

/// Registers a device of a former IoT Center: it gets a token of its own for the telemetry bucket, and its old one, which opens all
/// buckets, goes on until the device has fetched its configuration. The caller holds its lock.
///
/// [`Error::NotFound`] if no former IoT Center knew it.
pub async fn adopt(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &DeviceId,
    shown: bool,
) -> Result<NewToken> {
    let id = device.as_str();
    let mut current = entry(ports, id).await?;
    if current.state() != EntryState::Unregistered {
        return Err(Error::Conflict(format!("The device \"{id}\" is already registered.")));
    }
    let description = format!("{FORMER_DESCRIPTION_PREFIX}{id}");
    let mut former: Vec<Authorization> = ports.list().await?;
    former.retain(|one| one.active && one.description == description);
    if former.is_empty() {
        return Err(Error::NotFound(format!(
            "There is no authorization of a former IoT Center for \"{id}\"."
        )));
    }
    former.sort_by_key(|one| one.created_at);
    // Into the history, one after the other: so all of them are revoked when their time is over.
    for authorization in former {
        let now = clock.now();
        let change = EntryChange {
            key: Some(authorization.id),
            token: Some(secrecy::SecretString::from("")),
            created_at: Some(rfc3339(authorization.created_at.unwrap_or(now))),
            status: Some(ACTIVE.to_owned()),
            ..EntryChange::default()
        };
        ports.change(id, &change, current.next_time(now)).await?;
        current = entry(ports, id).await?;
    }
    rotation::replace(ports, clock, id, shown, EventKind::Adopted).await
}

/// Deletes an authorization of ours that belongs to no registered device.
pub async fn remove(
    ports: &(impl Registry + Authorizations + Events),
    clock: &impl Clock,
    locks: &DeviceLocks,
    authorization: &str,
) -> Result<()> {
    let missing =
        || Error::NotFound(format!("There is no authorization {authorization:?} of IoT Center."));
    let found = super::registration::find(ports, authorization).await?.ok_or_else(missing)?;
    let device = audit::device_of(&found).ok_or_else(missing)?.to_owned();
    let _lock = locks.lock(&device).await;
    let current = entry(ports, &device).await?;
    let keys = history::keys(ports.history(Some(&device)).await?).remove(&device);
    match audit::judge(&found, Some(&current), &keys.unwrap_or_default()) {
        Verdict::Orphan | Verdict::Former => {}
        Verdict::Current | Verdict::Replaced { .. } | Verdict::Unfinished => {
            return Err(Error::Conflict(format!(
                "The authorization {authorization} belongs to the device \"{device}\". Unregister the device to revoke it."
            )));
        }
    }
    // Not active at once, even if deleting fails.
    ports.set_active(&found.id, false).await?;
    ports.delete(&found.id).await?;
    let event = Event {
        kind: EventKind::OrphanRemoved,
        device: Some(device),
        time: Timestamp::from_nanoseconds(clock.now()),
        until: None,
        detail: Some(found.id),
    };
    if let Err(error) = ports.record(std::slice::from_ref(&event)).await {
        tracing::warn!(%error, "the removal of an authorization is not in the log of events");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
