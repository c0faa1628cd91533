//! The charts of a dashboard as one SVG file.

use axum::http::HeaderMap;

use super::{connect, file_name};
use crate::charts::picture::Picture;
use crate::charts::sheet::{COLUMNS, sheet};
use crate::hooks::zone::zone_of;
use crate::model::range::{Comparison, TimeRange};
use crate::server::edge::{CALL_LIMIT, existing_device_id};
use crate::server::influx::TimeLimit;
use crate::server::services::{Result, dashboard};
use crate::server::state::AppState;

/// The name of the file and the file.
pub(super) async fn draw(
    state: &AppState,
    id: &str,
    range: TimeRange,
    comparison: Option<Comparison>,
    headers: &HeaderMap,
) -> Result<(String, String)> {
    let device = existing_device_id(id)?;
    let limit = TimeLimit { deadline: tokio::time::Instant::now() + CALL_LIMIT, total: CALL_LIMIT };
    let (session, now) = connect(state, Some(limit)).await?;
    let shared = &state.shared;
    // Says as the page does what is no device.
    dashboard::dashboard(&session, &shared.clock, shared.judgement, &device, range).await?;
    let (from, to) = range.bounds(now);
    let series = dashboard::series(&session, &device, from, to, COLUMNS).await?;
    let compared = match &comparison {
        None => None,
        Some(comparison) => {
            let (other, from, to) = comparison.subject(&device, from, to);
            Some(dashboard::series(&session, &other, from, to, COLUMNS).await?)
        }
    };
    let shift = comparison.as_ref().map_or(0, |comparison| comparison.shift(from, to));
    let picture = Picture::new(&series, compared.as_ref().map(|other| (other, shift)), from, to);
    let zone = zone_of(headers, from, to);
    let compared_with = comparison
        .map(|comparison| format!(", compared with {}", comparison.label()))
        .unwrap_or_default();
    let title = format!("{device}, {} to {}{compared_with}", zone.at(from), zone.at(to));
    Ok((file_name(&device, from, to, "svg"), sheet(&picture, &zone, &title)))
}
