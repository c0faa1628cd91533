//! Functions that apply a function of the script to each row: `map`, `reduce`.

use std::collections::BTreeMap;
use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::row::RowFunction;
use super::super::stream::Context;
use super::super::table::{Column, Groups, Table};
use super::super::value::{Closure, Key, Value};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "map",
        parameters: &[
            piped("tables"),
            required("fn", Accepts::Function),
            optional("mergeKey", Accepts::Bool),
        ],
        run: map,
    },
    Builtin {
        name: "reduce",
        parameters: &[
            piped("tables"),
            required("fn", Accepts::Function),
            required("identity", Accepts::Record),
        ],
        run: reduce,
    },
];

fn map(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let closure = arguments.closure("fn")?;
    let now = interpreter.now;
    let step = arguments.stream("tables")?.all("map", arguments.span, move |tables, context| {
        let mut runner = Interpreter::new(Arc::clone(context), now);
        let mut groups = Groups::default();
        for table in tables {
            context.check()?;
            // A table without rows has no record that says what its columns would be.
            if table.rows > 0 {
                map_table(&closure, &table, &mut runner, context, &mut groups)?;
            }
        }
        groups.into_tables()
    });
    step.map(Value::Stream)
}

fn map_table(
    closure: &Arc<Closure>,
    table: &Table,
    runner: &mut Interpreter,
    context: &Arc<Context>,
    groups: &mut Groups,
) -> Result<(), Failure> {
    let function = RowFunction::new(closure, table, None)?;
    if let Some(extensions) = function.extensions(runner) {
        let extensions = extensions?;
        let in_key = |label: &str| table.column(label).is_some_and(|column| column.group);
        if !extensions.iter().any(|(label, _)| in_key(label)) {
            groups.add(extend(table, extensions)?);
            return Ok(());
        }
    }
    // The slow way: a record for each row, each of which may go into another table.
    let mut builder = Rows::new(table);
    for row in 0..table.rows {
        context.check_row(row)?;
        let properties = function.record(row, runner)?;
        builder.push(row, &properties)?;
    }
    for table in builder.finish() {
        groups.add(table);
    }
    Ok(())
}

/// The table with the columns of `{r with …}`; the key stays as it is.
fn extend(table: &Table, extensions: Vec<(Arc<str>, Vec<Value>)>) -> Result<Table, Failure> {
    let mut result = table.clone();
    for (label, values) in extensions {
        let known = table.values(&label).map(Values::data_type);
        let column = match values.as_slice() {
            [value] => match column_type(&label, value)? {
                Some(data_type) => Some(Values::constant(data_type, value.clone())),
                None => known.map(Values::null),
            },
            values => {
                let mut data_type = None;
                for value in values {
                    if data_type.is_none() {
                        data_type = column_type(&label, value)?;
                    }
                }
                match data_type.or(known) {
                    None => None,
                    Some(data_type) => {
                        let mut builder = Builder::new(data_type, values.len());
                        for value in values {
                            builder.push(value)?;
                        }
                        Some(builder.finish())
                    }
                }
            }
        };
        match column {
            Some(values) => result.put(Column::new(label, values)),
            None => result.columns.retain(|column| column.label != label),
        }
    }
    Ok(result)
}

fn column_type(label: &str, value: &Value) -> Result<Option<DataType>, Failure> {
    match (value, value.data_type()) {
        (Value::Null, _) => Ok(None),
        (_, Some(data_type)) => Ok(Some(data_type)),
        (value, None) => Err(Failure::new(format!(
            "map object property {label:?} is {} type which is not supported in a flux table",
            value.type_name()
        ))),
    }
}

/// Gathers records into tables by the group key that each row has.
struct Rows<'a> {
    source: &'a Table,
    groups: BTreeMap<Vec<Key>, Group>,
}

#[derive(Default)]
struct Group {
    columns: Vec<(Arc<str>, Option<Builder>)>,
    rows: usize,
}

impl<'a> Rows<'a> {
    fn new(source: &'a Table) -> Self {
        Self { source, groups: BTreeMap::new() }
    }

    fn push(&mut self, _row: usize, properties: &[(Arc<str>, Value)]) -> Result<(), Failure> {
        let property = |label: &str| properties.iter().find(|(other, _)| **other == *label);
        let key = self
            .source
            .columns
            .iter()
            .filter(|column| column.group)
            .map(|column| {
                Key::from(property(&column.label).map_or(Value::Null, |(_, value)| value.clone()))
            })
            .collect();
        let group = self.groups.entry(key).or_default();
        for (label, value) in properties {
            let data_type = column_type(label, value)?;
            let place = group.columns.iter().position(|(other, _)| other == label);
            if place.is_none() {
                group.columns.push((Arc::clone(label), None));
            }
            let column = match place {
                Some(place) => group.columns.get_mut(place),
                None => group.columns.last_mut(),
            };
            if let (Some((_, builder)), Some(data_type)) = (column, data_type) {
                let builder = builder.get_or_insert_with(|| {
                    let mut builder = Builder::new(data_type, 16);
                    builder.push_nulls(group.rows);
                    builder
                });
                builder.push(value)?;
            } else if let Some((_, Some(builder))) =
                group.columns.iter_mut().find(|(other, _)| other == label)
            {
                builder.push_nulls(1);
            }
        }
        for (label, builder) in &mut group.columns {
            if property(label).is_none()
                && let Some(builder) = builder
            {
                builder.push_nulls(1);
            }
        }
        group.rows += 1;
        Ok(())
    }

