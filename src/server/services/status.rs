//! How everything is and what to do about what is not as it should be: for `/status` and for `iot-center check`.

mod broker;
mod registrations;

use self::registrations::registrations;
use crate::model::mqtt::MqttStatus;
use crate::model::status::{
    BackendState, Check, EXPOSED, Fact, SettingValue, StatusReport, Verdict,
};
use crate::model::time::Timestamp;
use crate::server::ports::{
    Authorizations, Clock, Explain, Privileges, Registry, Result as PortResult,
};

/// Clocks that differ by less agree: nobody tells theirs more precisely than to a second, and answers take their time.
const SAME_TIME_MS: u64 = 5_000;

/// What is known without asking anybody.
#[derive(Debug, Clone)]
pub struct Known {
    /// What is wrong with the configuration, a sentence each that says what to do.
    pub problems: Vec<String>,
    pub settings: Vec<SettingValue>,
    pub backend: KnownBackend,
    /// `None` where MQTT is not asked for.
    pub mqtt: Option<MqttStatus>,
    /// Where this server listens; `None` where it does not run.
    pub address: Option<String>,
    /// Programs on other machines can reach it.
    pub is_exposed: bool,
    /// Observations of this server that were to be written to InfluxDB and are lost.
    pub lost_observations: u64,
    pub started: Timestamp,
}

/// The backend as of the last probe.
#[derive(Debug, Clone)]
pub struct KnownBackend {
    /// `embedded store`, `InfluxDB 2.9.1`
    pub name: String,
    pub is_embedded: bool,
    /// As this server uses it; `None` if the configuration names none.
    pub url: Option<String>,
    /// `None` for an embedded store that does not run, because the server does not.
    pub state: Option<BackendState>,
    /// Devices on other machines cannot reach it.
    pub is_out_of_reach: bool,
    /// How far its clock is ahead of ours.
    pub ahead_ms: Option<i64>,
    /// What it is connected to, if it ever was.
    pub place: Option<Place>,
}

/// What is used of the backend.
#[derive(Debug, Clone)]
pub struct Place {
    pub organization: String,
    pub telemetry: String,
    pub registry: String,
    /// Its address as devices see it.
    pub url_of_devices: String,
}

/// Looks at everything. Without ports only what is known is told; what cannot be asked is unknown.
pub async fn report<P>(known: Known, ports: Option<&P>, clock: &impl Clock) -> StatusReport
where
    P: Registry + Authorizations + Privileges + Explain,
{
    let mut checks = configuration(&known.problems);
    checks.push(backend(&known.backend));
    checks.extend(exposure(&known));
    checks.extend(reach(&known));
    checks.extend(buckets(known.backend.place.as_ref()));
    checks.extend(clocks(&known.backend));
    checks.extend(observations(known.lost_observations));
    checks.extend(known.mqtt.as_ref().map(broker::broker).unwrap_or_default());
    if let Some(ports) = ports {
        let is_embedded = known.backend.is_embedded;
        let asked = async {
            // The embedded store is ours alone, and so is its operator token.
            if is_embedded { Ok(None) } else { ports.is_operator().await }
        };
        let (operator, registrations) =
            tokio::join!(asked, registrations(ports, known.backend.place.as_ref()));
        checks.extend(token(operator));
        checks.extend(registrations);
    }
    // Stable: what is equally bad stays in the order of looking.
    checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    StatusReport {
        checks,
        facts: facts(&known),
        settings: known.settings,
        started: known.started,
        now: Timestamp::from_nanoseconds(clock.now()),
        how: ports.map(Explain::how).unwrap_or_default(),
    }
}

fn check(subject: &str, verdict: Verdict, finding: impl Into<String>) -> Check {
    Check {
        subject: subject.to_owned(),
        verdict,
        finding: finding.into(),
        advice: None,
        page: None,
    }
}

fn advised(subject: &str, verdict: Verdict, finding: impl Into<String>, advice: &str) -> Check {
    Check { advice: Some(advice.to_owned()), ..check(subject, verdict, finding) }
}

/// What could not be looked at, and why.
fn unknown(subject: &str, sentence: String) -> Check {
    check(subject, Verdict::Unknown, sentence)
}

fn configuration(problems: &[String]) -> Vec<Check> {
    const SUBJECT: &str = "Configuration";
    if problems.is_empty() {
        return vec![check(SUBJECT, Verdict::Good, "All settings are understood.")];
    }
    problems.iter().map(|problem| check(SUBJECT, Verdict::Bad, problem.as_str())).collect()
}

fn backend(backend: &KnownBackend) -> Check {
    const SUBJECT: &str = "Backend";
    let KnownBackend { name, url, state, .. } = backend;
    let Some(url) = url else {
        return advised(
            SUBJECT,
            Verdict::Bad,
            "There is neither an InfluxDB nor an embedded store, because the configuration is wrong.",
            "Correct the settings that are named here, and start the server again.",
        );
    };
    match state {
        None => check(
            SUBJECT,
            Verdict::Unknown,
            format!("The embedded store does not run at {url}; it starts with the server."),
        ),
        Some(BackendState::Ready) => {
            check(SUBJECT, Verdict::Good, format!("{} at {url} answers.", capitalized(name)))
        }
        Some(BackendState::Delayed) => advised(
            SUBJECT,
            Verdict::Warning,
            format!("{} at {url} took longer than a second to answer.", capitalized(name)),
            "It may be overloaded, or the network slow: look at its load.",
        ),
        Some(BackendState::Failing(sentence)) => check(SUBJECT, Verdict::Bad, sentence.as_str()),
    }
}

