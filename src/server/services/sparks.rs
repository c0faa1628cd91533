//! The spark lines of lists and pages: the last day of a field. One call, whatever the number of devices.
//!
//! They are an addition. Whatever becomes of the call, the page is complete without them.

use std::collections::HashMap;

use crate::model::device::{DeviceId, DeviceRow};
use crate::model::field::Field;
use crate::model::spark::{Extremes, Span, Spark};
use crate::model::time::Timestamp;
use crate::server::ports::{FieldWindows, Telemetry};

/// What the lines of lists are about.
const FIELD: Field = Field::Temperature;

/// What is known of the last day of some devices.
#[derive(Debug, Default)]
pub struct Sparks(HashMap<(String, Field), Spark>);

impl Sparks {
    /// Takes out one line.
    pub fn take(&mut self, device: &str, field: Field) -> Option<Spark> {
        self.0.remove(&(device.to_owned(), field))
    }
}

/// Reads the last day of these fields of these devices, as far as that can be read in the time that there is. Does not call
/// for nothing.
pub async fn last_day(
    ports: &impl Telemetry,
    now: Timestamp,
    devices: &[DeviceId],
    fields: &[Field],
) -> Sparks {
    if devices.is_empty() || fields.is_empty() {
        return Sparks::default();
    }
    let span = Span::last_day(now);
    match ports.extremes(devices, fields, span).await {
        Ok(found) => collect(found, span),
        Err(error) => {
            tracing::debug!(%error, "the spark lines could not be read");
            Sparks::default()
        }
    }
}

fn collect(found: Vec<FieldWindows>, span: Span) -> Sparks {
    let is_shown = |window: &Extremes| {
        let is_within = (span.from..span.to).contains(&window.start);
        is_within && window.low.is_finite() && window.high.is_finite()
    };
    let line = |FieldWindows { device, field, mut windows }: FieldWindows| {
        windows.retain(is_shown);
        (!windows.is_empty()).then_some(((device, field), Spark { field, span, windows }))
    };
    Sparks(found.into_iter().filter_map(line).collect())
}

/// Adds their temperature to rows of a list. Only those are asked for that were seen in the last day.
pub async fn add_temperatures(ports: &impl Telemetry, now: Timestamp, rows: &mut [DeviceRow]) {
    let Span { from, .. } = Span::last_day(now);
    let devices: Vec<DeviceId> = rows
        .iter()
        .filter(|row| row.last_seen.is_some_and(|last_seen| last_seen >= from))
        .filter_map(|row| DeviceId::parse(&row.id).ok())
        .collect();
    let mut sparks = last_day(ports, now, &devices, &[FIELD]).await;
    for row in rows {
        row.temperature = sparks.take(&row.id, FIELD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::device::Liveness;
    use crate::server::services::testing::Memory;

    /// 1970-01-11T00:00:00Z
    const NOW: Timestamp = Timestamp(10 * 24 * HOUR_MS);
    const HOUR_MS: i64 = 3_600_000;

    fn hours_ago(hours: i64) -> Timestamp {
        Timestamp(NOW.0 - hours * HOUR_MS)
    }

    fn row(id: &str, last_seen: Option<Timestamp>) -> DeviceRow {
        DeviceRow {
            id: id.to_owned(),
            has_page: true,
            registered_at: None,
            last_seen,
            liveness: Liveness::Online,
            temperature: None,
        }
    }

    fn window(hours: i64, low: f64, high: f64) -> Extremes {
        Extremes { start: hours_ago(hours), low, high }
    }

    /// Rows of `a`, `b` and `c`, of which `b` was seen two days ago, with the hours of each that came of them.
    async fn hours(memory: &Memory) -> Vec<Option<usize>> {
        let mut rows = [
            row("a", Some(hours_ago(0))),
            row("b", Some(hours_ago(48))),
            row("c", Some(hours_ago(24))),
        ];
        add_temperatures(memory, NOW, &mut rows).await;
        rows.into_iter().map(|row| row.temperature.map(|spark| spark.windows.len())).collect()
    }

    #[tokio::test]
    async fn each_device_gets_its_own_day() {
        let memory = Memory::default();
        memory.add_windows("a", FIELD, &[window(2, 1.0, 2.0), window(1, 2.0, 3.0)]);
        memory.add_windows("a", Field::Co2, &[window(1, 400.0, 500.0)]);
        memory.add_windows("b", FIELD, &[window(30, 1.0, 2.0)]);
        memory.add_windows("c", FIELD, &[window(24, 1.0, 2.0)]);
        memory.add_windows("stranger", FIELD, &[window(1, 1.0, 2.0)]);
        assert_eq!(hours(&memory).await, [Some(2), None, Some(1)]);
        assert_eq!(memory.asked_for_extremes(), [["a", "c"]], "one call, without the silent one");
    }

    #[tokio::test]
    async fn what_is_no_value_of_the_day_is_left_out() {
        let memory = Memory::default();
        let windows =
            [window(25, 1.0, 1.0), window(3, 1.0, f64::NEG_INFINITY), window(-1, 1.0, 1.0)];
        memory.add_windows("a", FIELD, &windows);
        memory.add_windows("c", FIELD, &[window(3, 1.0, 1.0), window(2, f64::INFINITY, 1.0)]);
        assert_eq!(hours(&memory).await, [None, None, Some(1)]);
    }

    #[tokio::test]
    async fn a_failure_leaves_rows_without_a_line() {
        let memory = Memory::default();
        memory.add_windows("a", FIELD, &[window(2, 1.0, 2.0)]);
        memory.fail_extremes();
        assert_eq!(hours(&memory).await, [None, None, None]);
    }

    #[tokio::test]
    async fn nothing_is_asked_for_nobody() {
        let memory = Memory::default();
        add_temperatures(&memory, NOW, &mut [row("a", None), row("b", Some(hours_ago(48)))]).await;
        assert!(last_day(&memory, NOW, &[DeviceId::parse("a").unwrap()], &[]).await.0.is_empty());
        assert_eq!(memory.asked_for_extremes().len(), 0);
    }
}
