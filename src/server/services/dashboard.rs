//! What a dashboard shows: gauges, the choice of devices, and the points of its charts.

use super::details::not_found;
use super::fleet::latest_values;
use super::listing::Judgement;
use super::registry::EntryState;
use super::{Error, Result};
use crate::model::dashboard::Dashboard;
use crate::model::device::DeviceId;
use crate::model::place::Place;
use crate::model::range::TimeRange;
use crate::model::resolution::{Resolution, is_too_fine, window_for};
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::server::ports::{Clock, Entry, Explain, Registry, Telemetry};

/// No request for points goes over a longer time.
const LONGEST_RANGE_MS: i64 = 366 * 86_400_000;

/// So many pixel columns do charts have on a desk: "How it works" tells what is asked for them.
const USUAL_COLUMNS: u32 = 1_200;

/// A dashboard without the points of its charts.
pub async fn dashboard(
    ports: &(impl Registry + Telemetry + Explain),
    clock: &impl Clock,
    judgement: Judgement,
    device: &DeviceId,
    range: TimeRange,
) -> Result<Dashboard> {
    let now = Timestamp::from_nanoseconds(clock.now());
    let (entries, points) = tokio::join!(
        ports.entries(None),
        ports.last_points(std::slice::from_ref(device), judgement.look_back)
    );
    let (entries, points) = (entries?, points?);
    let mut devices: Vec<DeviceId> = entries
        .iter()
        .filter(|entry| entry.state() == EntryState::Registered)
        .filter_map(|entry| DeviceId::parse(&entry.device).ok())
        .collect();
    devices.sort();
    let is_registered = devices.contains(device);
    if !is_registered && points.is_empty() {
        return Err(not_found(device.as_str()));
    }
    let last_seen = points.iter().map(|point| Timestamp::from_nanoseconds(point.time)).max();
    let registered_at = entries
        .iter()
        .find(|entry| entry.state() == EntryState::Registered && entry.device == device.as_str())
        .and_then(Entry::registered_at);
    let (from, to) = range.bounds(now);
    let resolution = Resolution::fitting(from, to, USUAL_COLUMNS);
    ports.note_series(device, from.to_nanoseconds(), to.to_nanoseconds(), resolution);
    Ok(Dashboard {
        id: device.clone(),
        is_registered,
        liveness: judgement.liveness(last_seen, registered_at, now),
        last_seen,
        latest: latest_values(&points),
        devices,
        from,
        to,
        now,
        how: ports.how(),
    })
}

/// The charted fields from `from` up to `to`, as finely as so many pixel columns show them: all points, or where these
/// are more than anybody could see, first, smallest, largest and last of windows of time.
pub async fn series(
    ports: &impl Telemetry,
    device: &DeviceId,
    from: Timestamp,
    to: Timestamp,
    columns: u32,
) -> Result<Series> {
    let (start, stop) = checked(from, to)?;
    match Resolution::fitting(from, to, columns) {
        Resolution::Windows(window) => Ok(ports.windows(device, start, stop, window).await?),
        Resolution::Points => {
            let series = ports.series(device, start, stop).await?;
            let is_too_fine = is_too_fine(series.times.len(), columns);
            Ok(if is_too_fine { series.folded(window_for(from, to, columns)) } else { series })
        }
    }
}

/// So many places make a track.
const TRACK_PLACES: u32 = 300;

/// Where a device was from `from` up to `to`, in order.
pub async fn places(
    ports: &impl Telemetry,
    device: &DeviceId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Place>> {
    let (start, stop) = checked(from, to)?;
    Ok(ports.places(device, start, stop, window_for(from, to, TRACK_PLACES)).await?)
}

/// A range in nanoseconds, if it is one that points are read of.
pub(super) fn checked(from: Timestamp, to: Timestamp) -> Result<(i64, i64)> {
    let invalid = |message: &str| Error::Invalid { field: "range", message: message.to_owned() };
    let length = to.0.checked_sub(from.0).filter(|length| *length > 0);
    let length = length.ok_or_else(|| invalid("The range must begin before it ends."))?;
    if length > LONGEST_RANGE_MS {
        return Err(invalid("The range is longer than a year. Choose a shorter one."));
    }
    let fits = |time: Timestamp| time.0.checked_mul(1_000_000).is_some();
    if !fits(from) || !fits(to) {
        return Err(invalid("InfluxDB has no times before 1678 or after 2262."));
    }
    Ok((from.to_nanoseconds(), to.to_nanoseconds()))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::model::field::Field;
    use crate::model::series::Column;
    use crate::server::services::testing::Memory;

    /// A point a second.
    fn dense(points: i64) -> Memory {
        let times: Vec<i64> = (0..points).map(|second| second * 1_000_000_000).collect();
        let values = times.iter().map(|time| (*time % 7) as f64).collect();
        let columns = vec![Column::new(Field::Co2, values)];
        Memory::measuring(Series { window: None, times, columns })
    }

    #[tokio::test]
    async fn what_is_sent_is_bounded_by_pixels() {
        let id = DeviceId::parse("a").unwrap();
        let hour = |memory: Memory, columns| {
            let id = id.clone();
            async move {
                series(&memory, &id, Timestamp(0), Timestamp(3_600_000), columns).await.unwrap()
            }
        };
        let all = hour(dense(3_600), 900).await;
        assert_eq!((all.window, all.times.len()), (None, 3_600));
        let few = hour(dense(3_600), 899).await;
        assert_eq!((few.window.map(NonZeroU64::get), few.times.len()), (Some(5_000_000_000), 720));
        let month = Timestamp(30 * 86_400_000);
        let windows = series(&dense(3_600), &id, Timestamp(0), month, 1_200).await.unwrap();
        assert_eq!(windows.window.map(NonZeroU64::get), Some(36 * 60_000_000_000));
        assert_eq!(windows.times.len(), 2);
    }

    #[tokio::test]
    async fn refuses_ranges_that_are_none() {
        let memory = Memory::default();
        let id = DeviceId::parse("a").unwrap();
        for (from, to) in [
            (1, 1),
            (2, 1),
            (0, LONGEST_RANGE_MS + 1),
            (i64::MIN, i64::MAX),
            (i64::MAX - 1, i64::MAX),
        ] {
            let answer = series(&memory, &id, Timestamp(from), Timestamp(to), 1_000).await;
            assert!(matches!(answer, Err(Error::Invalid { .. })), "{from} {to}");
        }
        let longest = series(&memory, &id, Timestamp(0), Timestamp(LONGEST_RANGE_MS), 1_000).await;
        assert!(longest.is_ok());
    }
}
