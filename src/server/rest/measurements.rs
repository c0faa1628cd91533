//! `POST /api/devices/{id}/measurements`: Flux of the caller's, under a token that may only read what devices measure.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt as _;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input;
use super::refusal::{Refusal, Refused};
use crate::server::services::query::{self, Error};
use crate::server::state::AppState;

/// What to ask InfluxDB.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Query {
    /// Flux. It reads the bucket of the telemetry; other buckets, other machines and writing are closed to it.
    #[schema(
        example = "from(bucket: \"iot_center\") |> range(start: -1h) |> filter(fn: (r) => r._measurement == \"environment\")"
    )]
    query: String,
}

/// Run a Flux query
///
/// The id of the device is not looked at, as in the servers of the tutorials: the query says what it is about.
#[utoipa::path(
    post, path = "/api/devices/{id}/measurements", tag = "data", operation_id = "query_measurements",
    params(("id" = String, Path, description = "The id of a device")),
    request_body(content = Query, content_type = "application/json"),
    responses(
        (status = 200, description = "Annotated CSV", body = String, content_type = "application/csv"),
        (status = 400, description = "There is no query, or InfluxDB does not understand it or refuses it", body = Refused),
        (status = 403, description = "The request comes from another site, or telemetry and registry are one bucket", body = Refused),
        (status = 404, description = "What the query asks for is not there", body = Refused),
        (status = 409, description = "The token for queries is being changed", body = Refused),
        (status = 413, description = "The body is too large", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn measurements(
    State(state): State<AppState>,
    caller: Caller,
    Path(_id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Query { query: script } = input::json(&body)?;
    if script.trim().is_empty() {
        return Err(input::bad("The query is empty: {\"query\": \"<Flux>\"}.".to_owned()));
    }
    let answered = async {
        let (_, influx) = state.influx(query::LIMIT).await?;
        let shared = &state.shared;
        query::run(&influx, &shared.clock, &shared.read_token, &script).await
    };
    let answer = answered.await.map_err(|error| match error {
        Error::Closed(reason) => Refusal::new(StatusCode::FORBIDDEN, reason),
        Error::Script(error) => input::bad(error.to_string()),
        Error::Service(error) => Refusal::of(error, &caller),
    })?;
    // What goes wrong after the first byte breaks the connection: nobody takes the answer for whole.
    let answer = answer.inspect_err(move |error| {
        tracing::warn!(request.id = caller.request_id, "an answer broke off: {error}");
    });
    let headers = [(header::CONTENT_TYPE, "application/csv"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(answer)).into_response())
}
