//! What a dashboard shows.

use leptos::prelude::*;
use leptos::server_fn::codec::{ByteStream, GetUrl, Streaming};

use super::ApiError;
use crate::model::dashboard::Dashboard;
use crate::model::place::Place;

/// A dashboard without the points of its charts. `range`, `from` and `to` as in the URL of the page.
#[server(prefix = "/rpc", endpoint = "read_dashboard", input = GetUrl)]
pub async fn read_dashboard(
    id: String,
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
) -> Result<Dashboard, ApiError> {
    use crate::model::range::TimeRange;
    use crate::server::edge::{Edge, existing_device_id};
    use crate::server::services::{Error, dashboard};
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let range = TimeRange::from_parameters(range.as_deref(), from.as_deref(), to.as_deref())
            .map_err(|error| Error::Invalid { field: "range", message: error.to_string() })?;
        let (_, influx) = edge.influx().await?;
        dashboard::dashboard(&influx, &edge.shared().clock, edge.shared().judgement, &id, range)
            .await
    };
    edge.answer(answer.await)
}

/// Where a device was from `from_ms` up to `to_ms` (milliseconds since the Unix epoch, half open), in order.
#[server(prefix = "/rpc", endpoint = "read_places", input = GetUrl)]
pub async fn read_places(id: String, from_ms: i64, to_ms: i64) -> Result<Vec<Place>, ApiError> {
    use crate::model::time::Timestamp;
    use crate::server::edge::{Edge, existing_device_id};
    use crate::server::services::dashboard;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let (_, influx) = edge.influx().await?;
        dashboard::places(&influx, &id, Timestamp(from_ms), Timestamp(to_ms)).await
    };
    edge.answer(answer.await)
}

/// The charted fields from `from_ms` up to `to_ms` (milliseconds since the Unix epoch, half open), as finely as so many pixel columns
/// show them, in the binary form of [`crate::model::series`]. Dropping the call cancels the query.
#[server(prefix = "/rpc", endpoint = "read_series", input = GetUrl, output = Streaming)]
pub async fn read_series(
    id: String,
    from_ms: i64,
    to_ms: i64,
    columns: u32,
) -> Result<ByteStream<ApiError>, ApiError> {
    use crate::model::time::Timestamp;
    use crate::server::edge::{Edge, existing_device_id};
    use crate::server::services::dashboard;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let (_, influx) = edge.unlimited_influx().await?;
        dashboard::series(&influx, &id, Timestamp(from_ms), Timestamp(to_ms), columns).await
    };
    let bytes = edge.answer(answer.await)?.encode();
    Ok(ByteStream::new(futures::stream::once(async move { Ok::<_, ApiError>(bytes) })))
}

/// What the device measures after `since_ms` (milliseconds since the Unix epoch), as it comes: a stream of
/// [`LiveFrame`](crate::model::live::LiveFrame)s that ends with the server only. Dropping the answer stops following.
///
/// A gap is filled for an hour back at most; what was measured before that is read by [`read_series`]. Points later within that
/// millisecond come, too, so that none is lost: a reader that has them already leaves them out.
#[server(prefix = "/rpc", endpoint = "follow_series", input = GetUrl, output = Streaming)]
pub async fn follow_series(id: String, since_ms: i64) -> Result<ByteStream<ApiError>, ApiError> {
    use crate::model::time::Timestamp;
    use crate::server::edge::{Edge, existing_device_id};
    use crate::server::services::follow::follow;
    use futures::StreamExt;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let sessions = edge.sessions().await?;
        let shared = edge.shared();
        let since = Timestamp(since_ms).to_nanoseconds();
        let look_back = shared.judgement.look_back;
        follow(sessions, shared.clock, look_back, &shared.pollers, &id, since).await
    };
    let frames = edge.until_shutdown(edge.answer(answer.await)?);
    Ok(ByteStream::new(frames.map(|frame| Ok::<_, ApiError>(frame.encode()))))
}
