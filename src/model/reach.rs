//! From where an address can be reached, as far as it tells by itself.

use std::net::IpAddr;

/// Whether a URL leads to the machine of whoever uses it: no device elsewhere gets to this one by it.
pub fn is_of_this_machine(url: &str) -> bool {
    let host = host_of(url);
    let is_name =
        host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    is_name
        || host.parse().is_ok_and(|address: IpAddr| {
            let address = address.to_canonical();
            address.is_loopback() || address.is_unspecified()
        })
}

/// Without scheme, user, port and path; an IPv6 address without its brackets.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_only() {
        for url in [
            "http://localhost:8086",
            "http://LOCALHOST",
            "http://influx.localhost:8086/x",
            "http://127.0.0.1:8086",
            "http://127.1.2.3",
            "https://[::1]:8086/influx",
            "http://[::ffff:127.0.0.1]:8086",
            "http://0.0.0.0:8086",
            "http://me:secret@localhost:8086",
        ] {
            assert!(is_of_this_machine(url), "{url}");
        }
        for url in [
            "http://192.168.1.5:8086",
            "http://[fd00::1]:8086",
            "https://eu-central-1-1.aws.cloud2.influxdata.com",
            "http://localhost.example.org",
            "http://notlocalhost:8086",
            "http://pi:8086/localhost",
            "",
        ] {
            assert!(!is_of_this_machine(url), "{url}");
        }
    }
}
