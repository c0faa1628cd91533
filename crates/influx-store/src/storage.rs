//! Points on disk: what was acknowledged is there after a crash, what was never sent is not.
//!
//! A series is a measurement with a set of tags; a row is a series, a time and the fields that were written
//! for it. Rows are read back as columns.

use std::path::Path;
use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::line_protocol::Precision;

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

/// A half-open range of nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    pub start: i64,
    pub stop: i64,
}
