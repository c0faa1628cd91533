//! Configuration: the environment, over `.env.local`, over `.env`.
//!
//! Reading it never fails. What is wrong becomes a [problem](Config::problems) of one line that names the setting; the server
//! starts all the same, and its pages say what is wrong.

mod devices;
mod environment;
pub mod mqtt;
mod settings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use devices::{DeviceSettings, Enrollment};
pub use environment::Environment;
pub use mqtt::MqttConfig;
pub use settings::{SETTINGS, Setting, settings_table};

use crate::model::device::LivenessLimits;
use crate::model::status::SettingValue;

/// All that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    pub backend: BackendConfig,
    pub buckets: BucketNames,
    /// The tag that names the device in points that the server writes.
    pub device_tag: DeviceTag,
    pub devices: DeviceSettings,
    /// The address of InfluxDB as devices see it, if it differs from the server's.
    pub store_url: Option<String>,
    /// Names under which the server is reached besides its own addresses, with or without a port.
    pub hosts: Vec<String>,
    /// Addresses other than loopback are permitted.
    pub insecure_lan: bool,
    /// How many devices a caller on another machine may register in a minute.
    pub registrations_per_minute: u32,
    /// What the server observes of itself is written to the telemetry bucket.
    pub monitor: bool,
    pub liveness: LivenessLimits,
    /// How far back newest points are looked for.
    pub look_back: Duration,
    /// The broker, if there is one.
    pub mqtt: Option<MqttConfig>,
    /// What is wrong, one line each, in the order of [`SETTINGS`].
    pub problems: Vec<String>,
    /// All settings as they are in force, without secrets.
    pub settings: Vec<SettingValue>,
}

/// The names of the two buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketNames {
    pub telemetry: String,
    /// Where `deviceauth` points stand.
    pub registry: String,
}

/// Which InfluxDB the server talks to.
#[derive(Debug, Clone)]
pub enum BackendConfig {
    /// The embedded store, started in this process.
    Embedded(StoreConfig),
    Influx(InfluxConfig),
    /// Neither, because a setting is wrong; the problems say which.
    None,
}

/// How to reach an InfluxDB.
#[derive(Debug, Clone)]
pub struct InfluxConfig {
    pub url: String,
    pub token: SecretString,
    /// Name or id.
    pub organization: String,
    /// The first user, should InfluxDB still wait for one.
    pub username: String,
    pub password: Option<SecretString>,
}

/// The tags that devices name themselves with; all are read, one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceTag {
    #[default]
    ClientId,
    Device,
}

impl DeviceTag {
    pub const ALL: [Self; 2] = [Self::ClientId, Self::Device];

    pub const fn key(self) -> &'static str {
        match self {
            Self::ClientId => "clientId",
            Self::Device => "device",
        }
    }
}

/// Where the embedded store listens and keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    pub address: SocketAddr,
    pub data_directory: PathBuf,
}

impl Config {
    pub fn read(environment: &Environment) -> Self {
        let mut problems = environment.problems().to_vec();
        let store = StoreConfig::read(environment, &mut problems);
        let backend = backend(environment, store, &mut problems);
        let buckets = BucketNames {
            telemetry: environment.text("INFLUX_BUCKET"),
            registry: environment.text("INFLUX_BUCKET_AUTH"),
        };
        let device_tag = {
            let text = environment.text("IOT_CENTER_DEVICE_TAG");
            DeviceTag::ALL.into_iter().find(|tag| tag.key() == text).unwrap_or_else(|| {
                problems.push(format!(
                    "IOT_CENTER_DEVICE_TAG is {text:?}; it must be clientId or device."
                ));
                DeviceTag::default()
            })
        };
        let devices = DeviceSettings::read(environment, &mut problems);
        let store_url = environment.get("IOT_CENTER_STORE_URL").and_then(|url| {
            let is_url = url.starts_with("http://") || url.starts_with("https://");
            if !is_url {
                problems.push(format!(
                    "IOT_CENTER_STORE_URL is {url:?}; it must begin with http:// or https://."
                ));
            }
            is_url.then(|| url.trim_end_matches('/').to_owned())
        });
        let insecure_lan = switch(environment, "IOT_CENTER_INSECURE_LAN", &mut problems);
        let monitor = switch(environment, "IOT_CENTER_MONITOR", &mut problems);
        let mut number = |name| whole_number(environment, name, &mut problems);
        let (online, stale) =
            (number("IOT_CENTER_ONLINE_MINUTES"), number("IOT_CENTER_STALE_MINUTES"));
        let look_back_days = number("IOT_CENTER_LAST_SEEN_DAYS");
        let registrations_per_minute = number("IOT_CENTER_REGISTRATIONS_PER_MINUTE");
        let hosts = environment
            .text("IOT_CENTER_HOSTS")
            .split(',')
            .map(|host| host.trim().to_ascii_lowercase())
            .filter(|host| !host.is_empty())
            .collect();
        let mqtt = MqttConfig::read(environment, &mut problems);
        Self {
            backend,
            buckets,
            device_tag,
            devices,
            store_url,
            hosts,
            insecure_lan,
            registrations_per_minute,
            monitor,
            liveness: LivenessLimits {
                online_ms: i64::from(online) * 60_000,
                stale_ms: i64::from(stale.max(online)) * 60_000,
            },
            look_back: Duration::from_secs(u64::from(look_back_days) * 86_400),
            mqtt,
            problems,
            settings: environment.settings(),
        }
    }
}

