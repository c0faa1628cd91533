//! Rows of a series into tables, moving columns instead of copying them wherever no row is missing.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::super::column::Values;
use super::super::super::source::Edges;
use super::super::super::table::{Column, Table};
use super::super::super::value::Value;
use super::Selected;
use crate::storage::{FieldColumn, FieldValue, Rows, Series, TimeRange};

/// The labels of the columns that every table has, made once for a read.
#[derive(Debug)]
pub(super) struct Labels {
    start: Arc<str>,
    stop: Arc<str>,
    time: Arc<str>,
    value: Arc<str>,
    field: Arc<str>,
    measurement: Arc<str>,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            start: "_start".into(),
            stop: "_stop".into(),
            time: "_time".into(),
            value: "_value".into(),
            field: "_field".into(),
            measurement: "_measurement".into(),
        }
    }
}

/// Makes the tables of one series.
pub(super) struct SeriesTables<'a> {
    pub(super) labels: &'a Labels,
    pub(super) series: &'a Series,
    pub(super) range: TimeRange,
}

impl SeriesTables<'_> {
    /// A table for each field that has a row.
    pub(super) fn fields(&self, fields: &[Selected], rows: Rows) -> Vec<Table> {
        let times: Values = Values::Time(Arc::new(rows.times.iter().copied().map(Some).collect()));
        let mut tables = Vec::with_capacity(fields.len());
        for (selected, column) in fields.iter().zip(rows.fields) {
            let values = into_values(column);
            let keeps = |row: &usize| {
                !values.is_null(*row)
                    && selected.rows.as_ref().is_none_or(|rows| rows.matches(&values, *row))
            };
            let all = rows.times.len();
            let kept = (0..all).filter(keeps).count();
            if kept == 0 {
                continue;
            }
            let (times, values) = if kept == all {
                (times.clone(), values)
            } else {
                let indices: Vec<usize> = (0..all).filter(keeps).collect();
                (times.take(&indices), values.take(&indices))
            };
            tables.push(self.table(&selected.field.name, times, values, kept));
        }
        tables
    }

    /// A table with one row for each field that has a value.
    pub(super) fn edges(&self, fields: &[Selected], edges: Edges) -> Vec<Table> {
        let with_value =
            fields.iter().zip(edges).filter_map(|(selected, edge)| Some((selected, edge?)));
        let table = |(selected, (time, value)): (&Selected, (i64, FieldValue))| {
            let (data_type, value) = from_field_value(value);
            let time = Values::constant(DataType::Time, Value::Time(time));
            self.table(&selected.field.name, time, Values::constant(data_type, value), 1)
        };
        with_value.map(table).collect()
    }

    /// One table with a column for each field that has a value; none without rows.
    ///
    /// Rows come by first appearance, as pivoting table after table brings them: those of the first field, then
    /// those that only a later field has.
    pub(super) fn pivoted(&self, fields: &[Selected], rows: Rows) -> Option<Table> {
        let count = rows.times.len();
        let mut seen = vec![false; count];
        let mut order = Vec::with_capacity(count);
        let mut columns: Vec<Column> = Vec::with_capacity(fields.len());
        for (selected, column) in fields.iter().zip(rows.fields) {
            let mut column = column;
            clear_others(&mut column, selected);
            let values = into_values(column);
            let before = order.len();
            let mut any = false;
            for (row, seen) in seen.iter_mut().enumerate() {
                if !values.is_null(row) {
                    any = true;
                    if !*seen {
                        *seen = true;
                        order.push(row);
                    }
                }
            }
            debug_assert!(any || before == order.len(), "a field without values brings no rows");
            if any {
                columns.push(Column::new(Arc::clone(&selected.field.name), values));
            }
        }
        if order.is_empty() {
            return None;
        }
        let mut times = Values::Time(Arc::new(rows.times.into_iter().map(Some).collect()));
        if order.len() != count || !order.is_sorted() {
            times = times.take(&order);
            for column in &mut columns {
                column.values = column.values.take(&order);
            }
        }
        let mut all = self.bounds();
        all.push(Column::new(Arc::clone(&self.labels.time), times));
        all.extend(self.tags(None));
        all.extend(columns);
        Some(Table::new(all, order.len()))
    }

    /// The table of one field.
    pub(super) fn table(
        &self,
        field: &Arc<str>,
        times: Values,
        values: Values,
        rows: usize,
    ) -> Table {
        let mut columns = self.bounds();
        columns.push(Column::new(Arc::clone(&self.labels.time), times));
        columns.push(Column::new(Arc::clone(&self.labels.value), values));
        columns.extend(self.tags(Some(field)));
        Table::new(columns, rows)
    }

    fn bounds(&self) -> Vec<Column> {
        let mut columns = Vec::with_capacity(self.series.tags.len() + 6);
        let start = Column::key(
            Arc::clone(&self.labels.start),
            DataType::Time,
            Value::Time(self.range.start),
        );
        let stop = Column::key(
            Arc::clone(&self.labels.stop),
            DataType::Time,
            Value::Time(self.range.stop),
        );
        columns.extend([start, stop]);
        columns
    }

    /// The columns of tags, measurement and, if given, field, in bytewise order.
    fn tags(&self, field: Option<&Arc<str>>) -> Vec<Column> {
        let mut columns = Vec::with_capacity(self.series.tags.len() + 2);
        let column = |label: &Arc<str>, text: &Arc<str>| {
            Column::key(Arc::clone(label), DataType::String, Value::String(Arc::clone(text)))
        };
        columns.extend(field.map(|field| column(&self.labels.field, field)));
        columns.push(column(&self.labels.measurement, &self.series.measurement));
        columns.extend(self.series.tags.iter().map(|(key, value)| column(key, value)));
        columns.sort_by(|left, right| left.label.cmp(&right.label));
        columns
    }
}

