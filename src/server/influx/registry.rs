//! The registry of devices: points of measurement `deviceauth`, one tag `deviceId`, string fields.

use std::collections::BTreeMap;

use influx_client::{ExposeSecret, SecretString};
use influx_wire::api::DeleteRequest;
use influx_wire::csv::ColumnData;
use influx_wire::line_protocol::{FieldValue, LineWriter, Precision, WriteError};
use influx_wire::time::format_rfc3339;

use super::columns::{column, text, time};
use super::schema::{DEVICE_TAG, REGISTRY, TOKEN_FIELD};
use super::{Session, events, queries};
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::server::ports::{
    Cause, Entry, EntryChange, Past, PastField, PortError, Registry, Result, Stored,
};

impl Registry for Session {
    async fn entries(&self, device: Option<&str>) -> Result<Vec<Entry>> {
        let script = queries::registry(&self.connection.registry.name, device);
        let title = match device {
            Some(_) => "Look the device up in the registry",
            None => "Read the registry of devices",
        };
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for batch in self.query(title, script).await? {
            let (devices, fields) = (column(&batch, DEVICE_TAG), column(&batch, "_field"));
            let (values, times) = (column(&batch, "_value"), column(&batch, "_time"));
            for row in 0..batch.tables.len() {
                let (Some(device), Some(field), Some(time)) =
                    (text(devices, row), text(fields, row), time(times, row))
                else {
                    continue;
                };
                // Unlike `text`, an empty string has a meaning here.
                let Some(ColumnData::String(values)) = values else { continue };
                let Some(Some(value)) = values.get(row) else { continue };
                let entry = entries.entry(device.to_owned()).or_insert_with(|| Entry {
                    device: device.to_owned(),
                    newest: i64::MIN,
                    ..Entry::default()
                });
                entry.newest = entry.newest.max(time);
                let stored = Some(Stored { value: value.clone(), time });
                match field {
                    "key" => entry.key = stored,
                    "createdAt" => entry.created_at = stored,
                    "status" => entry.status = stored,
                    "revealedAt" => entry.revealed_at = stored,
                    _ => {}
                }
            }
        }
        Ok(entries.into_values().collect())
    }

    async fn token(&self, device: &str) -> Result<Option<SecretString>> {
        let script = queries::token(&self.connection.registry.name, device);
        for batch in self.query("Read the token of the device", script).await? {
            if let Some(token) = text(column(&batch, "_value"), 0) {
                return Ok(Some(SecretString::from(token)));
            }
        }
        Ok(None)
    }

    async fn change(&self, device: &str, change: &EntryChange, time: i64) -> Result<()> {
        let token = change.token.as_ref().map(ExposeSecret::expose_secret);
        let fields = [
            ("key", change.key.as_deref()),
            (TOKEN_FIELD, token),
            ("createdAt", change.created_at.as_deref()),
            ("status", change.status.as_deref()),
            ("revealedAt", change.revealed_at.as_deref()),
        ];
        let fields = fields
            .into_iter()
            .filter_map(|(key, value)| Some((key, FieldValue::String(value?.into()))));
        let mut writer = LineWriter::default();
        writer.point(REGISTRY, [(DEVICE_TAG, device)], fields, Some(time)).map_err(unwritable)?;
        // In the same request: the store writes both or neither.
        if let Some(noted) = &change.event {
            let event = Event {
                kind: noted.kind,
                device: Some(device.to_owned()),
                time: Timestamp::from_nanoseconds(time),
                until: None,
                detail: Some(noted.detail.clone()),
            };
            events::write(&mut writer, &event).map_err(unwritable)?;
        }
        let written = self
            .client
            .write(&self.connection.registry.name, writer.take(), Precision::Nanoseconds)
            .await;
        written.map_err(|error| self.explainer.explain(error))
    }

    async fn forget_before(&self, device: &str, time: i64) -> Result<()> {
        self.forget(device, 0, time.saturating_sub(1)).await
    }

    async fn forget_at(&self, device: &str, time: i64) -> Result<()> {
        self.forget(device, time, time).await
    }

    async fn history(&self, device: Option<&str>) -> Result<Vec<Past>> {
        let script = queries::registry_history(&self.connection.registry.name, device);
        let mut history = Vec::new();
        for batch in self.query("Read which tokens there have been", script).await? {
            let (devices, fields) = (column(&batch, DEVICE_TAG), column(&batch, "_field"));
            let (values, times) = (column(&batch, "_value"), column(&batch, "_time"));
            for row in 0..batch.tables.len() {
                let (Some(device), Some(field), Some(time)) =
                    (text(devices, row), text(fields, row), time(times, row))
                else {
                    continue;
                };
                let field = match field {
                    "key" => PastField::Key,
                    "revealedAt" => PastField::RevealedAt,
                    _ => continue,
                };
                // An empty key ends a registration.
                let value = text(values, row).unwrap_or_default().to_owned();
                history.push(Past { device: device.to_owned(), field, value, time });
            }
        }
        history.sort_by_key(|past| past.time);
        Ok(history)
    }
}

impl Session {
    /// Deletes the points of a device from `first` to `last`, both included.
    async fn forget(&self, device: &str, first: i64, last: i64) -> Result<()> {
        let request = DeleteRequest {
            start: format_rfc3339(first),
            stop: format_rfc3339(last),
            predicate: Some(format!(
                "_measurement={} AND {DEVICE_TAG}={}",
                predicate_literal(REGISTRY),
                predicate_literal(device)
            )),
        };
        let deleted = self.client.delete(&self.connection.registry.name, &request).await;
        deleted.map_err(|error| self.explainer.explain(error))
    }
}

fn unwritable(error: WriteError) -> PortError {
    PortError {
        sentence: format!("The device ID cannot be written to InfluxDB: {error}."),
        cause: Cause::Unexpected,
    }
}

/// A string of the language of delete predicates, which is not Flux: only quotes and backslashes are escaped.
fn predicate_literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_gets_out_of_its_quotes() {
        assert_eq!(predicate_literal(r#"a" OR b="\"#), r#""a\" OR b=\"\\""#);
    }
}
