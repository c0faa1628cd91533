//! One poller for each device that is followed on this server. A second server has its own: they agree, since they ask the same InfluxDB.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::{Points, Source};
use crate::model::device::DeviceId;
use crate::model::series::Series;
use crate::server::ports::Clock;

/// Between two polls: a point is to be seen within a second.
pub const POLL_EVERY: Duration = Duration::from_millis(500);

/// The longest wait while polls fail.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long to wait after so many failures, one after the other.
pub(super) fn wait_after(failures: u32) -> Duration {
    POLL_EVERY.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT)
}

/// What polls have found.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// All points up to here, in nanoseconds, were found.
    pub(super) position: i64,
    /// What the last poll that has found any has found: all after `after` and up to `position`.
    pub(super) points: Arc<Series>,
    pub(super) after: i64,
    /// Why the last poll has failed.
    pub(super) trouble: Option<String>,
}

impl Progress {
    fn beginning_at(position: i64) -> Self {
        Self { position, after: position, ..Self::default() }
    }

    /// Whether that is any news.
    fn add(&mut self, points: Series) -> bool {
        let was_in_trouble = self.trouble.take().is_some();
        let Some(newest) = points.times.last() else { return was_in_trouble };
        self.after = std::mem::replace(&mut self.position, *newest);
        self.points = Arc::new(points);
        true
    }

    /// Whether that is any news.
    fn fail(&mut self, sentence: String) -> bool {
        let is_new = self.trouble.as_ref() != Some(&sentence);
        self.trouble = Some(sentence);
        is_new
    }
}

/// The pollers that run, by their devices. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Pollers {
    /// Each is held by its task alone, so that none is found here whose task is gone.
    running: Arc<Mutex<HashMap<DeviceId, Weak<watch::Sender<Progress>>>>>,
}

impl Pollers {
    /// How many devices are followed.
    pub fn count(&self) -> usize {
        self.running().values().filter(|poller| poller.strong_count() > 0).count()
    }

    /// Where the poller of this device has got to. If there is none, one begins at `position`; it ends when nobody has a receiver.
    pub(super) fn join<P: Points, C: Clock + 'static>(
        &self,
        device: &DeviceId,
        position: i64,
        source: Source<P, C>,
    ) -> watch::Receiver<Progress> {
        let mut running = self.running();
        let known = running.get(device).and_then(Weak::upgrade);
        let poller = known.unwrap_or_else(|| {
            let poller = Arc::new(watch::Sender::new(Progress::beginning_at(position)));
            running.insert(device.clone(), Arc::downgrade(&poller));
            tokio::spawn(self.clone().run(device.clone(), Arc::clone(&poller), source));
            poller
        });
        // Before the lock is given back, so that the poller does not end in between.
        let mut receiver = poller.subscribe();
        // What is known already is news to whoever joins.
        receiver.mark_changed();
        receiver
    }

    /// Polls as long as somebody follows.
    async fn run<P: Points, C: Clock>(
        self,
        device: DeviceId,
        poller: Arc<watch::Sender<Progress>>,
        source: Source<P, C>,
    ) {
        let mut polling = pin!(poll(&poller, &source));
        loop {
            tokio::select! {
                () = polling.as_mut() => return,
                () = poller.closed() => {}
            }
            let mut running = self.running();
            // Somebody may have joined since.
            if poller.receiver_count() == 0 {
                running.remove(&device);
                return;
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<DeviceId, Weak<watch::Sender<Progress>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for ever what is new.
async fn poll<P: Points, C: Clock>(poller: &watch::Sender<Progress>, source: &Source<P, C>) {
    let mut failures = 0u32;
    loop {
        let position = poller.borrow().position;
        match source.newer(position).await {
            Ok(points) => {
                failures = 0;
                poller.send_if_modified(|progress| progress.add(points));
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::debug!(%error, "a followed device could not be read");
                poller.send_if_modified(|progress| progress.fail(error.sentence));
            }
        }
        sleep(wait_after(failures)).await;
    }
}
