//! Tables: columns of equal length and a group key, and how tables with equal keys become one.
//!
//! The group key is the columns marked `group`, each with one value for the whole table. A table may come in
//! several parts; all but the first are marked `continued`. Only what reads and what works row by row makes
//! parts, everything else takes whole tables.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use influx_wire::csv::DataType;

use super::column::{Builder, Values};
use super::error::Failure;
use super::value::{Value, type_name};

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) label: Arc<str>,
    /// Part of the group key; [`Column::values`] is constant then.
    pub(crate) group: bool,
    pub(crate) values: Values,
}

impl Column {
    pub(crate) fn new(label: impl Into<Arc<str>>, values: Values) -> Self {
        Self { label: label.into(), group: false, values }
    }

    /// A column of the group key.
    pub(crate) fn key(label: impl Into<Arc<str>>, data_type: DataType, value: Value) -> Self {
        Self { label: label.into(), group: true, values: Values::constant(data_type, value) }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: usize,
    /// More rows of the table before it.
    pub(crate) continued: bool,
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>, rows: usize) -> Self {
        Self { columns, rows, continued: false }
    }

    pub(crate) fn column(&self, label: &str) -> Option<&Column> {
        self.columns.iter().find(|column| *column.label == *label)
    }

    pub(crate) fn index(&self, label: &str) -> Option<usize> {
        self.columns.iter().position(|column| *column.label == *label)
    }

    pub(crate) fn values(&self, label: &str) -> Option<&Values> {
        self.column(label).map(|column| &column.values)
    }

    /// Puts the column in the place of the one of its name, or behind all others.
    pub(crate) fn put(&mut self, column: Column) {
        match self.columns.iter_mut().find(|other| other.label == column.label) {
            Some(other) => *other = column,
            None => self.columns.push(column),
        }
    }

    pub(crate) fn key(&self) -> GroupKey {
        let mut key: Vec<_> = self
            .columns
            .iter()
            .filter(|column| column.group)
            .map(|column| (Arc::clone(&column.label), column.values.get(0)))
            .collect();
        key.sort_by(|left, right| left.0.cmp(&right.0));
        GroupKey(key)
    }

    /// The columns of the group key, in their order.
    pub(crate) fn key_columns(&self) -> Vec<Column> {
        self.columns.iter().filter(|column| column.group).cloned().collect()
    }

    /// The rows that `rows` names, in that order.
    pub(crate) fn take(&self, rows: &[usize]) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|column| Column {
                label: Arc::clone(&column.label),
                group: column.group,
                values: column.values.take(rows),
            })
            .collect();
        Self { columns, rows: rows.len(), continued: self.continued }
    }

    /// About how many bytes of memory the table takes.
    pub(crate) fn size(&self) -> usize {
        128 + self.columns.iter().map(|column| 48 + column.values.size()).sum::<usize>()
    }
}

/// What identifies a table in a stream: labels, in bytewise order, and their values.
#[derive(Debug, Clone)]
pub(crate) struct GroupKey(Vec<(Arc<str>, Value)>);

impl GroupKey {
    pub(crate) fn entries(&self) -> &[(Arc<str>, Value)] {
        &self.0
    }
}

impl Ord for GroupKey {
    /// Label by label in bytewise order; a label that one key lacks counts as null, which comes first.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some((left_label, left_value)), Some((right_label, right_value))) => {
                    match left_label.cmp(right_label) {
                        Ordering::Equal => {
                            let order = left_value.total_cmp(right_value);
                            left.next();
                            right.next();
                            order
                        }
                        Ordering::Less => {
                            let order = left_value.total_cmp(&Value::Null);
                            left.next();
                            order
                        }
                        Ordering::Greater => {
                            let order = Value::Null.total_cmp(right_value);
                            right.next();
                            order
                        }
                    }
                }
                (Some((_, value)), None) => {
                    let order = value.total_cmp(&Value::Null);
                    left.next();
                    order
                }
                (None, Some((_, value))) => {
                    let order = Value::Null.total_cmp(value);
                    right.next();
                    order
                }
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        // A key with a null and one without the label are different keys all the same.
        let labels =
            |key: &Self| key.0.iter().map(|(label, _)| Arc::clone(label)).collect::<Vec<_>>();
        self.0.len().cmp(&other.0.len()).then_with(|| labels(self).cmp(&labels(other)))
    }
}

