//! `GET /api/events`: what happened to devices and to InfluxDB.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::refusal::{Refusal, Refused};
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::server::edge::CALL_LIMIT;
use crate::server::ports::{Clock, Events as _};
use crate::server::state::AppState;

/// How far back events are looked for.
const LOOK_BACK_NS: i64 = 30 * 86_400 * 1_000_000_000;

/// So many are given.
const MOST: u32 = 1_000;

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// Only those of this device.
    device: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Happened {
    /// `registered`, `adopted`, `rotated`, `revealed`, `disabled`, `enabled`, `retired`, `unregistered`, `orphan-removed`, `outage` or
    /// `backend-outage`.
    #[schema(example = "rotated")]
    kind: &'static str,
    /// Not there where it is about InfluxDB.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    #[schema(format = DateTime)]
    time: String,
    /// The end of an outage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The id of an authorization, or why InfluxDB did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Happened {
    fn of(event: Event) -> Self {
        Self {
            kind: event.kind.key(),
            device_id: event.device,
            time: event.time.rfc3339_milliseconds(),
            until: event.until.map(Timestamp::rfc3339_milliseconds),
            detail: event.detail,
        }
    }
}

/// Read what happened in the last thirty days, newest first
#[utoipa::path(
    get, path = "/api/events", tag = "events", operation_id = "list_events",
    params(Wanted),
    responses(
        (status = 200, description = "The newest thousand", body = Vec<Happened>),
        (status = 400, description = "The query is not readable", body = Refused),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Happened>>, Refusal> {
    let since = state.shared.clock.now().saturating_sub(LOOK_BACK_NS);
    let read = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        influx.events(wanted.device.as_deref(), since, MOST).await
    };
    let events = read.await.map_err(|error| Refusal::of(error.into(), &caller))?;
    Ok(Json(events.into_iter().map(Happened::of).collect()))
}
