//! `POST /mqtt/api/v2/write`: InfluxDB's write by way of the MQTT broker, for devices that are told to write there.
//!
//! Requests and answers are InfluxDB's; 204 means that the broker has the lines. **What goes through here is let in as InfluxDB would let
//! it in**: with a token that may write to the telemetry bucket, and into no other bucket.

mod refusal;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{MethodRouter, post};
use futures::StreamExt as _;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use self::refusal::Refusal;
use crate::model::mqtt::TimestampUnit;
use crate::server::edge::CALL_LIMIT;
use crate::server::influx::intake::read_lines;
use crate::server::influx::{Connection, Session, TimeLimit};
use crate::server::mqtt::gzip::{self, GzipError};
use crate::server::mqtt::{Mqtt, PublishError};
use crate::server::ports::Clock;
use crate::server::ports::intake::{Access, Lines};
use crate::server::services::access::AdmittedTokens;
use crate::server::state::AppState;

/// A body has at most so many bytes on the wire.
const LARGEST_BODY: usize = 10 << 20;

/// All bodies together have so many bytes at most…
const ROOM: usize = 64 << 20;

/// … counted in pieces of so many.
const PIECE: usize = 64 << 10;

/// The next bytes of a body may take so long.
const BODY_IDLE: Duration = Duration::from_secs(10);

/// The route, with what its requests share.
pub fn route() -> MethodRouter<AppState> {
    let gatehouse = Gatehouse {
        tokens: AdmittedTokens::default(),
        room: Arc::new(Semaphore::new(ROOM / PIECE)),
    };
    post(write)
        .fallback(async || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "allow: POST"))
        .layer(Extension(Arc::new(gatehouse)))
}

#[derive(Debug)]
struct Gatehouse {
    tokens: AdmittedTokens,
    /// For bodies, in pieces.
    room: Arc<Semaphore>,
}

/// The parameters of InfluxDB's write.
#[derive(Deserialize)]
struct Parameters {
    org: Option<String>,
    #[serde(rename = "orgID")]
    organization_id: Option<String>,
    bucket: Option<String>,
    precision: Option<String>,
}

async fn write(
    State(state): State<AppState>,
    Extension(gatehouse): Extension<Arc<Gatehouse>>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let Some(mqtt) = &state.shared.mqtt else {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "This server has no MQTT broker: MQTT_URL and MQTT_TOPIC are not set, or they are wrong, which its log then says.",
        ));
    };
    let token = token(request.headers()).ok_or_else(Refusal::unauthorized)?;
    let connection = admit(&state, &gatehouse.tokens, token).await?;
    let Query(parameters) = Query::<Parameters>::try_from_uri(request.uri())
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the parameters cannot be read"))?;
    let unit = check_target(&parameters, &connection)?;
    let is_packed = is_gzip(request.headers());
    let mut room = Room { all: Arc::clone(&gatehouse.room), used: 0, permits: Vec::new() };
    let body = read(request.into_body(), &mut room).await?;
    let now = state.shared.clock.now();
    // Fifty megabytes take half a second.
    let lines = tokio::task::spawn_blocking(move || {
        let body = if is_packed { unpack(&body, &mut room)? } else { body };
        // The room is held for as long as the lines are.
        lines(body, unit, now).map(|lines| (lines, room))
    });
    let lines = lines.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let (lines, _room) = lines?;
    publish(mqtt, &lines).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token of a request, as InfluxDB reads it: `Token …` or `Bearer …`.
fn token(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_known = scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer");
    (is_known && !token.is_empty() && !token.starts_with(' ')).then(|| SecretString::from(token))
}

/// Lets a token in that may write to the telemetry bucket.
async fn admit(
    state: &AppState,
    tokens: &AdmittedTokens,
    token: SecretString,
) -> Result<Arc<Connection>, Refusal> {
    let limit = TimeLimit { deadline: Instant::now() + CALL_LIMIT, total: CALL_LIMIT };
    let connection = state.shared.backend.connection(Some(limit)).await?;
    let now = state.shared.clock.now();
    let session = Session::new(Arc::clone(&connection), Some(limit), now);
    match tokens.access(&session, token).await? {
        Access::Granted => Ok(connection),
        Access::Denied => {
            Err(Refusal::new(StatusCode::FORBIDDEN, "insufficient permissions for write"))
        }
        Access::Unknown => Err(Refusal::unauthorized()),
    }
}

