//! A panic in a handler becomes an answer with status 500; its text goes to the log only.

use std::any::Any;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// For `tower_http::catch_panic`.
pub fn answer(panic: Box<dyn Any + Send>) -> Response<Body> {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("of unknown cause");
    tracing::error!("a request handler panicked: {text}");
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        headers,
        "Something went wrong on the server. Its log says more.\n",
    )
        .into_response()
}
