//! Registers and unregisters devices so that no failure leaves a token that nobody knows of.
//!
//! Registering is a saga: create an authorization that is not active, check what it permits, write it into the registry, check
//! that it stands there, activate it, note that. Whatever fails before the activation takes the authorization away again, and where even
//! that fails the [`reconciler`](super::reconciler) does it later. **Invariant: an active authorization of ours has an entry in
//! the registry, at every instant.** Unregistering goes the other way: the authorization first, then the entry.

use secrecy::SecretString;

use super::registry::{
    ACTIVE, DESCRIPTION_PREFIX, EntryState, FORMER_DESCRIPTION_PREFIX, PENDING, entry,
};
use super::{Error, Result};
use crate::model::device::DeviceId;
use crate::model::event::EventKind;
use crate::model::time::Timestamp;
use crate::server::ports::{
    Authorization, Authorizations, Clock, Entry, EntryChange, NewAuthorization, Noted, PortError,
    Registry,
};

/// Younger entries that are pending may belong to a registration that still runs in another process.
pub(super) const STILL_RUNNING_NS: i64 = 60_000_000_000;

/// What a registration or rotation gives.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The id of the authorization.
    pub key: String,
    pub token: SecretString,
}

/// Registers a device. The caller holds its lock.
///
/// `shown`: the token goes to a caller that is no browser, so it cannot be revealed any more.
pub async fn register(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &DeviceId,
    shown: bool,
) -> Result<NewToken> {
    let id = device.as_str();
    let before = entry(ports, id).await?;
    match before.state() {
        EntryState::Registered => return Err(already_registered(id)),
        EntryState::Pending => {
            if let Some(resumed) = resume(ports, clock, &before, shown).await? {
                return Ok(resumed);
            }
        }
        EntryState::Unregistered => {}
    }

    let description = format!("{DESCRIPTION_PREFIX}{id}");
    let created = create(ports, &description, &before).await?;
    let token = created.token.clone();
    // Nobody but us has seen it, and it is not active: until the activation everything can be undone by deleting it.
    match prepare(ports, clock, &before, &created.id, created.token, &description).await {
        Ok(()) => {}
        Err(error) => {
            undo(ports, clock, id, &created.id).await;
            return Err(error);
        }
    }
    let activated = match ports.set_active(&created.id, true).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Conflict(format!(
            "The registration of \"{id}\" was cancelled by somebody else. Try again."
        ))),
        Err(error) => Err(Error::from(error)),
    };
    if let Err(error) = activated {
        undo(ports, clock, id, &created.id).await;
        return Err(error);
    }
    finish(ports, clock, id, &created.id, shown).await?;
    Ok(NewToken { key: created.id, token })
}

/// Creates an authorization that is not active. `before` is the entry of its device.
pub(super) async fn create(
    ports: &impl Authorizations,
    description: &str,
    before: &Entry,
) -> Result<NewAuthorization> {
    match ports.create_inactive(description).await {
        Ok(created) => Ok(created),
        Err(error) => {
            // It may exist all the same, and nobody knows its token: whatever has this description and no entry goes.
            revoke_strangers(ports, description, before).await;
            Err(error.into())
        }
    }
}

/// Reads an authorization back that was created just now: it must be what was asked for.
pub(super) async fn check_scope(
    ports: &impl Authorizations,
    key: &str,
    description: &str,
) -> Result<()> {
    let found = ports.find(key).await?;
    let is_as_asked = |found: &Authorization| {
        found.has_device_scope && !found.active && found.description == description
    };
    if found.as_ref().is_some_and(is_as_asked) {
        return Ok(());
    }
    Err(Error::Internal(format!(
        "the new authorization {key} is not what was asked for: {found:?}"
    )))
}

/// Reads back what was created, writes it into the registry as pending and checks that it stands there.
async fn prepare(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    before: &Entry,
    key: &str,
    token: SecretString,
    description: &str,
) -> Result<()> {
    let id = &before.device;
    check_scope(ports, key, description).await?;
    let now = clock.now();
    let change = EntryChange {
        key: Some(key.to_owned()),
        token: Some(token),
        created_at: Some(rfc3339(now)),
        status: Some(PENDING.to_owned()),
        ..EntryChange::default()
    };
    ports.change(id, &change, before.next_time(now)).await?;
    let after = entry(ports, id).await?;
    if after.authorization().is_none_or(|stored| stored.value != key) {
        return Err(already_registered(id));
    }
    Ok(())
}

/// Notes in the registry that the authorization is active. Whoever wrote the entry last has won.
async fn finish(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    id: &str,
    key: &str,
    shown: bool,
) -> Result<()> {
    let current = entry(ports, id).await?;
    if current.authorization().is_none_or(|stored| stored.value != key) {
        ports.delete(key).await?;
        return Err(already_registered(id));
    }
    let change = finished(clock, key, shown, EventKind::Registered);
    ports.change(id, &change, current.next_time(clock.now())).await?;
    Ok(())
}

