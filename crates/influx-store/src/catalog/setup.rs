//! Onboarding: the first user, organization, bucket and operator token, all or nothing, once.

use std::sync::Arc;

use influx_wire::api::{Action, Permission, Resource, Status};

use super::authorizations::{check_token, create_authorization, new_token};
use super::buckets::{
    check_name, check_organization, check_retention, create_bucket, create_organization,
};
use super::id::random;
use super::{
    Authorization, Bucket, BucketKind, CatalogError, NewAuthorization, NewBucket, Organization,
    User, UserId,
};
use crate::storage::Store;
use crate::storage::keys::Kind;

/// The resources of the operator token, in InfluxDB's order.
pub const RESOURCES: [&str; 22] = [
    "authorizations",
    "buckets",
    "dashboards",
    "orgs",
    "sources",
    "tasks",
    "telegrafs",
    "users",
    "variables",
    "scrapers",
    "secrets",
    "labels",
    "views",
    "documents",
    "notificationRules",
    "notificationEndpoints",
    "checks",
    "dbrp",
    "notebooks",
    "annotations",
    "remotes",
    "replications",
];

/// What onboarding makes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Setup {
    pub username: String,
    pub organization: String,
    pub bucket: String,
    /// 0 is for ever.
    pub retention_seconds: u64,
    /// Its length is checked as InfluxDB does, and nothing of it is kept: there is no sign-in yet.
    pub password: Option<String>,
    /// `None` makes a random one.
    pub token: Option<String>,
}

impl std::fmt::Debug for Setup {
    /// Leaves out password and token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Setup")
            .field("username", &self.username)
            .field("organization", &self.organization)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// What onboarding has made. The token is shown here and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct SetupResult {
    pub user: Arc<User>,
    pub organization: Arc<Organization>,
    pub bucket: Arc<Bucket>,
    pub authorization: Arc<Authorization>,
    pub token: String,
}

impl std::fmt::Debug for SetupResult {
    /// Leaves out the token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SetupResult")
            .field("user", &self.user)
            .field("organization", &self.organization)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Sets the store up. Allowed as long as there is no user.
    pub async fn set_up(&self, setup: Setup) -> Result<SetupResult, CatalogError> {
        let token = match &setup.token {
            Some(token) => token.clone(),
            None => new_token()?,
        };
        self.change(move |transaction| {
            if !transaction.catalog().is_setup_allowed() {
                return Err(CatalogError::SetupDone);
            }
            let required = [
                ("username", &setup.username),
                ("org", &setup.organization),
                ("bucket", &setup.bucket),
            ];
            let missing: Vec<&str> = required
                .iter()
                .filter(|(_, value)| value.is_empty())
                .map(|(name, _)| *name)
                .collect();
            if !missing.is_empty() {
                return Err(CatalogError::SetupIncomplete(missing.join(",")));
            }
            if setup.password.as_ref().is_some_and(|password| !(8..=72).contains(&password.len())) {
                return Err(CatalogError::PasswordLength);
            }
            check_organization(transaction, &setup.organization)?;
            check_name(&setup.bucket)?;
            check_retention(setup.retention_seconds)?;
            check_token(transaction, &token)?;

            let user = User {
                id: UserId(random(|_| false)?),
                name: setup.username,
                status: Status::Active,
                created_at: transaction.now(),
            };
            transaction.put_record(Kind::User, user.id.0, &user)?;
            transaction.catalog_mut().put_user(user.clone());
            let organization = create_organization(transaction, setup.organization, String::new())?;
            let bucket = NewBucket {
                organization: organization.id,
                name: setup.bucket,
                description: String::new(),
                retention_seconds: setup.retention_seconds,
                shard_group_seconds: None,
            };
            let bucket = create_bucket(transaction, bucket, BucketKind::User)?;
            let authorization = NewAuthorization {
                organization: organization.id,
                user: user.id,
                status: Status::Active,
                description: format!("{}'s Token", user.name),
                permissions: operator_permissions(),
            };
            let authorization = create_authorization(transaction, authorization, &token)?;
            Ok(SetupResult { user: Arc::new(user), organization, bucket, authorization, token })
        })
        .await
    }
}

/// Read and write on everything.
fn operator_permissions() -> Vec<Permission> {
    let permissions = RESOURCES.iter().flat_map(|kind| {
        [Action::Read, Action::Write].map(|action| Permission {
            action,
            resource: Resource {
                kind: (*kind).to_owned(),
                id: None,
                org_id: None,
                name: None,
                org: None,
            },
        })
    });
    permissions.collect()
}
