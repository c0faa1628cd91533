//! What the catalog keeps, as it stands on disk (as JSON) and in memory. Times are nanoseconds since the Unix epoch.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use influx_wire::api::{Permission, Status};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AuthorizationId, OrganizationId, TokenHash, UserId};
use crate::storage::BucketId;
use crate::storage::registry::BucketOrdinal;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub description: String,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub status: Status,
    pub created_at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BucketKind {
    User,
    /// Belongs to the organization; can be neither changed nor deleted.
    System,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub id: BucketId,
    pub organization: OrganizationId,
    pub kind: BucketKind,
    pub name: String,
    pub description: String,
    /// How long points are kept; 0 is for ever.
    pub retention_seconds: u64,
    /// What a client has asked for, or InfluxDB's default; this store has no shard groups.
    pub shard_group_seconds: u64,
    pub created_at: i64,
    pub updated_at: i64,
    pub(crate) ordinal: BucketOrdinal,
}

impl Bucket {
    /// The oldest time that is kept at the instant `now`.
    pub fn oldest_time(&self, now: i64) -> i64 {
        if self.retention_seconds == 0 {
            return i64::MIN;
        }
        let seconds = i64::try_from(self.retention_seconds).unwrap_or(i64::MAX);
        now.saturating_sub(seconds.saturating_mul(1_000_000_000))
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    pub id: AuthorizationId,
    pub organization: OrganizationId,
    pub user: UserId,
    pub status: Status,
    pub description: String,
    /// Resources by type and ids; names are looked up when they are shown.
    pub permissions: Vec<Permission>,
    pub created_at: i64,
    pub updated_at: i64,
    #[serde(serialize_with = "serialize_hash", deserialize_with = "deserialize_hash")]
    pub(crate) token_hash: TokenHash,
}

impl std::fmt::Debug for Authorization {
    /// Leaves out the hash of the token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Authorization")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("description", &self.description)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

fn serialize_hash<S: Serializer>(hash: &TokenHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&URL_SAFE_NO_PAD.encode(hash))
}

fn deserialize_hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenHash, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let hash = URL_SAFE_NO_PAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| serde::de::Error::custom("not the hash of a token"))
}
