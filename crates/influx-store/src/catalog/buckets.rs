//! Organizations and their buckets.

use std::sync::Arc;

use super::id::random;
use super::{Bucket, BucketKind, CatalogError, Organization, OrganizationId};
use crate::storage::keys::Kind;
use crate::storage::registry::BucketOrdinal;
use crate::storage::transaction::Transaction;
use crate::storage::{BucketId, Store};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// The shortest retention that InfluxDB allows.
const MIN_RETENTION_SECONDS: u64 = HOUR;

/// A bucket to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBucket {
    pub organization: OrganizationId,
    pub name: String,
    pub description: String,
    /// 0 is for ever.
    pub retention_seconds: u64,
    /// `None` takes InfluxDB's default for the retention.
    pub shard_group_seconds: Option<u64>,
}

/// What is to change in a bucket; `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketUpdate {
    pub name: Option<String>,
    pub description: Option<String>,
    pub retention_seconds: Option<u64>,
    pub shard_group_seconds: Option<u64>,
}

impl Store {
    /// Makes an organization with its two system buckets.
    pub async fn create_organization(
        &self,
        name: String,
        description: String,
    ) -> Result<Arc<Organization>, CatalogError> {
        self.change(move |transaction| create_organization(transaction, name, description)).await
    }

    pub async fn create_bucket(&self, bucket: NewBucket) -> Result<Arc<Bucket>, CatalogError> {
        self.change(move |transaction| {
            check_bucket(transaction, &bucket)?;
            create_bucket(transaction, bucket, BucketKind::User)
        })
        .await
    }

    /// Points that the new retention does not keep disappear at once.
    pub async fn update_bucket(
        &self,
        id: BucketId,
        update: BucketUpdate,
    ) -> Result<Arc<Bucket>, CatalogError> {
        self.change(move |transaction| update_bucket(transaction, id, update)).await
    }

    /// Deletes a bucket with all its points.
    pub async fn delete_bucket(&self, id: BucketId) -> Result<(), CatalogError> {
        self.change(move |transaction| {
            let bucket =
                transaction.catalog().bucket(id).cloned().ok_or(CatalogError::BucketNotFound)?;
            if bucket.kind == BucketKind::System {
                return Err(CatalogError::SystemBucketDelete);
            }
            transaction.remove_points_of_bucket(&bucket);
            transaction.remove_record(Kind::Bucket, id.0);
            transaction.catalog_mut().remove_bucket(id);
            Ok(())
        })
        .await
    }
}

pub(super) fn create_organization(
    transaction: &mut Transaction<'_>,
    name: String,
    description: String,
) -> Result<Arc<Organization>, CatalogError> {
    check_organization(transaction, &name)?;
    let catalog = transaction.catalog();
    let id = OrganizationId(random(|id| catalog.organization(OrganizationId(id)).is_some())?);
    let now = transaction.now();
    let organization = Organization { id, name, description, created_at: now, updated_at: now };
    let system_buckets = [
        ("_tasks", "System bucket for task logs", 3),
        ("_monitoring", "System bucket for monitoring logs", 7),
    ];
    transaction.put_record(Kind::Organization, id.0, &organization)?;
    transaction.catalog_mut().put_organization(organization.clone());
    for (name, description, days) in system_buckets {
        let bucket = NewBucket {
            organization: id,
            name: name.to_owned(),
            description: description.to_owned(),
            retention_seconds: days * DAY,
            shard_group_seconds: None,
        };
        create_bucket(transaction, bucket, BucketKind::System)?;
    }
    Ok(Arc::new(organization))
}

pub(super) fn check_organization(
    transaction: &Transaction<'_>,
    name: &str,
) -> Result<(), CatalogError> {
    if name.is_empty() {
        return Err(CatalogError::OrganizationNameEmpty);
    }
    if transaction.catalog().organization_by_name(name).is_some() {
        return Err(CatalogError::OrganizationExists(name.to_owned()));
    }
    // An organization brings two buckets.
    next_ordinal(transaction)?;
    Ok(())
}

