//! Gives a device a new token while the old one goes on for a time, and switches tokens off and on.
//!
//! The steps are those of a registration: create an authorization that is not active, check what it permits, write it into the
//! registry, check that it stands there, activate it, note that. **Invariant: until the new token is active the old one is the
//! device's only one, and it stays valid.** A rotation that fails is taken back by deleting the point that named the new token: then
//! the values before it are the newest again. What even that could not do, [`settle`] does later.

use super::registration::{self, NewToken, STILL_RUNNING_NS};
use super::registry::{
    ACTIVE, DESCRIPTION_PREFIX, DISABLED, EntryState, FORMER_DESCRIPTION_PREFIX, ROTATING, entry,
};
use super::{Error, Result};
use crate::model::event::EventKind;
use crate::model::token::TokenChange;
use crate::server::ports::{Authorizations, Clock, Entry, EntryChange, Noted, PortError, Registry};

/// Does what somebody in front of a browser has asked for; the new token is revealed later. The caller holds the device's lock.
pub async fn change(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
    change: TokenChange,
) -> Result<()> {
    match change {
        TokenChange::Rotate => rotate(ports, clock, device, false).await.map(drop),
        TokenChange::Disable => disable(ports, clock, device).await,
        TokenChange::Enable => enable(ports, clock, device).await,
    }
}

/// Replaces the token of a registered device. The caller holds its lock.
///
/// `shown`: the token goes to a caller that is no browser, so it cannot be revealed any more.
pub async fn rotate(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
    shown: bool,
) -> Result<NewToken> {
    replace(ports, clock, device, shown, EventKind::Rotated).await
}

/// The same under another name in the log of events.
pub(super) async fn replace(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
    shown: bool,
    event: EventKind,
) -> Result<NewToken> {
    let before = registered(ports, device).await?;
    let before = settle(ports, clock, before).await?;
    let description = format!("{DESCRIPTION_PREFIX}{device}");
    let created = registration::create(ports, &description, &before).await?;
    let time = before.next_time(clock.now());
    let prepared = async {
        registration::check_scope(ports, &created.id, &description).await?;
        let change = EntryChange {
            key: Some(created.id.clone()),
            token: Some(created.token.clone()),
            status: Some(ROTATING.to_owned()),
            ..EntryChange::default()
        };
        ports.change(device, &change, time).await?;
        let after = entry(ports, device).await?;
        if after.authorization().is_none_or(|stored| stored.value != created.id) {
            return Err(interrupted(device));
        }
        match ports.set_active(&created.id, true).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(interrupted(device)),
            Err(error) => Err(Error::from(error)),
        }
    };
    if let Err(error) = prepared.await {
        take_back(ports, device, &created.id).await;
        return Err(error);
    }
    finish(ports, clock, device, &created.id, shown, event).await?;
    Ok(NewToken { key: created.id, token: created.token })
}

/// Goes on with a rotation that stopped half-way: forwards if its authorization is active, backwards if not. Gives the entry after that.
pub async fn settle(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    current: Entry,
) -> Result<Entry> {
    let Some(key) = current.authorization().filter(|_| current.is_rotating()).cloned() else {
        return Ok(current);
    };
    let device = &current.device;
    match registration::find(ports, &key.value).await? {
        Some(authorization) if authorization.active => {
            finish(ports, clock, device, &key.value, false, EventKind::Rotated).await?;
        }
        Some(_) if clock.now().saturating_sub(key.time) < STILL_RUNNING_NS => {
            return Err(Error::Conflict(format!(
                "The device \"{device}\" is getting a new token at the moment. Try again in a minute."
            )));
        }
        Some(_) => {
            // The order matters: the entry may never name an authorization that is gone.
            ports.forget_at(device, key.time).await?;
            ports.delete(&key.value).await?;
        }
        None => ports.forget_at(device, key.time).await?,
    }
    Ok(entry(ports, device).await?)
}

