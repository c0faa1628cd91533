//! Whether the registry and InfluxDB's authorizations agree: the invariants of registering, counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::registration::DESCRIPTION_PREFIX;
use super::super::registry::EntryState;
use super::{Place, advised, check, unknown};
use crate::model::status::{Check, Verdict};
use crate::model::writing::group_digits;
use crate::server::ports::{Authorization, Authorizations, Entry, Registry};

const SUBJECT: &str = "Registrations";

/// How many devices are named where there are more.
const NAMED: usize = 3;

/// Devices, sorted, for which something does not hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disagreements {
    pub(super) registered: usize,
    /// They have an active token, and no entry.
    pub(super) unknown: BTreeSet<String>,
    /// They have an entry whose authorization does not exist.
    pub(super) revoked: BTreeSet<String>,
    /// They have several active tokens.
    pub(super) doubled: BTreeSet<String>,
    /// Their token permits something else than it should.
    pub(super) out_of_scope: BTreeSet<String>,
}

/// Compares what both say.
pub(super) async fn registrations(
    ports: &(impl Registry + Authorizations),
    place: Option<&Place>,
) -> Vec<Check> {
    // The authorizations first: one that is registered in between is in the entries then.
    let (authorizations, entries) = match ports.list().await {
        Ok(authorizations) => match ports.entries(None).await {
            Ok(entries) => (authorizations, entries),
            Err(error) => return vec![unknown(SUBJECT, error)],
        },
        Err(error) => return vec![unknown(SUBJECT, error)],
    };
    let bucket = place.map_or("INFLUX_BUCKET", |place| place.telemetry.as_str());
    say(&compare(&authorizations, &entries), bucket)
}

pub(super) fn compare(authorizations: &[Authorization], entries: &[Entry]) -> Disagreements {
    let by_id: HashMap<&str, &Authorization> =
        authorizations.iter().map(|one| (one.id.as_str(), one)).collect();
    let known: HashMap<&str, &Entry> =
        entries.iter().map(|entry| (entry.device.as_str(), entry)).collect();
    let mut found = Disagreements::default();
    for entry in entries.iter().filter(|entry| entry.state() == EntryState::Registered) {
        found.registered += 1;
        let key = entry.authorization().map_or("", |key| key.value.as_str());
        match by_id.get(key) {
            None => drop(found.revoked.insert(entry.device.clone())),
            Some(one) if !one.has_device_scope => {
                found.out_of_scope.insert(entry.device.clone());
            }
            Some(_) => {}
        }
    }
    let mut active: BTreeMap<&str, usize> = BTreeMap::new();
    for one in authorizations.iter().filter(|one| one.active) {
        let Some(device) = one.description.strip_prefix(DESCRIPTION_PREFIX) else { continue };
        *active.entry(device).or_default() += 1;
    }
    for (device, tokens) in active {
        let is_known =
            known.get(device).is_some_and(|entry| entry.state() != EntryState::Unregistered);
        if !is_known {
            found.unknown.insert(device.to_owned());
        } else if tokens > 1 {
            found.doubled.insert(device.to_owned());
        }
    }
    found
}

pub(super) fn say(found: &Disagreements, bucket: &str) -> Vec<Check> {
    let Disagreements { registered, unknown, revoked, doubled, out_of_scope } = found;
    let mut checks = Vec::new();
    if !out_of_scope.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Danger,
            format!(
                "{} whose tokens permit something else than to read and write the bucket {bucket}.",
                there_are(out_of_scope)
            ),
            "Unregister and register them again: they get tokens that permit just that.",
        ));
    }
    if !unknown.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!("{} that are not registered and whose tokens are active.", there_are(unknown)),
            "Register them and unregister them again, which revokes all tokens of that name, or delete the authorizations in InfluxDB.",
        ));
    }
    if !doubled.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!("{} with more than one active token.", there_are(doubled)),
            "Unregister and register them again: all tokens but the new one are revoked.",
        ));
    }
    if !revoked.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!(
                "{} whose tokens were revoked in InfluxDB: they cannot write.",
                there_are(revoked)
            ),
            "Unregister them, or register them again to give them new tokens.",
        ));
    }
    if checks.is_empty() {
        let finding = match registered {
            0 => "No device is registered, and no token is left over.".to_owned(),
            1 => "1 device is registered, with a token that permits what it should.".to_owned(),
            count => format!(
                "{} devices are registered, each with a token that permits what it should.",
                group_digits(*count as u64)
            ),
        };
        checks.push(check(SUBJECT, Verdict::Good, finding));
    }
    checks
}

/// `There are 5 devices (a, b, c and 2 more)`, `There is 1 device (a)`
pub(super) fn there_are(devices: &BTreeSet<String>) -> String {
    let mut names: Vec<String> = devices.iter().take(NAMED).map(|name| shown(name)).collect();
    let more = devices.len().saturating_sub(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let names = match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    };
    match devices.len() {
        1 => format!("There is 1 device ({names})"),
        count => format!("There are {} devices ({names})", group_digits(count as u64)),
    }
}

/// A name that others have chosen, as it can stand in a sentence and on a terminal.
fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut shown: String =
        name.chars().take(LONGEST).map(|one| if one.is_control() { '�' } else { one }).collect();
    if name.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
