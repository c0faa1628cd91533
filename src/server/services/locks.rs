//! What happens to one device at a time within this process. Across processes the registry decides.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// One lock a device, made when it is asked for and gone with its last holder. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct DeviceLocks {
    locks: Arc<Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>>,
}

impl DeviceLocks {
    /// Waits until nobody else holds the lock of this device.
    pub async fn lock(&self, device: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let known = locks.get(device).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let lock = Arc::new(tokio::sync::Mutex::new(()));
                locks.insert(device.to_owned(), Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}

/// The devices that a write job runs for.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    running: Arc<Mutex<HashSet<String>>>,
}

impl Jobs {
    /// `None` while a job for this device runs. The job is over when the answer is dropped.
    pub fn start(&self, device: &str) -> Option<Job> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .insert(device.to_owned())
            .then(|| Job { device: device.to_owned(), running: Arc::clone(&self.running) })
    }

    /// How many run.
    pub fn count(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether a job for this device runs.
    pub fn is_running(&self, device: &str) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(device)
    }
}

/// A write job that runs.
#[derive(Debug)]
pub struct Job {
    device: String,
    running: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn devices_wait_for_themselves_only() {
        let locks = DeviceLocks::default();
        let first = locks.lock("a").await;
        let _other = locks.lock("b").await;
        let mut second = std::pin::pin!(locks.lock("a"));
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        assert!(futures::poll!(second.as_mut()).is_ready());
    }

    #[test]
    fn one_job_a_device() {
        let jobs = Jobs::default();
        let job = jobs.start("a");
        assert!(job.is_some());
        assert!(jobs.start("a").is_none());
        assert!(jobs.start("b").is_some());
        assert_eq!(jobs.count(), 1);
        drop(job);
        assert!(jobs.start("a").is_some());
    }
}
