//! `/api/v2/authorizations`: tokens, which are shown once and kept as hashes.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use influx_wire::api::{Action, Authorizations, Links, Permission, Resource, Status};
use serde::Deserialize;

use super::error::{ApiError, Result};
use super::parameters::Parameters;
use super::{Api, json, organizations, represent};
use crate::auth::{self, Access, Target};
use crate::catalog::{
    Authorization, AuthorizationId, AuthorizationUpdate, Catalog, NewAuthorization, OrganizationId,
    RESOURCES, UserId,
};

/// The one resource that a permission may name and the operator token leaves out: the server itself.
const INSTANCE: &str = "instance";

pub(super) async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
) -> Result<Response> {
    let catalog = api.store.catalog();
    let organization = match (parameters.get("orgID"), parameters.get("org")) {
        (Some(id), _) => Some(id.parse::<OrganizationId>()?),
        (None, Some(name)) => Some(organizations::by_name(&catalog, name)?.id),
        (None, None) => None,
    };
    let user = match (parameters.get("userID"), parameters.get("user")) {
        (Some(id), _) => Some(id.parse::<UserId>()?),
        (None, Some(name)) => {
            let user = catalog.user_by_name(name);
            Some(user.ok_or_else(|| ApiError::not_found("user not found"))?.id)
        }
        (None, None) => None,
    };
    let id = parameters.get("id").map(str::parse::<AuthorizationId>).transpose()?;
    if let Some(id) = id {
        find_authorization(&catalog, id)?;
    }
    let mut found: Vec<&Arc<Authorization>> = catalog
        .authorizations()
        .filter(|authorization| {
            id.is_none_or(|id| authorization.id == id)
                && organization
                    .is_none_or(|organization| authorization.organization == organization)
                && user.is_none_or(|user| authorization.user == user)
                && access.check_authorization(Action::Read, authorization).is_ok()
        })
        .collect();
    // Ids are random here; in InfluxDB they grow, so its lists begin with the oldest.
    found.sort_by_key(|authorization| (authorization.created_at, authorization.id));
    let authorizations = found
        .into_iter()
        .map(|authorization| represent::authorization(&catalog, authorization, None))
        .collect();
    let links = Links::from([("self".to_owned(), "/api/v2/authorizations".to_owned())]);
    Ok(json::indented(StatusCode::OK, &Authorizations { links, authorizations }))
}

fn find_authorization(catalog: &Catalog, id: AuthorizationId) -> Result<&Arc<Authorization>> {
    catalog.authorization(id).ok_or_else(|| ApiError::not_found("authorization not found"))
}

pub(super) async fn find(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response> {
    let catalog = api.store.catalog();
    let authorization = find_authorization(&catalog, id.parse()?)?;
    access.check_authorization(Action::Read, authorization)?;
    Ok(json::indented(StatusCode::OK, &represent::authorization(&catalog, authorization, None)))
}

/// As lenient as InfluxDB: what is wrong with a value is said with a text of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CreateAuthorization {
    #[serde(rename = "orgID")]
    organization_id: String,
    #[serde(rename = "userID")]
    user_id: Option<String>,
    status: String,
    description: String,
    permissions: Vec<RequestedPermission>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestedPermission {
    action: String,
    resource: RequestedResource,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestedResource {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(rename = "orgID")]
    organization_id: Option<String>,
}

impl RequestedPermission {
    fn checked(self) -> Result<Permission> {
        let RequestedResource { kind, id, organization_id } = self.resource;
        if !RESOURCES.contains(&kind.as_str()) && kind != INSTANCE {
            let text = "invalid resource type for permission: unknown resource type for permission";
            return Err(ApiError::invalid(text));
        }
        let action = match self.action.as_str() {
            "read" => Action::Read,
            "write" => Action::Write,
            _ => {
                let text = "invalid action type for permission: unknown action for permission";
                return Err(ApiError::invalid(text));
            }
        };
        for id in [&id, &organization_id].into_iter().flatten() {
            checked_id::<AuthorizationId>(id)?;
        }
        let resource = Resource { kind, id, org_id: organization_id, name: None, org: None };
        Ok(Permission { action, resource })
    }
}

fn checked_id<T>(id: &str) -> Result<T>
where
    T: std::str::FromStr,
    ApiError: From<T::Err>,
{
    id.parse().map_err(|error| ApiError::from(error).within("invalid json structure"))
}

fn status(text: &str) -> Option<Status> {
    match text {
        "active" => Some(Status::Active),
        "inactive" => Some(Status::Inactive),
        _ => None,
    }
}

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    body: Body,
) -> Result<Response> {
    let request: CreateAuthorization = json::read(body, "invalid json structure").await?;
    let status = match request.status.as_str() {
        "" => Status::Active,
        text => status(text)
            .ok_or_else(|| ApiError::invalid("invalid status: must be active or inactive"))?,
    };
    if request.permissions.is_empty() {
        return Err(ApiError::invalid("authorization must include permissions"));
    }
    if request.organization_id.is_empty() {
        return Err(ApiError::invalid("org id required: invalid ID"));
    }
    let organization: OrganizationId = checked_id(&request.organization_id)?;
    let user: UserId = match request.user_id.filter(|id| !id.is_empty()) {
        Some(id) => checked_id(&id)?,
        None => access.user(),
    };
    let permissions: Vec<Permission> =
        request.permissions.into_iter().map(RequestedPermission::checked).collect::<Result<_>>()?;
    let own = organization.to_string();
    for permission in &permissions {
        if permission.resource.org_id.as_ref().is_some_and(|id| *id != own) {
            let text = format!("permission {} is not for org id {own}", auth::describe(permission));
            return Err(ApiError::invalid(text));
        }
    }
    access.check(Action::Write, Target::all("authorizations", Some(organization)))?;
    access.check(Action::Write, Target::user(user))?;
    for permission in &permissions {
        if !access.holds(permission) {
            let name = auth::describe(permission);
            return Err(ApiError::forbidden(format!(
                "permission {name} is not allowed: {name} is unauthorized"
            )));
        }
    }
    let new = NewAuthorization {
        organization,
        user,
        status,
        description: request.description,
        permissions,
    };
    let (authorization, token) = api.store.create_authorization(new).await?;
    let body = represent::authorization(&api.store.catalog(), &authorization, Some(token));
    Ok(json::indented(StatusCode::CREATED, &body))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UpdateAuthorization {
    status: Option<String>,
    description: Option<String>,
}

pub(super) async fn update(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response> {
    let id: AuthorizationId = id.parse()?;
    let request: UpdateAuthorization = json::read(body, "invalid json structure").await?;
    let status = match request.status.as_deref() {
        None | Some("") => None,
        Some(text) => Some(status(text).ok_or_else(|| {
            ApiError::invalid("encodeAuthorization: unknown authorization status")
        })?),
    };
    {
        let catalog = api.store.catalog();
        let authorization = find_authorization(&catalog, id)?;
        access.check_authorization(Action::Read, authorization)?;
        access.check_authorization(Action::Write, authorization)?;
    }
    let update = AuthorizationUpdate { status, description: request.description };
    let authorization = api.store.update_authorization(id, update).await?;
    let body = represent::authorization(&api.store.catalog(), &authorization, None);
    Ok(json::indented(StatusCode::OK, &body))
}

pub(super) async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id: AuthorizationId = id.parse()?;
    access.check_authorization(Action::Write, find_authorization(&api.store.catalog(), id)?)?;
    api.store.delete_authorization(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
