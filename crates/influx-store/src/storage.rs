//! Points on disk: what was acknowledged is there after a crash, what was never sent is not.
//!
//! A series is a measurement with a set of tags; a row is a series, a time and the fields that were written
//! for it. Rows are read back as columns. One writer thread makes every change (`writer`), in batches of the
//! engine (`engine`) that are durable before anybody sees them; readers work on immutable views (`view`).

mod delete;
mod engine;
mod error;
pub(crate) mod keys;
mod prepare;
pub(crate) mod registry;
mod row;
mod snapshot;
mod store;
pub(crate) mod transaction;
mod view;
mod write;
mod writer;

use std::sync::Arc;

use influx_wire::csv::DataType;

pub use delete::{TagOperator, TagPredicate};
pub use error::{DeleteError, OpenError, ReadError, StoreError, WriteError};
pub use snapshot::{RowChunks, Snapshot};
pub use store::{Clock, Options, Store};

/// Identifies a bucket: the 64 bits that its 16 hexadecimal digits spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketId(pub u64);

/// Identifies a series, in all buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(pub u64);

/// Identifies a field of a measurement of a bucket; its type never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u32);

/// What a series is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub id: SeriesId,
    pub measurement: Arc<str>,
    /// Sorted bytewise by key.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// The fields that this series has ever had (since its measurement was last empty), sorted bytewise by name.
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub id: FieldId,
    pub name: Arc<str>,
    /// Never [`DataType::Time`].
    pub data_type: DataType,
}

/// The rows of one series in a range of time, as columns: times ascending, no time twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    pub times: Vec<i64>,
    /// One for each field that was asked for, in that order, each as long as `times`.
    pub fields: Vec<FieldColumn>,
}

/// The values of one field; `None` where a row does not have it.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldColumn {
    Float(Vec<Option<f64>>),
    Integer(Vec<Option<i64>>),
    Unsigned(Vec<Option<u64>>),
    Boolean(Vec<Option<bool>>),
    String(Vec<Option<Arc<str>>>),
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    Boolean(bool),
    String(Arc<str>),
}

impl FieldValue {
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Float(_) => DataType::Double,
            Self::Integer(_) => DataType::Long,
            Self::Unsigned(_) => DataType::UnsignedLong,
            Self::Boolean(_) => DataType::Boolean,
            Self::String(_) => DataType::String,
        }
    }
}

/// A half-open range of nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    pub start: i64,
    pub stop: i64,
}
