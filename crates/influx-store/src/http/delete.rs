//! `/api/v2/delete`: removes the points of a range of time, both ends included, from some series.

mod predicate;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use influx_wire::api::Action;
use influx_wire::time::parse_rfc3339;
use jiff::Timestamp;
use serde::Deserialize;

use super::error::{ApiError, Result};
use super::parameters::Parameters;
use super::{Api, buckets, json, organizations};
use crate::auth::{Access, Target};
use crate::storage::{BucketId, DeleteError, TagOperator, TagPredicate};

const CONTEXT: &str = "error decoding json body";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    start: String,
    stop: String,
    predicate: String,
}

pub(super) async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
    body: Body,
) -> Result<StatusCode> {
    let request: Request = json::read(body, CONTEXT).await?;
    let (start, stop) = (
        time("start", &request.start, "2009-01-02T23:00:00Z")?,
        time("stop", &request.stop, "2009-01-01T23:00:00Z")?,
    );
    let predicates = only_with_tags(predicate::parse(&request.predicate)?);
    let bucket = {
        let catalog = api.store.catalog();
        let organization = organizations::of_request(&catalog, &parameters)?;
        let bucket = match (parameters.get("bucketID"), parameters.get("bucket")) {
            (Some(id), _) => {
                let id: BucketId = id.parse()?;
                catalog.bucket(id).ok_or_else(|| ApiError::not_found("bucket not found"))?
            }
            (None, Some(name_or_id)) => buckets::of_request(&catalog, organization.id, name_or_id)?,
            (None, None) => {
                return Err(ApiError::invalid("Please provide either bucketID or bucket"));
            }
        };
        access
            .check(Action::Write, Target::bucket(bucket))
            .map_err(|_| ApiError::forbidden("insufficient permissions to delete"))?;
        bucket.id
    };
    match api.store.delete(bucket, start, stop, &predicates).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(DeleteError::UnknownBucket) => Err(ApiError::not_found("bucket not found")),
        Err(DeleteError::Store(error)) => Err(error.into()),
    }
}

/// A condition on a tag is about the series that have the tag: `t != "a"` leaves those without `t` alone, as
/// InfluxDB does, although for the storage they have an empty one.
fn only_with_tags(mut predicates: Vec<TagPredicate>) -> Vec<TagPredicate> {
    let tags: Vec<String> = predicates
        .iter()
        .filter(|predicate| predicate.key != "_measurement")
        .map(|predicate| predicate.key.clone())
        .collect();
    predicates.extend(tags.into_iter().map(|key| TagPredicate {
        key,
        operator: TagOperator::NotEqual,
        value: String::new(),
    }));
    predicates
}

/// An end of the range, in nanoseconds since the Unix epoch.
fn time(name: &str, text: &str, example: &str) -> Result<i64> {
    if let Ok(nanoseconds) = parse_rfc3339(text) {
        return Ok(nanoseconds);
    }
    let message = match text.parse::<Timestamp>() {
        Ok(time) if time < Timestamp::UNIX_EPOCH => format!(
            "invalid {name} time, {name} time must not be before 1677-09-21T00:12:43.145224194Z"
        ),
        Ok(_) => {
            format!(
                "invalid {name} time, {name} time must not be after 2262-04-11T23:47:16.854775806Z"
            )
        }
        Err(_) => format!(
            "invalid RFC3339Nano for field {name}, please format your time with RFC3339Nano format, example: {example}"
        ),
    };
    Err(ApiError::invalid(format!("{CONTEXT}: {message}")))
}
