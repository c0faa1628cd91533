//! Annotated CSV, the form in which InfluxDB answers queries.
//!
//! <https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/>

mod column;
mod error;
mod reader;
mod records;
mod writer;

pub use error::Error;
pub use reader::Reader;
pub use writer::{write_error_table, write_float, write_header, write_text};

/// The type of a column, named in the `#datatype` annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    String,
    Long,
    UnsignedLong,
    Double,
    Boolean,
    /// Nanoseconds since the Unix epoch.
    Time,
}

impl DataType {
    /// The annotation: `string`, `long`, `unsignedLong`, `double`, `boolean`, `dateTime:RFC3339`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Long => "long",
            Self::UnsignedLong => "unsignedLong",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Time => "dateTime:RFC3339",
        }
    }
}

/// One column of a table, without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMeta {
    pub label: String,
    pub data_type: DataType,
    /// Whether the column is part of the group key.
    pub group: bool,
}

/// The values of one column; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    String(Vec<Option<String>>),
    Long(Vec<Option<i64>>),
    UnsignedLong(Vec<Option<u64>>),
    Double(Vec<Option<f64>>),
    Boolean(Vec<Option<bool>>),
    /// Nanoseconds since the Unix epoch.
    Time(Vec<Option<i64>>),
}

/// Rows that follow each other in an answer and have the same columns. They may belong to several tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The name of the result, `_result` where the query gave none.
    pub result: String,
    /// The table of each row, counted from 0 in each result.
    pub tables: Vec<i64>,
    pub columns: Vec<ColumnMeta>,
    /// As many as `columns`, each as long as `tables`.
    pub data: Vec<ColumnData>,
}

/// How the writer shapes its answer; the part of a query's `dialect` that has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Whether the row of names is written.
    pub header: bool,
    pub delimiter: u8,
    /// In the order in which they are written.
    pub annotations: Vec<Annotation>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { header: true, delimiter: b',', annotations: Vec::new() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annotation {
    DataType,
    Group,
    Default,
}

#[cfg(test)]
mod tests;
