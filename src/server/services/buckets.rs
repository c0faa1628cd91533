//! The buckets of the organization: how long they keep points, how many they have, how new they are.
//!
//! Counting takes as long as it takes. What is not there when the time is over is unknown, and the list is shown all the same.

use std::time::Duration;

use futures::{StreamExt, stream};

use super::Result;
use super::listing::Judgement;
use crate::model::bucket::{BucketList, BucketRole, BucketSummary, LastWrite};
use crate::model::time::Timestamp;
use crate::server::ports::buckets::{BucketEntry, Buckets};
use crate::server::ports::{Clock, Explain};

/// So far back series and points are counted.
pub const COUNTED: Duration = Duration::from_hours(30 * 24);

/// So many buckets are looked into at a time: InfluxDB has others to serve.
const AT_A_TIME: usize = 4;

/// All buckets that the server may see.
pub async fn list(
    ports: &(impl Buckets + Explain),
    clock: &impl Clock,
    judgement: Judgement,
) -> Result<BucketList> {
    let now = clock.now();
    let mut entries = ports.buckets().await?;
    entries.sort_by_key(|entry| (rank(entry), entry.name.clone()));
    let buckets = stream::iter(entries)
        .map(|entry| summary(ports, now, judgement, entry))
        .buffered(AT_A_TIME)
        .collect()
        .await;
    Ok(BucketList {
        buckets,
        counted_days: days(COUNTED),
        looked_back_days: days(judgement.look_back),
        now: Timestamp::from_nanoseconds(now),
        how: ports.how(),
    })
}

fn rank(entry: &BucketEntry) -> u8 {
    match (entry.role, entry.is_system) {
        (Some(BucketRole::Telemetry | BucketRole::Both), _) => 0,
        (Some(BucketRole::Registry), _) => 1,
        (None, false) => 2,
        (None, true) => 3,
    }
}

fn days(length: Duration) -> u32 {
    u32::try_from(length.as_secs() / 86_400).unwrap_or(u32::MAX)
}

async fn summary(
    ports: &impl Buckets,
    now: i64,
    judgement: Judgement,
    entry: BucketEntry,
) -> BucketSummary {
    // What is older is deleted soon, or is deleted already.
    let since = |back: Duration| {
        let kept = entry.retention_seconds.map_or(back, Duration::from_secs).min(back);
        now.saturating_sub(i64::try_from(kept.as_nanos()).unwrap_or(i64::MAX)).max(0)
    };
    let (counts, newest) = tokio::join!(
        ports.count(&entry, since(COUNTED)),
        ports.newest(&entry, since(judgement.look_back))
    );
    for error in [counts.as_ref().err(), newest.as_ref().err()].into_iter().flatten() {
        tracing::debug!(bucket = entry.name, %error, "a bucket could not be looked into");
    }
    BucketSummary {
        counts: counts.ok(),
        last_write: match newest {
            Ok(Some(time)) => LastWrite::At(Timestamp::from_nanoseconds(time)),
            Ok(None) => LastWrite::None,
            Err(_) => LastWrite::Unknown,
        },
        id: entry.id,
        name: entry.name,
        description: entry.description,
        role: entry.role,
        is_system: entry.is_system,
        retention_seconds: entry.retention_seconds,
        created_at: entry.created_at.map(Timestamp::from_nanoseconds),
        updated_at: entry.updated_at.map(Timestamp::from_nanoseconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::BucketCounts;
    use crate::model::device::LivenessLimits;
    use crate::server::services::testing::TestClock;
    use crate::server::services::testing::shelf::Shelf;

    const DAY_NS: i64 = 86_400_000_000_000;

    async fn listed(shelf: &Shelf) -> Result<BucketList> {
        let judgement = Judgement {
            limits: LivenessLimits::default(),
            look_back: Duration::from_hours(365 * 24),
        };
        list(shelf, &TestClock::default(), judgement).await
    }

    fn entry(name: &str, role: Option<BucketRole>) -> BucketEntry {
        BucketEntry {
            id: format!("id of {name}"),
            name: name.to_owned(),
            description: String::new(),
            role,
            is_system: name.starts_with('_'),
            retention_seconds: None,
            created_at: Some(1_000_000),
            updated_at: None,
        }
    }

    #[tokio::test]
    async fn the_buckets_of_the_settings_come_first() {
        let shelf = Shelf::of(vec![
            entry("_tasks", None),
            entry("b", None),
            entry("a", None),
            entry("z_devices", Some(BucketRole::Registry)),
            entry("z", Some(BucketRole::Telemetry)),
        ]);
        let found = listed(&shelf).await.unwrap();
        let names: Vec<_> = found.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        assert_eq!(names, ["z", "z_devices", "a", "b", "_tasks"]);
        assert_eq!((found.counted_days, found.looked_back_days), (30, 365));
        assert_eq!(found.buckets[0].created_at, Some(Timestamp(1)));
    }

    #[tokio::test]
    async fn no_longer_than_points_are_kept_they_are_looked_for() {
        let day = BucketEntry { retention_seconds: Some(86_400), ..entry("day", None) };
        let shelf = Shelf::of(vec![day, entry("for ever", None)]);
        let found = listed(&shelf).await.unwrap();
        let now = found.now.to_nanoseconds();
        let mut asked = shelf.asked();
        asked.sort_unstable();
        assert_eq!(asked, [now - 365 * DAY_NS, now - 30 * DAY_NS, now - DAY_NS, now - DAY_NS]);
        assert_eq!(found.buckets[0].counts, Some(BucketCounts { series: 3, points: 4 }));
        assert_eq!(found.buckets[0].last_write, LastWrite::At(Timestamp(5)));
    }

    #[tokio::test]
    async fn what_cannot_be_counted_is_unknown() {
        let shelf = Shelf::of(vec![entry("slow", None), entry("empty", None), entry("a", None)]);
        let found = listed(&shelf).await.unwrap();
        let [fine, empty, slow] = found.buckets.as_slice() else { panic!("{found:?}") };
        assert_eq!((slow.counts, slow.last_write), (None, LastWrite::Unknown));
        assert_eq!(empty.last_write, LastWrite::None);
        assert!(fine.counts.is_some());
        assert!(listed(&Shelf::failing()).await.is_err());
    }
}
