//! `GET /api/env/{id}`: what a device fetches to begin, as IoT Center gives it.
//!
//! It returns a token and may register the device, so it is closed to browsers, and open to other machines only where a setting says so.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input;
use super::refusal::{InWords, Refusal, Refused};
use crate::model::emulator::TRACK_CENTRE;
use crate::model::time::Timestamp;
use crate::server::config::Enrollment;
use crate::server::edge::CALL_LIMIT;
use crate::server::mqtt::Mqtt;
use crate::server::ports::Clock;
use crate::server::services::configuration::{Enrolled, enroll};
use crate::server::services::registry::{EntryState, entry};
use crate::server::state::AppState;

/// How a device wants its configuration.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// `false`: a device that is not registered stays so.
    register: Option<String>,
    /// `text/plain` for lines of `key: value`, as the header `Accept` does.
    accept: Option<String>,
}

/// The configuration of a device. The order of the keys is that of IoT Center.
#[derive(Serialize, ToSchema)]
pub(super) struct Configuration {
    /// The address of InfluxDB.
    #[schema(example = "http://192.168.1.5:8086")]
    influx_url: String,
    influx_org: String,
    /// The token of the device.
    influx_token: String,
    influx_bucket: String,
    id: String,
    /// Where a device is that does not know.
    default_lon: f64,
    default_lat: f64,
    /// How often it shall measure, in seconds.
    measurement_interval: u64,
    #[serde(rename = "newlyRegistered")]
    newly_registered: bool,
    #[serde(rename = "createdAt")]
    #[schema(format = DateTime)]
    created_at: String,
    #[serde(rename = "updatedAt")]
    #[schema(format = DateTime)]
    updated_at: String,
    #[serde(rename = "serverTime")]
    #[schema(format = DateTime)]
    server_time: String,
    /// How often it shall fetch its configuration, in seconds.
    #[serde(rename = "configuration_refresh")]
    refresh: u64,
    /// Where it shall write to: `/influx`, or `/mqtt` where there is a broker.
    write_endpoint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt_password: Option<String>,
    /// JSON in a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt_options: Option<String>,
}

/// A device that is not registered, and shall not be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotRegistered {
    id: String,
    registered: bool,
}

/// Fetch the configuration of a device
///
/// Registers the device where it is not registered yet. For devices, not for browsers; from other machines only with
/// `IOT_CENTER_ENROLLMENT=open`.
#[utoipa::path(
    get, path = "/api/env/{id}", tag = "configuration", operation_id = "read_configuration",
    params(
        ("id" = String, Path, description = "The id of the device", pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"),
        Wanted
    ),
    responses(
        (status = 200, description = "Its configuration", content(
            (Configuration = "application/json"),
            (String = "text/plain"),
        )),
        (status = 400, description = "The id is none", content(
            (Refused = "application/json"),
            (String = "text/plain"),
        )),
        (status = 403, description = "The device is not registered, or the caller may not have its configuration", content(
            (ForbiddenBody = "application/json"),
            (String = "text/plain"),
        )),
        (status = 409, description = "Its token is disabled, or its registration is being changed", content(
            (Refused = "application/json"),
            (String = "text/plain"),
        )),
        (status = 429, description = "It asks too often", content(
            (Refused = "application/json"),
            (String = "text/plain"),
        )),
        (status = 503, description = "InfluxDB does not answer or refuses", content(
            (Refused = "application/json"),
            (String = "text/plain"),
        )),
    )
)]
pub(super) async fn configuration(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let in_words = [accepts, wanted.accept.as_deref()].contains(&Some("text/plain"));
    let may_register = wanted.register.as_deref() != Some("false");
    match read(&state, &caller, &id, may_register).await {
        Ok(Some(configuration)) if in_words => configuration.into_words().into_response(),
        Ok(Some(configuration)) => Json(configuration).into_response(),
        Ok(None) if in_words => {
            let mut response =
                (StatusCode::FORBIDDEN, format!("id: {id}\nregistered: false\n")).into_response();
            response.extensions_mut().insert(InWords);
            response
        }
        Ok(None) => {
            (StatusCode::FORBIDDEN, Json(NotRegistered { id, registered: false })).into_response()
        }
        Err(refusal) if in_words => refusal.into_words(),
        Err(refusal) => refusal.into_response(),
    }
}

/// For the description: either of the two bodies of status 403.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described, never made")]
enum ForbiddenBody {
    NotRegistered(NotRegistered),
    Refused(Refused),
}