/// Checks that the parameters name the telemetry bucket, if they name one. Gives the unit of the timestamps.
fn check_target(
    parameters: &Parameters,
    connection: &Connection,
) -> Result<TimestampUnit, Refusal> {
    let given = |parameter: &Option<String>| parameter.clone().filter(|text| !text.is_empty());
    let not_found = |text: String| Err(Refusal::new(StatusCode::NOT_FOUND, text));
    let organizations = [
        connection.organization_id.as_str(),
        connection.organization_name.as_str(),
        connection.client.organization(),
    ];
    for organization in [given(&parameters.organization_id), given(&parameters.org)] {
        if let Some(other) = organization.filter(|name| !organizations.contains(&name.as_str())) {
            return not_found(format!("organization name {other:?} not found"));
        }
    }
    let telemetry = &connection.telemetry;
    let is_other = |name: &String| *name != telemetry.id && *name != telemetry.name;
    if let Some(other) = given(&parameters.bucket).filter(is_other) {
        return not_found(format!(
            "bucket {other:?} not found; what is written here goes to {:?}",
            telemetry.name
        ));
    }
    match given(&parameters.precision).as_deref().map(TimestampUnit::from_name) {
        None => Ok(TimestampUnit::Nanoseconds),
        Some(Some(unit)) if unit != TimestampUnit::Auto => Ok(unit),
        Some(_) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "invalid precision; valid precision units are ns, us, ms, and s",
        )),
    }
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| {
        encoding.as_bytes().eq_ignore_ascii_case(b"gzip")
            || encoding.as_bytes().eq_ignore_ascii_case(b"x-gzip")
    })
}

/// The share of one request in the memory that all bodies have together.
struct Room {
    all: Arc<Semaphore>,
    used: usize,
    permits: Vec<OwnedSemaphorePermit>,
}

impl Room {
    fn reserve(&mut self, bytes: usize) -> bool {
        let before = self.used.div_ceil(PIECE);
        self.used += bytes;
        let pieces = self.used.div_ceil(PIECE) - before;
        if pieces == 0 {
            return true;
        }
        let permit = Arc::clone(&self.all).try_acquire_many_owned(pieces as u32);
        permit.map(|permit| self.permits.push(permit)).is_ok()
    }
}

async fn read(body: Body, room: &mut Room) -> Result<Vec<u8>, Refusal> {
    let invalid = |text| Refusal::new(StatusCode::BAD_REQUEST, text);
    let mut stream = body.into_data_stream();
    let mut content = Vec::new();
    loop {
        let next = timeout(BODY_IDLE, stream.next());
        let next = next.await.map_err(|_| invalid("the body did not arrive in time"))?;
        let Some(chunk) = next else { return Ok(content) };
        let chunk = chunk.map_err(|_| invalid("the body ended before its time"))?;
        if content.len() + chunk.len() > LARGEST_BODY {
            return Err(Refusal::too_large());
        }
        if !room.reserve(chunk.len()) {
            return Err(Refusal::busy());
        }
        content.extend_from_slice(&chunk);
    }
}

fn unpack(body: &[u8], room: &mut Room) -> Result<Vec<u8>, Refusal> {
    gzip::unpack(body, |bytes| room.reserve(bytes)).map_err(|error| match error {
        GzipError::TooLarge => Refusal::too_large(),
        GzipError::NoRoom => Refusal::busy(),
        GzipError::Broken(_) => {
            Refusal::new(StatusCode::BAD_REQUEST, format!("the body is wrong: {error}"))
        }
    })
}

/// All lines, or why one of them is none: like InfluxDB, which then takes nothing.
fn lines(body: Vec<u8>, unit: TimestampUnit, now: i64) -> Result<Lines, Refusal> {
    let invalid = |text: String| Refusal::new(StatusCode::BAD_REQUEST, text);
    let body = String::from_utf8(body)
        .map_err(|error| invalid(format!("{error}: line protocol is UTF-8")))?;
    let (lines, bad) = read_lines(&body, unit, now);
    match bad.first() {
        None => Ok(lines),
        Some(line) => Err(invalid(format!(
            "unable to parse line {}: {} ({})",
            line.number, line.reason, line.excerpt
        ))),
    }
}

async fn publish(mqtt: &Mqtt, lines: &Lines) -> Result<(), Refusal> {
    if lines.is_empty() {
        return Ok(());
    }
    mqtt.publish(lines).await.map_err(|error| match error {
        PublishError::Unavailable(sentence) => Refusal::unavailable(sentence, 5),
        PublishError::TooLarge { .. } => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
        }
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn tokens_are_read_as_influxdb_reads_them() {
        let read = |value: &'static str| {
            let headers = [(header::AUTHORIZATION, HeaderValue::from_static(value))];
            token(&headers.into_iter().collect()).map(|token| token.expose_secret().to_owned())
        };
        for good in ["Token abc==", "token abc==", "Bearer abc=="] {
            assert_eq!(read(good).as_deref(), Some("abc=="));
        }
        for bad in ["", "abc==", "Token", "Token ", "Token  abc", "Basic abc=="] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert!(token(&HeaderMap::new()).is_none());
    }
}
