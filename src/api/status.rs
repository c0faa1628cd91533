//! How the server and its backend are.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::status::StatusReport;

/// The whole report. Where InfluxDB does not answer, it says so.
#[server(prefix = "/rpc", endpoint = "read_status", input = GetUrl)]
pub async fn read_status() -> Result<StatusReport, ApiError> {
    use crate::server::{edge::Edge, services::status};
    let edge = Edge::of_request()?;
    let influx = edge.influx().await.ok().map(|(_, influx)| influx);
    let known = edge.state().known(edge.host());
    Ok(status::report(known, influx.as_ref(), &edge.shared().clock).await)
}
