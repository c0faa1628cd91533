//! `/api/v2/buckets`, and how other calls name a bucket.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use influx_wire::api::{Action, Buckets, CreateBucket, Links, RetentionRule};
use serde::Deserialize;
use serde_json::json;

use super::error::{ApiError, Code, Result};
use super::parameters::Parameters;
use super::{Api, json as answer, organizations, represent};
use crate::auth::{Access, Target};
use crate::catalog::{Bucket, BucketUpdate, Catalog, NewBucket, OrganizationId};
use crate::storage::BucketId;

/// The bucket of a write or a delete: its id or its name, the id first.
pub(super) fn of_request<'a>(
    catalog: &'a Catalog,
    organization: OrganizationId,
    name_or_id: &str,
) -> Result<&'a Arc<Bucket>> {
    name_or_id
        .parse()
        .ok()
        .and_then(|id: BucketId| catalog.bucket(id))
        .filter(|bucket| bucket.organization == organization)
        .or_else(|| catalog.bucket_by_name(organization, name_or_id))
        .ok_or_else(|| ApiError::not_found(format!("bucket \"{name_or_id}\" not found")))
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Page {
    limit: usize,
    offset: usize,
    descending: bool,
    after: Option<BucketId>,
}

impl Page {
    fn of(parameters: &Parameters) -> Result<Self> {
        let limit = match parameters.get("limit") {
            Some(limit) => {
                limit.parse::<i64>().map_err(|_| ApiError::invalid("limit is invalid"))?
            }
            None => 20,
        };
        if !(1..=100).contains(&limit) {
            return Err(ApiError::invalid("limit must be between 1 and 100"));
        }
        let offset = match parameters.get("offset") {
            Some(offset) => offset.parse().map_err(|_| ApiError::invalid("offset is invalid"))?,
            None => 0,
        };
        let descending = match parameters.get("descending") {
            Some(value) => value.parse().map_err(|_| ApiError::invalid("descending is invalid"))?,
            None => false,
        };
        let after = parameters
            .get("after")
            .map(|id| id.parse().map_err(|error| ApiError::from(error).within("decoding after")))
            .transpose()?;
        Ok(Self { limit: limit as usize, offset, descending, after })
    }

    fn of_sorted(self, mut buckets: Vec<&Arc<Bucket>>) -> Vec<&Arc<Bucket>> {
        if self.descending {
            buckets.reverse();
        }
        let behind =
            self.after.and_then(|after| buckets.iter().position(|bucket| bucket.id == after));
        let start = behind.map_or(0, |position| position + 1);
        buckets.into_iter().skip(start).skip(self.offset).take(self.limit).collect()
    }

    /// To this page and its neighbours; parameters sorted by name.
    fn links(self, parameters: &Parameters, rows: usize) -> Links {
        let link = |offset: usize| {
            let mut query: Vec<(&str, String)> = vec![
                ("descending", self.descending.to_string()),
                ("limit", self.limit.to_string()),
                ("offset", offset.to_string()),
            ];
            if let Some(after) = self.after {
                query.push(("after", after.to_string()));
            }
            for (name, shown) in
                [("name", "bucket"), ("org", "org"), ("orgID", "orgID"), ("id", "id")]
            {
                query.extend(parameters.get(name).map(|value| (shown, value.to_owned())));
            }
            query.sort();
            let query =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            format!("/api/v2/buckets?{query}")
        };
        let mut links = Links::from([("self".to_owned(), link(self.offset))]);
        if self.offset > 0 {
            links.insert("prev".to_owned(), link(self.offset.saturating_sub(self.limit)));
        }
        if rows == self.limit {
            links.insert("next".to_owned(), link(self.offset + self.limit));
        }
        links
    }
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
) -> Result<Response> {
    let page = Page::of(&parameters)?;
    let catalog = api.store.catalog();
    let organization = match (parameters.get("orgID"), parameters.get("org")) {
        (Some(id), _) => Some(id.parse::<OrganizationId>()?),
        (None, Some(name)) => Some(organizations::by_name(&catalog, name)?.id),
        (None, None) => None,
    };
    let name = parameters.get("name");
    let found = if let Some(id) = parameters.get("id") {
        vec![find_bucket(&catalog, id.parse()?)?]
    } else {
        let mut found: Vec<_> = catalog
            .buckets()
            .filter(|bucket| {
                organization.is_none_or(|organization| bucket.organization == organization)
            })
            .filter(|bucket| name.is_none_or(|name| bucket.name == name))
            .collect();
        // The application creates the bucket when it reads this.
        if let (Some(name), Some(_), true) = (name, organization, found.is_empty()) {
            return Err(ApiError::not_found(format!("bucket \"{name}\" not found")));
        }
        if organization.is_some() {
            found.sort_by(|one, other| one.name.cmp(&other.name));
        }
        page.of_sorted(found)
    };
    let rows = if name.is_some() || parameters.get("id").is_some() { 0 } else { found.len() };
    let body = Buckets {
        links: page.links(&parameters, rows),
        buckets: found
            .into_iter()
            .filter(|bucket| access.check_bucket_read(bucket).is_ok())
            .map(|bucket| represent::bucket(bucket))
            .collect(),
    };
    Ok(answer::indented(StatusCode::OK, &body))
}

