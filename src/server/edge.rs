//! Between server functions and use-cases: the state of the request, its time limit, its errors.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use futures::{Stream, StreamExt as _};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use tokio::time::Instant;

use super::influx::{Connection, Session, TimeLimit};
use super::listen::Endpoints;
use super::middleware::host::host_of;
use super::middleware::trace::{RequestId, RequestStart};
use super::ports::{Cause, Clock, PortError};
use super::services::{Error, Result};
use super::state::{AppState, Shared};
use crate::api::ApiError;

/// While a page is rendered, all its data together has this long; then the page goes out without it. Who asks for more
/// (`Prefer: wait=5`, RFC 7240) gets up to [`CALL_LIMIT`]: a page that is kept up to date in the background.
pub const PAGE_LIMIT: Duration = Duration::from_secs(1);

/// A call of a server function by the browser has this long.
pub const CALL_LIMIT: Duration = Duration::from_secs(10);

/// While a device is followed, each call to InfluxDB has this long: it is asked again soon, and somebody waits to be told.
pub const FOLLOW_LIMIT: Duration = Duration::from_secs(5);

/// Where server functions live.
pub const SERVER_FUNCTIONS: &str = "/rpc/";

/// A call of a server function: by the browser, or while a page is rendered.
#[derive(Debug, Clone)]
pub struct Edge {
    state: AppState,
    limit: TimeLimit,
    request_id: String,
    host: Option<String>,
    peer: Option<SocketAddr>,
    is_page: bool,
    is_form: bool,
    is_from_elsewhere: bool,
    response: Option<ResponseOptions>,
}

impl Edge {
    /// Reads the context of the request: call it before the first `await`.
    pub fn of_request() -> std::result::Result<Self, ApiError> {
        let parts = use_context::<Parts>();
        let request_id = parts.as_ref().map(request_id).unwrap_or_default();
        let (Some(parts), Some(state)) = (parts, use_context::<AppState>()) else {
            // Only a router that was put together wrongly gets here.
            tracing::error!("a server function was called without its context");
            return Err(ApiError::Internal { request_id });
        };
        let is_page = !parts.uri.path().starts_with(SERVER_FUNCTIONS);
        let total = if is_page { patience(&parts.headers) } else { CALL_LIMIT };
        let start =
            parts.extensions.get::<RequestStart>().map_or_else(Instant::now, |start| start.0);
        Ok(Self {
            state,
            limit: TimeLimit { deadline: start + total, total },
            request_id,
            host: host_of(&parts.headers, &parts.uri, parts.version),
            peer: Endpoints::of(&parts.extensions).map(|endpoints| endpoints.peer),
            is_page,
            is_form: accepts_html(&parts.headers),
            is_from_elsewhere: is_from_elsewhere(&parts.headers),
            response: use_context::<ResponseOptions>(),
        })
    }

    pub fn state(&self) -> &AppState {
        &self.state
    }

    pub fn shared(&self) -> &Shared {
        &self.state.shared
    }

    /// The name under which the caller has reached this server.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Counts that the caller registers a device; refuses where a caller on another machine does it too often.
    pub fn check_registration(&self) -> std::result::Result<(), ApiError> {
        let Some(peer) = self.peer else { return Ok(()) };
        self.shared().rates.check_registration(peer).map_err(|wait| {
            if let Some(response) = self.own_response() {
                response.set_status(StatusCode::TOO_MANY_REQUESTS);
                response.insert_header(header::RETRY_AFTER, wait.seconds().into());
            }
            ApiError::Unavailable(wait.to_string())
        })
    }

    /// Whether another site has sent somebody's browser here.
    pub fn is_from_elsewhere(&self) -> bool {
        self.is_from_elsewhere
    }

    /// InfluxDB, within the time limit of the request.
    pub async fn influx(&self) -> Result<(Arc<Connection>, Session)> {
        self.session(Some(self.limit)).await
    }

    /// InfluxDB for work whose length is not known beforehand; each call still has its own limit. A page does not wait for it longer
    /// than for all else.
    pub async fn unlimited_influx(&self) -> Result<(Arc<Connection>, Session)> {
        self.session(self.is_page.then_some(self.limit)).await
    }

    /// InfluxDB for what somebody waits for: within so long from now, however long a page waits else.
    pub async fn influx_within(&self, total: Duration) -> Result<Session> {
        let limit = TimeLimit { deadline: Instant::now() + total, total };
        Ok(self.session(Some(limit)).await?.1)
    }

    async fn session(&self, limit: Option<TimeLimit>) -> Result<(Arc<Connection>, Session)> {
        let connection = self.shared().backend.connection(limit.or(Some(self.limit))).await?;
        let session = Session::new(Arc::clone(&connection), limit, self.shared().clock.now());
        Ok((connection, session))
    }

