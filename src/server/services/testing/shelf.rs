//! Buckets in memory.

use std::sync::Mutex;

use super::lost;
use crate::model::bucket::BucketCounts;
use crate::model::device::{DeviceId, HowItWorks};
use crate::model::resolution::Resolution;
use crate::server::ports::buckets::{BucketEntry, Buckets};
use crate::server::ports::{Explain, Result};

/// Buckets; one called `slow` is never counted in time, and one called `empty` is.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    buckets: Option<Vec<BucketEntry>>,
    asked: Mutex<Vec<i64>>,
}

impl Shelf {
    pub(crate) fn of(buckets: Vec<BucketEntry>) -> Self {
        Self { buckets: Some(buckets), ..Self::default() }
    }

    pub(crate) fn failing() -> Self {
        Self::default()
    }

    /// From when on it was asked for anything.
    pub(crate) fn asked(&self) -> Vec<i64> {
        self.asked.lock().unwrap().clone()
    }

    fn look<T>(&self, bucket: &BucketEntry, from: i64, found: T) -> Result<T> {
        self.asked.lock().unwrap().push(from);
        if bucket.name == "slow" { Err(lost()) } else { Ok(found) }
    }
}

impl Buckets for Shelf {
    async fn buckets(&self) -> Result<Vec<BucketEntry>> {
        self.buckets.clone().ok_or_else(lost)
    }

    async fn count(&self, bucket: &BucketEntry, from: i64) -> Result<BucketCounts> {
        self.look(bucket, from, BucketCounts { series: 3, points: 4 })
    }

    async fn newest(&self, bucket: &BucketEntry, from: i64) -> Result<Option<i64>> {
        self.look(bucket, from, (bucket.name != "empty").then_some(5_000_000))
    }
}

impl Explain for Shelf {
    fn how(&self) -> Vec<HowItWorks> {
        Vec::new()
    }

    fn note_series(&self, _device: &DeviceId, _from: i64, _to: i64, _resolution: Resolution) {}
}
