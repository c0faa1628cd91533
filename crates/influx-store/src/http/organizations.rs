//! `/api/v2/orgs`, and how other calls name an organization.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use influx_wire::api::{Action, Links, Organizations};
use serde::Deserialize;

use super::error::{ApiError, Result};
use super::parameters::Parameters;
use super::{Api, json, represent};
use crate::auth::{Access, Target};
use crate::catalog::{Catalog, Organization, OrganizationId};

/// The organization with a name.
pub(super) fn by_name<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Organization>> {
    catalog
        .organization_by_name(name)
        .ok_or_else(|| ApiError::not_found(format!("organization name \"{name}\" not found")))
}

/// The organization of a write, a query or a delete: `orgID`, or `org` as an id or a name.
pub(super) fn of_request<'a>(
    catalog: &'a Catalog,
    parameters: &Parameters,
) -> Result<&'a Arc<Organization>> {
    let not_found = || ApiError::not_found("organization not found");
    if let Some(id) = parameters.get("orgID") {
        return catalog.organization(id.parse()?).ok_or_else(not_found);
    }
    let Some(name_or_id) = parameters.get("org") else {
        return Err(ApiError::invalid("Please provide either orgID or org"));
    };
    match name_or_id.parse::<OrganizationId>() {
        Ok(id) => catalog
            .organization(id)
            .or_else(|| catalog.organization_by_name(name_or_id))
            .ok_or_else(not_found),
        Err(_) => by_name(catalog, name_or_id),
    }
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
) -> Result<Response> {
    let catalog = api.store.catalog();
    // A malformed id is as good as none, as in InfluxDB.
    let id = parameters.get("orgID").and_then(|id| id.parse::<OrganizationId>().ok());
    let found: Vec<&Arc<Organization>> = if let Some(name) = parameters.get("org") {
        vec![by_name(&catalog, name)?]
    } else if let Some(id) = id {
        vec![
            catalog
                .organization(id)
                .ok_or_else(|| ApiError::not_found("organization not found"))?,
        ]
    } else {
        catalog.organizations().collect()
    };
    let orgs = found
        .into_iter()
        .filter(|organization| {
            access.check(Action::Read, Target::organization(organization.id)).is_ok()
        })
        .map(|organization| represent::organization(organization))
        .collect();
    let links = Links::from([("self".to_owned(), "/api/v2/orgs".to_owned())]);
    Ok(json::indented(StatusCode::OK, &Organizations { links, orgs }))
}

pub(super) async fn find(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id: OrganizationId = id.parse()?;
    access.check(Action::Read, Target::organization(id))?;
    let catalog = api.store.catalog();
    let organization =
        catalog.organization(id).ok_or_else(|| ApiError::not_found("organization not found"))?;
    Ok(json::indented(StatusCode::OK, &represent::organization(organization)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CreateOrganization {
    name: String,
    description: String,
}

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    body: Body,
) -> Result<Response> {
    let request: CreateOrganization = json::read(body, "failed to unmarshal json").await?;
    access.check(Action::Write, Target::all("orgs", None))?;
    let organization = api.store.create_organization(request.name, request.description).await?;
    Ok(json::indented(StatusCode::CREATED, &represent::organization(&organization)))
}