fn find_bucket(catalog: &Catalog, id: BucketId) -> Result<&Arc<Bucket>> {
    catalog.bucket(id).ok_or_else(|| ApiError::not_found("bucket not found"))
}

pub(super) async fn find(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response> {
    let catalog = api.store.catalog();
    let bucket = find_bucket(&catalog, id.parse()?)?;
    access.check_bucket_read(bucket)?;
    Ok(answer::indented(StatusCode::OK, &represent::bucket(bucket)))
}

pub(super) async fn labels(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response> {
    let catalog = api.store.catalog();
    access.check_bucket_read(find_bucket(&catalog, id.parse()?)?)?;
    Ok(answer::indented(
        StatusCode::OK,
        &json!({ "links": { "self": "/api/v2/labels" }, "labels": [] }),
    ))
}

/// Retention and shard-group duration in seconds, of the one rule that there may be.
fn retention(rules: &[RetentionRule]) -> Result<(Option<u64>, Option<u64>)> {
    let refused = |text: &str| ApiError::new(Code::Unprocessable, text);
    match rules {
        [] => Ok((None, None)),
        [rule] => {
            let retention = u64::try_from(rule.every_seconds)
                .map_err(|_| refused("expiration seconds cannot be negative"))?;
            let shard_group = rule
                .shard_group_duration_seconds
                .map(u64::try_from)
                .transpose()
                .map_err(|_| refused("shard-group duration seconds cannot be negative"))?;
            Ok((Some(retention), shard_group.filter(|seconds| *seconds > 0)))
        }
        _ => Err(refused("buckets cannot have more than one retention rule at this time")),
    }
}

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    body: Body,
) -> Result<Response> {
    let request: CreateBucket = answer::read(body, "failed to unmarshal json").await?;
    if request.org_id.is_empty() {
        return Err(ApiError::invalid("organization id must be provided"));
    }
    let organization: OrganizationId = request
        .org_id
        .parse()
        .map_err(|error| ApiError::from(error).within("failed to unmarshal json"))?;
    access.check(Action::Write, Target::all("buckets", Some(organization)))?;
    let (retention_seconds, shard_group_seconds) = retention(&request.retention_rules)?;
    let bucket = NewBucket {
        organization,
        name: request.name,
        description: request.description.unwrap_or_default(),
        retention_seconds: retention_seconds.unwrap_or(0),
        shard_group_seconds,
    };
    let bucket = api.store.create_bucket(bucket).await?;
    Ok(answer::indented(StatusCode::CREATED, &represent::bucket(&bucket)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UpdateBucket {
    name: Option<String>,
    description: Option<String>,
    retention_rules: Vec<RetentionRule>,
}

pub(super) async fn update(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response> {
    let id: BucketId = id.parse()?;
    let request: UpdateBucket = answer::read(body, "failed to unmarshal json").await?;
    access.check(Action::Write, Target::bucket(find_bucket(&api.store.catalog(), id)?))?;
    let (retention_seconds, shard_group_seconds) = retention(&request.retention_rules)?;
    let update = BucketUpdate {
        name: request.name,
        description: request.description,
        retention_seconds,
        shard_group_seconds,
    };
    let bucket = api.store.update_bucket(id, update).await?;
    Ok(answer::indented(StatusCode::OK, &represent::bucket(&bucket)))
}

pub(super) async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id: BucketId = id.parse()?;
    access.check(Action::Write, Target::bucket(find_bucket(&api.store.catalog(), id)?))?;
    api.store.delete_bucket(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
