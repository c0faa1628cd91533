//! Tokens of devices as InfluxDB's authorizations.

use influx_client::{Error, SecretString};
use influx_wire::api::{
    self, Action, CreateAuthorization, Permission, Resource, Status, UpdateAuthorization,
};
use influx_wire::time::parse_rfc3339;

use super::{Connection, Session};
use crate::server::ports::{Authorization, Authorizations, NewAuthorization, Privileges, Result};

impl Authorizations for Session {
    async fn create_inactive(&self, description: &str) -> Result<NewAuthorization> {
        let request = CreateAuthorization {
            org_id: self.connection.organization_id.clone(),
            description: description.to_owned(),
            status: Some(Status::Inactive),
            user_id: None,
            permissions: device_permissions(&self.connection).into(),
        };
        let created = self.client.create_authorization(&request).await;
        let created = created.map_err(|error| self.explainer.explain(error))?;
        Ok(NewAuthorization { id: created.id, token: SecretString::from(created.token) })
    }

    async fn find(&self, id: &str) -> Result<Option<Authorization>> {
        let found = self
            .client
            .find_authorization(id)
            .await
            .map_err(|error| self.explainer.explain(error))?;
        Ok(found.map(|found| convert(&self.connection, found)))
    }

    async fn list(&self) -> Result<Vec<Authorization>> {
        let all = self.client.list_authorizations(&self.connection.organization_id).await;
        let all = all.map_err(|error| self.explainer.explain(error))?;
        Ok(all.into_iter().map(|one| convert(&self.connection, one)).collect())
    }

    async fn set_active(&self, id: &str, active: bool) -> Result<bool> {
        let status = if active { Status::Active } else { Status::Inactive };
        let update = UpdateAuthorization { status: Some(status), description: None };
        match self.client.update_authorization(id, &update).await {
            Ok(updated) if updated.status == status => Ok(true),
            Ok(_) => Err(self.explainer.explain(Error::Malformed {
                reason: "the authorization did not change its status".to_owned(),
            })),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.explainer.explain(error)),
        }
    }

    async fn delete(&self, id: &str) -> Result<bool> {
        self.client.delete_authorization(id).await.map_err(|error| self.explainer.explain(error))
    }
}

impl Privileges for Session {
    async fn is_operator(&self) -> Result<Option<bool>> {
        self.record(
            "Ask whether the token may do everything",
            "GET /api/v2/config".to_owned(),
            String::new(),
        );
        self.client.is_operator().await.map_err(|error| self.explainer.explain(error))
    }
}

/// What a device may do: read and write the telemetry bucket.
fn device_permissions(connection: &Connection) -> [Permission; 2] {
    [Action::Read, Action::Write].map(|action| permission(connection, action))
}

/// To do this with the telemetry bucket. A resource without an id would be every bucket.
pub(super) fn permission(connection: &Connection, action: Action) -> Permission {
    Permission {
        action,
        resource: Resource {
            kind: "buckets".to_owned(),
            id: Some(connection.telemetry.id.clone()),
            org_id: Some(connection.organization_id.clone()),
            name: None,
            org: None,
        },
    }
}

/// The server fills in names, which do not matter where permissions are compared.
pub(super) fn without_names(permission: Permission) -> Permission {
    Permission { resource: Resource { name: None, org: None, ..permission.resource }, ..permission }
}

fn convert(connection: &Connection, found: api::Authorization) -> Authorization {
    let mut scope: Vec<Permission> = found.permissions.into_iter().map(without_names).collect();
    scope.sort_by_key(|permission| permission.action == Action::Write);
    Authorization {
        has_device_scope: scope == device_permissions(connection),
        id: found.id,
        description: found.description,
        active: found.status == Status::Active,
        created_at: parse_rfc3339(&found.created_at).ok(),
    }
}
