//! `/api/devices`: the registry and the tokens of devices.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input;
use super::refusal::{Refusal, Refused};
use crate::model::time::Timestamp;
use crate::model::token::TokenChange;
use crate::server::edge::CALL_LIMIT;
use crate::server::ports::{Clock, Entry, Registry};
use crate::server::services::registration::{self, NewToken};
use crate::server::services::registry::EntryState;
use crate::server::services::rotation;
use crate::server::state::AppState;

/// A registered device, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Device {
    #[serde(rename = "deviceId")]
    #[schema(example = "ESP8266-5CCF7F1DC2E5")]
    id: String,
    /// The id of its authorization in InfluxDB.
    #[schema(example = "0f7a2f2a1d8a4000")]
    key: String,
    /// When it was registered.
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// When anything about its registration changed last.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A device that has a new token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials {
    #[serde(flatten)]
    device: Device,
    /// Its token, which is shown here and nowhere else. Not there where a browser asks: the device's page reveals it once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Which device to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewDevice {
    /// Starts with a letter or digit and has up to 64 letters, digits or `. _ : -`. Without one the device gets a new UUID.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$", example = "ESP8266-5CCF7F1DC2E5")]
    device_id: Option<String>,
}

impl Device {
    fn of(entry: Entry) -> Self {
        Self {
            key: entry.authorization().map(|key| key.value.clone()).unwrap_or_default(),
            created_at: entry.registered_at().map(Timestamp::rfc3339_milliseconds),
            updated_at: Timestamp::from_nanoseconds(entry.newest).rfc3339_milliseconds(),
            id: entry.device,
        }
    }
}

