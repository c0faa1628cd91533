//! Puts right what a registration left behind that could neither finish nor be taken back.

use std::collections::HashMap;

use super::Result;
use super::locks::DeviceLocks;
use super::registration::{DESCRIPTION_PREFIX, rfc3339, tombstone};
use super::registry::{ACTIVE, EntryState, entry};
use crate::server::ports::{Authorizations, Clock, Entry, EntryChange, Registry};

/// Younger authorizations may belong to a registration that still runs somewhere.
const OLD_NS: i64 = 10 * 60 * 1_000_000_000;

/// What a run of the reconciler did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Authorizations that nobody had finished, deleted.
    pub revoked: usize,
    /// Registrations that lacked their last step only.
    pub finished: usize,
}

/// Deletes authorizations of ours that are inactive, old, and unknown to the registry or pending there, and marks such entries as
/// unregistered; finishes registrations whose authorization is active already.
pub async fn reconcile(
    ports: &(impl Registry + Authorizations),
    clock: &impl Clock,
    locks: &DeviceLocks,
) -> Result<Reconciled> {
    let entries: HashMap<String, Entry> =
        ports.entries(None).await?.into_iter().map(|entry| (entry.device.clone(), entry)).collect();
    let mut done = Reconciled::default();
    for authorization in ports.list().await? {
        let Some(device) = authorization.description.strip_prefix(DESCRIPTION_PREFIX) else {
            continue;
        };
        let seen = entries.get(device);
        let is_named =
            |entry: &Entry| entry.authorization().is_some_and(|key| key.value == authorization.id);
        let is_pending =
            seen.is_some_and(|entry| is_named(entry) && entry.state() == EntryState::Pending);
        let is_in_order = authorization.active || seen.is_some_and(is_named);
        if is_in_order && !is_pending {
            continue;
        }
        let is_old = authorization
            .created_at
            .is_some_and(|created| clock.now().saturating_sub(created) > OLD_NS);
        if !authorization.active && !is_old {
            continue;
        }
        let _lock = locks.lock(device).await;
        // What was read before the lock may be out of date.
        let current = entry(ports, device).await?;
        let is_pending = is_named(&current) && current.state() == EntryState::Pending;
        let Some(authorization) = ports.find(&authorization.id).await? else { continue };
        let time = current.next_time(clock.now());
        if authorization.active {
            if is_pending {
                let change =
                    EntryChange { status: Some(ACTIVE.to_owned()), ..EntryChange::default() };
                ports.change(device, &change, time).await?;
                done.finished += 1;
            }
        } else if is_pending || !is_named_by(&current, &authorization.id) {
            ports.delete(&authorization.id).await?;
            done.revoked += 1;
            if is_pending {
                ports.change(device, &tombstone(), time).await?;
            }
        }
    }
    if done != Reconciled::default() {
        tracing::info!(
            revoked = done.revoked,
            finished = done.finished,
            at = rfc3339(clock.now()),
            "registrations that had stopped half-way were put right"
        );
    }
    Ok(done)
}

fn is_named_by(entry: &Entry, authorization: &str) -> bool {
    entry.authorization().is_some_and(|key| key.value == authorization)
}