impl StoreConfig {
    /// Reads the settings of the embedded store; what is wrong is added to `problems` and the default taken.
    pub fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        let text = environment.text("IOT_CENTER_STORE_ADDR");
        let data_directory = PathBuf::from(environment.text("IOT_CENTER_DATA_DIR"));
        let Some(address) = parse_address(&text) else {
            problems.push(format!(
                "IOT_CENTER_STORE_ADDR is {text:?}; it must be an IP address and a port such as 127.0.0.1:8086."
            ));
            return None;
        };
        Some(Self { address, data_directory })
    }
}

/// An address to listen on; `localhost` stands for 127.0.0.1.
pub fn parse_address(text: &str) -> Option<SocketAddr> {
    let local =
        |port: &str| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?));
    text.parse().ok().or_else(|| text.strip_prefix("localhost:").and_then(local))
}

/// Decides between the embedded store and an InfluxDB.
fn backend(
    environment: &Environment,
    store: Option<StoreConfig>,
    problems: &mut Vec<String>,
) -> BackendConfig {
    let before = problems.len();
    let Some(url) = environment.get("INFLUX_URL") else {
        for name in ["INFLUX_TOKEN", "INFLUX_ORG"] {
            if environment.get(name).is_some() {
                problems.push(format!(
                    "{name} is set, but INFLUX_URL is not. Set INFLUX_URL to use that InfluxDB, or unset {name} to use the embedded store."
                ));
            }
        }
        return match store {
            Some(store) if problems.len() == before => BackendConfig::Embedded(store),
            _ => BackendConfig::None,
        };
    };
    if let Err(error) = influx_client::Client::new(influx_client::Config::anonymous(url)) {
        problems.push(format!("INFLUX_URL cannot be used: {error}."));
    }
    let token = environment.get("INFLUX_TOKEN");
    if token.is_none() {
        problems.push(
            "INFLUX_URL is set, but INFLUX_TOKEN is not. Set it to an API token of that InfluxDB."
                .to_owned(),
        );
    } else if token.is_some_and(|token| token.chars().any(|c| c.is_control() || c.is_whitespace()))
    {
        problems
            .push("INFLUX_TOKEN contains spaces or line breaks, which no token has.".to_owned());
    }
    let organization = environment.get("INFLUX_ORG");
    if organization.is_none() {
        problems.push(
            "INFLUX_URL is set, but INFLUX_ORG is not. Set it to the name or the id of the organization.".to_owned(),
        );
    }
    match (token, organization) {
        (Some(token), Some(organization)) if problems.len() == before => {
            BackendConfig::Influx(InfluxConfig {
                url: url.trim_end_matches('/').to_owned(),
                token: SecretString::from(token),
                organization: organization.to_owned(),
                username: environment.text("INFLUX_USERNAME"),
                password: environment.get("INFLUX_PASSWORD").map(SecretString::from),
            })
        }
        _ => BackendConfig::None,
    }
}

/// On or off; off if it is neither.
fn switch(environment: &Environment, name: &str, problems: &mut Vec<String>) -> bool {
    match environment.text(name).as_str() {
        "1" | "true" => true,
        "0" | "false" => false,
        other => {
            problems.push(format!("{name} is {other:?}; it must be 1 or 0."));
            false
        }
    }
}

/// A whole number above zero; the default if it is not one.
fn whole_number(environment: &Environment, name: &str, problems: &mut Vec<String>) -> u32 {
    let text = environment.text(name);
    // Ten years of days or minutes are enough, and cannot overflow anything.
    let number = text.parse::<u32>().ok().filter(|number| (1..=5_256_000).contains(number));
    number.unwrap_or_else(|| {
        problems.push(format!("{name} is {text:?}; it must be a whole number above 0."));
        settings::default_of(name).parse().unwrap_or(1)
    })
}

#[cfg(test)]
mod tests;
