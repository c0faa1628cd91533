//! Queries that somebody has put together or written.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::data::{DataView, SelectionParameters};

/// What the query builder asks for, or a script in its place, with the beginning of the answer.
///
/// `last_device` is asked for where no other one is. Where another site has sent somebody here, nothing is run.
#[server(prefix = "/rpc", endpoint = "read_data", input = GetUrl)]
pub async fn read_data(
    parameters: SelectionParameters,
    script: Option<String>,
    last_device: Option<String>,
) -> Result<DataView, ApiError> {
    use crate::server::edge::{CALL_LIMIT, Edge};
    use crate::server::services::data::{Question, data};
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        // Who has written a script waits for its answer. A choice is a page like others.
        let patient = match &script {
            Some(_) => edge.influx_within(CALL_LIMIT).await?,
            None => edge.influx().await?.1,
        };
        let shared = edge.shared();
        let runs = !edge.is_from_elsewhere();
        let question = Question { parameters, script, last_device, runs };
        data(&influx, &patient, &shared.clock, &shared.read_token, shared.judgement, question).await
    };
    edge.answer(answer.await)
}
