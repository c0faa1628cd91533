//! The log of events: points of measurement `deviceevent` in the bucket of the registry, tags `kind` and, where it is about a device,
//! `deviceId`.

use influx_wire::line_protocol::{FieldValue, LineWriter, Precision, WriteError};

use super::columns::{column, text, time};
use super::schema::{DETAIL_FIELD, DEVICE_TAG, EVENTS, KIND_TAG, UNTIL_FIELD};
use super::{Session, queries};
use crate::model::event::{Event, EventKind};
use crate::model::time::Timestamp;
use crate::server::ports::{Cause, Events, PortError, Result};

impl Events for Session {
    async fn record(&self, events: &[Event]) -> Result<()> {
        let mut writer = LineWriter::default();
        for event in events {
            write(&mut writer, event).map_err(|error| PortError {
                sentence: format!("The event cannot be written to InfluxDB: {error}."),
                cause: Cause::Unexpected,
            })?;
        }
        let bucket = &self.connection.registry.name;
        let written = self.client.write(bucket, writer.take(), Precision::Nanoseconds).await;
        written.map_err(|error| self.explainer.explain(error))
    }

    async fn events(&self, device: Option<&str>, since: i64, most: u32) -> Result<Vec<Event>> {
        let script = queries::events(&self.connection.registry.name, device, since, most);
        let mut events = self.read_events("Read the newest events", script).await?;
        events.sort_by_key(|event| std::cmp::Reverse(event.time));
        Ok(events)
    }

    async fn open_outages(&self, since: i64) -> Result<Vec<Event>> {
        let script = queries::open_outages(&self.connection.registry.name, since);
        self.read_events("Find outages that go on", script).await
    }
}

impl Session {
    async fn read_events(&self, title: &str, script: String) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for batch in self.query(title, script).await? {
            let (kinds, devices) = (column(&batch, KIND_TAG), column(&batch, DEVICE_TAG));
            let (details, ends) = (column(&batch, DETAIL_FIELD), column(&batch, UNTIL_FIELD));
            let times = column(&batch, "_time");
            for row in 0..batch.tables.len() {
                let kind = text(kinds, row).and_then(EventKind::from_key);
                // Of a later version, perhaps: there is nothing to say about it.
                let (Some(kind), Some(time)) = (kind, time(times, row)) else { continue };
                events.push(Event {
                    kind,
                    device: text(devices, row).map(str::to_owned),
                    time: Timestamp::from_nanoseconds(time),
                    until: text(ends, row).and_then(Timestamp::parse_rfc3339),
                    detail: text(details, row).map(str::to_owned),
                });
            }
        }
        Ok(events)
    }
}

/// Adds the point of an event.
pub(super) fn write(writer: &mut LineWriter, event: &Event) -> Result<(), WriteError> {
    let tags = event
        .device
        .as_deref()
        .map(|device| (DEVICE_TAG, device))
        .into_iter()
        .chain([(KIND_TAG, event.kind.key())]);
    let until = event.until.map(Timestamp::rfc3339).unwrap_or_default();
    let detail = event.detail.clone().unwrap_or_default();
    let fields = [
        (DETAIL_FIELD, FieldValue::String(detail.into())),
        (UNTIL_FIELD, FieldValue::String(until.into())),
    ];
    writer.point(EVENTS, tags, fields, Some(event.time.to_nanoseconds()))
}
