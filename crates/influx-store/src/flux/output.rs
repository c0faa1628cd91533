//! Tables into annotated CSV.
//!
//! What is the same for all rows of a table is rendered once; a row is then a few copies and the cells that
//! differ.

use influx_wire::csv::{
    Annotation, ColumnMeta, Dialect, write_error_table, write_float, write_header, write_text,
};
use influx_wire::time::write_rfc3339;

use super::column::Values;
use super::table::Table;
use super::value::Value;

/// Writes the results of a query one after the other into a buffer that is emptied by whoever sends it.
#[derive(Debug)]
pub(crate) struct Writer {
    dialect: Dialect,
    pub(crate) out: Vec<u8>,
    /// Whether rows repeat the name of the result: they do where no `#default` row gives it.
    named: bool,
    result: String,
    /// Of the last header in this result, and whether its table was empty.
    schema: Option<(Vec<ColumnMeta>, bool)>,
    tables: i64,
}

/// A piece of a row.
enum Piece<'a> {
    /// The same in all rows.
    Fixed(Vec<u8>),
    Varying(&'a Values),
}

impl Writer {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let named = !dialect.annotations.contains(&Annotation::Default);
        Self { dialect, out: Vec::new(), named, result: String::new(), schema: None, tables: 0 }
    }

    pub(crate) fn start_result(&mut self, name: &str) {
        name.clone_into(&mut self.result);
        self.schema = None;
        self.tables = 0;
    }

    pub(crate) fn end_result(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }

    pub(crate) fn error(&mut self, message: &str) {
        write_error_table(&mut self.out, &self.dialect, message);
    }

    /// Starts a table: its header, where it is needed. The rows follow by [`Writer::rows`].
    pub(crate) fn start_table(&mut self, table: &Table) {
        if !table.continued {
            self.header(table);
            self.tables += 1;
        }
    }

    fn header(&mut self, table: &Table) {
        let schema: Vec<ColumnMeta> = table
            .columns
            .iter()
            .map(|column| ColumnMeta {
                label: column.label.to_string(),
                data_type: column.values.data_type(),
                group: column.group,
            })
            .collect();
        let empty = table.rows == 0;
        if self
            .schema
            .as_ref()
            .is_some_and(|(known, was_empty)| *known == schema && !was_empty && !empty)
        {
            return;
        }
        if self.schema.is_some() {
            self.out.extend_from_slice(b"\r\n");
        }
        let defaults: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let mut text = Vec::new();
                if column.group {
                    write_cell(&mut text, &column.values.get(0), self.dialect.delimiter);
                }
                String::from_utf8(text).unwrap_or_default()
            })
            .collect();
        let empty_table = empty.then_some((self.tables, defaults.as_slice()));
        write_header(&mut self.out, &self.dialect, &self.result, &schema, empty_table);
        self.schema = Some((schema, empty));
    }

    /// Writes rows of the table that was started last.
    pub(crate) fn rows(&mut self, table: &Table, rows: std::ops::Range<usize>) {
        let delimiter = self.dialect.delimiter;
        let mut fixed = vec![delimiter];
        if self.named {
            write_text(&mut fixed, &self.result, delimiter);
        }
        fixed.push(delimiter);
        fixed.extend_from_slice((self.tables - 1).to_string().as_bytes());
        let mut pieces = Vec::with_capacity(table.columns.len() + 2);
        for column in &table.columns {
            fixed.push(delimiter);
            if let Values::Constant { value, .. } = &column.values {
                write_cell(&mut fixed, value, delimiter);
            } else {
                pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
                pieces.push(Piece::Varying(&column.values));
            }
        }
        fixed.extend_from_slice(b"\r\n");
        pieces.push(Piece::Fixed(fixed));
        for row in rows {
            for piece in &pieces {
                match piece {
                    Piece::Fixed(bytes) => self.out.extend_from_slice(bytes),
                    Piece::Varying(values) => write_value(&mut self.out, values, row, delimiter),
                }
            }
        }
    }
}

/// Appends the cell of a row, without going through [`Value`].
fn write_value(out: &mut Vec<u8>, values: &Values, row: usize, delimiter: u8) {
    match values {
        Values::Double(values) => {
            if let Some(Some(value)) = values.get(row) {
                write_float(out, *value);
            }
        }
        Values::Long(values) => {
            if let Some(Some(value)) = values.get(row) {
                out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
            }
        }
        Values::Time(values) => {
            if let Some(Some(value)) = values.get(row) {
                write_rfc3339(out, *value);
            }
        }
        Values::UnsignedLong(values) => {
            if let Some(Some(value)) = values.get(row) {
                out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
            }
        }
        Values::String(values) => {
            if let Some(Some(value)) = values.get(row) {
                write_text(out, value, delimiter);
            }
        }
        Values::Boolean(values) => {
            if let Some(Some(value)) = values.get(row) {
                out.extend_from_slice(if *value { b"true" } else { b"false" });
            }
        }
        Values::Constant { value, .. } => write_cell(out, value, delimiter),
    }
}

fn write_cell(out: &mut Vec<u8>, value: &Value, delimiter: u8) {
    match value {
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
        Value::UInt(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
        Value::Float(value) => write_float(out, *value),
        Value::String(text) => write_text(out, text, delimiter),
        Value::Time(time) => write_rfc3339(out, *time),
        _ => {}
    }
}