fn into_values(column: FieldColumn) -> Values {
    match column {
        FieldColumn::Float(values) => Values::Double(Arc::new(values)),
        FieldColumn::Integer(values) => Values::Long(Arc::new(values)),
        FieldColumn::Unsigned(values) => Values::UnsignedLong(Arc::new(values)),
        FieldColumn::Boolean(values) => Values::Boolean(Arc::new(values)),
        FieldColumn::String(values) => Values::String(Arc::new(values)),
    }
}

fn from_field_value(value: FieldValue) -> (DataType, Value) {
    match value {
        FieldValue::Float(value) => (DataType::Double, Value::Float(value)),
        FieldValue::Integer(value) => (DataType::Long, Value::Int(value)),
        FieldValue::Unsigned(value) => (DataType::UnsignedLong, Value::UInt(value)),
        FieldValue::Boolean(value) => (DataType::Boolean, Value::Bool(value)),
        FieldValue::String(value) => (DataType::String, Value::String(value)),
    }
}

/// Makes the values null that the filters do not let through.
pub(super) fn clear_others(column: &mut FieldColumn, selected: &Selected) {
    if let Some(rows) = &selected.rows {
        let values = into_values(column.clone());
        clear(column, |row| rows.matches(&values, row));
    }
}

/// Makes the values null whose row `keep` refuses.
fn clear(column: &mut FieldColumn, keep: impl Fn(usize) -> bool) {
    fn each<T>(values: &mut [Option<T>], keep: impl Fn(usize) -> bool) {
        for (row, value) in values.iter_mut().enumerate() {
            if !keep(row) {
                *value = None;
            }
        }
    }
    match column {
        FieldColumn::Float(values) => each(values, keep),
        FieldColumn::Integer(values) => each(values, keep),
        FieldColumn::Unsigned(values) => each(values, keep),
        FieldColumn::Boolean(values) => each(values, keep),
        FieldColumn::String(values) => each(values, keep),
    }
}

/// Appends rows of the same fields.
pub(super) fn append(rows: &mut Rows, more: Rows) {
    rows.times.extend(more.times);
    for (column, more) in rows.fields.iter_mut().zip(more.fields) {
        match (column, more) {
            (FieldColumn::Float(values), FieldColumn::Float(more)) => values.extend(more),
            (FieldColumn::Integer(values), FieldColumn::Integer(more)) => values.extend(more),
            (FieldColumn::Unsigned(values), FieldColumn::Unsigned(more)) => values.extend(more),
            (FieldColumn::Boolean(values), FieldColumn::Boolean(more)) => values.extend(more),
            (FieldColumn::String(values), FieldColumn::String(more)) => values.extend(more),
            // A field never changes its type.
            _ => {}
        }
    }
}
