//! What happens around every request: version headers, other origins, panics, authentication.

use std::any::Any;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::error::{ApiError, Code};
use super::{Api, VERSION};
use crate::auth;

const BUILD_HEADER: HeaderName = HeaderName::from_static("x-influxdb-build");
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-influxdb-version");

/// Address and headers of a request together have at most so many bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// Refuses requests whose head is too large.
pub(super) async fn head_limit(request: Request, next: Next) -> Response {
    let headers = request.headers().iter();
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let length: usize =
        headers.map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + address;
    if length > LARGEST_HEAD {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
    next.run(request).await
}

/// Official clients find out by these headers with whom they speak.
pub(super) async fn version(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(BUILD_HEADER, HeaderValue::from_static("OSS"));
    headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    response
}

/// Pages of any origin may call, as with InfluxDB: without a token they get nothing, and no cookie is one.
pub(super) async fn cross_origin(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match (&origin, request.method()) {
        (Some(_), &Method::OPTIONS) => {
            let allowed = [
                (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, GET, OPTIONS, PUT, DELETE, PATCH"),
                (
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    "Accept, Content-Type, Content-Length, Accept-Encoding, Authorization, User-Agent",
                ),
            ];
            (StatusCode::NO_CONTENT, allowed).into_response()
        }
        (None, &Method::OPTIONS) => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        _ => next.run(request).await,
    };
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().append(header::VARY, HeaderValue::from_name(header::ORIGIN));
    }
    response
}

/// A handler that panics is a bug, and the answer to its request is 500; all others go on.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(message, "a request panicked");
    ApiError::new(Code::Internal, "An internal error has occurred - check server logs")
        .into_response()
}

/// Finds the authorization behind the token. Comes before routing: without one, even unknown paths are 401.
pub(super) async fn authenticate(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Response {
    if needs_token(request.uri().path()) {
        let access = auth::token(request.headers())
            .and_then(|token| auth::Access::find(&api.store.catalog(), token));
        match access {
            Some(access) => {
                request.extensions_mut().insert(access);
            }
            None => return ApiError::unauthorized().into_response(),
        }
    }
    next.run(request).await
}

fn needs_token(path: &str) -> bool {
    path.starts_with("/api/v2/") && !matches!(path, "/api/v2/setup" | "/api/v2/setup/")
}

/// 308 to the same path without the slash at its end.
pub(super) async fn without_slash(uri: Uri) -> Response {
    let path = uri.path().trim_end_matches('/');
    let location = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
}

pub(super) async fn unknown_path(uri: Uri) -> Response {
    if uri.path().starts_with("/api/v2/") {
        return ApiError::not_found("path not found").into_response();
    }
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}
