//! `MQTT_OPTIONS`: a JSON object with options of the JavaScript library that IoT Center used, as far as they mean something here.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

/// What can be said about the connection besides address, topic and credentials.
#[derive(Debug, Clone)]
pub struct MqttOptions {
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// Without anything to say, so often both sides say that they are there.
    pub keep_alive: Duration,
    /// The name of the server's session at the broker; made from bucket and topic where it is not given.
    pub client_id: Option<String>,
    /// The certificates in PEM that vouch for the broker, in place of those of the system.
    pub authorities: Option<Vec<u8>>,
    /// The server's own certificate, where the broker asks for one.
    pub identity: Option<Identity>,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate: Vec<u8>,
    pub key: SecretString,
}

impl Default for MqttOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            client_id: None,
            authorities: None,
            identity: None,
        }
    }
}

/// The options, and what else stands among them.
pub(super) struct Given {
    pub(super) own: MqttOptions,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) for_devices: SecretString,
}

/// What is the server's alone: a device with the same name would take its messages, and its key is its own.
const OWN: [&str; 4] = ["clientId", "ca", "cert", "key"];

/// `None` where going on would be less secure than what was asked for.
pub(super) fn read(text: &str, problems: &mut Vec<String>) -> Option<Given> {
    let mut own = MqttOptions::default();
    let (mut username, mut password) = (None, None);
    let (mut certificate, mut key) = (None, None);
    // Nothing of it is repeated: it may hold a password.
    let Ok(mut options) = serde_json::from_str::<Map<String, Value>>(text) else {
        problems.push(
            "MQTT_OPTIONS is not a JSON object such as {\"connectTimeout\":10000}.".to_owned(),
        );
        let for_devices = SecretString::from("{}");
        return Some(Given { own, username, password, for_devices });
    };
    let mut wrong = |name: &str, expected: &str| {
        problems.push(format!("MQTT_OPTIONS: {name} must be {expected}."));
    };
    let mut is_secure = true;
    for (name, value) in &options {
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        let number = value.as_u64();
        match (name.as_str(), number, text) {
            ("connectTimeout", Some(milliseconds @ 100..=600_000), _) => {
                own.connect_timeout = Duration::from_millis(milliseconds);
            }
            ("connectTimeout", ..) => {
                wrong(name, "a whole number of milliseconds from 100 to 600000");
            }
            ("keepalive", Some(seconds @ 5..=65_535), _) => {
                own.keep_alive = Duration::from_secs(seconds);
            }
            ("keepalive", ..) => wrong(name, "a whole number of seconds from 5 to 65535"),
            ("clientId", _, Some(id)) if id.len() <= 100 && !id.chars().any(char::is_control) => {
                own.client_id = Some(id.to_owned());
            }
            ("clientId", ..) => wrong(name, "a text of at most 100 characters"),
            ("username", _, Some(text)) => username = Some(text.to_owned()),
            ("password", _, Some(text)) => password = Some(SecretString::from(text)),
            ("username" | "password", ..) => wrong(name, "a text"),
            ("ca" | "cert" | "key", _, pem) => {
                let pem = pem.and_then(read_pem);
                if pem.is_none() {
                    wrong(name, "text in PEM or the path of a readable file with such text");
                    is_secure = false;
                }
                match name.as_str() {
                    "ca" => own.authorities = pem.map(String::into_bytes),
                    "cert" => certificate = pem.map(String::into_bytes),
                    _ => key = pem.map(SecretString::from),
                }
            }
            ("rejectUnauthorized", ..) if value == &Value::Bool(true) => {}
            ("rejectUnauthorized", ..) => wrong(
                name,
                "true: the broker's certificate is always checked. Name the one that vouches for it in ca",
            ),
            ("clean", ..) if value == &Value::Bool(false) => {}
            ("clean", ..) => {
                wrong(name, "false: the broker keeps what arrives while this server is away");
            }
            ("protocolVersion", Some(5), _) => {}
            ("protocolVersion", ..) => wrong(name, "5"),
            _ => wrong(&format!("{:?}", shortened(name)), "left out: it is not understood"),
        }
    }
    if certificate.is_some() != key.is_some() {
        wrong("cert and key", "given both or not at all");
        is_secure = false;
    }
    own.identity = certificate.zip(key).map(|(certificate, key)| Identity { certificate, key });
    let for_devices = if OWN.iter().any(|name| options.contains_key(*name)) {
        options.retain(|name, _| !OWN.contains(&name.as_str()));
        Value::Object(options).to_string()
    } else {
        text.to_owned()
    };
    is_secure.then(|| Given {
        own,
        username,
        password,
        for_devices: SecretString::from(for_devices),
    })
}

/// PEM, given as it is or as the path of a file.
fn read_pem(given: &str) -> Option<String> {
    let is_pem = |text: &str| text.contains("-----BEGIN ");
    if is_pem(given) {
        return Some(given.to_owned());
    }
    std::fs::read_to_string(given).ok().filter(|text| is_pem(text))
}

fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}
