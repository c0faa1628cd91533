//! `/api/v2/write`: line protocol into the store. 204 means that it is on disk.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode, header};
use influx_wire::api::Action;
use influx_wire::line_protocol::Precision;
use tokio::sync::OwnedSemaphorePermit;

use super::error::{ApiError, Code, Result};
use super::parameters::Parameters;
use super::{Api, WRITE_UNIT, body, buckets, organizations};
use crate::auth::{Access, Denied, Target};
use crate::storage::WriteError;

pub(super) async fn write(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode> {
    let precision = precision(parameters.get("precision"))?;
    let bucket = {
        let catalog = api.store.catalog();
        let organization = organizations::of_request(&catalog, &parameters)?;
        let name_or_id =
            parameters.get("bucket").ok_or_else(|| ApiError::not_found("bucket not found"))?;
        let bucket = buckets::of_request(&catalog, organization.id, name_or_id)?;
        access.check(Action::Write, Target::bucket(bucket)).map_err(denied)?;
        bucket.id
    };

    let _place =
        api.writes.try_acquire().map_err(|_| ApiError::busy("too many writes at the same time"))?;
    let limits =
        body::Limits { wire: api.limits.write_body, unpacked: api.limits.write_body_unpacked };
    if declared_length(&headers).is_some_and(|length| length > limits.wire as u64) {
        return Err(ApiError::too_large());
    }
    let mut memory = Memory { api: &api, used: 0, permits: Vec::new() };
    let lines = body::read_packed(body, is_gzip(&headers), limits, api.limits.read_idle, |more| {
        memory.reserve(more)
    });
    let lines = String::from_utf8(lines.await?)
        .map_err(|error| ApiError::invalid(format!("{error}: line protocol is UTF-8")))?;
    match api.store.write(bucket, &lines, precision).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(WriteError::UnknownBucket) => Err(ApiError::not_found("bucket not found")),
        Err(WriteError::Lines { message }) => Err(ApiError::invalid(message)),
        Err(WriteError::Partial { message, .. }) => Err(ApiError::new(
            Code::Unprocessable,
            format!("failure writing points to database: {message}"),
        )),
        Err(WriteError::Store(error)) => Err(error.into()),
    }
}

fn precision(text: Option<&str>) -> Result<Precision> {
    match text {
        None | Some("ns") => Ok(Precision::Nanoseconds),
        Some("us") => Ok(Precision::Microseconds),
        Some("ms") => Ok(Precision::Milliseconds),
        Some("s") => Ok(Precision::Seconds),
        Some(_) => {
            Err(ApiError::invalid("invalid precision; valid precision units are ns, us, ms, and s"))
        }
    }
}

fn denied(denied: Denied) -> ApiError {
    match denied {
        Denied::Inactive => {
            ApiError::forbidden("insufficient permissions for write: token is inactive")
        }
        Denied::Missing { .. } => ApiError::forbidden("insufficient permissions for write"),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| {
        encoding.as_bytes().eq_ignore_ascii_case(b"gzip")
            || encoding.as_bytes().eq_ignore_ascii_case(b"x-gzip")
    })
}

/// The share of one request in the memory that all bodies have together.
struct Memory<'a> {
    api: &'a Api,
    used: usize,
    permits: Vec<OwnedSemaphorePermit>,
}

impl Memory<'_> {
    fn reserve(&mut self, more: usize) -> Result<()> {
        let before = self.used.div_ceil(WRITE_UNIT);
        self.used += more;
        let units = self.used.div_ceil(WRITE_UNIT) - before;
        if units > 0 {
            let permit = Arc::clone(&self.api.write_memory).try_acquire_many_owned(units as u32);
            self.permits.push(
                permit.map_err(|_| ApiError::busy("too much is being written at the same time"))?,
            );
        }
        Ok(())
    }
}
