//! How the backend is.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use super::json::Json;
use crate::model::status::BackendStatus;

/// The backend and its state as of the last probe; answers at once.
#[server(prefix = "/rpc", endpoint = "read_backend_status", input = GetUrl, output = Json)]
#[allow(clippy::unused_async, reason = "all server functions are async")]
pub async fn read_backend_status() -> Result<BackendStatus, ApiError> {
    use crate::server::edge::Edge;
    let edge = Edge::of_request()?;
    let (name, state) = edge.shared().backend.status();
    Ok(BackendStatus { name, state, banner: edge.shared().banner.clone() })
}
