//! Functions that change which rows form a table: `group`, `union`.

use std::collections::BTreeMap;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::column::Values;
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::stream::Stream;
use super::super::stream::read::Read;
use super::super::table::{Groups, Table};
use super::super::value::{Key, Value};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "group",
        parameters: &[
            piped("tables"),
            optional("columns", Accepts::Array),
            optional("mode", Accepts::String),
        ],
        run: group,
    },
    Builtin { name: "union", parameters: &[required("tables", Accepts::Array)], run: union },
];

fn group(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let labels = arguments.texts("columns")?.unwrap_or_default();
    let by = match arguments.text("mode").as_deref() {
        None | Some("by") => true,
        Some("except") => false,
        Some(_) => return Err(Failure::new("invalid group mode: must be \"by\" or \"except\"")),
    };
    if let Some(read) = input.as_read()
        && read.is_plain()
        && by
        && !labels.iter().any(|label| matches!(&**label, "_time" | "_value"))
    {
        let read = Read { group: Some(labels), ..read.clone() };
        return Ok(Value::Stream(Stream::read(read, arguments.span)));
    }
    let step = input.all("group", arguments.span, move |tables, _| {
        let mut groups = Groups::default();
        for table in tables {
            regroup(table, |label| labels.iter().any(|other| **other == *label) == by, &mut groups);
        }
        groups.into_tables()
    });
    step.map(Value::Stream)
}

/// Splits a table by the columns that `in_key` names and adds the parts to `groups`.
fn regroup(mut table: Table, in_key: impl Fn(&str) -> bool, groups: &mut Groups) {
    for column in &mut table.columns {
        column.group = in_key(&column.label);
    }
    let varying: Vec<&Values> = table
        .columns
        .iter()
        .filter(|column| column.group && !matches!(column.values, Values::Constant { .. }))
        .map(|column| &column.values)
        .collect();
    if varying.is_empty() {
        groups.add(table);
        return;
    }
    let mut parts: BTreeMap<Vec<Key>, Vec<usize>> = BTreeMap::new();
    for row in 0..table.rows {
        let key = varying.iter().map(|values| Key::from(values.get(row))).collect();
        parts.entry(key).or_default().push(row);
    }
    for rows in parts.values() {
        let mut part = table.take(rows);
        for column in &mut part.columns {
            if column.group {
                column.values = Values::constant(column.values.data_type(), column.values.get(0));
            }
        }
        groups.add(part);
    }
}

fn union(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let Value::Array(array) = arguments.value("tables")? else {
        return Err(Failure::new("union: tables must be an array"));
    };
    let stream = |item: &Value| match item {
        Value::Stream(stream) => Ok(stream.clone()),
        other => Err(Failure::new(format!("expected stream but found {}", other.type_name()))),
    };
    let inputs: Vec<Stream> = array.items.iter().map(stream).collect::<Result<_, _>>()?;
    if inputs.len() < 2 {
        return Err(Failure::new("union requires at least two input streams"));
    }
    let union = Stream::combine("union", arguments.span, inputs, |inputs, _| {
        let mut groups = Groups::default();
        for table in inputs.into_iter().flatten() {
            groups.add(table);
        }
        groups.into_tables()
    });
    union.map(Value::Stream)
}