/// List the registered devices, sorted by their ids
#[utoipa::path(
    get, path = "/api/devices", tag = "devices", operation_id = "list_devices",
    responses(
        (status = 200, description = "The devices", body = Vec<Device>),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<Device>>, Refusal> {
    devices(&state, &caller, None).await.map(Json)
}

/// Find a device by its id
///
/// An array of one device, or of none: asking registers nothing.
#[utoipa::path(
    get, path = "/api/devices/{id}", tag = "devices", operation_id = "find_device",
    params(("id" = String, Path, description = "The id of the device")),
    responses(
        (status = 200, description = "The device, or nothing", body = Vec<Device>),
        (status = 400, description = "The address is not readable", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn find(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Device>>, Refusal> {
    devices(&state, &caller, Some(&id)).await.map(Json)
}

async fn devices(
    state: &AppState,
    caller: &Caller,
    id: Option<&str>,
) -> Result<Vec<Device>, Refusal> {
    let read = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        influx.entries(id).await
    };
    let entries = read.await.map_err(|error| Refusal::of(error.into(), caller))?;
    let mut devices: Vec<Device> = entries
        .into_iter()
        .filter(|entry| entry.state() == EntryState::Registered)
        .map(Device::of)
        .collect();
    devices.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(devices)
}

/// Register a device
///
/// It gets a token of its own, with which it reads and writes the bucket of the telemetry. The body is read as JSON whatever its
/// content type.
#[utoipa::path(
    post, path = "/api/devices", tag = "devices", operation_id = "register_device",
    request_body(content = Option<NewDevice>, content_type = "application/json"),
    responses(
        (status = 201, description = "It is registered", body = Credentials, headers(("location" = String))),
        (status = 400, description = "The id or the body is none", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 409, description = "It is registered already", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 429, description = "Too many registrations", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    body: Bytes,
) -> Result<impl IntoResponse, Refusal> {
    let NewDevice { device_id } = input::json(&body)?;
    let device = match device_id {
        Some(id) => input::device_id(&id)?,
        None => input::device_id(&new_id())?,
    };
    if let Some(peer) = caller.peer {
        state.shared.rates.check_registration(peer)?;
    }
    let registered = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        let _lock = state.shared.locks.lock(device.as_str()).await;
        registration::register(&influx, &state.shared.clock, &device, !caller.is_browser).await
    };
    let new = registered.await.map_err(|error| Refusal::of(error, &caller))?;
    let location = format!("/api/devices/{device}");
    let credentials = credentials(&state, &caller, device.as_str(), new).await;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(credentials)))
}

/// Register a device, at the address of iot-api-js
#[utoipa::path(
    post, path = "/api/devices/create", tag = "devices", operation_id = "create_device",
    request_body(content = Option<NewDevice>, content_type = "application/json"),
    responses(
        (status = 201, description = "It is registered", body = Credentials, headers(("location" = String))),
        (status = 400, description = "The id or the body is none", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 409, description = "It is registered already", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 429, description = "Too many registrations", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn create_as_before(
    state: State<AppState>,
    caller: Caller,
    body: Bytes,
) -> Result<impl IntoResponse, Refusal> {
    create(state, caller, body).await
}

/// Unregister a device
///
/// Its token is revoked at once; what it has measured stays.
#[utoipa::path(
    delete, path = "/api/devices/{id}", tag = "devices", operation_id = "unregister_device",
    params(("id" = String, Path, description = "The id of the device")),
    responses(
        (status = 204, description = "It is unregistered"),
        (status = 400, description = "The address is not readable", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 404, description = "It is not registered", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let removed = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        let _lock = state.shared.locks.lock(&id).await;
        registration::unregister(&influx, &state.shared.clock, &id).await
    };
    removed.await.map_err(|error| Refusal::of(error, &caller))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a device a new token
///
/// The old one goes on for twice the time in which devices fetch their configuration, then it is revoked.
#[utoipa::path(
    post, path = "/api/devices/{id}/rotate", tag = "devices", operation_id = "rotate_token",
    params(("id" = String, Path, description = "The id of the device")),
    responses(
        (status = 200, description = "It has a new token", body = Credentials),
        (status = 400, description = "The address is not readable", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 404, description = "It is not registered", body = Refused),
        (status = 409, description = "Its registration is being changed", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn rotate(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Credentials>, Refusal> {
    let rotated = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        let _lock = state.shared.locks.lock(&id).await;
        rotation::rotate(&influx, &state.shared.clock, &id, !caller.is_browser).await
    };
    let new = rotated.await.map_err(|error| Refusal::of(error, &caller))?;
    Ok(Json(credentials(&state, &caller, &id, new).await))
}

/// Make the token of a device inactive
#[utoipa::path(
    post, path = "/api/devices/{id}/disable", tag = "devices", operation_id = "disable_token",
    params(("id" = String, Path, description = "The id of the device")),
    responses(
        (status = 204, description = "The device can no longer read or write"),
        (status = 400, description = "The address is not readable", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 404, description = "It is not registered", body = Refused),
        (status = 409, description = "Its registration is being changed", body = Refused),
        (status = 410, description = "InfluxDB does not have its authorization any more", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn disable(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    switch(&state, &caller, &id, TokenChange::Disable).await
}

/// Make the token of a device active again
#[utoipa::path(
    post, path = "/api/devices/{id}/enable", tag = "devices", operation_id = "enable_token",
    params(("id" = String, Path, description = "The id of the device")),
    responses(
        (status = 204, description = "The device can read and write again"),
        (status = 400, description = "The address is not readable", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 404, description = "It is not registered", body = Refused),
        (status = 409, description = "Its registration is being changed, or its token permits too much", body = Refused),
        (status = 410, description = "InfluxDB does not have its authorization any more", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn enable(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    switch(&state, &caller, &id, TokenChange::Enable).await
}

async fn switch(
    state: &AppState,
    caller: &Caller,
    id: &str,
    change: TokenChange,
) -> Result<StatusCode, Refusal> {
    let switched = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        let _lock = state.shared.locks.lock(id).await;
        rotation::change(&influx, &state.shared.clock, id, change).await
    };
    switched.await.map_err(|error| Refusal::of(error, caller))?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a caller learns of a new token: a browser not the token itself.
async fn credentials(state: &AppState, caller: &Caller, id: &str, new: NewToken) -> Credentials {
    let NewToken { key, token } = new;
    let found = devices(state, caller, Some(id)).await.ok().and_then(|mut found| found.pop());
    // The token is the one thing that nobody else can tell: it goes out, whatever the registry says now.
    let device = found.unwrap_or_else(|| {
        let now = Timestamp::from_nanoseconds(state.shared.clock.now());
        Device { id: id.to_owned(), key, created_at: None, updated_at: now.rfc3339_milliseconds() }
    });
    let token = (!caller.is_browser).then(|| token.expose_secret().to_owned());
    Credentials { device, token }
}

/// A random UUID, as iot-api-python gives one.
fn new_id() -> String {
    let mut bytes = [0; 16];
    // Of the system; where that has none, of a generator that is not secret: an id need not be.
    if getrandom::fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
