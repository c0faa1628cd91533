//! Who calls: a browser or not, from this machine or another.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::server::listen::Endpoints;
use crate::server::middleware::host::host_of;
use crate::server::middleware::trace::RequestId;

/// What matters of a caller.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Whether a web page may be behind it: it gets no token.
    pub(super) is_browser: bool,
    /// Whether it is a program on this machine, which talks to us without a proxy in between.
    pub(super) is_on_this_machine: bool,
    /// The other end of the connection.
    pub(super) peer: Option<SocketAddr>,
    /// The name that it has reached this server by.
    pub(super) host: Option<String>,
    /// How the log calls the request.
    pub(super) request_id: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let endpoints = Endpoints::of(&parts.extensions);
        let request_id = parts.extensions.get::<RequestId>();
        Ok(Self {
            is_browser: is_browser(&parts.headers),
            // Where it came from is not known: it may be from anywhere.
            is_on_this_machine: endpoints.is_some_and(Endpoints::is_local_caller)
                && !is_forwarded(&parts.headers),
            peer: endpoints.map(|endpoints| endpoints.peer),
            host: host_of(&parts.headers, &parts.uri, parts.version),
            request_id: request_id.map(|id| id.0.clone()).unwrap_or_default(),
        })
    }
}

/// Browsers say where a request comes from, or send a cookie; no other program has a reason to.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        || headers.contains_key(header::COOKIE)
        || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"))
}

/// Whether a proxy has passed it on, from who knows where.
fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
        .into_iter()
        .any(|name| headers.contains_key(name))
}

#[cfg(test)]
mod tests {
    use axum::extract::ConnectInfo;
    use axum::http::Request;

    use super::*;

    async fn caller(peer: Option<&str>, headers: &[(&'static str, &'static str)]) -> Caller {
        let mut request = Request::get("/api/devices");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        if let Some(peer) = peer {
            let endpoints = Endpoints { local: None, peer: peer.parse().unwrap() };
            request.extensions_mut().insert(ConnectInfo(endpoints));
        }
        let Ok(caller) = Caller::from_request_parts(&mut request.into_parts().0, &()).await;
        caller
    }

    #[tokio::test]
    async fn browsers_give_themselves_away() {
        for header in
            [("origin", "http://127.0.0.1:3000"), ("cookie", "theme=dark"), ("sec-fetch-dest", "x")]
        {
            assert!(caller(None, &[header]).await.is_browser, "{header:?}");
        }
        assert!(!caller(None, &[("user-agent", "Mozilla/5.0")]).await.is_browser);
    }

    #[tokio::test]
    async fn who_is_on_this_machine() {
        assert!(caller(Some("127.0.0.1:9"), &[]).await.is_on_this_machine);
        assert!(caller(Some("[::ffff:127.0.0.1]:9"), &[]).await.is_on_this_machine);
        assert!(!caller(Some("10.0.0.9:9"), &[]).await.is_on_this_machine);
        assert!(!caller(None, &[]).await.is_on_this_machine);
        for header in [("x-forwarded-for", "10.0.0.9"), ("forwarded", "for=10.0.0.9")] {
            assert!(!caller(Some("127.0.0.1:9"), &[header]).await.is_on_this_machine, "{header:?}");
        }
    }
}
