//! The names of all settings, with their defaults and what they mean. README's table is made from here.

use std::fmt::Write as _;

/// One setting: an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    /// Empty where there is none.
    pub default: &'static str,
    /// In Markdown.
    pub meaning: &'static str,
}

impl Setting {
    /// Whether its value is nobody's business. Told by the name, so that no new one is forgotten.
    pub fn is_secret(&self) -> bool {
        ["TOKEN", "PASSWORD", "SECRET", "CREDENTIAL", "OPTIONS"]
            .iter()
            .any(|word| self.name.contains(word))
    }
}

/// All settings, in the order in which people look for them.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "INFLUX_URL",
        default: "",
        meaning: "Address of an InfluxDB 2.x or InfluxDB Cloud, such as `http://localhost:8086`. Not set: the embedded store is started.",
    },
    Setting { name: "INFLUX_TOKEN", default: "", meaning: "Its API token." },
    Setting { name: "INFLUX_ORG", default: "", meaning: "Its organization: name or id." },
    Setting {
        name: "INFLUX_BUCKET",
        default: "iot_center",
        meaning: "Bucket for what devices measure.",
    },
    Setting {
        name: "INFLUX_BUCKET_AUTH",
        default: "iot_center_devices",
        meaning: "Bucket for the registry of devices. It holds their tokens: better not the same one.",
    },
    Setting {
        name: "INFLUX_USERNAME",
        default: "admin",
        meaning: "First user of an InfluxDB that is not set up yet. It is set up with `INFLUX_TOKEN` as its operator token.",
    },
    Setting {
        name: "INFLUX_PASSWORD",
        default: "",
        meaning: "Password of that user; without one it cannot sign in.",
    },
    Setting {
        name: "IOT_CENTER_STORE_ADDR",
        default: "127.0.0.1:8086",
        meaning: "Where the embedded store listens.",
    },
    Setting {
        name: "IOT_CENTER_DATA_DIR",
        default: "data",
        meaning: "Where the embedded store keeps its data and its operator token.",
    },
    Setting {
        name: "IOT_CENTER_STORE_URL",
        default: "",
        meaning: "Address of the store or InfluxDB as devices see it, if it is not the one that the server uses.",
    },
    Setting {
        name: "IOT_CENTER_DEVICE_TAG",
        default: "clientId",
        meaning: "Tag that names the device in points that IoT Center writes: `clientId` or `device`. Both are read.",
    },
    Setting {
        name: "IOT_CENTER_ENROLLMENT",
        default: "local",
        meaning: "Who gets a device's configuration, which holds its token, from `/api/env/<id>`: programs on this machine (`local`), every device that reaches the server (`open`), nobody (`closed`). Browsers never do.",
    },
    Setting {
        name: "IOT_CENTER_MEASUREMENT_INTERVAL",
        default: "60",
        meaning: "How often devices shall measure, in seconds; part of their configuration.",
    },
    Setting {
        name: "IOT_CENTER_CONFIGURATION_REFRESH",
        default: "3600",
        meaning: "How often devices shall fetch their configuration, in seconds. A token that was replaced goes on for twice as long.",
    },
    Setting {
        name: "IOT_CENTER_ONLINE_MINUTES",
        default: "5",
        meaning: "A device whose last point is younger is online.",
    },
    Setting {
        name: "IOT_CENTER_STALE_MINUTES",
        default: "1440",
        meaning: "A device whose last point is younger is stale, else silent.",
    },
    Setting {
        name: "IOT_CENTER_LAST_SEEN_DAYS",
        default: "365",
        meaning: "How far back the last point of a device is looked for.",
    },
    Setting {
        name: "IOT_CENTER_HOSTS",
        default: "",
        meaning: "Names, separated by commas, under which the server is reached besides `localhost` and its own address.",
    },
    Setting {
        name: "IOT_CENTER_INSECURE_LAN",
        default: "0",
        meaning: "`1` permits addresses other than loopback although there is no sign-in yet: everybody in that network can then do everything.",
    },
    Setting {
        name: "IOT_CENTER_REGISTRATIONS_PER_MINUTE",
        default: "30",
        meaning: "How many devices a caller on another machine may register in a minute.",
    },
    Setting {
        name: "IOT_CENTER_MONITOR",
        default: "0",
        meaning: "`1` writes how long requests took and what the process costs to `INFLUX_BUCKET`, every ten seconds; `/metrics` has it in any case.",
    },
    Setting {
        name: "MQTT_URL",
        default: "",
        meaning: "Address of an MQTT 5 broker, such as `mqtt://localhost:1883`, or with TLS `mqtts://broker.example:8883`.",
    },
    Setting {
        name: "MQTT_TOPIC",
        default: "",
        meaning: "Topic that devices publish line protocol to. With both set, what arrives there is written to `INFLUX_BUCKET`.",
    },
    Setting { name: "MQTT_USERNAME", default: "", meaning: "User at the broker." },
    Setting { name: "MQTT_PASSWORD", default: "", meaning: "Password of that user." },
    Setting {
        name: "MQTT_OPTIONS",
        default: "{\"connectTimeout\":10000}",
        meaning: "A JSON object: `connectTimeout` (milliseconds), `keepalive` (seconds), `clientId`, and for TLS `ca`, `cert` and `key`, each PEM or the path of a file.",
    },
    Setting {
        name: "MQTT_PRECISION",
        default: "auto",
        meaning: "Unit of the timestamps in messages: `s`, `ms`, `us`, `ns`, or `auto`, which tells it by their size.",
    },
    Setting {
        name: "LEPTOS_SITE_ADDR",
        default: "127.0.0.1:3000",
        meaning: "Where the web server listens.",
    },
    Setting {
        name: "LEPTOS_SITE_ROOT",
        default: "target/site",
        meaning: "Where the files for the browser are.",
    },
    Setting {
        name: "RUST_LOG",
        default: "info",
        meaning: "What is logged, as in the documentation of [tracing](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html).",
    },
];

/// The default of a setting; empty for one that has none.
pub(super) fn default_of(name: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default)
}

/// The settings as a table in Markdown.
pub fn settings_table() -> String {
    let mut table = String::from("| Setting | Default | Meaning |\n|---|---|---|\n");
    for Setting { name, default, meaning } in SETTINGS {
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        // Writing into a string cannot fail.
        let _ = writeln!(table, "| `{name}` | {default} | {meaning} |");
    }
    table
}
