//! The two candidates behind one interface, as the store would use them: rows under (series, time), atomic
//! durable batches, scans in order.

use std::ops::ControlFlow;
use std::path::Path;

use redb::ReadableDatabase;

pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Series id and time.
pub type Key = [u8; 16];

pub fn key(series: u64, time: u64) -> Key {
    ((u128::from(series) << 64) | u128::from(time)).to_be_bytes()
}

pub fn parse_key(key: &[u8]) -> (u64, u64) {
    let key = u128::from_be_bytes(key.try_into().expect("a key has 16 bytes"));
    ((key >> 64) as u64, key as u64)
}

pub trait Engine: Send + Sync + Sized + 'static {
    const NAME: &'static str;
    /// Opens or creates a database in a directory.
    fn open(directory: &Path) -> Result<Self>;
    /// Writes all rows atomically; on return they are durable.
    fn commit(&self, rows: &[(Key, Vec<u8>)]) -> Result<()>;
    /// All rows from one key up to, not including, another.
    fn scan(
        &self,
        from: Key,
        to: Key,
        each: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<()>;
    /// The last row before a key.
    fn last(&self, from: Key, to: Key) -> Result<Option<Vec<u8>>>;
}

pub struct Fjall {
    database: fjall::Database,
    points: fjall::Keyspace,
}

impl Engine for Fjall {
    const NAME: &'static str = "fjall";

    fn open(directory: &Path) -> Result<Self> {
        let database = fjall::Database::builder(directory).cache_size(64 << 20).open()?;
        let memtable = memtable_bytes();
        let points = database.keyspace("points", || {
            fjall::KeyspaceCreateOptions::default()
                .data_block_size_policy(fjall::config::BlockSizePolicy::all(16 << 10))
                .data_block_compression_policy(fjall::config::CompressionPolicy::all(
                    fjall::CompressionType::Lz4,
                ))
                .max_memtable_size(memtable)
        })?;
        Ok(Self { database, points })
    }

    fn commit(&self, rows: &[(Key, Vec<u8>)]) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(fjall::PersistMode::SyncData));
        for (key, value) in rows {
            batch.insert(&self.points, key, value.as_slice());
        }
        Ok(batch.commit()?)
    }

    fn scan(
        &self,
        from: Key,
        to: Key,
        mut each: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        for guard in self.points.range(from..to) {
            let (key, value) = guard.into_inner()?;
            if each(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn last(&self, from: Key, to: Key) -> Result<Option<Vec<u8>>> {
        let last = self.points.range(from..to).next_back();
        Ok(last.map(|guard| guard.into_inner()).transpose()?.map(|(_, value)| value.to_vec()))
    }
}

pub struct Redb {
    database: redb::Database,
}

const POINTS: redb::TableDefinition<&[u8; 16], &[u8]> = redb::TableDefinition::new("points");

impl Engine for Redb {
    const NAME: &'static str = "redb";

    fn open(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let database =
            redb::Builder::new().set_cache_size(64 << 20).create(directory.join("store.redb"))?;
        let transaction = database.begin_write()?;
        transaction.open_table(POINTS)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    fn commit(&self, rows: &[(Key, Vec<u8>)]) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        // Without it, opening after a crash walks the whole file.
        transaction.set_quick_repair(std::env::var_os("REDB_QUICK_REPAIR").is_some());
        {
            let mut table = transaction.open_table(POINTS)?;
            for (key, value) in rows {
                table.insert(key, value.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn scan(
        &self,
        from: Key,
        to: Key,
        mut each: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        let table = self.database.begin_read()?.open_table(POINTS)?;
        for entry in table.range::<&[u8; 16]>(&from..&to)? {
            let (key, value) = entry?;
            if each(key.value(), value.value()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn last(&self, from: Key, to: Key) -> Result<Option<Vec<u8>>> {
        let table = self.database.begin_read()?.open_table(POINTS)?;
        let last = table.range::<&[u8; 16]>(&from..&to)?.next_back();
        Ok(last.transpose()?.map(|(_, value)| value.value().to_vec()))
    }
}

/// Small in the crash runs, so that they meet flushes and compactions too.
fn memtable_bytes() -> u64 {
    std::env::var("MEMTABLE_BYTES").ok().and_then(|bytes| bytes.parse().ok()).unwrap_or(16 << 20)
}
