//! The handle on an open store.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use influx_wire::line_protocol::Precision;
use tokio::sync::oneshot;

use super::delete::{self, Step};
use super::engine::Engine;
use super::prepare::prepare;
use super::transaction::{Memory, Transaction};
use super::view::{self, View};
use super::writer::{Job, Writer};
use super::{
    BucketId, DeleteError, OpenError, Snapshot, StoreError, TagPredicate, WriteError, write,
};
use crate::catalog::Catalog;

/// Bodies above this are parsed on a thread that may block, so that other tasks go on.
const INLINE_BODY_BYTES: usize = 256 << 10;

/// What the time is: nanoseconds since the Unix epoch.
#[derive(Clone)]
pub struct Clock(pub(super) Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl Default for Clock {
    /// The clock of the system.
    fn default() -> Self {
        Self::new(|| {
            let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            since_epoch.map_or(0, |duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
        })
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Clock")
    }
}

/// How a store works; the defaults suit a machine with two cores and 1 GiB of memory.
#[derive(Debug, Clone)]
pub struct Options {
    pub clock: Clock,
    /// Requests that may wait for the writer; more are refused as [`StoreError::Busy`]. Default: 256.
    pub max_waiting_requests: usize,
    /// Bytes of line protocol that may wait for the writer. Default: 64 MiB.
    pub max_waiting_bytes: usize,
    /// Series in one bucket; points of further series are refused. Default: 1,000,000.
    pub max_series_per_bucket: usize,
    /// Space that stays free on the disk, so that the engine can still tidy up and points can be deleted: points
    /// that would go below it are refused as [`StoreError::DiskFull`]. Default: 128 MiB.
    pub reserve_bytes: u64,
    /// How much the engine gathers in memory before it writes a sorted file. Default: 16 MiB.
    pub memtable_bytes: u64,
    /// How often points that retention no longer keeps are removed from disk (no query returns them anyway).
    /// Default: 10 minutes.
    pub expiry_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            max_waiting_requests: 256,
            max_waiting_bytes: 64 << 20,
            max_series_per_bucket: 1_000_000,
            reserve_bytes: 128 << 20,
            memtable_bytes: 16 << 20,
            expiry_interval: Duration::from_secs(600),
        }
    }
}

/// An open store. Cheap to clone; the last clone that is dropped closes it, after what is waiting has been written.
///
/// Everything that changes the store returns only when the change is on disk, and shares the sync with whatever
/// else is waiting. No method blocks for the disk: the futures wait for a writer thread, and need no particular
/// runtime (but `write` a tokio one, for large bodies). A future that is dropped does not take its request back.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("directory", &self.inner.directory)
            .finish_non_exhaustive()
    }
}

struct Inner {
    directory: PathBuf,
    options: Options,
    published: Arc<RwLock<Arc<View>>>,
    waiting_requests: Arc<AtomicUsize>,
    waiting_bytes: Arc<AtomicUsize>,
    /// `None` only while the store is being closed.
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the store has panicked");
        }
    }
}

impl Store {
    /// Opens the store in a directory, which is created if it is not there.
    ///
    /// The directory gets mode 0700. The umask of the process becomes 077, because the engine creates its files
    /// with whatever the umask leaves of 0666.
    pub fn open(directory: &Path, options: Options) -> Result<Self, OpenError> {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        let directory_error = |source| OpenError::Directory { path: directory.to_owned(), source };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(directory_error)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
            .map_err(directory_error)?;
        let engine = Engine::open(directory, options.memtable_bytes, options.reserve_bytes)
            .map_err(|error| {
                if error.is_locked() {
                    OpenError::Locked { path: directory.to_owned() }
                } else {
                    OpenError::Engine(Arc::new(error))
                }
            })?;
        let (view, garbage) = view::load(&engine)?;
        let published = Arc::new(RwLock::new(Arc::new(view)));
        let writer = Writer {
            engine,
            memory: Memory::new(garbage),
            published: Arc::clone(&published),
            clock: options.clock.clone(),
            expiry_interval: options.expiry_interval,
        };
        let (sender, jobs) = mpsc::channel();
        let writer =
            thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(&jobs));
        let inner = Inner {
            directory: directory.to_owned(),
            options,
            published,
            waiting_requests: Arc::default(),
            waiting_bytes: Arc::default(),
            jobs: Some(sender),
            writer: Some(writer.map_err(OpenError::Thread)?),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A consistent view of everything that has been acknowledged so far.
    pub fn snapshot(&self) -> Snapshot {
        let view = self.inner.published.read().unwrap_or_else(PoisonError::into_inner);
        Snapshot::new(Arc::clone(&view), self.now())
    }

    /// Organizations, buckets, users and authorizations, as of now.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.inner.published.read().unwrap_or_else(PoisonError::into_inner).catalog)
    }

