//! The fleet at a glance.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::Result;
use super::details::events_since;
use super::listing::{Devices, Judgement, devices};
use super::sparks;
use crate::model::device::{DeviceId, Fleet, FleetTile, LatestValue, Liveness};
use crate::model::field::Field;
use crate::model::time::Timestamp;
use crate::server::ports::{Clock, Events, Explain, LastPoint, Registry, Telemetry};

/// Points are counted over so many minutes.
const COUNTED_MINUTES: i64 = 5;

const MINUTE_NS: i64 = 60_000_000_000;

/// Counts devices by state and shows the newest values of those that were seen last.
pub async fn fleet(
    ports: &(impl Registry + Events + Telemetry + Explain),
    clock: &impl Clock,
    judgement: Judgement,
) -> Result<Fleet> {
    let now_ns = clock.now();
    let now = Timestamp::from_nanoseconds(now_ns);
    let end = now_ns.div_euclid(MINUTE_NS) * MINUTE_NS;
    let (found, points, events) = tokio::join!(
        devices(ports, now, judgement),
        ports.count_points(end - COUNTED_MINUTES * MINUTE_NS, end),
        ports.events(None, events_since(now), Fleet::MAX_EVENTS)
    );
    let Devices { mut rows, last_seen_failed } = found?;
    if let Some(error) = last_seen_failed {
        // Without the newest points there is nothing to say about the fleet but its size.
        return Err(error.into());
    }
    let count = |state| rows.iter().filter(|row| row.liveness == state).count() as u32;
    let (online, stale) = (count(Liveness::Online), count(Liveness::Stale));
    let (silent, never_seen) = (count(Liveness::Silent), count(Liveness::NeverSeen));

    rows.sort_by_key(|row| Reverse(row.last_seen));
    rows.truncate(Fleet::MAX_TILES);
    let shown: Vec<DeviceId> = rows
        .iter()
        .filter(|row| row.last_seen.is_some())
        .filter_map(|row| DeviceId::parse(&row.id).ok())
        .collect();
    let mut points_of: HashMap<String, Vec<LastPoint>> = HashMap::new();
    if !shown.is_empty() {
        let (last, ()) = tokio::join!(
            ports.last_points(&shown, judgement.look_back),
            sparks::add_temperatures(ports, now, &mut rows)
        );
        for point in last? {
            points_of.entry(point.device.clone()).or_default().push(point);
        }
    }
    let tiles = rows
        .into_iter()
        .map(|device| {
            let values =
                points_of.get(&device.id).map(|points| latest_values(points)).unwrap_or_default();
            FleetTile { device, values }
        })
        .collect();
    Ok(Fleet {
        online,
        stale,
        silent,
        never_seen,
        points_per_minute: points.ok().map(|points| points as f64 / COUNTED_MINUTES as f64),
        tiles,
        events: events?,
        now,
        how: ports.how(),
    })
}

/// The newest value of each known field, in the order of [`Field::ALL`], whatever tags it was written with.
pub fn latest_values(points: &[LastPoint]) -> Vec<LatestValue> {
    let newest = |field: Field| {
        points
            .iter()
            .filter(|point| point.field == field.key())
            .filter_map(|point| Some((point.time, point.value.as_number()?)))
            .max_by_key(|(time, _)| *time)
            .map(|(time, value)| LatestValue {
                field,
                value,
                time: Timestamp::from_nanoseconds(time),
            })
    };
    Field::ALL.into_iter().filter_map(newest).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::device::LivenessLimits;
    use crate::model::spark::Extremes;
    use crate::server::ports::Value;
    use crate::server::services::testing::{Memory, TestClock};

    async fn tiles(memory: &Memory) -> Vec<FleetTile> {
        let judgement =
            Judgement { limits: LivenessLimits::default(), look_back: Duration::from_hours(24) };
        fleet(memory, &TestClock::default(), judgement).await.unwrap().tiles
    }

    #[tokio::test]
    async fn tiles_have_spark_lines_and_do_without() {
        let memory = Memory::default();
        memory.add_device("a");
        memory.add_last_seen("a", 1);
        let start = Timestamp::from_nanoseconds(TestClock::default().now());
        memory.add_windows("a", Field::Temperature, &[Extremes { start, low: 1.0, high: 2.0 }]);
        assert!(tiles(&memory).await.iter().all(|tile| tile.device.temperature.is_some()));
        memory.fail_extremes();
        let tiles = tiles(&memory).await;
        assert_eq!(tiles.len(), 1);
        assert!(tiles.iter().all(|tile| tile.device.temperature.is_none()));
    }

    #[test]
    fn the_newest_of_several_series_counts() {
        let point = |field: &str, value, time| LastPoint {
            device: "a".to_owned(),
            field: field.to_owned(),
            value,
            time,
            sensors: Vec::new(),
        };
        let points = [
            point("Temperature", Value::Float(1.0), 1_000_000),
            point("Temperature", Value::Integer(2), 3_000_000),
            point("Temperature", Value::Float(3.0), 2_000_000),
            point("CO2", Value::Other, 1),
            point("note", Value::Other, 1),
        ];
        assert_eq!(
            latest_values(&points),
            [LatestValue { field: Field::Temperature, value: 2.0, time: Timestamp(3) }]
        );
    }
}
