//! Measures every request until the head of its answer: what is streamed after it may go on for hours.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use crate::server::state::AppState;

pub async fn measure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let route = route.as_ref().map(MatchedPath::as_str);
    state.shared.monitor.request(route, &method, response.status().as_u16(), start.elapsed());
    response
}
