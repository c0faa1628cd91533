//! `GET /api/buckets`: what InfluxDB keeps apart.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::refusal::{Refusal, Refused};
use crate::model::bucket::{BucketCounts, BucketSummary, LastWrite};
use crate::model::time::Timestamp;
use crate::server::edge::CALL_LIMIT;
use crate::server::services::buckets;
use crate::server::state::AppState;

/// A bucket.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bucket {
    id: String,
    #[schema(example = "iot_center")]
    name: String,
    description: String,
    /// How long points are kept; 0 for ever.
    retention_seconds: u64,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    /// Series of the last days; `null` if they could not be counted in time.
    series: Option<u64>,
    /// Points of the last days; `null` if they could not be counted in time.
    points: Option<u64>,
    /// The time of the newest point; `null` if there is none or it is not known.
    #[schema(format = DateTime)]
    last_write: Option<String>,
}

impl Bucket {
    fn of(summary: BucketSummary) -> Self {
        let BucketSummary { id, name, description, retention_seconds, counts, last_write, .. } =
            summary;
        let counted = |count: fn(BucketCounts) -> u64| counts.map(count);
        Self {
            id,
            name,
            description,
            retention_seconds: retention_seconds.unwrap_or(0),
            created_at: summary.created_at.map(Timestamp::rfc3339_milliseconds),
            updated_at: summary.updated_at.map(Timestamp::rfc3339_milliseconds),
            series: counted(|counts| counts.series),
            points: counted(|counts| counts.points),
            last_write: match last_write {
                LastWrite::At(time) => Some(time.rfc3339_milliseconds()),
                _ => None,
            },
        }
    }
}

/// List the buckets of the organization
#[utoipa::path(
    get, path = "/api/buckets", tag = "data", operation_id = "list_buckets",
    responses(
        (status = 200, description = "The buckets, those of the settings first", body = Vec<Bucket>),
        (status = 503, description = "InfluxDB does not answer or refuses", body = Refused),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<Bucket>>, Refusal> {
    let listed = async {
        let (_, influx) = state.influx(CALL_LIMIT).await?;
        buckets::list(&influx, &state.shared.clock, state.shared.judgement).await
    };
    let list = listed.await.map_err(|error| Refusal::of(error, &caller))?;
    Ok(Json(list.buckets.into_iter().map(Bucket::of).collect()))
}
