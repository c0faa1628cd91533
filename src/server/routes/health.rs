//! Whether the process lives, and whether it can do its work.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::model::status::BackendState;
use crate::server::state::AppState;

/// `GET /health`: the process answers.
pub async fn health() -> &'static str {
    "ok\n"
}

/// `GET /ready`: 200 if InfluxDB answers and the server is not about to stop, else 503 with the reason.
pub async fn ready(State(state): State<AppState>) -> Response {
    if state.shared.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match state.shared.backend.status() {
        (_, BackendState::Ready | BackendState::Delayed) => "ready\n".into_response(),
        (_, BackendState::Failing(reason)) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
        }
    }
}
