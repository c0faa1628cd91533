//! The broker: `MQTT_URL`, `MQTT_TOPIC` and what belongs to them, as in IoT Center.
//!
//! What is wrong with the address, the topic or the certificates turns MQTT off; what is wrong otherwise leaves the default.

mod options;

use secrecy::SecretString;

pub use options::{Identity, MqttOptions};

use super::Environment;
use crate::model::mqtt::TimestampUnit;

/// The broker, the topic, and how to talk to them.
#[derive(Debug, Clone)]
pub struct MqttConfig {
    /// As it is set; devices get it.
    pub url: String,
    pub broker: Broker,
    /// One topic, without wildcards.
    pub topic: String,
    pub username: Option<String>,
    pub password: Option<SecretString>,
    pub options: MqttOptions,
    /// The options for devices, a JSON object: `MQTT_OPTIONS` without what is the server's own.
    pub options_for_devices: SecretString,
    /// Of messages that do not say it themselves.
    pub timestamps: TimestampUnit,
}

/// Where the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
    pub is_encrypted: bool,
}

impl Broker {
    /// Whether it is this machine, so that nobody listens in between.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for Broker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.is_encrypted { "mqtts" } else { "mqtt" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(formatter, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}

impl MqttConfig {
    /// `None` where MQTT is not asked for or its settings are wrong, which is added to `problems`.
    pub(super) fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        let (url, topic) = match (environment.get("MQTT_URL"), environment.get("MQTT_TOPIC")) {
            (Some(url), Some(topic)) => (url, topic),
            (None, None) => return None,
            (Some(_), None) => {
                problems.push(
                    "MQTT_URL is set, but MQTT_TOPIC is not. Set it to the topic that devices publish to, or unset MQTT_URL."
                        .to_owned(),
                );
                return None;
            }
            (None, Some(_)) => {
                problems.push(
                    "MQTT_TOPIC is set, but MQTT_URL is not. Set it to the address of the broker, such as mqtt://localhost:1883, or unset MQTT_TOPIC."
                        .to_owned(),
                );
                return None;
            }
        };
        let before = problems.len();
        let broker = broker(url, problems);
        check_topic(topic, problems);
        let timestamps = environment.text("MQTT_PRECISION");
        let is_wrong = problems.len() > before;
        let timestamps = TimestampUnit::from_name(&timestamps).unwrap_or_else(|| {
            problems.push(format!(
                "MQTT_PRECISION is {timestamps:?}; it must be auto, ns, us, ms or s."
            ));
            TimestampUnit::default()
        });
        let given = environment.text("MQTT_OPTIONS");
        let options = options::read(&given, problems)?;
        let username = environment.get("MQTT_USERNAME").map(str::to_owned).or(options.username);
        let password =
            environment.get("MQTT_PASSWORD").map(SecretString::from).or(options.password);
        if password.is_some() && username.is_none() {
            problems.push(
                "MQTT_PASSWORD is set, but MQTT_USERNAME is not. Set both, or none if the broker lets everybody in."
                    .to_owned(),
            );
        }
        Some(Self {
            url: url.to_owned(),
            broker: broker.filter(|_| !is_wrong)?,
            topic: topic.to_owned(),
            password: password.filter(|_| username.is_some()),
            username,
            options: options.own,
            options_for_devices: options.for_devices,
            timestamps,
        })
    }
}

fn broker(url: &str, problems: &mut Vec<String>) -> Option<Broker> {
    // The address is not repeated: it may hold a password.
    let mut wrong = |what: &str| {
        problems.push(format!(
            "MQTT_URL {what}; it must be an address such as mqtt://localhost:1883 or mqtts://broker.example:8883."
        ));
        None
    };
    let Ok(address) = url.parse::<http::Uri>() else { return wrong("is no URL") };
    let (Some(scheme), Some(authority)) = (address.scheme_str(), address.authority()) else {
        return wrong("does not say how to connect, or to what");
    };
    let is_encrypted = match scheme.to_ascii_lowercase().as_str() {
        "mqtt" | "tcp" => false,
        "mqtts" | "ssl" | "tls" => true,
        "ws" | "wss" => return wrong("asks for WebSockets, which are not supported"),
        _ => return wrong("begins with an unknown scheme"),
    };
    if authority.as_str().contains('@') {
        return wrong("holds a user name; set MQTT_USERNAME and MQTT_PASSWORD instead");
    }
    if !matches!(address.path(), "" | "/") || address.query().is_some() {
        return wrong("has a path, which brokers do not");
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let has_port = authority.as_str().len() > authority.host().len();
    let port = match (authority.port_u16(), has_port) {
        (Some(port), _) => port,
        (None, false) => {
            if is_encrypted {
                8_883
            } else {
                1_883
            }
        }
        (None, true) => return wrong("has a port that is no number"),
    };
    if host.is_empty() || port == 0 {
        return wrong("names no host or port");
    }
    Some(Broker { host: host.to_owned(), port, is_encrypted })
}

fn check_topic(topic: &str, problems: &mut Vec<String>) {
    let problem = if topic.contains(['+', '#']) {
        "contains a wildcard; it must be one topic, because messages are published to it too"
    } else if topic.starts_with('$') {
        "begins with $, which brokers keep for themselves"
    } else if topic.chars().any(char::is_control) || topic.len() > 1_000 {
        "contains control characters, or is longer than 1,000 bytes"
    } else {
        return;
    };
    problems.push(format!("MQTT_TOPIC {problem}."));
}

#[cfg(test)]
mod tests;
