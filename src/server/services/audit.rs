//! What each authorization of ours is to the registry: in order, unfinished, replaced, of a former IoT Center, or nobody's.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Result;
use super::history::{self, Key};
use super::registry::{DESCRIPTION_PREFIX, EntryState, FORMER_DESCRIPTION_PREFIX};
use crate::model::authorization::{Leftover, LeftoverList};
use crate::model::device::DeviceId;
use crate::model::leftover::Leftovers;
use crate::model::time::Timestamp;
use crate::server::ports::{Authorization, Authorizations, Entry, Explain, Registry};

/// What an authorization is to the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The entry of its device names it.
    Current,
    /// Its device was being registered or got a new token, and that has not ended; or it is inactive and nobody knows of it.
    Unfinished,
    /// It was the device's, and was replaced at this time (nanoseconds since the Unix epoch).
    Replaced { at: i64 },
    /// The registry does not have its device, which a former IoT Center knew by this authorization only.
    Former,
    /// It opens the telemetry for nobody.
    Orphan,
}

/// An authorization of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub authorization: Authorization,
    /// As in its description: it need not be a [`DeviceId`].
    pub device: String,
    pub verdict: Verdict,
}

/// All authorizations of ours, judged, and the entries of the registry by their devices.
#[derive(Debug, Default)]
pub struct Audit {
    pub findings: Vec<Finding>,
    pub entries: HashMap<String, Entry>,
    /// The ids of all authorizations, whatever they are for.
    authorizations: HashSet<String>,
}

impl Audit {
    /// How many authorizations belong to no registered device, and the other way round.
    pub fn leftovers(&self) -> Leftovers {
        let count = |verdict| {
            self.findings.iter().filter(|finding| finding.verdict == verdict).count() as u32
        };
        Leftovers {
            former: count(Verdict::Former),
            orphans: count(Verdict::Orphan),
            without_authorization: self.without_authorization().len() as u32,
        }
    }

    /// Registered devices whose authorization InfluxDB does not have any more: their tokens open nothing. Sorted.
    pub fn without_authorization(&self) -> Vec<String> {
        let mut devices: Vec<String> = self
            .entries
            .values()
            .filter(|entry| entry.state() == EntryState::Registered)
            .filter(|entry| {
                entry.authorization().is_some_and(|key| !self.authorizations.contains(&key.value))
            })
            .map(|entry| entry.device.clone())
            .collect();
        devices.sort();
        devices
    }
}

/// Reads the registry and all authorizations and judges them. What other processes do meanwhile may make an answer wrong: who acts on
/// it looks again.
pub async fn audit(ports: &(impl Registry + Authorizations)) -> Result<Audit> {
    // The authorizations first: one that is registered in between is in the entries then.
    let authorizations = ports.list().await?;
    let entries: HashMap<String, Entry> =
        ports.entries(None).await?.into_iter().map(|entry| (entry.device.clone(), entry)).collect();
    let ids = authorizations.iter().map(|authorization| authorization.id.clone()).collect();
    let of_ours = |authorization: Authorization| {
        let device = device_of(&authorization)?.to_owned();
        Some((device, authorization))
    };
    let ours: Vec<(String, Authorization)> =
        authorizations.into_iter().filter_map(of_ours).collect();
    // Few fleets need it at any moment, and it is as large as all changes that there ever were.
    let is_odd = |(device, authorization): &(String, Authorization)| {
        !entries.get(device).is_some_and(|entry| names(entry, &authorization.id))
    };
    let keys = if ours.iter().any(is_odd) {
        history::keys(ports.history(None).await?)
    } else {
        BTreeMap::new()
    };
    let findings = ours
        .into_iter()
        .map(|(device, authorization)| {
            let verdict = judge(
                &authorization,
                entries.get(&device),
                keys.get(&device).map_or(&[], Vec::as_slice),
            );
            Finding { authorization, device, verdict }
        })
        .collect();
    Ok(Audit { findings, entries, authorizations: ids })
}

/// Judges one authorization by what stands in the registry about its device.
pub fn judge(authorization: &Authorization, entry: Option<&Entry>, keys: &[Key]) -> Verdict {
    let state = entry.map_or(EntryState::Unregistered, Entry::state);
    if let Some(entry) = entry.filter(|entry| names(entry, &authorization.id)) {
        let is_finished = state == EntryState::Registered && !entry.is_rotating();
        return if is_finished { Verdict::Current } else { Verdict::Unfinished };
    }
    let replaced = keys.iter().rev().find(|key| key.id == authorization.id);
    if let Some(at) = replaced.and_then(|key| key.until)
        && state == EntryState::Registered
    {
        return Verdict::Replaced { at };
    }
    let is_former = authorization.description.starts_with(FORMER_DESCRIPTION_PREFIX);
    match (authorization.active, is_former) {
        (true, true) if state == EntryState::Unregistered => Verdict::Former,
        (true, _) | (false, true) => Verdict::Orphan,
        (false, false) => Verdict::Unfinished,
    }
}

/// The device that an authorization of ours is for, as its description says.
pub fn device_of(authorization: &Authorization) -> Option<&str> {
    let description = authorization.description.as_str();
    description
        .strip_prefix(DESCRIPTION_PREFIX)
        .or_else(|| description.strip_prefix(FORMER_DESCRIPTION_PREFIX))
}

/// What belongs to no registered device, for a page.
pub async fn leftovers(ports: &(impl Registry + Authorizations + Explain)) -> Result<LeftoverList> {
    let audit = audit(ports).await?;
    let of = |verdict: Verdict| {
        let mut found: Vec<Leftover> = audit
            .findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .map(|finding| Leftover {
                authorization_id: finding.authorization.id.clone(),
                device: finding.device.clone(),
                created_at: finding.authorization.created_at.map(Timestamp::from_nanoseconds),
                is_active: finding.authorization.active,
                is_out_of_scope: !finding.authorization.has_device_scope,
                can_be_adopted: DeviceId::parse(&finding.device).is_ok(),
            })
            .collect();
        found.sort_by(|left, right| left.device.cmp(&right.device));
        found
    };
    Ok(LeftoverList {
        former: of(Verdict::Former),
        orphans: of(Verdict::Orphan),
        without_authorization: audit.without_authorization(),
        how: ports.how(),
    })
}

fn names(entry: &Entry, authorization: &str) -> bool {
    entry.authorization().is_some_and(|key| key.value == authorization)
}
