//! The buckets of the organization.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::bucket::BucketList;

/// All buckets that the server may see, with what could be counted in time.
#[server(prefix = "/rpc", endpoint = "list_buckets", input = GetUrl)]
pub async fn list_buckets() -> Result<BucketList, ApiError> {
    use crate::server::{edge::Edge, services::buckets};
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        buckets::list(&influx, &edge.shared().clock, edge.shared().judgement).await
    };
    edge.answer(answer.await)
}
