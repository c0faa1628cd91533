//! The storage engine behind one narrow door: atomic durable batches in, consistent snapshots out.
//!
//! Nothing else in the crate names the engine, so that another one can be put in its place. A batch is visible
//! to readers only after it has been synced to disk.

use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

/// Key and value bytes as the engine hands them out: cheap to clone, and they keep their block alive.
pub(crate) type Bytes = fjall::Slice;

/// The two key spaces of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// Series id and time to row.
    Points,
    /// Everything else.
    Catalog,
}

/// An error of the engine. Shared, because all writers of a group get the same one.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum EngineError {
    /// Refused before anything was written: the next write may succeed.
    #[error("no space left on disk")]
    DiskFull,
    #[error(transparent)]
    Failed(Arc<fjall::Error>),
}

impl From<fjall::Error> for EngineError {
    fn from(error: fjall::Error) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl EngineError {
    /// Whether the engine belongs to another process (or another handle in this one).
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, Self::Failed(error) if matches!(**error, fjall::Error::Locked))
    }

    /// Whether the disk was full, found out before or while writing.
    pub(crate) fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull => true,
            Self::Failed(error) => match &**error {
                fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
                    matches!(
                        error.kind(),
                        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                    )
                }
                _ => false,
            },
        }
    }
}

/// An open database.
pub(crate) struct Engine {
    database: Database,
    points: Keyspace,
    catalog: Keyspace,
    directory: PathBuf,
    reserve_bytes: u64,
}

impl Engine {
    /// Opens or creates the database. A commit that would leave less than `reserve_bytes` on the disk is refused.
    pub(crate) fn open(
        directory: &Path,
        memtable_bytes: u64,
        reserve_bytes: u64,
    ) -> Result<Self, EngineError> {
        let database = Database::builder(directory).cache_size(64 << 20).open()?;
        let points = database.keyspace("points", || {
            KeyspaceCreateOptions::default()
                // Rows are read in long runs, hardly ever alone.
                .data_block_size_policy(BlockSizePolicy::all(16 << 10))
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                .max_memtable_size(memtable_bytes)
        })?;
        let catalog = database.keyspace("catalog", || {
            KeyspaceCreateOptions::default().max_memtable_size(memtable_bytes)
        })?;
        Ok(Self { database, points, catalog, directory: directory.to_owned(), reserve_bytes })
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch {
            engine: self,
            batch: self.database.batch().durability(Some(PersistMode::SyncData)),
            bytes: 0,
        }
    }

    pub(crate) fn snapshot(&self) -> EngineSnapshot {
        EngineSnapshot {
            snapshot: self.database.snapshot(),
            points: self.points.clone(),
            catalog: self.catalog.clone(),
        }
    }

    fn keyspace(&self, space: Space) -> &Keyspace {
        match space {
            Space::Points => &self.points,
            Space::Catalog => &self.catalog,
        }
    }
}

/// Changes that become durable and visible together or not at all.
pub(crate) struct Batch<'a> {
    engine: &'a Engine,
    batch: fjall::OwnedWriteBatch,
    bytes: u64,
}

impl Batch<'_> {
    pub(crate) fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        let (key, value) = (key.into(), value.into());
        self.bytes += (key.len() + value.len()) as u64;
        self.batch.insert(self.engine.keyspace(space), key, value);
    }

    pub(crate) fn remove(&mut self, space: Space, key: impl Into<Bytes>) {
        let key = key.into();
        self.bytes += key.len() as u64;
        self.batch.remove(self.engine.keyspace(space), key);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Writes and syncs. After any error but [`EngineError::DiskFull`] the engine takes no further batch.
    pub(crate) fn commit(self) -> Result<(), EngineError> {
        // The engine cannot go on after it has run out of space in the middle of a write; this one can be refused.
        if let Ok(disk) = rustix::fs::statvfs(&self.engine.directory)
            && disk.f_bavail.saturating_mul(disk.f_frsize)
                < self.engine.reserve_bytes.saturating_add(2 * self.bytes)
        {
            return Err(EngineError::DiskFull);
        }
        Ok(self.batch.commit()?)
    }
}

/// The database as it was at one instant.
#[derive(Clone)]
pub(crate) struct EngineSnapshot {
    snapshot: fjall::Snapshot,
    points: Keyspace,
    catalog: Keyspace,
}

impl EngineSnapshot {
    pub(crate) fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.snapshot.get(self.keyspace(space), key)?)
    }

    /// Keys and values in ascending order of the keys (descending from the back), `from` included, `to` not.
    pub(crate) fn range(
        &self,
        space: Space,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Bytes, Bytes), EngineError>> + Send + use<> {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let range = if from < to {
            Some(self.snapshot.range::<&[u8], _>(self.keyspace(space), bounds))
        } else {
            None
        };
        range.into_iter().flatten().map(|guard| Ok(guard.into_inner()?))
    }

    fn keyspace(&self, space: Space) -> &Keyspace {
        match space {
            Space::Points => &self.points,
            Space::Catalog => &self.catalog,
        }
    }
}
