//! What can go wrong in the store, one variant per cause.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::FieldId;
use super::engine::EngineError;
use super::row::Corrupt;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("cannot use the data directory `{}`", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("the data directory `{}` is in use by another process", path.display())]
    Locked { path: PathBuf },
    #[error("the data directory has format {found}, this program reads format {supported}")]
    Format { found: String, supported: u32 },
    #[error("the data directory is damaged: {0}")]
    Damaged(String),
    #[error("the storage engine cannot be opened")]
    Engine(#[source] Arc<dyn Error + Send + Sync>),
    #[error("cannot start the writer thread")]
    Thread(#[source] io::Error),
}

/// Why stored data could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    #[error("the storage engine cannot read")]
    Engine(#[source] Arc<dyn Error + Send + Sync>),
    #[error("a stored row is damaged")]
    Damaged,
    /// The field is not, or no longer, in the snapshot.
    #[error("there is no field {}", .0.0)]
    UnknownField(FieldId),
}

impl From<EngineError> for ReadError {
    fn from(error: EngineError) -> Self {
        Self::Engine(Arc::new(error))
    }
}

impl From<Corrupt> for ReadError {
    fn from(_: Corrupt) -> Self {
        Self::Damaged
    }
}

/// Why a change was not acknowledged. Unless the variant says otherwise, nothing of it was written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full. Reads go on, and so do writes as soon as there is space again.
    #[error("no space left on disk")]
    DiskFull,
    /// Too much is waiting to be written. Try again in a moment.
    #[error("too many writes are waiting")]
    Busy,
    /// A write or a sync failed, now or earlier, and it is not known what of it reached the disk. Reads go on;
    /// nothing is acknowledged any more until the store has been opened again.
    #[error("the store takes no more writes since one of them failed: {0}")]
    Failed(Arc<str>),
    #[error("the store is closed")]
    Closed,
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a body of line protocol was not, or not wholly, written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    #[error("bucket not found")]
    UnknownBucket,
    /// Lines that are not line protocol, one text each, joined by `\n`. Nothing of the body was written.
    #[error("{message}")]
    Lines { message: String },
    /// Some points were refused, all others are written and durable. The message begins with `partial write: `
    /// and is complete but for the prefix `failure writing points to database: ` of the HTTP API.
    #[error("{message}")]
    Partial { message: String, dropped: usize },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why points were not deleted.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DeleteError {
    #[error("bucket not found")]
    UnknownBucket,
    /// A part of the points may be deleted already; the same request again deletes the rest.
    #[error(transparent)]
    Store(#[from] StoreError),
}
