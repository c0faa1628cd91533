//! Whether the store is there, ready, and which version it follows.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::{Api, VERSION, json as answer};

/// Whether the process answers. The Arduino client wants exactly 200.
pub(super) async fn health() -> Response {
    let body = json!({
        "name": "influxdb",
        "message": "ready for queries and writes",
        "status": "pass",
        "checks": [],
        "version": VERSION,
        "commit": "iot-center",
    });
    answer::compact(StatusCode::OK, &body)
}

/// Whether it takes requests: no longer when it has been told to end.
pub(super) async fn ready(State(api): State<Api>) -> Response {
    if api.ending.load(Ordering::Relaxed) {
        return answer::compact(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "stopping" }));
    }
    let (started, since) = api.started;
    let body = json!({
        "status": "ready",
        "started": started.to_string(),
        "up": format!("{:?}", since.elapsed()),
    });
    answer::compact(StatusCode::OK, &body)
}

pub(super) async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Where everything is, as far as it is there.
pub(super) async fn links() -> Response {
    let body = json!({
        "authorizations": "/api/v2/authorizations",
        "buckets": "/api/v2/buckets",
        "delete": "/api/v2/delete",
        "me": "/api/v2/me",
        "orgs": "/api/v2/orgs",
        "query": { "self": "/api/v2/query" },
        "setup": "/api/v2/setup",
        "system": { "health": "/health" },
        "users": "/api/v2/users",
        "write": "/api/v2/write",
    });
    answer::compact(StatusCode::OK, &body)
}
