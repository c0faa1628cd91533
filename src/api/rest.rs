//! What the REST API offers, for its page.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::rest::Operation;

/// The operations of the REST API in the order of their paths.
#[server(prefix = "/rpc", endpoint = "list_operations", input = GetUrl)]
#[allow(clippy::unused_async, reason = "server functions are asynchronous, whatever they do")]
pub async fn list_operations() -> Result<Vec<Operation>, ApiError> {
    Ok(crate::server::rest::documentation::operations().to_vec())
}
