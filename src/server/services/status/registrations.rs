//! Whether the registry and InfluxDB's authorizations agree: the invariants of registering, counted.

use std::collections::BTreeSet;

use super::super::audit::{Audit, Verdict as Judgement, audit};
use super::super::registry::EntryState;
use super::{Place, advised, check, unknown};
use crate::model::status::{Check, Verdict};
use crate::model::writing::group_digits;
use crate::server::ports::{Authorizations, Registry};
use crate::server::services::Error;

const SUBJECT: &str = "Registrations";

/// How many devices are named where there are more.
const NAMED: usize = 3;

/// Devices, sorted, for which something does not hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disagreements {
    pub(super) registered: usize,
    /// They have an active token that the registry does not know.
    pub(super) strays: BTreeSet<String>,
    /// They have an entry whose authorization does not exist.
    pub(super) revoked: BTreeSet<String>,
    /// Their token permits something else than it should.
    pub(super) out_of_scope: BTreeSet<String>,
    /// A former IoT Center knows them.
    pub(super) former: BTreeSet<String>,
}

/// Compares what both say.
pub(super) async fn registrations(
    ports: &(impl Registry + Authorizations),
    place: Option<&Place>,
) -> Vec<Check> {
    let bucket = place.map_or("INFLUX_BUCKET", |place| place.telemetry.as_str());
    match audit(ports).await {
        Ok(audit) => say(&compare(&audit), bucket),
        Err(Error::Port(error)) => vec![unknown(SUBJECT, error.sentence)],
        Err(error) => vec![unknown(SUBJECT, error.to_string())],
    }
}

pub(super) fn compare(audit: &Audit) -> Disagreements {
    let is_registered = |entry: &_| matches!(entry, EntryState::Registered);
    let mut found = Disagreements {
        registered: audit.entries.values().filter(|entry| is_registered(&entry.state())).count(),
        revoked: audit.without_authorization().into_iter().collect(),
        ..Disagreements::default()
    };
    for finding in &audit.findings {
        let devices = match finding.verdict {
            Judgement::Orphan if finding.authorization.active => &mut found.strays,
            Judgement::Former => &mut found.former,
            Judgement::Current if !finding.authorization.has_device_scope => {
                &mut found.out_of_scope
            }
            _ => continue,
        };
        devices.insert(finding.device.clone());
    }
    found
}

pub(super) fn say(found: &Disagreements, bucket: &str) -> Vec<Check> {
    let Disagreements { registered, strays, revoked, out_of_scope, former } = found;
    let mut checks = Vec::new();
    if !out_of_scope.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Danger,
            format!(
                "{} whose tokens permit something else than to read and write the bucket {bucket}.",
                there_are(out_of_scope)
            ),
            "Give them new tokens: on the page of the device, or by POST /api/devices/{id}/rotate.",
        ));
    }
    if !strays.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!("{} with active tokens that the registry does not know.", there_are(strays)),
            "Nobody knows who has them: remove them on the page of authorizations.",
        ));
    }
    if !revoked.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!(
                "{} whose tokens InfluxDB does not have any more: they cannot write.",
                there_are(revoked)
            ),
            "Give them new tokens, or unregister them.",
        ));
    }
    if !former.is_empty() {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!(
                "{} of a former IoT Center that the registry does not have.",
                there_are(former)
            ),
            "Adopt them on the page of authorizations: they keep their names and their data.",
        ));
    }
    for check in &mut checks {
        check.page = Some("/authorizations".to_owned());
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
