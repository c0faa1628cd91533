//! One line of the log a request: method, route, status, duration. Never its query string, headers or body.

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

/// Names a request in the log and in what is shown of an error.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// When the request arrived; time limits count from here.
#[derive(Debug, Clone, Copy)]
pub struct RequestStart(pub Instant);

/// Gives the request an id and logs it when its answer begins.
pub async fn trace(mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = new_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(RequestStart(start));
    let method = request.method().clone();
    // The path itself may hold anything that somebody typed.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(no route)", MatchedPath::as_str)
        .to_owned();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let milliseconds = start.elapsed().as_millis() as u64;
    if status >= 500 {
        tracing::warn!(request.id = id, %method, route, status, milliseconds, "request");
    } else {
        tracing::debug!(request.id = id, %method, route, status, milliseconds, "request");
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Eight bytes that nobody can guess, as hexadecimal digits.
fn new_id() -> String {
    format!("{:016x}", getrandom::u64().unwrap_or_default())
}
