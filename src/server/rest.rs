//! The REST API under `/api`: what IoT Center and the servers of InfluxData's tutorials offer to other programs, and what goes past them.
//!
//! A handler reads what the caller wants, calls a use-case and words its outcome as JSON. Errors are `{"error": "…"}`, also those of
//! the guard in front. The description at `/api/openapi.json` is made from the attributes of the handlers.

mod buckets;
mod caller;
mod configuration;
mod data;
mod devices;
pub mod documentation;
mod events;
mod input;
mod measurements;
mod refusal;

use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::refusal::{Refusal, Refused};
use super::state::AppState;

/// Where the API lives.
const PREFIX: &str = "/api/";

/// An error text that is longer is not one of ours.
const LONGEST_ERROR: usize = 64 * 1024;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "IoT Center",
        description = "Register devices in InfluxDB, give them their configuration, and read what they measure. \
                       Errors are objects with a sentence under `error`."
    ),
    tags(
        (name = "devices", description = "The registry of devices and their tokens"),
        (name = "configuration", description = "What a device fetches to begin"),
        (name = "data", description = "What devices measure"),
        (name = "events", description = "What happened")
    )
)]
struct Description;

/// The routes under `/api` and their description.
pub fn router() -> (Router<AppState>, OpenApi) {
    let (router, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::create_as_before))
        .routes(routes!(devices::find, devices::remove))
        .routes(routes!(devices::rotate))
        .routes(routes!(devices::disable))
        .routes(routes!(devices::enable))
        .routes(routes!(data::generate))
        .routes(routes!(measurements::measurements))
        .routes(routes!(buckets::list))
        .routes(routes!(data::track))
        .routes(routes!(configuration::configuration))
        .routes(routes!(events::list))
        .split_for_parts();
    env!("CARGO_PKG_VERSION").clone_into(&mut description.info.version);
    // utoipa takes the licence of the crate; the API has none of its own.
    description.info.license = None;
    let served = description.clone();
    let router = router
        .route("/api/openapi.json", get(async move || Json(served)))
        .route("/api/", any(nothing_there))
        .route("/api/{*path}", any(nothing_there))
        .method_not_allowed_fallback(wrong_method);
    (router, description)
}

async fn nothing_there() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "There is nothing at this address; /api tells what there is.",
    )
}

async fn wrong_method(method: Method) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("This address does not take {method}; /api tells what it takes."),
    )
}

/// Puts the errors of all that is in front of the handlers into the form of the API's own.
pub async fn word_errors(request: Request, next: Next) -> Response {
    let is_ours = request.uri().path().starts_with(PREFIX);
    let response = next.run(request).await;
    let status = response.status();
    let is_worded = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if !is_ours || is_worded || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    // A device that has asked for text gets text.
    if response.extensions().get::<refusal::InWords>().is_some() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = match axum::body::to_bytes(body, LONGEST_ERROR).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(_) => String::new(),
    };
    let error = if text.is_empty() {
        status.canonical_reason().unwrap_or("This did not work.").to_owned()
    } else {
        text
    };
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    (parts, Json(Refused { error })).into_response()
}
