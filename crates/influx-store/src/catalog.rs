//! Organizations, users, buckets and authorizations: who may do what, and where points belong.
//!
//! A [`Catalog`] is an immutable state, for look-ups; changes are methods of [`Store`](crate::storage::Store) that
//! return when they are on disk. The catalog checks what keeps it consistent (names, references, ids). Who may
//! make a change is checked by whoever offers it, and JSON is made by the HTTP layer.
//!
//! Tokens are kept as SHA-256 only. Passwords are not kept at all: there is no sign-in yet.

mod authorizations;
mod buckets;
mod error;
mod id;
mod records;
mod setup;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use authorizations::{AuthorizationUpdate, NewAuthorization};
pub use buckets::{BucketUpdate, NewBucket};
pub use error::{CatalogError, ParseIdError};
pub use id::{AuthorizationId, OrganizationId, UserId};
pub use records::{Authorization, Bucket, BucketKind, Organization, User};
pub use setup::{RESOURCES, Setup, SetupResult};

use crate::storage::BucketId;
use crate::storage::registry::BucketOrdinal;

/// The SHA-256 of a token.
pub(crate) type TokenHash = [u8; 32];

pub(crate) fn hash_token(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// All records, as of one instant. Lists come in the order of the ids, which says nothing about their age.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    organizations: BTreeMap<OrganizationId, Arc<Organization>>,
    users: BTreeMap<UserId, Arc<User>>,
    buckets: BTreeMap<BucketId, Arc<Bucket>>,
    authorizations: BTreeMap<AuthorizationId, Arc<Authorization>>,
    ordinals: HashMap<BucketOrdinal, Arc<Bucket>>,
    tokens: HashMap<TokenHash, Arc<Authorization>>,
}

impl Catalog {
    /// Whether nobody has set the store up yet: there is no user.
    pub fn is_setup_allowed(&self) -> bool {
        self.users.is_empty()
    }

    pub fn organizations(&self) -> impl Iterator<Item = &Arc<Organization>> {
        self.organizations.values()
    }

    pub fn organization(&self, id: OrganizationId) -> Option<&Arc<Organization>> {
        self.organizations.get(&id)
    }

    pub fn organization_by_name(&self, name: &str) -> Option<&Arc<Organization>> {
        self.organizations.values().find(|organization| organization.name == name)
    }

    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id)
    }

    pub fn user_by_name(&self, name: &str) -> Option<&Arc<User>> {
        self.users.values().find(|user| user.name == name)
    }

    /// All buckets, of users and of the system.
    pub fn buckets(&self) -> impl Iterator<Item = &Arc<Bucket>> {
        self.buckets.values()
    }

    pub fn bucket(&self, id: BucketId) -> Option<&Arc<Bucket>> {
        self.buckets.get(&id)
    }

    pub fn bucket_by_name(&self, organization: OrganizationId, name: &str) -> Option<&Arc<Bucket>> {
        self.buckets
            .values()
            .find(|bucket| bucket.organization == organization && bucket.name == name)
    }

    pub(crate) fn bucket_of(&self, ordinal: BucketOrdinal) -> Option<&Arc<Bucket>> {
        self.ordinals.get(&ordinal)
    }

    pub fn authorizations(&self) -> impl Iterator<Item = &Arc<Authorization>> {
        self.authorizations.values()
    }

    pub fn authorization(&self, id: AuthorizationId) -> Option<&Arc<Authorization>> {
        self.authorizations.get(&id)
    }

    /// The authorization whose token this is, also if it is inactive.
    pub fn authorization_by_token(&self, token: &str) -> Option<&Arc<Authorization>> {
        self.tokens.get(&hash_token(token))
    }

    pub(crate) fn put_organization(&mut self, organization: Organization) {
        self.organizations.insert(organization.id, Arc::new(organization));
    }

    pub(crate) fn put_user(&mut self, user: User) {
        self.users.insert(user.id, Arc::new(user));
    }

    pub(crate) fn put_bucket(&mut self, bucket: Bucket) -> Arc<Bucket> {
        let bucket = Arc::new(bucket);
        self.ordinals.insert(bucket.ordinal, Arc::clone(&bucket));
        self.buckets.insert(bucket.id, Arc::clone(&bucket));
        bucket
    }

    pub(crate) fn remove_bucket(&mut self, id: BucketId) {
        if let Some(bucket) = self.buckets.remove(&id) {
            self.ordinals.remove(&bucket.ordinal);
        }
    }

    pub(crate) fn put_authorization(&mut self, authorization: Authorization) -> Arc<Authorization> {
        let authorization = Arc::new(authorization);
        self.tokens.insert(authorization.token_hash, Arc::clone(&authorization));
        self.authorizations.insert(authorization.id, Arc::clone(&authorization));
        authorization
    }

    pub(crate) fn remove_authorization(&mut self, id: AuthorizationId) {
        if let Some(authorization) = self.authorizations.remove(&id) {
            self.tokens.remove(&authorization.token_hash);
        }
    }

    /// The ordinal behind all that are in use.
    pub(crate) fn next_ordinal(&self) -> BucketOrdinal {
        self.ordinals.keys().max().map_or(BucketOrdinal(0), |ordinal| ordinal.next())
    }
}
