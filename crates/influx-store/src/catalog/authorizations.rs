//! Tokens and what they allow.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use influx_wire::api::{Permission, Status};

use super::id::random;
use super::{Authorization, AuthorizationId, CatalogError, OrganizationId, UserId, hash_token};
use crate::storage::Store;
use crate::storage::keys::Kind;
use crate::storage::transaction::Transaction;

/// An authorization to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuthorization {
    pub organization: OrganizationId,
    pub user: UserId,
    pub status: Status,
    pub description: String,
    pub permissions: Vec<Permission>,
}

/// What is to change in an authorization; `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizationUpdate {
    pub status: Option<Status>,
    pub description: Option<String>,
}

impl Store {
    /// Makes an authorization with a new random token. The token is returned here and can never be read again.
    pub async fn create_authorization(
        &self,
        authorization: NewAuthorization,
    ) -> Result<(Arc<Authorization>, String), CatalogError> {
        let token = new_token()?;
        self.change(move |transaction| {
            let authorization = create_authorization(transaction, authorization, &token)?;
            Ok((authorization, token))
        })
        .await
    }

    pub async fn update_authorization(
        &self,
        id: AuthorizationId,
        update: AuthorizationUpdate,
    ) -> Result<Arc<Authorization>, CatalogError> {
        self.change(move |transaction| {
            let known = transaction
                .catalog()
                .authorization(id)
                .ok_or(CatalogError::AuthorizationNotFound)?;
            let mut authorization = Authorization::clone(known);
            if let Some(status) = update.status {
                authorization.status = status;
            }
            if let Some(description) = update.description {
                authorization.description = description;
            }
            authorization.updated_at = transaction.now();
            transaction.put_record(Kind::Authorization, id.0, &authorization)?;
            Ok(transaction.catalog_mut().put_authorization(authorization))
        })
        .await
    }

    /// From its return on the token is unknown.
    pub async fn delete_authorization(&self, id: AuthorizationId) -> Result<(), CatalogError> {
        self.change(move |transaction| {
            if transaction.catalog().authorization(id).is_none() {
                return Err(CatalogError::AuthorizationNotFound);
            }
            transaction.remove_record(Kind::Authorization, id.0);
            transaction.catalog_mut().remove_authorization(id);
            Ok(())
        })
        .await
    }
}

pub(super) fn create_authorization(
    transaction: &mut Transaction<'_>,
    authorization: NewAuthorization,
    token: &str,
) -> Result<Arc<Authorization>, CatalogError> {
    let catalog = transaction.catalog();
    if authorization.permissions.is_empty() {
        return Err(CatalogError::NoPermissions);
    }
    if catalog.organization(authorization.organization).is_none()
        || catalog.user(authorization.user).is_none()
    {
        return Err(CatalogError::UnknownOwner);
    }
    check_token(transaction, token)?;
    let id = AuthorizationId(random(|id| catalog.authorization(AuthorizationId(id)).is_some())?);
    let now = transaction.now();
    let mut permissions = authorization.permissions;
    for permission in &mut permissions {
        // Names may change; ids do not.
        permission.resource.name = None;
        permission.resource.org = None;
    }
    let authorization = Authorization {
        id,
        organization: authorization.organization,
        user: authorization.user,
        status: authorization.status,
        description: authorization.description,
        permissions,
        created_at: now,
        updated_at: now,
        token_hash: hash_token(token),
    };
    transaction.put_record(Kind::Authorization, id.0, &authorization)?;
    Ok(transaction.catalog_mut().put_authorization(authorization))
}

pub(super) fn check_token(transaction: &Transaction<'_>, token: &str) -> Result<(), CatalogError> {
    if token.is_empty() {
        Err(CatalogError::TokenEmpty)
    } else if transaction.catalog().authorization_by_token(token).is_some() {
        Err(CatalogError::TokenExists)
    } else {
        Ok(())
    }
}

/// 64 random bytes as base64url: 88 characters.
pub(super) fn new_token() -> Result<String, CatalogError> {
    let mut bytes = [0; 64];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE.encode(bytes))
}
