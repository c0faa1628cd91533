use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;
use crate::server::config::Config;

const BROKER: [(&str, &str); 2] =
    [("MQTT_URL", "mqtt://localhost"), ("MQTT_TOPIC", "iot/environment")];

fn read(settings: &[(&str, &str)]) -> (Option<MqttConfig>, Vec<String>) {
    let config = Config::read(&Environment::of(settings.iter().copied().chain(BROKER)));
    (config.mqtt, config.problems)
}

#[track_caller]
fn good(settings: &[(&str, &str)]) -> MqttConfig {
    let (mqtt, problems) = read(settings);
    assert_eq!(problems, [] as [String; 0]);
    mqtt.expect("MQTT is on")
}

/// Names the setting in one line and repeats no secret; MQTT goes on where that is as secure as what was asked for.
#[track_caller]
fn check_problem(settings: &[(&str, &str)], parts: &[&str], stays_on: bool) {
    let config = Config::read(&Environment::of(settings.iter().copied()));
    let [problem] = config.problems.as_slice() else { panic!("{:?}", config.problems) };
    for part in parts {
        assert!(problem.contains(part), "{problem}");
    }
    assert!(problem.ends_with('.') && !problem.contains('\n'), "{problem}");
    assert!(!problem.contains("canary"), "{problem}");
    assert_eq!(config.mqtt.is_some(), stays_on, "{problem}");
}

#[test]
fn off_unless_asked_for() {
    let config = Config::read(&Environment::of([]));
    assert!(config.mqtt.is_none() && config.problems.is_empty());
    check_problem(&BROKER[..1], &["MQTT_TOPIC"], false);
    check_problem(&BROKER[1..], &["MQTT_URL"], false);
}

