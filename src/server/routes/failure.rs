//! What a route without leptos answers when its use-case gave no result: a status and a sentence.

use axum::http::StatusCode;

use crate::server::services::Error;

/// A status, and what to tell the person who asked.
#[derive(Debug)]
pub struct Failure {
    pub status: StatusCode,
    pub sentence: String,
}

impl Failure {
    /// Logs what is not the asker's own doing.
    pub fn new(error: Error, request_id: &str) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Gone(_) => StatusCode::GONE,
            Error::Port(error) => {
                tracing::warn!(request.id = request_id, cause = ?error.cause, "InfluxDB: {error}");
                StatusCode::SERVICE_UNAVAILABLE
            }
            Error::Internal(cause) => {
                tracing::error!(request.id = request_id, "{cause}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let sentence = match error {
            Error::Internal(_) => format!(
                "Something went wrong on the server. Its log says more under the id {request_id}."
            ),
            error => error.to_string(),
        };
        Self { status, sentence }
    }
}
