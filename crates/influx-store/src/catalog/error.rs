//! Why the catalog refuses a change. The texts are those of InfluxDB.

use crate::storage::StoreError;

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    #[error("id must have a length of 16 bytes")]
    Length,
    #[error("invalid ID")]
    Digits,
}

/// Why a change of the catalog was refused. It prints as the message of InfluxDB's answer; the comment names
/// the code that goes with it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// `conflict`
    #[error("onboarding has already been completed")]
    SetupDone,
    /// `unprocessable entity`
    #[error("onboarding failed: missing required fields [{0}]")]
    SetupIncomplete(String),
    /// `invalid`
    #[error("passwords must be between 8 and 72 characters long")]
    PasswordLength,
    /// `conflict`
    #[error("organization with name {0} already exists")]
    OrganizationExists(String),
    /// `invalid`
    #[error("org name is empty")]
    OrganizationNameEmpty,
    /// `not found`
    #[error("organization not found")]
    OrganizationNotFound,
    /// `conflict`
    #[error("bucket with name {0} already exists")]
    BucketExists(String),
    /// `conflict`
    #[error("bucket name is not unique")]
    BucketNameTaken,
    /// `invalid`
    #[error("bucket name is empty")]
    BucketNameEmpty,
    /// `invalid`
    #[error("bucket name {0} is invalid. Buckets may not start with underscore")]
    BucketNameUnderscore(String),
    /// `invalid`
    #[error("bucket name {0} is invalid. Bucket names may not include quotation marks")]
    BucketNameQuote(String),
    /// `not found`
    #[error("bucket not found")]
    BucketNotFound,
    /// `invalid`
    #[error("system buckets cannot be deleted")]
    SystemBucketDelete,
    /// `invalid`
    #[error("system buckets cannot be changed")]
    SystemBucketUpdate,
    /// `unprocessable entity`
    #[error("retention policy duration must be at least 1h0m0s")]
    RetentionTooShort,
    /// `unprocessable entity`
    #[error("shard-group duration must also be updated to be smaller than new retention duration")]
    ShardGroupTooLong,
    /// `unprocessable entity`
    #[error("there are too many buckets")]
    TooManyBuckets,
    /// `invalid`
    #[error("authorization must include permissions")]
    NoPermissions,
    /// `invalid`: the organization or the user does not exist.
    #[error("unable to create token")]
    UnknownOwner,
    /// `invalid`
    #[error("token is empty")]
    TokenEmpty,
    /// `conflict`
    #[error("token already exists")]
    TokenExists,
    /// `not found`
    #[error("authorization not found")]
    AuthorizationNotFound,
    /// `internal error`
    #[error("the operating system gives no random numbers")]
    NoRandomness,
    /// `unavailable`, or `internal error` for a failed store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<getrandom::Error> for CatalogError {
    fn from(_: getrandom::Error) -> Self {
        Self::NoRandomness
    }
}
