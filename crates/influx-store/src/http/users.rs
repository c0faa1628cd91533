//! `/api/v2/users` and `/api/v2/me`, to be read only: there is one user, the one of the setup.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use influx_wire::api::{Action, User};
use serde_json::json;

use super::error::{ApiError, Result};
use super::parameters::Parameters;
use super::{Api, json as answer, represent};
use crate::auth::{Access, Target};
use crate::catalog::UserId;

pub(super) async fn me(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
) -> Result<Response> {
    one(&api, &access, access.user())
}

pub(super) async fn find(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response> {
    one(&api, &access, id.parse()?)
}

fn one(api: &Api, access: &Access, id: UserId) -> Result<Response> {
    access.check(Action::Read, Target::user(id))?;
    let catalog = api.store.catalog();
    let user = catalog.user(id).ok_or_else(|| ApiError::not_found("user not found"))?;
    Ok(answer::indented(StatusCode::OK, &represent::user(user)))
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
) -> Result<Response> {
    let catalog = api.store.catalog();
    let name = parameters.get("name");
    let id = parameters.get("id").map(str::parse::<UserId>).transpose()?;
    let users: Vec<_> = catalog
        .users()
        .filter(|user| {
            name.is_none_or(|name| user.name == name) && id.is_none_or(|id| user.id == id)
        })
        .collect();
    if users.is_empty() && (name.is_some() || id.is_some()) {
        return Err(ApiError::not_found("user not found"));
    }
    let users: Vec<User> = users
        .into_iter()
        .filter(|user| access.check(Action::Read, Target::user(user.id)).is_ok())
        .map(|user| represent::user(user))
        .collect();
    Ok(answer::indented(
        StatusCode::OK,
        &json!({ "links": { "self": "/api/v2/users" }, "users": users }),
    ))
}