    /// The time on the store's clock, in nanoseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        (self.inner.options.clock.0)()
    }

    /// Writes a body of line protocol. Returns when it is on disk.
    ///
    /// One bad line refuses the whole body. Points that cannot be stored (another type than the field has, outside
    /// of the retention, too long) are left out and reported when all others are on disk. Points without a
    /// timestamp get the store's time, cut to the precision.
    pub async fn write(
        &self,
        bucket: BucketId,
        body: &str,
        precision: Precision,
    ) -> Result<(), WriteError> {
        let place = self.wait_in_line(body.len())?;
        let now = self.now();
        let prepared = if body.len() <= INLINE_BODY_BYTES {
            prepare(body, precision, now)?
        } else {
            let body = body.to_owned();
            let task = tokio::task::spawn_blocking(move || prepare(&body, precision, now));
            task.await.map_err(|_| StoreError::Closed)??
        };
        if prepared.points.is_empty() {
            return Ok(());
        }
        let max_series = self.inner.options.max_series_per_bucket;
        let bytes = body.len();
        let work = move |transaction: &mut Transaction<'_>| {
            write::apply(transaction, bucket, &prepared, max_series)
        };
        // A partial write is one: what was not refused must be on disk before anybody hears of it.
        self.submit(place, bytes, false, work).await?
    }

    /// Removes the points between two times, both included, from all series of a bucket that match all predicates.
    /// A field whose measurement has no points left is forgotten, and its type with it.
    ///
    /// Large deletes are done in steps, between which readers can see a part of it done.
    pub async fn delete(
        &self,
        bucket: BucketId,
        start: i64,
        stop_inclusive: i64,
        predicates: &[TagPredicate],
    ) -> Result<(), DeleteError> {
        let predicates: Arc<[TagPredicate]> = predicates.into();
        loop {
            let predicates = Arc::clone(&predicates);
            let place = self.wait_in_line(0)?;
            let work = move |transaction: &mut Transaction<'_>| {
                delete::delete(transaction, bucket, start, stop_inclusive, &predicates)
            };
            if self.submit(place, 0, true, work).await?? == Step::Done {
                return Ok(());
            }
        }
    }

    /// Changes the catalog. `change` checks first and changes then: if it returns an error, it has changed nothing.
    pub(crate) async fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = self.wait_in_line(0)?;
        self.submit(place, 0, false, change).await?
    }

    /// Runs work in the writer's thread. What it returns is passed on when its changes are on disk.
    async fn submit<T: Send + 'static>(
        &self,
        place: Place,
        bytes: usize,
        alone: bool,
        work: impl FnOnce(&mut Transaction<'_>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let job = Job {
            work: Box::new(move |transaction| {
                let value = work(transaction);
                Box::new(move |outcome| {
                    drop(place);
                    // Nobody waits if the future was dropped.
                    let _ = sender.send(outcome.map(|()| value));
                })
            }),
            bytes,
            alone,
        };
        let jobs = self.inner.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    fn wait_in_line(&self, bytes: usize) -> Result<Place, StoreError> {
        let Inner { waiting_requests, waiting_bytes, options, .. } = &*self.inner;
        let requests_before = waiting_requests.fetch_add(1, Ordering::Relaxed);
        let bytes_before = waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let place = Place {
            requests: Arc::clone(waiting_requests),
            bytes: Arc::clone(waiting_bytes),
            own_bytes: bytes,
        };
        // A single request of any size gets through when nothing else waits.
        let is_full = requests_before >= options.max_waiting_requests
            || (bytes_before > 0 && bytes_before + bytes > options.max_waiting_bytes);
        if is_full { Err(StoreError::Busy) } else { Ok(place) }
    }
}

/// A request's share of what may wait; given back when it is dropped.
struct Place {
    requests: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
    own_bytes: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.requests.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(self.own_bytes, Ordering::Relaxed);
    }
}
