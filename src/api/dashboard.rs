//! What a dashboard shows.

use leptos::prelude::*;
use leptos::server_fn::codec::{ByteStream, GetUrl, Streaming};

use super::ApiError;
use crate::model::dashboard::Dashboard;

/// A dashboard without the points of its charts. `range`, `from` and `to` as in the URL of the page.
#[server(prefix = "/rpc", endpoint = "dashboard", input = GetUrl)]
pub async fn dashboard(
    id: String,
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
) -> Result<Dashboard, ApiError> {
    todo!()
}

/// The points of the charted fields from `from_ms` up to `to_ms` (milliseconds since the Unix epoch, half open), in the binary form
/// of [`crate::model::series`]. Dropping the call cancels the query.
#[server(prefix = "/rpc", endpoint = "series", input = GetUrl, output = Streaming)]
pub async fn series(id: String, from_ms: i64, to_ms: i64) -> Result<ByteStream<ApiError>, ApiError> {
    todo!()
}
