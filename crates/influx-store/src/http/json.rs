//! JSON as InfluxDB writes it: compact, or indented by tabs for the resources; `<`, `>` and `&` escaped.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::ser::PrettyFormatter;

use super::body;
use super::error::{ApiError, Result};

/// The type of every JSON answer; official clients read error bodies only if it stands there.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The largest JSON body that is read.
const LARGEST_BODY: usize = 64 * 1024;

/// How long a JSON body may stall.
const IDLE: Duration = Duration::from_secs(10);

/// An answer on one line.
pub(crate) fn compact(status: StatusCode, value: &impl Serialize) -> Response {
    answer(status, serde_json::to_vec(value))
}

/// An answer indented by tabs.
pub(crate) fn indented(status: StatusCode, value: &impl Serialize) -> Response {
    let mut text = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"\t"));
    let result = value.serialize(&mut serializer);
    answer(status, result.map(|()| text))
}

fn answer(status: StatusCode, text: serde_json::Result<Vec<u8>>) -> Response {
    match text {
        Ok(text) => (status, [(header::CONTENT_TYPE, JSON)], escaped(text)).into_response(),
        Err(error) => {
            tracing::error!(cause = %error, "an answer cannot be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Outside of strings these characters do not occur in JSON, so they can be replaced in the text.
fn escaped(text: Vec<u8>) -> Vec<u8> {
    if !text.iter().any(|byte| matches!(byte, b'<' | b'>' | b'&')) {
        return text;
    }
    let mut escaped = Vec::with_capacity(text.len() + 64);
    for byte in text {
        match byte {
            b'<' => escaped.extend_from_slice(b"\\u003c"),
            b'>' => escaped.extend_from_slice(b"\\u003e"),
            b'&' => escaped.extend_from_slice(b"\\u0026"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Reads a JSON body of at most 64 KiB; what is wrong with it is said behind `context`.
pub(crate) async fn read<T: DeserializeOwned>(body: Body, context: &str) -> Result<T> {
    parse(&body::read(body, LARGEST_BODY, IDLE).await?, context)
}

/// Parses a JSON body; what is wrong with it is said behind `context`. A null is as good as nothing, because that
/// is how clients written in Go send an empty list.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], context: &str) -> Result<T> {
    let is_list = bytes.trim_ascii_start().starts_with(b"[");
    if is_list {
        // A derived reader would take a list for the fields in their order.
        return Err(ApiError::invalid(format!("{context}: expected an object, not a list")));
    }
    let parsed = serde_json::from_slice(bytes)
        .and_then(|value| serde_json::from_value(without_nulls(value)));
    parsed.map_err(|error| {
        let reason = match error.classify() {
            serde_json::error::Category::Eof if bytes.trim_ascii().is_empty() => "EOF".to_owned(),
            serde_json::error::Category::Eof => "unexpected EOF".to_owned(),
            _ => error.to_string(),
        };
        ApiError::invalid(format!("{context}: {reason}"))
    })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            members.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_html_are_escaped() {
        let text = serde_json::to_vec(&serde_json::json!({ "a&b": "<c>" })).unwrap();
        assert_eq!(escaped(text), br#"{"a\u0026b":"\u003cc\u003e"}"#);
    }

    #[test]
    fn broken_bodies_are_described() {
        for (text, expected) in [
            ("", "x: EOF"),
            ("{", "x: unexpected EOF"),
            ("}", "x: expected value at line 1 column 1"),
        ] {
            assert_eq!(
                parse::<serde_json::Value>(text.as_bytes(), "x"),
                Err(ApiError::invalid(expected))
            );
        }
    }
}
