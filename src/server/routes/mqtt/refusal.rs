//! Answers that are no success, as InfluxDB words them: `{"code": …, "message": …}`.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::server::ports::PortError;

/// Repeats the code of an error's body, as InfluxDB does.
const ERROR_CODE: HeaderName = HeaderName::from_static("x-platform-error-code");

/// An answer that is no success, as InfluxDB words it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after_seconds: None }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized access")
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request too large")
    }

    pub(super) fn unavailable(message: impl Into<String>, seconds: u32) -> Self {
        let retry_after_seconds = Some(seconds);
        Self { retry_after_seconds, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    pub(super) fn busy() -> Self {
        Self::unavailable("too much is being written at the same time", 1)
    }

    /// InfluxDB's word for the status.
    fn code(&self) -> &'static str {
        match self.status {
            StatusCode::BAD_REQUEST => "invalid",
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::NOT_FOUND => "not found",
            StatusCode::METHOD_NOT_ALLOWED => "method not allowed",
            StatusCode::PAYLOAD_TOO_LARGE => "request too large",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "internal error",
        }
    }
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        Self::unavailable(error.sentence, 5)
    }
}

/// The body of an error.
#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.code();
        let body = axum::Json(ErrorBody { code, message: &self.message });
        let mut response = (self.status, [(ERROR_CODE, code)], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}
