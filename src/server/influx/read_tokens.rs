//! The token that callers' scripts run under: an authorization, and points of measurement `readtoken` in the registry's bucket.

use influx_client::{ExposeSecret, SecretString};
use influx_wire::api::{self, Action, CreateAuthorization, DeleteRequest, Permission, Status};
use influx_wire::line_protocol::{FieldValue, LineWriter, Precision};
use influx_wire::time::{format_rfc3339, parse_rfc3339};

use super::authorizations::{permission, without_names};
use super::columns::{column, text, time};
use super::schema::{READ_TOKEN, TOKEN_FIELD};
use super::{Connection, Session, queries};
use crate::server::ports::scripts::{ReadAuthorization, ReadTokens, StoredReadToken};
use crate::server::ports::{Authorizations, Cause, NewAuthorization, PortError, Result};

/// The description of such an authorization begins so.
const DESCRIPTION_PREFIX: &str = "IoTCenterRead: ";

/// The field that holds the authorization's id.
const KEY_FIELD: &str = "key";

impl ReadTokens for Session {
    fn shares_bucket(&self) -> bool {
        self.connection.telemetry.id == self.connection.registry.id
    }

    async fn stored(&self) -> Result<Option<StoredReadToken>> {
        let script = queries::read_token(&self.connection.registry.name);
        let (mut key, mut token, mut newest) = (None, None, None);
        for batch in self.query("Look up the token that may only read", script).await? {
            let (fields, values) = (column(&batch, "_field"), column(&batch, "_value"));
            let times = column(&batch, "_time");
            for row in 0..batch.tables.len() {
                let Some(time) = time(times, row) else { continue };
                newest = newest.max(Some(time));
                let found = text(values, row).map(|value| (value.to_owned(), time));
                match text(fields, row) {
                    Some(KEY_FIELD) => key = found,
                    Some(TOKEN_FIELD) => token = found,
                    _ => {}
                }
            }
        }
        let (key, token) = match (key, token) {
            (Some((key, one)), Some((token, other))) if one == other => (key, token),
            // Of two points: they do not belong together.
            _ => Default::default(),
        };
        Ok(newest.map(|time| StoredReadToken { key, token: SecretString::from(token), time }))
    }

    async fn store(&self, stored: &StoredReadToken) -> Result<()> {
        let fields =
            [(KEY_FIELD, stored.key.as_str()), (TOKEN_FIELD, stored.token.expose_secret())];
        let fields = fields.map(|(key, value)| (key, FieldValue::String(value.into())));
        let mut writer = LineWriter::default();
        let no_tags: [(&str, &str); 0] = [];
        writer.point(READ_TOKEN, no_tags, fields, Some(stored.time)).map_err(|error| {
            PortError {
                sentence: format!("The token for queries cannot be written to InfluxDB: {error}."),
                cause: Cause::Unexpected,
            }
        })?;
        let bucket = &self.connection.registry.name;
        let written = self.client.write(bucket, writer.take(), Precision::Nanoseconds).await;
        written.map_err(|error| self.explainer.explain(error))
    }

    async fn forget_before(&self, time: i64) -> Result<()> {
        let request = DeleteRequest {
            start: "1970-01-01T00:00:00Z".to_owned(),
            // Inclusive.
            stop: format_rfc3339(time.saturating_sub(1)),
            predicate: Some(format!("_measurement=\"{READ_TOKEN}\"")),
        };
        let deleted = self.client.delete(&self.connection.registry.name, &request).await;
        deleted.map_err(|error| self.explainer.explain(error))
    }

    async fn create_inactive(&self) -> Result<NewAuthorization> {
        let request = CreateAuthorization {
            org_id: self.connection.organization_id.clone(),
            description: description(&self.connection),
            status: Some(Status::Inactive),
            user_id: None,
            permissions: vec![permission(&self.connection, Action::Read)],
        };
        let created = self.client.create_authorization(&request).await;
        let created = created.map_err(|error| self.explainer.explain(error))?;
        Ok(NewAuthorization { id: created.id, token: SecretString::from(created.token) })
    }

    async fn find(&self, id: &str) -> Result<Option<ReadAuthorization>> {
        // Somebody else may have written what is no id.
        if !influx_client::is_id(id) {
            return Ok(None);
        }
        let found = self.client.find_authorization(id).await;
        let found = found.map_err(|error| self.explainer.explain(error))?;
        Ok(found.map(|found| convert(&self.connection, found)))
    }

    async fn list(&self) -> Result<Vec<ReadAuthorization>> {
        let all = self.client.list_authorizations(&self.connection.organization_id).await;
        let all = all.map_err(|error| self.explainer.explain(error))?;
        let description = description(&self.connection);
        let own = all.into_iter().filter(|one| one.description == description);
        Ok(own.map(|one| convert(&self.connection, one)).collect())
    }

    async fn activate(&self, id: &str) -> Result<bool> {
        Authorizations::set_active(self, id, true).await
    }

    async fn delete(&self, id: &str) -> Result<bool> {
        Authorizations::delete(self, id).await
    }
}

/// Names both buckets: another application may keep its own token for the same telemetry elsewhere.
fn description(connection: &Connection) -> String {
    let Connection { telemetry, registry, .. } = connection;
    format!("{DESCRIPTION_PREFIX}{}, kept in {}", telemetry.name, registry.name)
}

fn convert(connection: &Connection, found: api::Authorization) -> ReadAuthorization {
    let scope: Vec<Permission> = found.permissions.into_iter().map(without_names).collect();
    ReadAuthorization {
        has_read_scope: scope == [permission(connection, Action::Read)],
        is_ours: found.description.starts_with(DESCRIPTION_PREFIX),
        active: found.status == Status::Active,
        created_at: parse_rfc3339(&found.created_at).ok(),
        id: found.id,
    }
}
