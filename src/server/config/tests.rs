use secrecy::ExposeSecret;

use super::*;

fn read<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Config {
    Config::read(&Environment::of(values))
}

const INFLUX: [(&str, &str); 3] =
    [("INFLUX_URL", "http://localhost:8086/"), ("INFLUX_TOKEN", "secret"), ("INFLUX_ORG", "home")];

#[test]
fn nothing_set_means_the_embedded_store() {
    let config = read([]);
    assert!(config.problems.is_empty(), "{:?}", config.problems);
    let BackendConfig::Embedded(StoreConfig { address, data_directory }) = config.backend else {
        panic!("{:?}", config.backend)
    };
    assert_eq!(address.to_string(), "127.0.0.1:8086");
    assert_eq!(data_directory, PathBuf::from("data"));
    assert_eq!(config.buckets.telemetry, "iot_center");
    assert_eq!(config.buckets.registry, "iot_center_devices");
    assert_eq!(config.liveness, LivenessLimits::default());
    assert_eq!(config.look_back, Duration::from_hours(365 * 24));
}

#[test]
fn an_influxdb() {
    let config = read(INFLUX);
    let BackendConfig::Influx(influx) = config.backend else { panic!("{:?}", config.backend) };
    assert_eq!(influx.url, "http://localhost:8086");
    assert_eq!(influx.token.expose_secret(), "secret");
    assert_eq!((influx.organization.as_str(), influx.username.as_str()), ("home", "admin"));
}

/// One setting is wrong: one line says so and names it, and never repeats a secret.
#[track_caller]
fn check_problem(values: &[(&str, &str)], name: &str, is_backend_left: bool) {
    let config = read(values.iter().copied());
    assert_eq!(config.problems.len(), 1, "{:?}", config.problems);
    let problem = &config.problems[0];
    assert!(
        problem.contains(name) && !problem.contains('\n') && !problem.contains("s e"),
        "{problem}"
    );
    assert_eq!(
        !matches!(config.backend, BackendConfig::None),
        is_backend_left,
        "{:?}",
        config.backend
    );
}

#[test]
fn wrong_settings_are_named() {
    check_problem(&[("INFLUX_TOKEN", "t")], "INFLUX_TOKEN", false);
    check_problem(&[("INFLUX_ORG", "o")], "INFLUX_ORG", false);
    check_problem(&[INFLUX[0], INFLUX[2]], "INFLUX_TOKEN", false);
    check_problem(&[INFLUX[0], INFLUX[1]], "INFLUX_ORG", false);
    check_problem(&[INFLUX[0], INFLUX[2], ("INFLUX_TOKEN", "s e")], "INFLUX_TOKEN", false);
    check_problem(&[("INFLUX_URL", "localhost:8086"), INFLUX[1], INFLUX[2]], "INFLUX_URL", false);
    check_problem(&[("IOT_CENTER_STORE_ADDR", "8086")], "IOT_CENTER_STORE_ADDR", false);
    check_problem(&[("IOT_CENTER_DEVICE_TAG", "tag")], "IOT_CENTER_DEVICE_TAG", true);
    check_problem(&[("IOT_CENTER_STORE_URL", "10.0.0.1")], "IOT_CENTER_STORE_URL", true);
    check_problem(&[("IOT_CENTER_INSECURE_LAN", "yes")], "IOT_CENTER_INSECURE_LAN", true);
    check_problem(&[("IOT_CENTER_MONITOR", "on")], "IOT_CENTER_MONITOR", true);
    check_problem(
        &[("IOT_CENTER_REGISTRATIONS_PER_MINUTE", "0")],
        "IOT_CENTER_REGISTRATIONS_PER_MINUTE",
        true,
    );
    check_problem(&[("IOT_CENTER_ONLINE_MINUTES", "0")], "IOT_CENTER_ONLINE_MINUTES", true);
    check_problem(&[("IOT_CENTER_LAST_SEEN_DAYS", "a year")], "IOT_CENTER_LAST_SEEN_DAYS", true);
}

#[test]
fn empty_is_not_set() {
    let config = read([("INFLUX_URL", ""), ("INFLUX_TOKEN", " ")]);
    assert!(config.problems.is_empty(), "{:?}", config.problems);
}

#[test]
fn no_debug_text_holds_a_secret() {
    let config = read([
        ("INFLUX_URL", "http://localhost"),
        ("INFLUX_TOKEN", "canary"),
        ("INFLUX_ORG", "o"),
        ("INFLUX_PASSWORD", "canary"),
    ]);
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn every_setting_is_in_the_table_once() {
    let table = settings_table();
    for setting in SETTINGS {
        assert_eq!(
            table.matches(&format!("| `{}` |", setting.name)).count(),
            1,
            "{}",
            setting.name
        );
    }
}
