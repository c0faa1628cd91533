//! `/api/v2/setup`: the first user, organization, bucket and token.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use influx_wire::api::{SetupAllowed, SetupRequest, SetupResponse};

use super::error::{ApiError, Code, Result};
use super::{Api, json, represent};
use crate::catalog::Setup;

pub(super) async fn allowed(State(api): State<Api>) -> Response {
    let allowed = api.store.catalog().is_setup_allowed();
    json::indented(StatusCode::OK, &SetupAllowed { allowed })
}

pub(super) async fn setup(State(api): State<Api>, body: Body) -> Result<Response> {
    let request: SetupRequest = json::read(body, "failed to unmarshal json").await?;
    // The older field is in nanoseconds, whatever its name says.
    let from_hours = request.retention_period_hrs.map(|nanoseconds| nanoseconds / 1_000_000_000);
    let retention = request.retention_period_seconds.or(from_hours).unwrap_or(0);
    let setup = Setup {
        username: request.username,
        organization: request.org,
        bucket: request.bucket,
        retention_seconds: u64::try_from(retention).map_err(|_| {
            ApiError::new(Code::Unprocessable, "expiration seconds cannot be negative")
        })?,
        password: request.password.filter(|password| !password.is_empty()),
        token: request.token.filter(|token| !token.is_empty()),
    };
    let result = api.store.set_up(setup).await?;
    let catalog = api.store.catalog();
    let response = SetupResponse {
        user: represent::user(&result.user),
        bucket: represent::bucket(&result.bucket),
        org: represent::organization(&result.organization),
        auth: represent::authorization(&catalog, &result.authorization, Some(result.token)),
    };
    Ok(json::indented(StatusCode::CREATED, &response))
}
