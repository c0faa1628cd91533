//! Annotated CSV, cell by cell: the evaluator of the store knows best how to walk its columns.

use super::{ColumnMeta, Dialect};

/// Appends a cell with a string, quoted where InfluxDB's writer quotes.
pub fn write_text(_out: &mut Vec<u8>, _text: &str, _delimiter: u8) {
    todo!()
}

/// Appends a float: shortest decimal without exponent, no point for whole numbers, `+Inf -Inf NaN`.
pub fn write_float(_out: &mut Vec<u8>, _value: f64) {
    todo!()
}

/// Appends the annotation rows and the row of names. `empty` gives, for a table without rows, the table's number
/// and the text of each column's group-key value (empty for other columns), which go into `#default`.
pub fn write_header(
    _out: &mut Vec<u8>,
    _dialect: &Dialect,
    _result: &str,
    _columns: &[ColumnMeta],
    _empty: Option<(i64, &[String])>,
) {
    todo!()
}

/// Appends the table in which a query reports an error after its output has begun.
pub fn write_error_table(_out: &mut Vec<u8>, _dialect: &Dialect, _message: &str) {
    todo!()
}
