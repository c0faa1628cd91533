//! Asking the server for what is drawn.

use leptos::server_fn::ServerFn;

use crate::api::ApiError;
use crate::api::dashboard::ReadSeries;
use crate::browser::answer::get;
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::model::view::View;

/// What the charts are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Points {
    pub(super) series: Series,
    /// With the nanoseconds by which its times are moved.
    pub(super) compared: Option<(Series, i64)>,
    /// What was asked for.
    pub(super) from: Timestamp,
    /// So far the points are there: up to what was asked for, then to the last one that was heard.
    pub(super) to: Timestamp,
}

/// Reads a span of what is viewed, as finely as so many pixel columns show it. Dropped, it cancels the requests.
pub(super) async fn read(
    view: View,
    from: Timestamp,
    to: Timestamp,
    columns: u32,
) -> Result<Points, ApiError> {
    let series = read_one(view.id.to_string(), from, to, columns);
    let Some(comparison) = &view.comparison else {
        return Ok(Points { series: series.await?, compared: None, from, to });
    };
    let (id, other_from, other_to) = comparison.subject(&view.id, from, to);
    let compared = read_one(id.to_string(), other_from, other_to, columns);
    let (series, compared) = futures::join!(series, compared);
    let shift = comparison.shift(from, to);
    Ok(Points { series: series?, compared: Some((compared?, shift)), from, to })
}

async fn read_one(
    id: String,
    from: Timestamp,
    to: Timestamp,
    columns: u32,
) -> Result<Series, ApiError> {
    let (function, from, to) = (ReadSeries::url(), from.0, to.0);
    let url = format!("{function}?id={id}&from_ms={from}&to_ms={to}&columns={columns}");
    let mut answer = get(&url).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = answer.piece().await? {
        bytes.extend_from_slice(&piece);
    }
    Series::decode(&bytes).map_err(|error| ApiError::Transport(error.to_string()))
}