    fn finish(self) -> Vec<Table> {
        let source = self.source;
        let table = |group: Group| {
            let mut columns = Vec::with_capacity(group.columns.len());
            for (label, builder) in group.columns {
                let known = source.column(&label);
                let values = match (builder, known) {
                    (Some(builder), _) => builder.finish(),
                    (None, Some(column)) => Values::null(column.values.data_type()),
                    // Null everywhere and of no known type: the column disappears.
                    (None, None) => continue,
                };
                let in_key = known.is_some_and(|column| column.group);
                let values = if in_key {
                    Values::constant(values.data_type(), values.get(0))
                } else {
                    values
                };
                columns.push(Column { label, group: in_key, values });
            }
            // The order of a record is lost: columns of the source stay in its order, new ones come sorted.
            columns.sort_by(|left, right| {
                let place = |column: &Column| source.index(&column.label).unwrap_or(usize::MAX);
                place(left).cmp(&place(right)).then_with(|| left.label.cmp(&right.label))
            });
            Table::new(columns, group.rows)
        };
        self.groups.into_values().map(table).collect()
    }
}

fn reduce(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let closure = arguments.closure("fn")?;
    let place = arguments.place("identity");
    let Value::Record(identity) = arguments.value("identity")? else {
        return Err(Failure::check(place, "expected record (argument identity)"));
    };
    let identity = identity.properties.clone();
    let now = interpreter.now;
    let step = arguments.stream("tables")?.all("reduce", arguments.span, move |tables, context| {
        let mut runner = Interpreter::new(Arc::clone(context), now);
        let mut groups = Groups::default();
        for table in tables {
            groups.add(reduce_table(&closure, &table, &identity, &mut runner, context)?);
        }
        let tables =
            groups.into_groups().map(|mut tables| match (tables.pop(), tables.is_empty()) {
                (Some(table), true) => Ok(table),
                _ => Err(Failure::new("two reducers writing result to the same table")),
            });
        tables.collect()
    });
    step.map(Value::Stream)
}

fn reduce_table(
    closure: &Arc<Closure>,
    table: &Table,
    identity: &[(Arc<str>, Value)],
    runner: &mut Interpreter,
    context: &Arc<Context>,
) -> Result<Table, Failure> {
    let function = RowFunction::new(closure, table, Some(("accumulator", identity)))?;
    let mut accumulator = identity.to_vec();
    let mut next = Vec::with_capacity(accumulator.len());
    for row in 0..table.rows {
        context.check_row(row)?;
        function.accumulate(row, &accumulator, &mut next, runner)?;
        check_record(&mut next, identity)?;
        std::mem::swap(&mut accumulator, &mut next);
    }
    let mut columns = table.key_columns();
    accumulator.sort_by(|left, right| left.0.cmp(&right.0));
    for (label, value) in accumulator {
        let Some(data_type) = value.data_type() else {
            return Err(if value.is_null() {
                Failure::new(format!(
                    "null values are not supported for {label:?} in the reduce() function"
                ))
            } else {
                Failure::new(format!(
                    "reduce object property {label:?} is {} type",
                    value.type_name()
                ))
            });
        };
        match columns.iter_mut().find(|column| column.label == label) {
            Some(column) => column.values = Values::constant(data_type, value),
            None => columns.push(Column::new(label, Values::constant(data_type, value))),
        }
    }
    Ok(Table::new(columns, 1))
}

/// The record must have the labels and types of the identity; it is brought into its order.
fn check_record(
    next: &mut Vec<(Arc<str>, Value)>,
    identity: &[(Arc<str>, Value)],
) -> Result<(), Failure> {
    let in_order = next.len() == identity.len()
        && next.iter().zip(identity).all(|(next, old)| next.0 == old.0);
    if !in_order {
        let mut ordered = Vec::with_capacity(identity.len());
        for (label, _) in identity {
            let place = next.iter().position(|(other, _)| other == label).ok_or_else(|| {
                Failure::new(format!("record is missing label {label} (argument identity)"))
            })?;
            ordered.push(next.swap_remove(place));
        }
        if let Some((label, _)) = next.first() {
            return Err(Failure::new(format!(
                "record is missing label {label} (argument identity)"
            )));
        }
        *next = ordered;
    }
    for ((label, value), (_, old)) in next.iter().zip(identity) {
        if value.is_null() {
            return Err(Failure::new(format!(
                "null values are not supported for {label:?} in the reduce() function"
            )));
        }
        if std::mem::discriminant(value) != std::mem::discriminant(old) {
            let (expected, found) = (old.type_name(), value.type_name());
            return Err(Failure::new(format!(
                "expected {expected} but found {found} (argument identity)"
            )));
        }
    }
    Ok(())
}
