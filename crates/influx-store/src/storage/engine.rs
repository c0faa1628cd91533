//! The storage engine behind one narrow door: atomic durable batches in, consistent snapshots out.
//!
//! Nothing else in the crate names the engine, so that another one can be put in its place. A batch is visible
//! to readers only after it has been synced to disk.

use std::fs::{self, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::FileExt;
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

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        fjall::Error::Io(error).into()
    }
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

/// Blocks that are kept in memory.
const CACHE_BYTES: u64 = 64 << 20;

/// An open database.
pub(crate) struct Engine {
    database: Database,
    points: Keyspace,
    catalog: Keyspace,
    directory: PathBuf,
    reserve_bytes: u64,
}

impl Engine {
    /// Opens or creates the database. A batch with points that would leave less than `reserve_bytes` on the disk is refused.
    pub(crate) fn open(
        directory: &Path,
        memtable_bytes: u64,
        reserve_bytes: u64,
    ) -> Result<Self, EngineError> {
        let open = || Database::builder(directory).cache_size(CACHE_BYTES).open();
        let database = match open() {
            Err(fjall::Error::JournalRecovery(error)) => {
                tracing::warn!(%error, "the last write before a crash is torn: leaving it out");
                cut_torn_batch(directory)?;
                open()?
            }
            opened => opened?,
        };
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
            changes: self.database.batch().durability(Some(PersistMode::SyncData)),
            bytes: 0,
            has_points: false,
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

/// Cuts the end of the last batch off the journal, so that the engine sees it as incomplete and leaves it out.
///
/// When the power fails during a commit, any of its pages may have reached the disk. The engine leaves a batch out
/// whose end is missing, but refuses to open the database if the end is there and something in the middle is not
/// (a page of a long value, say). Such a batch can only be the last one, because every batch is synced before the
/// next begins, and so nobody was told that it is written. If it is not the last one, the engine refuses again:
/// then the disk has lost what it had synced.
fn cut_torn_batch(directory: &Path) -> io::Result<()> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let number =
            path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        if let Some(number) = number
            && newest.as_ref().is_none_or(|(newest, _)| *newest < number)
        {
            newest = Some((number, path));
        }
    }
    let Some((_, path)) = newest else { return Ok(()) };
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    // A batch ends in a marker that is not zero; behind the last one there is nothing but preallocated space.
    let mut block = vec![0; 64 << 10];
    let mut end = file.metadata()?.len();
    while end > 0 {
        let length = end.min(block.len() as u64);
        let start = end - length;
        let bytes = block.get_mut(..length as usize).unwrap_or_default();
        file.read_exact_at(bytes, start)?;
        if let Some(position) = bytes.iter().rposition(|byte| *byte != 0) {
            file.set_len(start + position as u64)?;
            return file.sync_all();
        }
        end = start;
    }
    Ok(())
}

/// Changes that become durable and visible together or not at all.
pub(crate) struct Batch<'a> {
    engine: &'a Engine,
    changes: fjall::OwnedWriteBatch,
    bytes: u64,
    /// Whether it puts points, rather than only removing them or changing the catalog.
    has_points: bool,
}