async fn read(
    state: &AppState,
    caller: &Caller,
    id: &str,
    may_register: bool,
) -> Result<Option<Configuration>, Refusal> {
    check_caller(state.shared.devices.enrollment, caller)?;
    let device = input::device_id(id)?;
    if let Some(peer) = caller.peer {
        state.shared.rates.check_configuration(&device, peer)?;
    }
    let refused = |error| Refusal::of(error, caller);
    let (connection, influx) =
        state.influx(CALL_LIMIT).await.map_err(|error| refused(error.into()))?;
    let _lock = state.shared.locks.lock(device.as_str()).await;
    if may_register && let Some(peer) = caller.peer {
        let known = entry(&influx, device.as_str()).await.map_err(|error| refused(error.into()))?;
        // Only new devices count: those of a whole building may ask from one address.
        if known.state() != EntryState::Registered {
            state.shared.rates.check_registration(peer)?;
        }
    }
    let enrolled = enroll(&influx, &state.shared.clock, &device, may_register).await;
    let enrolled = enrolled.map_err(refused)?;
    let Some(Enrolled { token, newly_registered, created_at, updated_at }) = enrolled else {
        return Ok(None);
    };
    let place = state.device_configuration(&connection, caller.host.as_deref());
    let settings = state.shared.devices;
    let broker = state.shared.mqtt.as_ref().map(Mqtt::config);
    let (default_lat, default_lon) = TRACK_CENTRE;
    Ok(Some(Configuration {
        influx_url: place.influx_url,
        influx_org: place.organization,
        influx_token: token.expose_secret().to_owned(),
        influx_bucket: place.bucket,
        id: device.to_string(),
        default_lon,
        default_lat,
        measurement_interval: settings.measurement_interval.as_secs(),
        newly_registered,
        created_at: created_at.rfc3339_milliseconds(),
        updated_at: updated_at.rfc3339_milliseconds(),
        server_time: Timestamp::from_nanoseconds(state.shared.clock.now()).rfc3339_milliseconds(),
        refresh: settings.configuration_refresh.as_secs(),
        write_endpoint: if broker.is_some() { "/mqtt" } else { "/influx" },
        kafka_url: None,
        kafka_topic: None,
        mqtt_url: broker.map(|broker| broker.url.clone()),
        mqtt_topic: broker.map(|broker| broker.topic.clone()),
        mqtt_user: broker.and_then(|broker| broker.username.clone()),
        mqtt_password: broker
            .and_then(|broker| Some(broker.password.as_ref()?.expose_secret().to_owned())),
        mqtt_options: broker.map(|broker| broker.options_for_devices.expose_secret().to_owned()),
    }))
}

/// Who may have a token.
fn check_caller(enrollment: Enrollment, caller: &Caller) -> Result<(), Refusal> {
    let forbidden = |sentence: &str| Err(Refusal::new(StatusCode::FORBIDDEN, sentence));
    if caller.is_browser {
        return forbidden(
            "Browsers do not get the configuration of devices, because it holds a token. The page of the device has everything else.",
        );
    }
    match enrollment {
        Enrollment::Open => Ok(()),
        Enrollment::Local if caller.is_on_this_machine => Ok(()),
        Enrollment::Local => forbidden(
            "Only programs on the server's own machine get the configuration of devices. Set IOT_CENTER_ENROLLMENT=open to give it to every device.",
        ),
        Enrollment::Closed => forbidden(
            "Devices do not get their configuration here: IOT_CENTER_ENROLLMENT is closed.",
        ),
    }
}

impl Configuration {
    /// Lines of `key: value`, one space and no quotes: what the Arduino client cuts apart. What is not there is `null`, as in IoT Center.
    fn into_words(self) -> String {
        let or_null = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
        let lines = [
            ("influx_url", self.influx_url),
            ("influx_org", self.influx_org),
            ("influx_token", self.influx_token),
            ("influx_bucket", self.influx_bucket),
            ("id", self.id),
            ("default_lon", self.default_lon.to_string()),
            ("default_lat", self.default_lat.to_string()),
            ("measurement_interval", self.measurement_interval.to_string()),
            ("newlyRegistered", self.newly_registered.to_string()),
            ("createdAt", self.created_at),
            ("updatedAt", self.updated_at),
            ("serverTime", self.server_time),
            ("configuration_refresh", self.refresh.to_string()),
            ("write_endpoint", self.write_endpoint.to_owned()),
            ("kafka_url", or_null(self.kafka_url)),
            ("kafka_topic", or_null(self.kafka_topic)),
            ("mqtt_url", or_null(self.mqtt_url)),
            ("mqtt_topic", or_null(self.mqtt_topic)),
            ("mqtt_user", or_null(self.mqtt_user)),
            ("mqtt_password", or_null(self.mqtt_password)),
            ("mqtt_options", or_null(self.mqtt_options)),
        ];
        lines.into_iter().fold(String::new(), |mut text, (key, value)| {
            text.push_str(key);
            text.push_str(": ");
            // A name with a line break would begin another line.
            text.push_str(&value.replace(['\n', '\r'], " "));
            text.push('\n');
            text
        })
    }
}