impl PartialOrd for GroupKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for GroupKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for GroupKey {}

/// Collects tables; those with equal keys become one. Tables come out in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<GroupKey, Vec<Table>>);

impl Groups {
    pub(crate) fn add(&mut self, table: Table) {
        match self.0.entry(table.key()) {
            Entry::Vacant(entry) => {
                entry.insert(vec![table]);
            }
            Entry::Occupied(mut entry) => entry.get_mut().push(table),
        }
    }

    pub(crate) fn into_tables(self) -> Result<Vec<Table>, Failure> {
        self.0.into_values().map(concatenate).collect()
    }

    /// The tables of each key, not joined.
    pub(crate) fn into_groups(self) -> impl Iterator<Item = Vec<Table>> {
        self.0.into_values()
    }
}

/// Joins the rows of tables with equal keys: columns united, what a table lacks is null.
///
/// # Errors
///
/// If a label has two types.
pub(crate) fn concatenate(mut tables: Vec<Table>) -> Result<Table, Failure> {
    if tables.len() <= 1 {
        return Ok(tables.pop().unwrap_or_default());
    }
    let continued = tables.first().is_some_and(|table| table.continued);
    let rows = tables.iter().map(|table| table.rows).sum();
    let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut schema: Vec<Column> = Vec::new();
    for column in tables.iter().flat_map(|table| &table.columns) {
        match places.get(&column.label).and_then(|&place| schema.get(place)) {
            None => {
                places.insert(Arc::clone(&column.label), schema.len());
                schema.push(column.clone());
            }
            Some(known) if known.values.data_type() != column.values.data_type() => {
                return Err(Failure::new(format!(
                    "schema collision detected: column {:?} is both of type {} and {}",
                    column.label,
                    type_name(known.values.data_type()),
                    type_name(column.values.data_type())
                )));
            }
            Some(_) => {}
        }
    }
    let columns = schema.into_iter().map(|column| join_column(column, &tables, rows)).collect();
    Ok(Table { columns, rows, continued })
}

fn join_column(column: Column, tables: &[Table], rows: usize) -> Column {
    let parts = || tables.iter().map(|table| (table.values(&column.label), table.rows));
    let same = |part: Option<&Values>| match (&column.values, part) {
        (Values::Constant { value, .. }, Some(Values::Constant { value: other, .. })) => {
            value.total_cmp(other) == Ordering::Equal
        }
        _ => false,
    };
    let values = if column.group || parts().all(|(part, _)| same(part)) {
        column.values
    } else {
        let mut builder = Builder::new(column.values.data_type(), rows);
        for (part, count) in parts() {
            match part {
                Some(values) => builder.extend(values, count),
                None => builder.push_nulls(count),
            }
        }
        builder.finish()
    };
    Column { values, ..column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(entries: &[(&str, Option<&str>)]) -> GroupKey {
        let value = |text: Option<&str>| text.map_or(Value::Null, Value::string);
        GroupKey(entries.iter().map(|&(label, text)| (label.into(), value(text))).collect())
    }

    #[test]
    fn keys_compare_label_by_label_and_an_absent_label_is_null() {
        let ordered = [
            key(&[]),
            key(&[("b", None)]),
            key(&[("b", Some("x"))]),
            key(&[("a", Some("1"))]),
            key(&[("a", Some("1")), ("b", Some("x"))]),
            key(&[("a", Some("2"))]),
        ];
        for (left, right) in ordered.iter().zip(ordered.iter().skip(1)) {
            assert!(left < right, "{left:?} {right:?}");
            assert!(right > left);
        }
    }

    #[test]
    fn tables_with_equal_keys_unite_their_columns() {
        let table = |label: &str, value: i64| {
            Table::new(vec![Column::new(label, Values::Long(Arc::new(vec![Some(value)])))], 1)
        };
        let mut groups = Groups::default();
        groups.add(table("a", 1));
        groups.add(table("b", 2));
        let tables = groups.into_tables().unwrap();
        assert_eq!(tables.len(), 1);
        let Values::Long(values) = tables[0].values("b").unwrap() else { panic!("another type") };
        assert_eq!(**values, [None, Some(2)]);
        let other = Table::new(vec![Column::new("a", Values::null(DataType::String))], 1);
        assert!(concatenate(vec![table("a", 1), other]).is_err());
    }
}