/// Makes all tokens of a device inactive. The caller holds its lock.
pub async fn disable(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
) -> Result<()> {
    let current = registered(ports, device).await?;
    let current = settle(ports, clock, current).await?;
    let Some(key) = current.authorization().cloned() else { return Err(unknown(device)) };
    let descriptions =
        [DESCRIPTION_PREFIX, FORMER_DESCRIPTION_PREFIX].map(|prefix| format!("{prefix}{device}"));
    let mut is_there = false;
    // Also those that it still has from before.
    for authorization in ports.list().await? {
        let is_current = authorization.id == key.value;
        if is_current || descriptions.contains(&authorization.description) {
            is_there |= ports.set_active(&authorization.id, false).await? && is_current;
        }
    }
    if !is_there {
        return Err(gone(device));
    }
    note(ports, clock, &current, DISABLED, EventKind::Disabled).await
}

/// Makes the current token of a device active again. The caller holds its lock.
pub async fn enable(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
) -> Result<()> {
    let current = registered(ports, device).await?;
    let current = settle(ports, clock, current).await?;
    let Some(key) = current.authorization().cloned() else { return Err(unknown(device)) };
    let found = registration::find(ports, &key.value).await?.ok_or_else(|| gone(device))?;
    if !found.has_device_scope {
        return Err(Error::Conflict(format!(
            "The token of \"{device}\" permits more or less than to read and write the telemetry bucket, so it is not enabled. Give the device a new one."
        )));
    }
    if !ports.set_active(&key.value, true).await? {
        return Err(gone(device));
    }
    note(ports, clock, &current, ACTIVE, EventKind::Enabled).await
}

async fn note(
    ports: &impl Registry,
    clock: &impl Clock,
    current: &Entry,
    status: &str,
    kind: EventKind,
) -> Result<()> {
    let detail = current.authorization().map(|key| key.value.clone()).unwrap_or_default();
    let change = EntryChange {
        status: Some(status.to_owned()),
        event: Some(Noted { kind, detail }),
        ..EntryChange::default()
    };
    Ok(ports.change(&current.device, &change, current.next_time(clock.now())).await?)
}

async fn finish(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
    key: &str,
    shown: bool,
    kind: EventKind,
) -> Result<()> {
    let current = entry(ports, device).await?;
    if current.authorization().is_none_or(|stored| stored.value != key) {
        // Whoever wrote the entry last has won.
        ports.delete(key).await?;
        return Err(interrupted(device));
    }
    let change = registration::finished(clock, key, shown, kind);
    Ok(ports.change(device, &change, current.next_time(clock.now())).await?)
}

/// Takes a rotation back that failed before its activation; what cannot be done now is done by [`settle`].
async fn take_back(ports: &(impl Registry + Authorizations), device: &str, key: &str) {
    let taken_back: Result<(), PortError> = async {
        let current = entry(ports, device).await?;
        // Its activation may have succeeded without our hearing of it: no active authorization may be without an entry.
        ports.set_active(key, false).await?;
        let named = current.authorization().filter(|stored| stored.value == key);
        if let Some(stored) = named {
            ports.forget_at(device, stored.time).await?;
        }
        ports.delete(key).await?;
        Ok(())
    }
    .await;
    if let Err(error) = taken_back {
        tracing::warn!(device.id = device, %error, "a failed rotation could not be taken back yet; this is tried again every minute");
    }
}

/// The entry of a device that is registered.
async fn registered(ports: &impl Registry, device: &str) -> Result<Entry> {
    let current = entry(ports, device).await?;
    match current.state() {
        EntryState::Registered => Ok(current),
        EntryState::Pending => Err(Error::Conflict(format!(
            "The device \"{device}\" is being registered at the moment. Try again in a minute."
        ))),
        EntryState::Unregistered => Err(unknown(device)),
    }
}

fn unknown(device: &str) -> Error {
    Error::NotFound(format!("The device \"{device}\" is not registered."))
}

fn gone(device: &str) -> Error {
    Error::Gone(format!(
        "InfluxDB does not have the authorization of \"{device}\" any more: somebody deleted it. Rotate the token to give the device a new one."
    ))
}

fn interrupted(device: &str) -> Error {
    Error::Conflict(format!(
        "Somebody else changed the registration of \"{device}\" at the same time. Try again."
    ))
}

#[cfg(test)]
mod tests;
