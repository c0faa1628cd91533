//! `pivot` and `fieldsAsCols`: rows that belong together become one row with more columns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, piped, required};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::stream::read::{Read, Shape};
use super::super::stream::{Context, Stream};
use super::super::table::{Column, Groups, Table};
use super::super::value::{Key, Value, type_name};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[Builtin {
    name: "pivot",
    parameters: &[
        piped("tables"),
        required("rowKey", Accepts::Array),
        required("columnKey", Accepts::Array),
        required("valueColumn", Accepts::String),
    ],
    run: pivot,
}];

pub(super) static FIELDS_AS_COLUMNS: &[Builtin] =
    &[Builtin { name: "fieldsAsCols", parameters: &[piped("tables")], run: fields_as_columns }];

struct Request {
    row_key: Vec<Arc<str>>,
    column_key: Vec<Arc<str>>,
    value_column: Arc<str>,
}

fn pivot(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let request = Request {
        row_key: arguments.texts("rowKey")?.unwrap_or_default(),
        column_key: arguments.texts("columnKey")?.unwrap_or_default(),
        value_column: arguments.required_text("valueColumn")?,
    };
    if let Some(label) = request.row_key.iter().find(|label| request.column_key.contains(label)) {
        return Err(Failure::new(format!("column name found in both rowKey and colKey: {label}")));
    }
    build("pivot", arguments, request)
}

fn fields_as_columns(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let request = Request {
        row_key: vec!["_time".into()],
        column_key: vec!["_field".into()],
        value_column: "_value".into(),
    };
    build("pivot", arguments, request)
}

fn build(name: &'static str, arguments: &Arguments, request: Request) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let is = |labels: &[Arc<str>], label: &str| matches!(labels, [only] if **only == *label);
    if let Some(read) = input.as_read()
        && read.is_plain()
        && is(&request.row_key, "_time")
        && is(&request.column_key, "_field")
        && &*request.value_column == "_value"
    {
        let read = Read { shape: Shape::Pivoted, ..read.clone() };
        return Ok(Value::Stream(Stream::read(read, arguments.span)));
    }
    let step = input.all(name, arguments.span, move |tables, context| {
        let mut groups = Groups::default();
        for table in tables {
            groups.add(prepare(table, &request)?);
        }
        groups.into_groups().map(|tables| pivot_tables(&tables, &request, context)).collect()
    });
    step.map(Value::Stream)
}

/// Takes the columns out of the key that will not be in the key of the result.
fn prepare(mut table: Table, request: &Request) -> Result<Table, Failure> {
    let missing =
        |labels: &[Arc<str>]| labels.iter().find(|label| table.column(label).is_none()).cloned();
    if let Some(label) = missing(&request.row_key) {
        return Err(Failure::new(format!(
            "specified row key column does not exist in table: {label}"
        )));
    }
    if let Some(label) = missing(&request.column_key) {
        return Err(Failure::new(format!("specified column does not exist in table: {label}")));
    }
    if table.column(&request.value_column).is_none() {
        let label = &request.value_column;
        return Err(Failure::new(format!(
            "specified value column does not exist in table: {label}"
        )));
    }
    for column in &mut table.columns {
        column.group &=
            !request.column_key.contains(&column.label) && column.label != request.value_column;
    }
    Ok(table)
}

/// Where rows of the result are, by their keys.
#[derive(Default)]
struct Places {
    times: HashMap<i64, usize>,
    rows: BTreeMap<Vec<Key>, usize>,
    /// For each place the time that is its key, if it is one.
    order: Vec<Option<i64>>,
    /// The place behind the last one: tables mostly have the same times, so it is mostly the next.
    expected: usize,
}

impl Places {
    fn len(&self) -> usize {
        self.order.len()
    }

    /// The row of this key, and whether it is new. A time alone is the usual key.
    fn row(&mut self, keys: &[&Values], row: usize) -> (usize, bool) {
        let next = self.len();
        let time = match keys {
            [times] => times.time(row),
            _ => None,
        };
        let place = match time {
            Some(_) if self.order.get(self.expected) == Some(&time) => self.expected,
            Some(time) => *self.times.entry(time).or_insert(next),
            None => {
                let key = keys.iter().map(|values| Key::from(values.get(row))).collect();
                *self.rows.entry(key).or_insert(next)
            }
        };
        if place == next {
            self.order.push(time);
        }
        self.expected = place + 1;
        (place, place == next)
    }
}

fn pivot_tables(tables: &[Table], request: &Request, context: &Context) -> Result<Table, Failure> {
    let mut places = Places::default();
    let mut new_columns: Vec<(Arc<str>, DataType, Vec<Value>)> = Vec::new();
    let mut by_name: HashMap<Arc<str>, usize> = HashMap::new();
    // Rows of the input that first showed a key, table by table: they give the row-key columns.
    let mut firsts: Vec<Table> = Vec::new();
    for table in tables {
        let columns = |labels: &[Arc<str>]| -> Vec<&Values> {
            labels.iter().filter_map(|label| table.values(label)).collect()
        };
        let (row_keys, column_keys) = (columns(&request.row_key), columns(&request.column_key));
        let Some(values) = table.values(&request.value_column) else { continue };
        let constant_name =
            column_keys.iter().all(|values| matches!(values, Values::Constant { .. }));
        let mut target: Option<usize> = None;
        let mut first_rows = Vec::new();
        for row in 0..table.rows {
            context.check_row(row)?;
            let (place, new) = places.row(&row_keys, row);
            if new {
                first_rows.push(row);
            }
            let column = if let Some(column) = target.filter(|_| constant_name) {
                column
            } else {
                let name = column_name(&column_keys, row);
                let next = new_columns.len();
                let index = *by_name.entry(Arc::clone(&name)).or_insert(next);
                if index == next {
                    new_columns.push((name, values.data_type(), Vec::new()));
                }
                target = Some(index);
                index
            };
            let Some((name, data_type, cells)) = new_columns.get_mut(column) else { continue };
            if *data_type != values.data_type() {
                let (known, found) = (type_name(*data_type), type_name(values.data_type()));
                return Err(Failure::new(format!(
                    "schema collision detected: column {name:?} is both of type {known} and {found}"
                )));
            }
            if cells.len() <= place {
                cells.resize(place + 1, Value::Null);
            }
            if let Some(cell) = cells.get_mut(place) {
                *cell = values.get(row);
            }
        }
        let kept: Vec<Column> = table
            .columns
            .iter()
            .filter(|column| column.group || request.row_key.contains(&column.label))
            .cloned()
            .collect();
        firsts.push(Table::new(kept, table.rows).take(&first_rows));
    }
    let rows = places.len();
    let mut result = super::super::table::concatenate(firsts)?;
    result.rows = rows;
    for (name, data_type, cells) in new_columns {
        let mut builder = Builder::new(data_type, rows);
        for cell in &cells {
            builder.push(cell)?;
        }
        builder.push_nulls(rows.saturating_sub(cells.len()));
        result.columns.push(Column::new(name, builder.finish()));
    }
    Ok(result)
}

fn column_name(keys: &[&Values], row: usize) -> Arc<str> {
    let texts: Vec<String> =
        keys.iter().map(|values| values.get(row).to_text().unwrap_or_default()).collect();
    texts.join("_").into()
}
