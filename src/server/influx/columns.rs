//! Columns of an answer by their names.

use influx_wire::csv::{Batch, ColumnData};

use crate::server::ports::Value;

/// The values of the column with this name.
pub(super) fn column<'a>(batch: &'a Batch, label: &str) -> Option<&'a ColumnData> {
    let index = batch.columns.iter().position(|column| column.label == label)?;
    batch.data.get(index)
}

/// The string in a row of a column; empty strings count as missing, as InfluxDB has no empty tags.
pub(super) fn text(column: Option<&ColumnData>, row: usize) -> Option<&str> {
    match column? {
        ColumnData::String(values) => values.get(row)?.as_deref().filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// The time in a row of a column, in nanoseconds since the Unix epoch.
pub(super) fn time(column: Option<&ColumnData>, row: usize) -> Option<i64> {
    match column? {
        ColumnData::Time(values) => *values.get(row)?,
        _ => None,
    }
}

/// The value in a row of a column, whatever its type.
pub(super) fn value(column: Option<&ColumnData>, row: usize) -> Option<Value> {
    match column? {
        ColumnData::Double(values) => values.get(row)?.map(Value::Float),
        ColumnData::Long(values) => values.get(row)?.map(Value::Integer),
        ColumnData::UnsignedLong(values) => values.get(row)?.map(Value::Unsigned),
        ColumnData::String(values) => values.get(row)?.as_ref().map(|_| Value::Other),
        ColumnData::Boolean(values) => values.get(row)?.map(|_| Value::Other),
        ColumnData::Time(values) => values.get(row)?.map(|_| Value::Other),
    }
}
