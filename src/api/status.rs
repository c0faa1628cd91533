//! How the backend is.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::status::BackendStatus;

/// The backend and its state as of the last probe; answers at once.
#[server(prefix = "/rpc", endpoint = "backend_status", input = GetUrl)]
pub async fn backend_status() -> Result<BackendStatus, ApiError> {
    todo!()
}