fn exposure(known: &Known) -> Option<Check> {
    const SUBJECT: &str = "Other machines";
    let address = known.address.as_deref()?;
    if !known.is_exposed {
        let finding = format!("Only programs on this machine can reach {address}.");
        return Some(check(SUBJECT, Verdict::Good, finding));
    }
    Some(advised(
        SUBJECT,
        Verdict::Danger,
        EXPOSED,
        "Where not everybody in that network may do that, unset IOT_CENTER_INSECURE_LAN and LEPTOS_SITE_ADDR.",
    ))
}

/// Whoever lets other machines in, wants their devices to write.
fn reach(known: &Known) -> Option<Check> {
    let url = known.backend.url.as_deref()?;
    (known.is_exposed && known.backend.is_out_of_reach).then(|| {
        advised(
            "Devices",
            Verdict::Warning,
            format!("Devices on other machines are told to write to {url}, which they cannot reach."),
            "Set IOT_CENTER_STORE_ADDR=0.0.0.0:8086 so that the store listens there too, or IOT_CENTER_STORE_URL to the address at which they \
             reach it.",
        )
    })
}

fn buckets(place: Option<&Place>) -> Option<Check> {
    const SUBJECT: &str = "Buckets";
    let Place { organization, telemetry, registry, .. } = place?;
    if telemetry != registry {
        let finding = format!(
            "What devices measure is in {telemetry}, their tokens are in {registry}, both of the organization {organization}."
        );
        return Some(check(SUBJECT, Verdict::Good, finding));
    }
    Some(advised(
        SUBJECT,
        Verdict::Danger,
        format!(
            "Every device can read the tokens of all other devices: INFLUX_BUCKET and INFLUX_BUCKET_AUTH are the same bucket, {telemetry}."
        ),
        "Set INFLUX_BUCKET_AUTH to a bucket of its own and register the devices again: tokens that could be read are no secrets any more.",
    ))
}

fn clocks(backend: &KnownBackend) -> Option<Check> {
    const SUBJECT: &str = "Clocks";
    // Within one process there is one clock.
    let ahead_ms = backend.ahead_ms.filter(|_| !backend.is_embedded)?;
    if ahead_ms.unsigned_abs() <= SAME_TIME_MS {
        let finding = format!("{} and this server agree on the time.", capitalized(&backend.name));
        return Some(check(SUBJECT, Verdict::Good, finding));
    }
    let direction = if ahead_ms > 0 { "ahead of" } else { "behind" };
    let difference = duration(ahead_ms.unsigned_abs() / 1_000);
    Some(advised(
        SUBJECT,
        Verdict::Warning,
        format!(
            "The clock of {} is {difference} {direction} the one of this server.",
            backend.name
        ),
        "Set both by NTP: devices look older or younger than they are, and points without a time of their own get a wrong one.",
    ))
}

fn observations(lost: u64) -> Option<Check> {
    (lost > 0).then(|| {
        advised(
            "Monitoring",
            Verdict::Warning,
            format!("{lost} observations of this server were not written to InfluxDB and are lost."),
            "There were more requests than are noted, or InfluxDB could not be written to for a while; /metrics counts all of them.",
        )
    })
}

/// What is said of the server's own token.
fn token(operator: PortResult<Option<bool>>) -> Option<Check> {
    const SUBJECT: &str = "Token";
    match operator {
        Ok(Some(true)) => Some(advised(
            SUBJECT,
            Verdict::Warning,
            "INFLUX_TOKEN is an operator token: whoever gets hold of it may do everything in every organization.",
            "A token of this organization alone is enough: one of `influx auth create --all-access`, or one that may read and write authorizations, \
             buckets and its own user.",
        )),
        Ok(Some(false)) => {
            Some(check(SUBJECT, Verdict::Good, "INFLUX_TOKEN is not an operator token."))
        }
        Ok(None) => None,
        Err(error) => Some(unknown(SUBJECT, error.sentence)),
    }
}

fn facts(known: &Known) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let mut facts = vec![fact("IoT Center", env!("CARGO_PKG_VERSION").to_owned())];
    facts.extend(known.address.clone().map(|address| fact("Listens at", address)));
    facts.push(fact("Backend", known.backend.name.clone()));
    facts.extend(known.backend.url.clone().map(|url| fact("Address of the backend", url)));
    if let Some(place) = &known.backend.place {
        facts.push(fact("Address for devices", place.url_of_devices.clone()));
        facts.push(fact("Organization", place.organization.clone()));
        facts.push(fact("Bucket of what devices measure", place.telemetry.clone()));
        facts.push(fact("Bucket of the registry", place.registry.clone()));
    }
    facts
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// `7 seconds`, `3 minutes`, `2 hours`, `5 days`.
fn duration(seconds: u64) -> String {
    let units = [(172_800, 86_400, "day"), (7_200, 3_600, "hour"), (120, 60, "minute")];
    let fitting = units.into_iter().find(|(least, ..)| seconds >= *least);
    let (_, length, unit) = fitting.unwrap_or((0, 1, "second"));
    let count = seconds / length;
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests;
