//! What the REST API offers, for its page.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::rest::Operation;

/// The operations of the REST API in the order of their paths.
#[server(prefix = "/rpc", endpoint = "list_operations", input = GetUrl)]
pub async fn list_operations() -> Result<Vec<Operation>, ApiError> {
    Ok(crate::server::rest::documentation::operations().to_vec())
}
