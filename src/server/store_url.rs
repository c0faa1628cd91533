//! The address of the store or InfluxDB as devices see it: what they get as `influx_url` and what snippets name.

use std::net::IpAddr;

use super::config::{BackendConfig, Config};

/// Where that address comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `IOT_CENTER_STORE_URL` says it.
    Configured(String),
    /// It is the server's own.
    Own,
    /// The server's own is of this machine alone (`127.0.0.1`, `localhost`), but other machines may reach the same port: they get it
    /// under the name that they know this machine by.
    ByHost,
}

impl StoreUrl {
    pub fn of(config: &Config) -> Self {
        match (&config.store_url, &config.backend) {
            (Some(url), _) => Self::Configured(url.clone()),
            (None, BackendConfig::Embedded(store)) if store.address.ip().is_unspecified() => {
                Self::ByHost
            }
            // Where an InfluxDB listens besides, only its own configuration says; usually it is everywhere.
            (None, BackendConfig::Influx(_)) => Self::ByHost,
            (None, BackendConfig::Embedded(_) | BackendConfig::None) => Self::Own,
        }
    }

    /// Whether devices on other machines get an address that only this machine reaches.
    pub fn is_out_of_reach(&self, own: &str) -> bool {
        let authority = own.split_once("://").map_or(own, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        *self == Self::Own && is_loopback(without_port(authority))
    }

    /// The address for a caller that has reached this server as `host` (`name`, `name:port`), which must be known to be ours.
    /// `own` is the server's own address of the store.
    pub fn seen_by(&self, own: &str, host: Option<&str>) -> String {
        let own = own.trim_end_matches('/');
        match self {
            Self::Configured(url) => url.clone(),
            Self::Own => own.to_owned(),
            Self::ByHost => host
                .and_then(|host| moved(own, without_port(host)))
                .unwrap_or_else(|| own.to_owned()),
        }
    }
}

/// The URL with this name in place of a name of this machine alone; `None` if either is not so.
fn moved(url: &str, name: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let own_name = without_port(authority);
    if name.is_empty() || is_loopback(name) || !is_loopback(own_name) {
        return None;
    }
    let port = authority.strip_prefix(own_name)?;
    Some(format!("{scheme}://{name}{port}{path}"))
}

/// `localhost:3000` → `localhost`, `[::1]:3000` → `[::1]`.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

/// Whether that is this machine, whoever says it.
fn is_loopback(name: &str) -> bool {
    let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    name.eq_ignore_ascii_case("localhost")
        || address
            .is_some_and(|address| address.to_canonical().is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::Environment;

    #[track_caller]
    fn check(settings: &[(&str, &str)], own: &str, host: Option<&str>, expected: &str) {
        let config = Config::read(&Environment::of(settings.iter().copied()));
        assert_eq!(config.problems, [] as [String; 0]);
        assert_eq!(StoreUrl::of(&config).seen_by(own, host), expected);
    }

    const EVERYWHERE: &[(&str, &str)] = &[("IOT_CENTER_STORE_ADDR", "0.0.0.0:8086")];
    const EMBEDDED: &str = "http://127.0.0.1:8086/";

    #[test]
    fn a_store_on_all_addresses_is_where_the_caller_has_found_this_machine() {
        check(EVERYWHERE, EMBEDDED, Some("10.0.0.5:3000"), "http://10.0.0.5:8086");
        check(EVERYWHERE, EMBEDDED, Some("iot.example"), "http://iot.example:8086");
        check(EVERYWHERE, EMBEDDED, Some("[2001:db8::1]:3000"), "http://[2001:db8::1]:8086");
        for local in
            ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST", "0.0.0.0:3000", ""]
        {
            check(EVERYWHERE, EMBEDDED, Some(local), "http://127.0.0.1:8086");
        }
        check(EVERYWHERE, EMBEDDED, None, "http://127.0.0.1:8086");
    }

    #[test]
    fn what_only_this_machine_reaches_is_not_dressed_up() {
        check(&[], EMBEDDED, Some("10.0.0.5:3000"), "http://127.0.0.1:8086");
        let one = [("IOT_CENTER_STORE_ADDR", "10.0.0.5:8086")];
        check(&one, "http://10.0.0.5:8086/", Some("192.168.0.5:3000"), "http://10.0.0.5:8086");
    }

    #[test]
    fn what_devices_on_other_machines_cannot_reach_is_known() {
        assert!(StoreUrl::Own.is_out_of_reach("http://127.0.0.1:8086/"));
        assert!(!StoreUrl::Own.is_out_of_reach("http://10.0.0.5:8086"));
        assert!(!StoreUrl::ByHost.is_out_of_reach("http://127.0.0.1:8086"));
        assert!(!StoreUrl::Configured(String::new()).is_out_of_reach("http://127.0.0.1:8086"));
    }

    #[test]
    fn an_influxdb_on_this_machine_is_found_by_its_name_and_any_other_where_it_is() {
        let influx = |url| [("INFLUX_URL", url), ("INFLUX_TOKEN", "t"), ("INFLUX_ORG", "o")];
        let local = "http://localhost:8086/influx";
        check(&influx(local), local, Some("10.0.0.5:3000"), "http://10.0.0.5:8086/influx");
        let other = "https://cloud.example/";
        check(&influx(other), other, Some("10.0.0.5:3000"), "https://cloud.example");
    }

    #[test]
    fn the_setting_wins() {
        let settings = [EVERYWHERE[0], ("IOT_CENTER_STORE_URL", "https://store.example/")];
        check(&settings, EMBEDDED, Some("10.0.0.5:3000"), "https://store.example");
    }
}
