//! What callers send: JSON, whatever they call it. Browsers' and tutorials' clients send it as `text/plain`.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::model::device::DeviceId;
use crate::server::edge::parse_device_id;

/// The body as JSON; none at all counts as `{}`, and so does `null`.
pub(super) fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let body: &[u8] = if matches!(body.trim_ascii(), b"" | b"null") { b"{}" } else { body };
    // Structs alone would be read from arrays as well.
    serde_json::from_slice::<Map<String, Value>>(body)
        .and_then(|object| T::deserialize(Value::Object(object)))
        .map_err(|error| bad(format!("The body is not the JSON that is expected here: {error}.")))
}

/// A device id from a body.
pub(super) fn device_id(text: &str) -> Result<DeviceId, Refusal> {
    parse_device_id(text).map_err(|error| bad(error.to_string()))
}

pub(super) fn bad(sentence: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, sentence)
}
