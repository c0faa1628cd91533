//! Notes when devices fall silent and when they are back.
//!
//! An outage is named by the time of the last point before it, which all replicas of this server see alike: whoever notes it first or
//! again, it is the same event. So nothing need be remembered between two looks, or between two runs of the program.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::Result;
use super::listing::Judgement;
use super::registry::EntryState;
use crate::model::device::{DeviceId, Liveness};
use crate::model::event::{Event, EventKind};
use crate::model::time::Timestamp;
use crate::server::ports::{Clock, Events, Registry, Telemetry};

/// Who fell silent longer ago than this is not noted any more: it was, if anybody watched.
const NEWS: Duration = Duration::from_hours(48);

/// Outages that began longer ago are not looked for.
const LONGEST: Duration = Duration::from_hours(90 * 24);

/// Compares the newest points of all registered devices with the outages that are noted. Gives the events that it has written.
pub async fn watch(
    ports: &(impl Registry + Telemetry + Events),
    clock: &impl Clock,
    judgement: Judgement,
) -> Result<Vec<Event>> {
    let now_ns = clock.now();
    let now = Timestamp::from_nanoseconds(now_ns);
    let since = now_ns.saturating_sub(LONGEST.as_nanos() as i64);
    let (entries, last_seen, open) = tokio::join!(
        ports.entries(None),
        ports.last_seen(NEWS.min(judgement.look_back)),
        ports.open_outages(since)
    );
    let registered: HashSet<String> = entries?
        .into_iter()
        .filter(|entry| entry.state() == EntryState::Registered)
        .map(|entry| entry.device)
        .collect();
    let mut newest: HashMap<String, Timestamp> = HashMap::new();
    for (device, time) in last_seen? {
        let time = Timestamp::from_nanoseconds(time);
        let known = newest.entry(device).or_insert(time);
        *known = time.max(*known);
    }
    let mut changes = Vec::new();
    let mut noted: BTreeMap<String, Timestamp> = BTreeMap::new();
    for outage in open? {
        let Some(device) = outage.device.clone() else { continue };
        let seen = newest.get(&device).copied();
        if !registered.contains(&device) {
            changes.push(Event { until: Some(now), ..outage });
        } else if let Some(seen) = seen.filter(|seen| *seen > outage.time) {
            let back = came_back(ports, &device, outage.time, now_ns).await?.unwrap_or(seen);
            changes.push(Event { until: Some(back), ..outage });
        } else {
            noted.insert(device, outage.time);
        }
    }
    for device in &registered {
        let Some(seen) = newest.get(device).copied() else { continue };
        let is_silent = Liveness::judge(Some(seen), now, judgement.limits) != Liveness::Online;
        if is_silent && noted.get(device) != Some(&seen) {
            changes.push(Event {
                kind: EventKind::Outage,
                device: Some(device.clone()),
                time: seen,
                until: None,
                detail: None,
            });
        }
    }
    if !changes.is_empty() {
        ports.record(&changes).await?;
    }
    Ok(changes)
}

/// The first point after an outage began.
async fn came_back(
    ports: &impl Telemetry,
    device: &str,
    begun: Timestamp,
    now: i64,
) -> Result<Option<Timestamp>> {
    // What is no device id is not asked for: its newest point is near enough.
    let Ok(device) = DeviceId::parse(device) else { return Ok(None) };
    // The time of the outage is cut to milliseconds.
    let from = begun.to_nanoseconds().saturating_add(1_000_000);
    let first = ports.first_point(&device, from, now.saturating_add(1)).await?;
    Ok(first.map(Timestamp::from_nanoseconds))
}

#[cfg(test)]
mod tests;