#[test]
fn as_in_iot_center() {
    let mqtt = good(&[]);
    assert_eq!((mqtt.url.as_str(), mqtt.topic.as_str()), ("mqtt://localhost", "iot/environment"));
    assert_eq!(mqtt.broker.to_string(), "mqtt://localhost:1883");
    assert_eq!(mqtt.options.connect_timeout, Duration::from_secs(10));
    assert_eq!(mqtt.options_for_devices.expose_secret(), r#"{"connectTimeout":10000}"#);
    assert_eq!(mqtt.timestamps, TimestampUnit::Auto);
    assert!(mqtt.username.is_none() && mqtt.password.is_none());

    let mqtt = good(&[
        ("MQTT_USERNAME", "user"),
        ("MQTT_PASSWORD", "pass word"),
        ("MQTT_PRECISION", "s"),
        ("MQTT_OPTIONS", r#"{ "keepalive": 60, "connectTimeout": 2500, "clientId": "mine" }"#),
    ]);
    assert_eq!(mqtt.username.as_deref(), Some("user"));
    assert_eq!(mqtt.password.unwrap().expose_secret(), "pass word");
    assert_eq!(mqtt.options.keep_alive, Duration::from_secs(60));
    assert_eq!(mqtt.options.connect_timeout, Duration::from_millis(2_500));
    assert_eq!(mqtt.options.client_id.as_deref(), Some("mine"));
    assert_eq!(mqtt.timestamps, TimestampUnit::Seconds);
    // A device of the same name would take the server's messages.
    assert_eq!(
        mqtt.options_for_devices.expose_secret(),
        r#"{"connectTimeout":2500,"keepalive":60}"#
    );
}

#[test]
fn credentials_among_the_options() {
    let options = ("MQTT_OPTIONS", r#"{"username":"a","password":"b"}"#);
    let mqtt = good(&[options]);
    assert_eq!(mqtt.username.as_deref(), Some("a"));
    assert_eq!(mqtt.password.unwrap().expose_secret(), "b");
    let mqtt = good(&[options, ("MQTT_USERNAME", "c")]);
    assert_eq!(mqtt.username.as_deref(), Some("c"));
}

#[test]
fn addresses() {
    for (url, expected, is_encrypted, is_loopback) in [
        ("mqtt://127.0.0.1:1884", "mqtt://127.0.0.1:1884", false, true),
        ("tcp://broker.example/", "mqtt://broker.example:1883", false, false),
        ("mqtts://broker.example", "mqtts://broker.example:8883", true, false),
        ("ssl://10.0.0.1:9", "mqtts://10.0.0.1:9", true, false),
        ("mqtt://[::1]", "mqtt://[::1]:1883", false, true),
        ("MQTTS://[fd00::1]:8884", "mqtts://[fd00::1]:8884", true, false),
    ] {
        let mqtt = good(&[("MQTT_URL", url)]);
        assert_eq!(mqtt.broker.to_string(), expected);
        assert_eq!(
            (mqtt.broker.is_encrypted, mqtt.broker.is_loopback()),
            (is_encrypted, is_loopback)
        );
        assert!(!mqtt.broker.host.contains('['));
    }
    for url in [
        "localhost",
        "localhost:1883",
        "http://localhost",
        "ws://localhost",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://host:canary",
        "mqtt://host:70000",
        "mqtt://host:0",
        "mqtt://user:canary@host",
        "mqtt://host/canary",
        "mqtt://host?canary",
        "mqtt://ho st",
    ] {
        check_problem(&[("MQTT_URL", url), BROKER[1]], &["MQTT_URL"], false);
    }
}

#[test]
fn topics() {
    for topic in ["#", "iot/+/env", "$share/x/iot", "a\u{7}b"] {
        check_problem(&[BROKER[0], ("MQTT_TOPIC", topic)], &["MQTT_TOPIC"], false);
    }
}

#[test]
fn options_that_are_wrong_are_named() {
    for (options, part) in [
        ("", ""),
        (r#"{"connectTimeout":"canary"}"#, "connectTimeout"),
        (r#"{"connectTimeout":1}"#, "connectTimeout"),
        (r#"{"keepalive":0}"#, "keepalive"),
        (r#"{"clientId":7}"#, "clientId"),
        (r#"{"password":7}"#, "password"),
        (r#"{"rejectUnauthorized":false}"#, "rejectUnauthorized"),
        (r#"{"clean":true}"#, "clean"),
        (r#"{"protocolVersion":4}"#, "protocolVersion"),
        (r#"{"reconnectPeriod":1000}"#, "\"reconnectPeriod\""),
        ("[\"canary\"]", "JSON object"),
        ("{\"password\":\"canary\"", "JSON object"),
    ] {
        if part.is_empty() {
            // Empty is not set.
            good(&[("MQTT_OPTIONS", options)]);
            continue;
        }
        let settings = [BROKER[0], BROKER[1], ("MQTT_OPTIONS", options)];
        check_problem(&settings, &["MQTT_OPTIONS", part], true);
    }
    good(&[("MQTT_OPTIONS", r#"{"rejectUnauthorized":true,"clean":false,"protocolVersion":5}"#)]);
    let settings = [BROKER[0], BROKER[1], ("MQTT_PASSWORD", "canary")];
    check_problem(&settings, &["MQTT_USERNAME"], true);
    let settings = [BROKER[0], BROKER[1], ("MQTT_PRECISION", "minutes")];
    check_problem(&settings, &["MQTT_PRECISION"], true);
}

#[test]
fn certificates_are_given_as_text_or_as_files() {
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, PEM).unwrap();
    let given = serde_json::json!({ "ca": path, "cert": PEM, "key": PEM }).to_string();
    let mqtt = good(&[("MQTT_OPTIONS", &given)]);
    assert_eq!(mqtt.options.authorities.as_deref(), Some(PEM.as_bytes()));
    assert!(mqtt.options.identity.is_some());
    assert_eq!(mqtt.options_for_devices.expose_secret(), "{}");
    for options in [
        r#"{"ca":"/there/is/none.pem"}"#,
        r#"{"ca":"canary"}"#,
        r#"{"cert":"-----BEGIN CERTIFICATE-----"}"#,
    ] {
        let settings = [BROKER[0], BROKER[1], ("MQTT_OPTIONS", options)];
        check_problem(&settings, &["MQTT_OPTIONS"], false);
    }
}

#[test]
fn no_debug_text_holds_a_secret() {
    let options = r#"{"password":"canary","key":"-----BEGIN canary","cert":"-----BEGIN x"}"#;
    let mqtt =
        good(&[("MQTT_OPTIONS", options), ("MQTT_PASSWORD", "canary"), ("MQTT_USERNAME", "u")]);
    assert!(!format!("{mqtt:?}").contains("canary"));
}
