//! What devices measure: readings on demand, and a track.

use std::sync::LazyLock;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input;
use super::refusal::{Refusal, Refused};
use crate::model::device::DeviceId;
use crate::model::emulator::{self, Reading};
use crate::model::time::Timestamp;
use crate::server::edge::CALL_LIMIT;
use crate::server::services::generate::{self, Outcome};
use crate::server::state::AppState;

/// So many devices get a reading by one call.
const MOST_DEVICES: usize = 1_000;

/// Which devices shall have a reading.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generate {
    #[schema(max_items = 1000, value_type = Vec<Id>, example = json!(["virtual_device"]))]
    device_ids: Vec<String>,
}

/// The id of a device; only for the description.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
#[expect(dead_code, reason = "only described, never made")]
struct Id(String);

/// What became of one device.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generated {
    device_id: String,
    /// What was written; not there where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<Measured>,
    /// Why nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One reading.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Measured {
    #[serde(rename = "time")]
    #[schema(format = DateTime)]
    time: String,
    temperature: f64,
    humidity: f64,
    pressure: f64,
    #[serde(rename = "CO2")]
    co2: i64,
    #[serde(rename = "TVOC")]
    tvoc: i64,
    lat: f64,
    lon: f64,
}

impl Measured {
    fn of(reading: Reading) -> Self {
        let Reading { time, temperature, humidity, pressure, co2, tvoc, lat, lon } = reading;
        let time = time.rfc3339_milliseconds();
        Self { time, temperature, humidity, pressure, co2, tvoc, lat, lon }
    }
}

/// Write one emulated reading for each of several devices
///
/// If none could be written, the status and the sentence are about the first device.
#[utoipa::path(
    post, path = "/api/devices/generate", tag = "data", operation_id = "generate_readings",
    request_body(content = Generate, content_type = "application/json"),
    responses(
        (status = 200, description = "What became of each device", body = Vec<Generated>),
        (status = 400, description = "The body or an id in it is none", body = Refused),
        (status = 403, description = "The request comes from another site", body = Refused),
        (status = 409, description = "None of the devices is registered, or the bucket has a field of another type", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn generate(
    State(state): State<AppState>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Generate { device_ids } = input::json(&body)?;
    if device_ids.len() > MOST_DEVICES {
        return Err(input::bad(format!(
            "One call writes readings of {MOST_DEVICES} devices at most."
        )));
    }
    let devices: Vec<DeviceId> =
        device_ids.iter().map(|id| input::device_id(id)).collect::<Result<_, _>>()?;
    let generated = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        generate::generate(&influx, &state.shared.clock, &devices).await
    };
    let outcomes = generated.await.map_err(|error| Refusal::of(error, &caller))?;
    if !outcomes.is_empty()
        && outcomes.iter().all(|outcome| outcome.result.is_err())
        && let Some(Outcome { result: Err(error), .. }) = outcomes.first()
    {
        let refusal = Refusal::of(error.clone(), &caller);
        // It is not this address that is missing.
        let status = match refusal.status {
            StatusCode::NOT_FOUND => StatusCode::CONFLICT,
            status => status,
        };
        return Err(Refusal::new(status, refusal.sentence));
    }
    let answer: Vec<Generated> = outcomes
        .into_iter()
        .map(|Outcome { device, result }| {
            let device_id = device.to_string();
            match result {
                Ok(reading) => {
                    Generated { device_id, reading: Some(Measured::of(reading)), error: None }
                }
                Err(error) => {
                    let error = Refusal::of(error, &caller).sentence;
                    Generated { device_id, reading: None, error: Some(error) }
                }
            }
        })
        .collect();
    Ok((StatusCode::OK, Json(answer)).into_response())
}

/// Between two places of the track.
const TRACK_STEP_MS: i64 = 10 * emulator::MINUTE_MS;

/// The emulator's way of thirty days as `[latitude, longitude]`, made once.
static TRACK: LazyLock<Bytes> = LazyLock::new(|| {
    let places: Vec<(f64, f64)> = (0..emulator::TRACK_MS / TRACK_STEP_MS)
        .map(|step| emulator::position(Timestamp(step * TRACK_STEP_MS)))
        .collect();
    // Numbers always are JSON.
    serde_json::to_vec(&places).unwrap_or_default().into()
});

/// Read the way of the virtual device
///
/// Pairs of latitude and longitude, ten minutes apart, which begin again after thirty days.
#[utoipa::path(
    get, path = "/api/gpxVirtual", tag = "data", operation_id = "read_track",
    responses((status = 200, description = "The places", body = Vec<Vec<f64>>))
)]
pub(super) async fn track() -> impl IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], TRACK.clone())
}
