//! Puts right what a registration or rotation left behind that could neither finish nor be taken back, and revokes tokens that were
//! replaced when their time is over.

use super::Result;
use super::audit::{self, Audit, Finding, Verdict};
use super::history::{self, Overlap};
use super::locks::DeviceLocks;
use super::registration::{rfc3339, tombstone};
use super::registry::{ACTIVE, EntryState, entry};
use super::rotation;
use crate::model::event::{Event, EventKind};
use crate::model::time::Timestamp;
use crate::server::ports::{Authorizations, Clock, EntryChange, Events, Noted, Registry};

/// Younger authorizations may belong to a registration that still runs somewhere.
const OLD_NS: i64 = 10 * 60 * 1_000_000_000;

/// What a run of the reconciler did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Authorizations that nobody had finished, deleted.
    pub revoked: usize,
    /// Registrations and rotations that lacked their last step only.
    pub finished: usize,
    /// Tokens that were replaced long enough ago, made inactive…
    pub disabled: usize,
    /// …or deleted.
    pub retired: usize,
}

/// Deletes authorizations of ours that are inactive, old, and unknown to the registry or pending there, and marks such entries as
/// unregistered; finishes registrations whose authorization is active already; ends rotations; disables and deletes replaced tokens.
/// Gives also what it judged by.
pub async fn reconcile(
    ports: &(impl Registry + Authorizations + Events),
    clock: &impl Clock,
    locks: &DeviceLocks,
    overlap: Overlap,
) -> Result<(Reconciled, Audit)> {
    let audit = audit::audit(ports).await?;
    let mut done = Reconciled::default();
    for finding in &audit.findings {
        match finding.verdict {
            Verdict::Current | Verdict::Former | Verdict::Orphan => {}
            Verdict::Unfinished => end(ports, clock, locks, finding, &mut done).await?,
            Verdict::Replaced { at } => {
                retire(ports, clock, locks, finding, (at, overlap), &mut done).await?;
            }
        }
    }
    if done != Reconciled::default() {
        tracing::info!(
            revoked = done.revoked,
            finished = done.finished,
            disabled = done.disabled,
            retired = done.retired,
            at = rfc3339(clock.now()),
            "authorizations were put right"
        );
    }
    Ok((done, audit))
}

/// Ends what stopped half-way.
async fn end(
    ports: &(impl Registry + Authorizations + Events),
    clock: &impl Clock,
    locks: &DeviceLocks,
    finding: &Finding,
    done: &mut Reconciled,
) -> Result<()> {
    let Finding { authorization, device, .. } = finding;
    let is_old = authorization
        .created_at
        .is_some_and(|created| clock.now().saturating_sub(created) > OLD_NS);
    if !authorization.active && !is_old {
        return Ok(());
    }
    let _lock = locks.lock(device).await;
    // What was read before the lock may be out of date.
    let current = entry(ports, device).await?;
    let is_named = current.authorization().is_some_and(|key| key.value == authorization.id);
    if is_named && current.is_rotating() {
        rotation::settle(ports, clock, current).await?;
        done.finished += 1;
        return Ok(());
    }
    let is_pending = is_named && current.state() == EntryState::Pending;
    let Some(authorization) = ports.find(&authorization.id).await? else { return Ok(()) };
    let time = current.next_time(clock.now());
    if authorization.active {
        if is_pending {
            let event = Noted { kind: EventKind::Registered, detail: authorization.id };
            let change = EntryChange {
                status: Some(ACTIVE.to_owned()),
                event: Some(event),
                ..EntryChange::default()
            };
            ports.change(device, &change, time).await?;
            done.finished += 1;
        }
    } else if is_pending || !is_named {
        ports.delete(&authorization.id).await?;
        done.revoked += 1;
        if is_pending {
            ports.change(device, &tombstone(), time).await?;
        }
    }
    Ok(())
}

/// Disables a replaced token after two refreshes, and deletes it after three.
async fn retire(
    ports: &(impl Registry + Authorizations + Events),
    clock: &impl Clock,
    locks: &DeviceLocks,
    finding: &Finding,
    (at, overlap): (i64, Overlap),
    done: &mut Reconciled,
) -> Result<()> {
    let Finding { authorization, device, .. } = finding;
    let now = clock.now();
    if now < overlap.disabled_at(at) {
        return Ok(());
    }
    let _lock = locks.lock(device).await;
    // Somebody may have made it the current one again.
    let mut keys = history::keys(ports.history(Some(device)).await?);
    let is_replaced = keys.remove(device).is_some_and(|keys| {
        keys.iter().any(|key| key.id == authorization.id && key.until == Some(at))
            && keys.last().is_some_and(|current| current.id != authorization.id)
    });
    if !is_replaced {
        return Ok(());
    }
    if now < overlap.deleted_at(at) {
        if authorization.active && ports.set_active(&authorization.id, false).await? {
            done.disabled += 1;
        }
    } else if ports.delete(&authorization.id).await? {
        done.retired += 1;
        let event = Event {
            kind: EventKind::Retired,
            device: Some(device.clone()),
            time: Timestamp::from_nanoseconds(now),
            until: None,
            detail: Some(authorization.id.clone()),
        };
        ports.record(std::slice::from_ref(&event)).await?;
    }
    Ok(())
}