/// The last point of a registration or rotation.
pub(super) fn finished(clock: &impl Clock, key: &str, shown: bool, kind: EventKind) -> EntryChange {
    EntryChange {
        status: Some(ACTIVE.to_owned()),
        revealed_at: shown.then(|| rfc3339(clock.now())),
        event: Some(Noted { kind, detail: key.to_owned() }),
        ..EntryChange::default()
    }
}

/// Goes on with a registration that stopped half-way; `None` if nothing is left of it.
async fn resume(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    pending: &Entry,
    shown: bool,
) -> Result<Option<NewToken>> {
    let Some(key) = pending.authorization() else { return Ok(None) };
    let is_young = clock.now().saturating_sub(key.time) < STILL_RUNNING_NS;
    match find(ports, &key.value).await? {
        Some(authorization) if authorization.active => {
            let token = ports.token(&pending.device).await?.unwrap_or_default();
            finish(ports, clock, &pending.device, &key.value, shown).await?;
            Ok(Some(NewToken { key: key.value.clone(), token }))
        }
        Some(_) if is_young => Err(Error::Conflict(format!(
            "The device \"{}\" is being registered at the moment. Try again in a minute.",
            pending.device
        ))),
        Some(_) => {
            ports.delete(&key.value).await?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Takes a registration back that failed before its activation; what cannot be done now is left to the reconciler.
async fn undo(ports: &(impl Registry + Authorizations), clock: &impl Clock, id: &str, key: &str) {
    let undone: Result<(), PortError> = async {
        // The order matters: as long as the authorization may be there, so must its entry.
        ports.delete(key).await?;
        let current = entry(ports, id).await?;
        if current.authorization().is_some_and(|stored| stored.value == key) {
            ports.change(id, &tombstone(), current.next_time(clock.now())).await?;
        }
        Ok(())
    }
    .await;
    if let Err(error) = undone {
        tracing::warn!(device.id = id, %error, "a failed registration could not be taken back yet; this is tried again every minute");
    }
}

/// Deletes inactive authorizations of this description that the registry does not name.
async fn revoke_strangers(ports: &impl Authorizations, description: &str, known: &Entry) {
    let revoked: Result<(), PortError> = async {
        for authorization in ports.list().await? {
            let is_known = known.authorization().is_some_and(|key| key.value == authorization.id);
            if authorization.description == description && !authorization.active && !is_known {
                ports.delete(&authorization.id).await?;
            }
        }
        Ok(())
    }
    .await;
    if let Err(error) = revoked {
        tracing::warn!(%error, "an authorization that may have been created could not be looked for; this is tried again every minute");
    }
}

/// Revokes a device's token and takes it off the registry; its telemetry stays. The caller holds its lock.
///
/// `device` is what stands in the registry, which need not be a [`DeviceId`].
pub async fn unregister(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    device: &str,
) -> Result<()> {
    let current = entry(ports, device).await?;
    let Some(key) = current.authorization() else {
        return Err(Error::NotFound(format!("The device \"{device}\" is not registered.")));
    };
    let mut keys = vec![key.value.clone()];
    let descriptions =
        [DESCRIPTION_PREFIX, FORMER_DESCRIPTION_PREFIX].map(|prefix| format!("{prefix}{device}"));
    for authorization in ports.list().await? {
        if descriptions.contains(&authorization.description) && !keys.contains(&authorization.id) {
            keys.push(authorization.id);
        }
    }
    for key in keys.iter().filter(|key| is_authorization_id(key)) {
        // Not active at once, even if deleting fails. One that is gone already is as good.
        ports.set_active(key, false).await?;
        ports.delete(key).await?;
    }
    let time = current.next_time(clock.now());
    let event = Noted { kind: EventKind::Unregistered, detail: key.value.clone() };
    ports.change(device, &EntryChange { event: Some(event), ..tombstone() }, time).await?;
    if let Err(error) = ports.forget_before(device, time).await {
        // The token in these points opens nothing any more, and the tombstone hides them.
        tracing::warn!(%error, "the points of an unregistered device could not be deleted");
    }
    Ok(())
}

/// The point that marks a device as unregistered.
pub(super) fn tombstone() -> EntryChange {
    EntryChange {
        key: Some(String::new()),
        token: Some(SecretString::from("")),
        ..EntryChange::default()
    }
}

/// Other programs store what is no id; asking InfluxDB for it would be an error instead of "there is none".
pub(super) fn is_authorization_id(key: &str) -> bool {
    key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The authorization with this key, if it can be one.
pub(super) async fn find(
    ports: &impl Authorizations,
    key: &str,
) -> Result<Option<Authorization>, PortError> {
    if is_authorization_id(key) { ports.find(key).await } else { Ok(None) }
}

pub(super) fn rfc3339(nanoseconds: i64) -> String {
    Timestamp::from_nanoseconds(nanoseconds).rfc3339()
}

fn already_registered(id: &str) -> Error {
    Error::Conflict(format!("The device \"{id}\" is already registered."))
}

#[cfg(test)]
mod tests;
