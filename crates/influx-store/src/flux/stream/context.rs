//! What a running query shares: the source, the limits, the signs to stop.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Instant;

use super::super::error::Failure;
use super::super::source::Source;
use super::super::{Environment, Limits};
use super::read::windowed::Scans;

/// The clock is asked once in so many checks.
const CHECKS_PER_CLOCK: u32 = 64;

pub(crate) struct Context {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) limits: Limits,
    /// What several results of the query read together.
    pub(crate) scans: Scans,
    cancelled: Arc<AtomicBool>,
    deadline: Option<Instant>,
    checks: AtomicU32,
    held: AtomicUsize,
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Context {
    pub(crate) fn new(environment: &Environment) -> Self {
        Self {
            source: Arc::clone(&environment.source),
            limits: environment.limits.clone(),
            scans: Scans::default(),
            cancelled: Arc::clone(&environment.cancelled),
            deadline: environment
                .limits
                .duration
                .and_then(|duration| Instant::now().checked_add(duration)),
            checks: AtomicU32::new(0),
            held: AtomicUsize::new(0),
        }
    }

    /// Whether the query may go on; called between tables, and now and then between rows.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Failure::unavailable("query was cancelled"));
        }
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_CLOCK)
            && self.deadline.is_some_and(|deadline| Instant::now() > deadline)
        {
            return Err(Failure::unavailable("query took longer than it may"));
        }
        Ok(())
    }

    /// The same inside of a loop over rows.
    pub(crate) fn check_row(&self, row: usize) -> Result<(), Failure> {
        if row.is_multiple_of(1024) { self.check() } else { Ok(()) }
    }

    /// Starts an account of memory.
    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        Held { context: Arc::clone(self), bytes: 0 }
    }
}

/// Memory that a step holds; given back when it is dropped.
pub(crate) struct Held {
    context: Arc<Context>,
    bytes: usize,
}

impl Held {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// # Errors
    ///
    /// If the query then holds more than it may.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(bytes);
        let before = self.context.held.fetch_add(bytes, Ordering::Relaxed);
        let most = self.context.limits.memory_bytes;
        if before.saturating_add(bytes) > most {
            return Err(Failure::limit(format!(
                "more than {} MiB held at once; try a shorter range, or aggregateWindow()",
                most >> 20
            )));
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.context.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
