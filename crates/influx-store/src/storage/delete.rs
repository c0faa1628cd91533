//! Removing points: on request, because their bucket is gone, or because retention has expired.
//!
//! The engine has no range delete. Rows are removed in steps of bounded size, between which other requests go
//! on; a series of which nothing is to stay is forgotten at once, and its rows are removed later.

use std::sync::Arc;

use super::engine::Space;
use super::transaction::Transaction;
use super::{BucketId, DeleteError, ReadError, Series, SeriesId, StoreError, keys};

/// Rows that one step removes at most.
const STEP_ROWS: usize = 20_000;

/// A condition of a delete request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPredicate {
    /// A tag, or `_measurement`. A series without the tag counts as one whose tag is empty.
    pub key: String,
    pub operator: TagOperator,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOperator {
    Equal,
    NotEqual,
}

impl TagPredicate {
    fn matches(&self, series: &Series) -> bool {
        let value = if self.key == "_measurement" {
            &*series.measurement
        } else {
            let tag = series.tags.iter().find(|(key, _)| **key == *self.key);
            tag.map_or("", |(_, value)| value)
        };
        match self.operator {
            TagOperator::Equal => value == self.value,
            TagOperator::NotEqual => value != self.value,
        }
    }
}

/// Whether there is more to do for the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    More,
    Done,
}

/// Removes points in a closed range of time from the series that match all predicates. Must stand at the
/// beginning of a transaction: it does not see rows that the same transaction has put.
pub(super) fn delete(
    transaction: &mut Transaction<'_>,
    bucket: BucketId,
    start: i64,
    stop: i64,
    predicates: &[TagPredicate],
) -> Result<Step, DeleteError> {
    let Some(bucket) = transaction.catalog().bucket(bucket) else {
        return Err(DeleteError::UnknownBucket);
    };
    let series = transaction.registry().series(bucket.ordinal);
    let matching =
        series.iter().filter(|series| predicates.iter().all(|predicate| predicate.matches(series)));
    Ok(remove(transaction, matching, start, stop)?)
}

/// Removes what retention no longer keeps.
pub(super) fn expire(transaction: &mut Transaction<'_>) -> Result<Step, StoreError> {
    let buckets: Vec<_> = transaction.catalog().buckets().cloned().collect();
    for bucket in buckets {
        let oldest = bucket.oldest_time(transaction.now());
        if oldest > i64::MIN {
            let series = transaction.registry().series(bucket.ordinal);
            if remove(transaction, series.iter(), i64::MIN, oldest - 1)? == Step::More {
                return Ok(Step::More);
            }
        }
    }
    Ok(Step::Done)
}

fn remove<'a>(
    transaction: &mut Transaction<'_>,
    series: impl Iterator<Item = &'a Arc<Series>>,
    start: i64,
    stop: i64,
) -> Result<Step, StoreError> {
    let mut rows = 0;
    for series in series {
        match remove_from(transaction, series, start, stop, STEP_ROWS - rows)? {
            Some(removed) => rows += removed,
            None => return Ok(Step::More),
        }
        if rows >= STEP_ROWS {
            return Ok(Step::More);
        }
    }
    Ok(Step::Done)
}

/// How many rows were removed; `None` if there are more than `limit` of them.
fn remove_from(
    transaction: &mut Transaction<'_>,
    series: &Series,
    start: i64,
    stop: i64,
    limit: usize,
) -> Result<Option<usize>, ReadError> {
    let whole = (keys::point(series.id, i64::MIN), keys::point(series.id, i64::MAX));
    let mut all = transaction.snapshot().range(Space::Points, &whole.0, &whole.1);
    let (Some(first), last) = (all.next(), all.next_back()) else {
        transaction.remove_series(series);
        return Ok(Some(0));
    };
    let first = time_of(&first?.0)?;
    let last = last.map_or(Ok(first), |last| time_of(&last?.0))?;
    if last < start || stop < first {
        return Ok(Some(0));
    }
    if start <= first && last <= stop {
        transaction.remove_series(series);
        transaction.discard(series.id, SeriesId(series.id.0 + 1));
        return Ok(Some(1));
    }
    let (from, to) =
        (keys::point(series.id, start), keys::point(series.id, stop.saturating_add(1)));
    let range = transaction.snapshot().range(Space::Points, &from, &to);
    let mut removed = 0;
    for row in range {
        if removed == limit {
            return Ok(None);
        }
        transaction.remove_row(row?.0);
        removed += 1;
    }
    Ok(Some(removed))
}

fn time_of(key: &[u8]) -> Result<i64, ReadError> {
    keys::parse_point(key).map(|(_, time)| time).ok_or(ReadError::Damaged)
}

/// Removes points to which nothing refers any more.
pub(super) fn purge(transaction: &mut Transaction<'_>) -> Result<Step, StoreError> {
    let mut rows = 0;
    while let Some((from, to)) =
        transaction.memory().garbage.first_key_value().map(|(from, to)| (*from, *to))
    {
        // Where the last step stopped: the engine would have to walk over what is removed already.
        let start = transaction.memory().purged_to.take().unwrap_or(keys::point(from, i64::MIN));
        let end = keys::point(to, i64::MIN);
        let range = transaction.snapshot().range(Space::Points, &start, &end);
        for row in range {
            let (key, _) = row.map_err(ReadError::from)?;
            if rows >= STEP_ROWS {
                let (series, time) = keys::parse_point(&key).ok_or(ReadError::Damaged)?;
                transaction.memory().purged_to = Some(keys::point(series, time));
                return Ok(Step::More);
            }
            transaction.remove_row(key);
            rows += 1;
        }
        transaction.discarded(from);
        rows += 1;
    }
    Ok(Step::Done)
}