impl Batch<'_> {
    pub(crate) fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        let (key, value) = (key.into(), value.into());
        self.bytes += (key.len() + value.len()) as u64;
        self.has_points |= space == Space::Points;
        self.changes.insert(self.engine.keyspace(space), key, value);
    }

    pub(crate) fn remove(&mut self, space: Space, key: impl Into<Bytes>) {
        let key = key.into();
        self.bytes += key.len() as u64;
        self.changes.remove(self.engine.keyspace(space), key);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Writes and syncs. After any error but [`EngineError::DiskFull`] the engine takes no further batch.
    pub(crate) fn commit(self) -> Result<(), EngineError> {
        // The engine cannot go on after it has run out of space in the middle of a write; this one can be refused.
        // What removes points may use most of the reserve: a full disk must not keep anybody from making room.
        let reserve =
            if self.has_points { self.engine.reserve_bytes } else { self.engine.reserve_bytes / 4 };
        let needed = reserve.saturating_add(2 * self.bytes);
        if let Ok(disk) = rustix::fs::statvfs(&self.engine.directory)
            && disk.f_bavail.saturating_mul(disk.f_frsize) < needed
        {
            return Err(EngineError::DiskFull);
        }
        Ok(self.changes.commit()?)
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
    pub(crate) fn range(&self, space: Space, from: &[u8], to: &[u8]) -> Entries {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let range = || self.snapshot.range::<&[u8], _>(self.keyspace(space), bounds);
        Entries((from < to).then(range))
    }

    fn keyspace(&self, space: Space) -> &Keyspace {
        match space {
            Space::Points => &self.points,
            Space::Catalog => &self.catalog,
        }
    }
}

/// Keys and values of a range; a type of its own, because every row that is read comes through here. Empty by
/// default.
#[derive(Default)]
pub(crate) struct Entries(Option<fjall::Iter>);

impl Iterator for Entries {
    type Item = Result<(Bytes, Bytes), EngineError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let guard = self.0.as_mut()?.next()?;
        Some(guard.into_inner().map_err(EngineError::from))
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Self::Item> {
        let guard = self.0.as_mut()?.next_back()?;
        Some(guard.into_inner().map_err(EngineError::from))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

    const PAGE: usize = 4096;

    /// The same numbers for the same seed: <https://prng.di.unimi.it/splitmix64.c>.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) as usize % limit
        }
    }

    fn commit(engine: &Engine, rows: &Rows) {
        let mut batch = engine.batch();
        for (key, value) in rows {
            batch.put(Space::Points, key.as_slice(), value.as_slice());
        }
        batch.commit().unwrap();
    }

    fn read(engine: &Engine) -> Rows {
        let rows = engine.snapshot().range(Space::Points, &[0], &[0xff]);
        rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
    }

    /// The beginning of a file, which is all that these tests use of the preallocated journal.
    fn read_used(path: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Ok(file) = fs::File::open(path) {
            file.take(2 << 20).read_to_end(&mut bytes).unwrap();
        }
        bytes
    }

    /// `new` with some of the pages in which it differs as they were in `old`, or zero.
    fn mix(old: &Path, new: &Path, mixed: &Path, random: &mut Random) {
        fs::create_dir_all(mixed).unwrap();
        for entry in fs::read_dir(new).unwrap() {
            let name = entry.unwrap().file_name();
            let (old, new, mixed) = (old.join(&name), new.join(&name), mixed.join(&name));
            if new.is_dir() {
                mix(&old, &new, &mixed, random);
                continue;
            }
            let (before, mut after) = (read_used(&old), read_used(&new));
            let used = after.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let lost = 1 + random.below(99);
            for (number, page) in after[..used].chunks_mut(PAGE).enumerate() {
                let before = before.get(number * PAGE..).unwrap_or_default();
                let mut old_page = vec![0; page.len()];
                let length = old_page.len().min(before.len());
                old_page[..length].copy_from_slice(&before[..length]);
                if *page != *old_page && random.below(100) < lost {
                    page.copy_from_slice(&old_page);
                }
            }
            fs::write(&mixed, &after[..used]).unwrap();
            let length = fs::metadata(&new).unwrap().len();
            OpenOptions::new().write(true).open(&mixed).unwrap().set_len(length).unwrap();
        }
    }

    fn copy(from: &Path, to: &Path) {
        // The copy is the file itself, its pages as they are: nothing gets lost but what `mix` takes away.
        mix(from, from, to, &mut Random(0));
    }

    #[test]
    fn a_torn_commit_is_there_wholly_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let mut repaired = 0;
        for seed in 0..24 {
            let mut random = Random(seed);
            let mut path = ["live", "old", "new", "mixed"]
                .map(|name| root.path().join(format!("{name}{seed}")));
            let [live, old, new, mixed] = &mut path;
            let engine = Engine::open(live, 16 << 20, 0).unwrap();
            let mut rows = |first: usize, count: usize| -> Rows {
                let row = |number: usize| {
                    let length = if random.below(4) == 0 { random.below(100_000) } else { 60 };
                    let value = (0..length).map(|_| random.below(256) as u8).collect();
                    ((number as u64).to_be_bytes().to_vec(), value)
                };
                (first..first + count).map(row).collect()
            };
            let (acknowledged, last) = (rows(0, 10), rows(10, 10));
            commit(&engine, &acknowledged);
            copy(live, old);
            commit(&engine, &last);
            copy(live, new);
            drop(engine);

            mix(old, new, mixed, &mut random);
            let is_refused = Database::builder(&*mixed).open().is_err();
            repaired += usize::from(is_refused);
            let there = read(&Engine::open(mixed, 16 << 20, 0).unwrap());
            let mut all = acknowledged.clone();
            all.extend(last);
            assert!(there == acknowledged || there == all, "seed {seed}: {} rows", there.len());
        }
        assert!(repaired > 0, "no seed has made what the engine cannot open by itself");
    }

    /// Of what is in the page cache, any beginning may have reached the disk, with nothing but zeros behind it.
    #[test]
    fn a_commit_may_be_cut_at_any_byte() {
        let root = tempfile::tempdir().unwrap();
        let [live, whole, cut] = ["live", "whole", "cut"].map(|name| root.path().join(name));
        let row = |key: u8| Rows::from([(vec![key], vec![key; 4])]);
        let journal = |directory: &Path| directory.join("0.jnl");
        let length = |path: &Path| {
            read_used(path).iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
        };
        let engine = Engine::open(&live, 16 << 20, 0).unwrap();
        commit(&engine, &row(1));
        let before = length(&journal(&live));
        commit(&engine, &row(2));
        copy(&live, &whole);
        drop(engine);
        let after = length(&journal(&whole));
        assert!(before > 0 && after > before + 4, "{before} and {after} bytes");
        for end in before..after {
            copy(&whole, &cut);
            let file = OpenOptions::new().write(true).open(journal(&cut)).unwrap();
            let preallocated = file.metadata().unwrap().len();
            file.set_len(end).unwrap();
            file.set_len(preallocated).unwrap();
            let there = read(&Engine::open(&cut, 16 << 20, 0).unwrap());
            assert!(there == row(1), "{} rows of {end} bytes", there.len());
            fs::remove_dir_all(&cut).unwrap();
        }
    }

    #[test]
    fn a_batch_that_would_fill_the_disk_is_refused_and_leaves_the_engine_usable() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::open(root.path(), 16 << 20, u64::MAX / 2).unwrap();
        let mut batch = engine.batch();
        batch.put(Space::Points, *b"key", *b"value");
        let error = batch.commit().unwrap_err();
        assert!(matches!(error, EngineError::DiskFull) && error.is_disk_full());
        assert!(read(&engine).is_empty());
    }
}