    /// InfluxDB for work that goes on for hours: makes a session for one call, with a time limit and a `now` of its own. A longer session
    /// would remember all of its calls.
    pub async fn sessions(&self) -> Result<impl Fn() -> Session + Clone + Send + Sync + use<>> {
        let connection = self.shared().backend.connection(Some(self.limit)).await?;
        let clock = self.shared().clock;
        Ok(move || {
            let limit = TimeLimit { deadline: Instant::now() + FOLLOW_LIMIT, total: FOLLOW_LIMIT };
            Session::new(Arc::clone(&connection), Some(limit), clock.now())
        })
    }

    /// Ends a stream that would go on for ever when the server is to stop, which waits for all answers to end.
    pub fn until_shutdown<S: Stream>(&self, stream: S) -> impl Stream<Item = S::Item> + use<S> {
        stream.take_until(self.shared().shutdown.clone().cancelled_owned())
    }

    /// The outcome of a use-case as the outcome of the server function, with a fitting status.
    pub fn answer<T>(&self, result: Result<T>) -> std::result::Result<T, ApiError> {
        result.map_err(|error| {
            let (status, error) = self.convert(error);
            if let Some(response) = self.own_response() {
                response.set_status(status);
            }
            error
        })
    }

    /// The response, if its status is ours to set: a form without JavaScript is answered with a redirect, and a page sets its own.
    fn own_response(&self) -> Option<&ResponseOptions> {
        self.response.as_ref().filter(|_| !self.is_page && !self.is_form)
    }

    fn convert(&self, error: Error) -> (StatusCode, ApiError) {
        match error {
            Error::NotFound(message) => (StatusCode::NOT_FOUND, ApiError::NotFound(message)),
            Error::Invalid { field, message } => {
                (StatusCode::BAD_REQUEST, ApiError::Invalid { field: field.to_owned(), message })
            }
            Error::Conflict(message) => (StatusCode::CONFLICT, ApiError::Conflict(message)),
            Error::Gone(message) => (StatusCode::GONE, ApiError::Conflict(message)),
            Error::Port(PortError { sentence, cause: Cause::TooLarge }) => (
                StatusCode::BAD_GATEWAY,
                ApiError::Invalid { field: "range".to_owned(), message: sentence },
            ),
            Error::Port(PortError { sentence, cause }) => {
                tracing::warn!(request.id = self.request_id, ?cause, "InfluxDB: {sentence}");
                (StatusCode::SERVICE_UNAVAILABLE, ApiError::Unavailable(sentence))
            }
            Error::Internal(cause) => {
                tracing::error!(request.id = self.request_id, "{cause}");
                let request_id = self.request_id.clone();
                (StatusCode::INTERNAL_SERVER_ERROR, ApiError::Internal { request_id })
            }
        }
    }
}

/// Goes to a path of this site after the server function, with or without JavaScript.
pub fn redirect(path: &str) {
    // leptos_axum panics on what cannot stand in a header.
    let is_own_path = path.starts_with('/') && !path.starts_with("//");
    let path =
        if is_own_path && path.bytes().all(|byte| byte.is_ascii_graphic()) { path } else { "/" };
    leptos_axum::redirect(path);
}

/// Whether the request is a form or a navigation, not a call by a script.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

/// Whether another site has sent somebody's browser here. What costs something is not done at its word.
pub fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().any(|site| site != "same-origin" && site != "none")
}

/// How long a page may wait for its data.
fn patience(headers: &HeaderMap) -> Duration {
    let preferences = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| value.split(','))
        .find_map(|preference| preference.trim().strip_prefix("wait=")?.parse().ok())
        .map_or(PAGE_LIMIT, |seconds| Duration::from_secs(seconds).clamp(PAGE_LIMIT, CALL_LIMIT))
}

fn request_id(parts: &Parts) -> String {
    parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

/// A device id as it came from outside.
pub fn parse_device_id(id: &str) -> Result<crate::model::device::DeviceId> {
    crate::model::device::DeviceId::parse(id).map_err(|error| Error::Invalid {
        field: "device_id",
        message: format!("\"{}\" is no device ID: {error}.", shorten(id)),
    })
}

/// The same where the id names a page: there is no such page.
pub fn existing_device_id(id: &str) -> Result<crate::model::device::DeviceId> {
    crate::model::device::DeviceId::parse(id)
        .map_err(|_| super::services::details::not_found(&shorten(id)))
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_waits_as_long_as_is_wanted_within_limits() {
        let wanted = |value: &'static str| {
            patience(&HeaderMap::from_iter([(
                axum::http::HeaderName::from_static("prefer"),
                axum::http::HeaderValue::from_static(value),
            )]))
        };
        assert_eq!(patience(&HeaderMap::new()), PAGE_LIMIT);
        assert_eq!(wanted("respond-async, wait=5"), Duration::from_secs(5));
        assert_eq!(wanted("wait=86400"), CALL_LIMIT);
        assert_eq!(wanted("wait=0"), PAGE_LIMIT);
        assert_eq!(wanted("wait=long"), PAGE_LIMIT);
    }

    #[test]
    fn long_ids_are_repeated_in_part() {
        assert_eq!(shorten("a"), "a");
        assert_eq!(shorten(&"ä".repeat(100)).chars().count(), 81);
    }
}
