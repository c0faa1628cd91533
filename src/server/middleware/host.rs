//! Only requests for a name that is ours: a web page elsewhere can point its own name at this machine (DNS rebinding), and its scripts
//! would then be of our origin.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::listen::Endpoints;

/// The hosts that are served: `name:port`, lower case.
#[derive(Debug, Clone)]
pub struct Hosts {
    names: Arc<[String]>,
    /// Bound to all interfaces: the address that the connection arrived at is ours, too.
    is_unspecified: bool,
}

impl Hosts {
    /// For a server bound to `addresses` that is also reached by the names in `configured`, with or without a port.
    pub fn new(addresses: &[SocketAddr], configured: &[String]) -> Self {
        let mut names = Vec::new();
        for address in addresses {
            let port = address.port();
            names.push(address.to_string());
            if address.ip().is_loopback() || address.ip().is_unspecified() {
                names.push(format!("localhost:{port}"));
                names.push(format!("127.0.0.1:{port}"));
                names.push(format!("[{}]:{port}", Ipv6Addr::LOCALHOST));
            }
            for name in configured {
                names.push(name.clone());
                if !has_port(name) {
                    names.push(format!("{name}:{port}"));
                }
            }
        }
        // Browsers leave out the port of their scheme.
        let bare: Vec<String> =
            names.iter().filter_map(|name| name.strip_suffix(":80")).map(str::to_owned).collect();
        names.extend(bare);
        names.sort();
        names.dedup();
        let is_unspecified = addresses.iter().any(|address| address.ip().is_unspecified());
        Self { names: names.into(), is_unspecified }
    }

    /// Whether the value of a `Host` header is one of ours.
    pub fn allow(&self, host: &str, local: Option<SocketAddr>) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.contains(&host)
            || self.is_unspecified
                && local.is_some_and(|local| {
                    SocketAddr::new(canonical(local.ip()), local.port()).to_string() == host
                })
    }
}

/// 10.0.0.1 rather than `::ffff:10.0.0.1`.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn has_port(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(host, port)| {
        !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && (!host.contains(':') || host.ends_with(']'))
    })
}

/// Refuses requests for other hosts with 421.
pub async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let local = Endpoints::of(request.extensions()).and_then(|endpoints| endpoints.local);
    if requested_host(&request).is_some_and(|host| hosts.allow(&host, local)) {
        return next.run(request).await;
    }
    (
        StatusCode::MISDIRECTED_REQUEST,
        "This server is not known by that name. If it should be, add the name to IOT_CENTER_HOSTS.\n",
    )
        .into_response()
}

/// The one host that the request names; `None` if it names none, or two that differ.
pub fn requested_host(request: &Request) -> Option<String> {
    host_of(request.headers(), request.uri(), request.version())
}

/// The same of a request of which only the head is left.
pub fn host_of(headers: &HeaderMap, uri: &Uri, version: Version) -> Option<String> {
    let mut values = headers.get_all(header::HOST).iter();
    let header = match (values.next(), values.next()) {
        (Some(value), None) => Some(value.to_str().ok()?.to_owned()),
        (None, None) => None,
        _ => return None,
    };
    let authority = uri.authority().map(ToString::to_string);
    match (header, authority) {
        (Some(header), Some(authority)) if header != authority => None,
        (Some(host), _) => Some(host),
        // `:authority` takes the place of the header in HTTP/2 only.
        (None, Some(authority)) if version == Version::HTTP_2 => Some(authority),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_server_is_known_by_its_own_names_only() {
        let hosts = Hosts::new(
            &["127.0.0.1:3000".parse().unwrap()],
            &["iot.example".to_owned(), "other:9000".to_owned()],
        );
        for host in [
            "127.0.0.1:3000",
            "localhost:3000",
            "LOCALHOST:3000",
            "[::1]:3000",
            "iot.example",
            "iot.example:3000",
            "other:9000",
        ] {
            assert!(hosts.allow(host, None), "{host}");
        }
        for host in [
            "",
            "localhost",
            "localhost:3001",
            "127.0.0.1",
            "127.0.0.2:3000",
            "evil.example:3000",
            "localhost.evil.example:3000",
            "localhost:3000.evil.example",
            "evil.localhost:3000",
            "localhost:3000@evil",
            "other",
            "0.0.0.0:3000",
            "[::]:3000",
            "localhost.:3000",
            "localhost:03000",
            "2130706433:3000",
        ] {
            assert!(!hosts.allow(host, Some("127.0.0.1:3000".parse().unwrap())), "{host}");
        }
    }

    #[test]
    fn a_server_on_all_interfaces_is_known_by_the_address_that_was_reached() {
        let hosts = Hosts::new(&["0.0.0.0:3000".parse().unwrap()], &[]);
        let local = Some("10.0.0.5:3000".parse().unwrap());
        assert!(hosts.allow("10.0.0.5:3000", local));
        assert!(!hosts.allow("10.0.0.6:3000", local));
        assert!(hosts.allow("localhost:3000", local));
        assert!(hosts.allow("10.0.0.5:3000", Some("[::ffff:10.0.0.5]:3000".parse().unwrap())));
    }
}
