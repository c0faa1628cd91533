//! The one thread that changes the store: it takes all requests that wait, applies them in order, makes one
//! batch of them, syncs it once, publishes the new view and only then acknowledges.
//!
//! So concurrent writers share a sync, a request is written wholly or not at all, and whoever has got an answer
//! finds its data in the next snapshot. After a failed sync nothing is acknowledged any more: what the disk has
//! kept of it is unknown, and a second sync would not tell (<https://www.usenix.org/system/files/atc20-rebello.pdf>).

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use super::delete::{self, Step};
use super::engine::Engine;
use super::transaction::{Memory, Transaction};
use super::view::{self, View};
use super::{Clock, StoreError};

/// A group is written when it holds this much, even if more requests wait.
const GROUP_BYTES: usize = 16 << 20;

/// How long maintenance rests after it has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Applies a request to the transaction; what it returns answers the request when the outcome is known.
pub(super) type Work = Box<dyn FnOnce(&mut Transaction<'_>) -> Answer + Send>;
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

pub(super) struct Job {
    pub(super) work: Work,
    /// What it adds to a group.
    pub(super) bytes: usize,
    /// Whether it needs a transaction of its own.
    pub(super) alone: bool,
}

pub(super) struct Writer {
    pub(super) engine: Engine,
    pub(super) memory: Memory,
    pub(super) published: Arc<RwLock<Arc<View>>>,
    pub(super) clock: Clock,
    pub(super) expiry_interval: Duration,
}

impl Writer {
    /// Works until nobody can send any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut failure: Option<StoreError> = None;
        let mut held: Option<Job> = None;
        let mut next_expiry = Instant::now();
        let mut next_purge = Instant::now();
        loop {
            let has_garbage = failure.is_none() && !self.memory.garbage.is_empty();
            let next = if has_garbage { next_expiry.min(next_purge) } else { next_expiry };
            let wait = next.saturating_duration_since(Instant::now());
            let first = match held.take() {
                Some(job) => Some(job),
                None => match jobs.recv_timeout(wait) {
                    Ok(job) => Some(job),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                },
            };
            if let Some(first) = first {
                let mut bytes = first.bytes;
                let mut alone = first.alone;
                let mut group = vec![first];
                while !alone
                    && bytes < GROUP_BYTES
                    && let Ok(job) = jobs.try_recv()
                {
                    if job.alone {
                        held = Some(job);
                        alone = true;
                    } else {
                        bytes += job.bytes;
                        group.push(job);
                    }
                }
                self.commit(group, &mut failure);
            }
            if failure.is_some() {
                next_expiry = Instant::now() + self.expiry_interval;
                continue;
            }
            if has_garbage && Instant::now() >= next_purge {
                next_purge =
                    Instant::now() + self.maintain(&mut failure, delete::purge, Duration::ZERO);
            }
            if Instant::now() >= next_expiry {
                next_expiry = Instant::now()
                    + self.maintain(&mut failure, delete::expire, self.expiry_interval);
            }
        }
    }

    fn commit(&mut self, group: Vec<Job>, failure: &mut Option<StoreError>) {
        let mut answers = Vec::with_capacity(group.len());
        let outcome = self.transact(failure, |transaction| {
            answers.extend(group.into_iter().map(|job| (job.work)(transaction)));
            Ok(())
        });
        for answer in answers {
            answer(outcome.clone());
        }
    }

    /// One step of work that nobody waits for; how long to wait until the next.
    fn maintain(
        &mut self,
        failure: &mut Option<StoreError>,
        work: fn(&mut Transaction<'_>) -> Result<Step, StoreError>,
        when_done: Duration,
    ) -> Duration {
        match self.transact(failure, work) {
            Ok(Step::More) => Duration::ZERO,
            Ok(Step::Done) => when_done,
            Err(error) => {
                tracing::error!(%error, "cannot remove points that are no longer needed");
                AFTER_FAILURE
            }
        }
    }

    fn transact<T>(
        &mut self,
        failure: &mut Option<StoreError>,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let view =
            Arc::clone(&self.published.read().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut transaction =
            Transaction::new(&view, self.engine.batch(), &mut self.memory, (self.clock.0)());
        if let Some(failure) = failure {
            transaction.refuse(failure.clone());
        }
        let outcome = work(&mut transaction).and_then(|value| Ok((value, transaction.commit()?)));
        match outcome {
            Ok((value, committed)) => {
                if let Some(committed) = committed {
                    let view = View {
                        registry: committed.registry,
                        catalog: committed.catalog,
                        engine: self.engine.snapshot(),
                    };
                    *self.published.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
                        Arc::new(view);
                }
                Ok(value)
            }
            Err(error) => {
                if let StoreError::Failed(reason) = &error
                    && failure.is_none()
                {
                    tracing::error!(%reason, "a write failed: the store takes no more of them");
                    *failure = Some(error.clone());
                }
                // If even that cannot be read, garbage stays on disk until the next start.
                self.memory.forget(view::load_garbage(&view.engine).unwrap_or_default());
                Err(error)
            }
        }
    }
}