fn check_bucket(transaction: &Transaction<'_>, bucket: &NewBucket) -> Result<(), CatalogError> {
    if transaction.catalog().organization(bucket.organization).is_none() {
        return Err(CatalogError::OrganizationNotFound);
    }
    check_name(&bucket.name)?;
    check_retention(bucket.retention_seconds)?;
    if transaction.catalog().bucket_by_name(bucket.organization, &bucket.name).is_some() {
        return Err(CatalogError::BucketExists(bucket.name.clone()));
    }
    next_ordinal(transaction)?;
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<(), CatalogError> {
    if name.is_empty() {
        Err(CatalogError::BucketNameEmpty)
    } else if name.starts_with('_') {
        Err(CatalogError::BucketNameUnderscore(name.to_owned()))
    } else if name.contains('"') {
        Err(CatalogError::BucketNameQuote(name.to_owned()))
    } else {
        Ok(())
    }
}

pub(super) fn check_retention(seconds: u64) -> Result<(), CatalogError> {
    if (1..MIN_RETENTION_SECONDS).contains(&seconds) {
        Err(CatalogError::RetentionTooShort)
    } else {
        Ok(())
    }
}

/// A place in the series ids that no bucket has, and no garbage.
fn next_ordinal(transaction: &Transaction<'_>) -> Result<BucketOrdinal, CatalogError> {
    let ordinal = transaction.catalog().next_ordinal().max(transaction.ordinal_behind_garbage());
    // Two more must fit, for the system buckets of an organization, and the end of the last one's range.
    if ordinal.0 >= BucketOrdinal::MAX - 3 {
        Err(CatalogError::TooManyBuckets)
    } else {
        Ok(ordinal)
    }
}

/// Makes a bucket that has been checked.
pub(super) fn create_bucket(
    transaction: &mut Transaction<'_>,
    bucket: NewBucket,
    kind: BucketKind,
) -> Result<Arc<Bucket>, CatalogError> {
    let catalog = transaction.catalog();
    let id = BucketId(random(|id| catalog.bucket(BucketId(id)).is_some())?);
    let now = transaction.now();
    let bucket = Bucket {
        id,
        organization: bucket.organization,
        kind,
        name: bucket.name,
        description: bucket.description,
        retention_seconds: bucket.retention_seconds,
        shard_group_seconds: bucket
            .shard_group_seconds
            .unwrap_or_else(|| default_shard_group_seconds(bucket.retention_seconds)),
        created_at: now,
        updated_at: now,
        ordinal: next_ordinal(transaction)?,
    };
    transaction.put_record(Kind::Bucket, id.0, &bucket)?;
    Ok(transaction.catalog_mut().put_bucket(bucket))
}

fn update_bucket(
    transaction: &mut Transaction<'_>,
    id: BucketId,
    update: BucketUpdate,
) -> Result<Arc<Bucket>, CatalogError> {
    let mut bucket =
        Bucket::clone(transaction.catalog().bucket(id).ok_or(CatalogError::BucketNotFound)?);
    if bucket.kind == BucketKind::System {
        return Err(CatalogError::SystemBucketUpdate);
    }
    if let Some(name) = update.name.filter(|name| *name != bucket.name) {
        check_name(&name)?;
        if transaction.catalog().bucket_by_name(bucket.organization, &name).is_some() {
            return Err(CatalogError::BucketNameTaken);
        }
        bucket.name = name;
    }
    if let Some(description) = update.description {
        bucket.description = description;
    }
    if let Some(seconds) = update.retention_seconds {
        check_retention(seconds)?;
        bucket.retention_seconds = seconds;
    }
    if let Some(seconds) = update.shard_group_seconds.filter(|seconds| *seconds > 0) {
        bucket.shard_group_seconds = seconds;
    }
    if bucket.retention_seconds > 0 && bucket.shard_group_seconds > bucket.retention_seconds {
        return Err(CatalogError::ShardGroupTooLong);
    }
    bucket.updated_at = transaction.now();
    transaction.put_record(Kind::Bucket, id.0, &bucket)?;
    Ok(transaction.catalog_mut().put_bucket(bucket))
}

fn default_shard_group_seconds(retention_seconds: u64) -> u64 {
    if retention_seconds == 0 || retention_seconds >= 180 * DAY {
        7 * DAY
    } else if retention_seconds < 2 * DAY {
        HOUR
    } else {
        DAY
    }
}
