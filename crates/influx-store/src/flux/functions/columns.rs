//! Functions that change columns: `keep drop rename duplicate set fill`, `columns keys`.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::operators;
use super::super::stream::Context;
use super::super::table::{Column, Groups, Table};
use super::super::value::{Closure, Value, type_name};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "keep",
        parameters: CHOICE,
        run: |interpreter, arguments| choose(interpreter, arguments, true),
    },
    Builtin {
        name: "drop",
        parameters: CHOICE,
        run: |interpreter, arguments| choose(interpreter, arguments, false),
    },
    Builtin {
        name: "rename",
        parameters: &[
            piped("tables"),
            optional("columns", Accepts::Record),
            optional("fn", Accepts::Function),
        ],
        run: rename,
    },
    Builtin {
        name: "duplicate",
        parameters: &[
            piped("tables"),
            required("column", Accepts::String),
            required("as", Accepts::String),
        ],
        run: duplicate,
    },
    Builtin {
        name: "set",
        parameters: &[
            piped("tables"),
            required("key", Accepts::String),
            required("value", Accepts::String),
        ],
        run: set,
    },
    Builtin {
        name: "fill",
        parameters: &[
            piped("tables"),
            optional("column", Accepts::String),
            optional("value", Accepts::Any),
            optional("usePrevious", Accepts::Bool),
        ],
        run: fill,
    },
    Builtin {
        name: "columns",
        parameters: LABELS,
        run: |_, arguments| labels(arguments, "columns", false),
    },
    Builtin {
        name: "keys",
        parameters: LABELS,
        run: |_, arguments| labels(arguments, "keys", true),
    },
];

const CHOICE: &[super::Parameter] =
    &[piped("tables"), optional("columns", Accepts::Array), optional("fn", Accepts::Function)];
const LABELS: &[super::Parameter] = &[piped("tables"), optional("column", Accepts::String)];

/// A choice of labels: a list, or a function of the script.
enum Choice {
    Labels(Vec<Arc<str>>),
    Function(Arc<Closure>, i64),
}

impl Choice {
    fn function<'a>(
        &'a self,
        context: &Arc<Context>,
    ) -> impl FnMut(&Arc<str>) -> Result<Value, Failure> + use<'a> {
        let runner = match self {
            Self::Function(_, now) => Some(Interpreter::new(Arc::clone(context), *now)),
            Self::Labels(_) => None,
        };
        let mut runner = runner;
        move |label| match (self, &mut runner) {
            (Self::Function(closure, _), Some(runner)) => {
                let parameter = closure.parameter(0).unwrap_or("column");
                let arguments =
                    vec![(parameter.into(), Value::String(Arc::clone(label)), closure.span)];
                runner
                    .call(&Value::Closure(Arc::clone(closure)), arguments, None, closure.span)
                    .map_err(Failure::in_row)
            }
            (Self::Labels(labels), _) => Ok(Value::Bool(labels.contains(label))),
            (Self::Function(..), None) => Ok(Value::Null),
        }
    }
}

fn choose(
    interpreter: &mut Interpreter,
    arguments: &Arguments,
    keep: bool,
) -> Result<Value, Failure> {
    let name = if keep { "keep" } else { "drop" };
    let choice = match (arguments.texts("columns")?, arguments.get("fn")) {
        (Some(labels), None) => Choice::Labels(labels),
        (None, Some(_)) => Choice::Function(arguments.closure("fn")?, interpreter.now),
        (None, None) => {
            return Err(Failure::new(format!(
                "{name} error: neither column list nor predicate provided"
            )));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::new(format!(
                "{name} error: both column list and predicate provided"
            )));
        }
    };
    let step = arguments.stream("tables")?.all(name, arguments.span, move |tables, context| {
        let mut chosen = choice.function(context);
        regroup(tables, |table| {
            let mut kept = Vec::with_capacity(table.columns.len());
            for column in table.columns {
                if operators::condition(&chosen(&column.label)?)? == keep {
                    kept.push(column);
                }
            }
            // Without columns there is nothing that rows could be told by.
            let rows = if kept.is_empty() { 0 } else { table.rows };
            Ok(Table::new(kept, rows))
        })
    });
    step.map(Value::Stream)
}

/// Changes each table. Where that changes a key, tables with equal keys are merged and come in the order of keys.
fn regroup(
    tables: Vec<Table>,
    mut change: impl FnMut(Table) -> Result<Table, Failure>,
) -> Result<Vec<Table>, Failure> {
    let mut same_keys = true;
    let mut changed = Vec::with_capacity(tables.len());
    for table in tables {
        let key = table.key();
        let table = change(table)?;
        same_keys &= key == table.key();
        changed.push(table);
    }
    if same_keys {
        return Ok(changed);
    }
    let mut groups = Groups::default();
    for table in changed {
        groups.add(table);
    }
    groups.into_tables()
}

fn rename(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let now = interpreter.now;
    let (pairs, function) = match (arguments.get("columns"), arguments.get("fn")) {
        (Some(Value::Record(record)), None) => (record.properties.clone(), None),
        (None, Some(_)) => (Vec::new(), Some(Choice::Function(arguments.closure("fn")?, now))),
        (None, None) => {
            return Err(Failure::new(
                "rename error: neither column list nor map function provided",
            ));
        }
        _ => return Err(Failure::new("rename error: both column list and map function provided")),
    };
    let step = arguments.stream("tables")?.all("rename", arguments.span, move |tables, context| {
        let mut renamed = function.as_ref().map(|function| function.function(context));
        regroup(tables, |mut table| {
            if let Some((label, _)) = pairs.iter().find(|(label, _)| table.column(label).is_none()) {
                return Err(Failure::new(format!("rename error: column {label:?} doesn't exist")));
            }
            for column in &mut table.columns {
                let name = match &mut renamed {
                    Some(renamed) => Some(renamed(&column.label)?),
                    None => pairs.iter().find(|(label, _)| *label == column.label).map(|(_, name)| name.clone()),
                };
                match name {
                    Some(Value::String(name)) => column.label = name,
                    Some(other) => {
                        return Err(Failure::new(format!("expected string but found {}", other.type_name())));
                    }
                    None => {}
                }
            }
            for (index, column) in table.columns.iter().enumerate() {
                let label = &column.label;
                if let Some(other) = table.columns.iter().skip(index + 1).position(|other| other.label == *label) {
                    let other = index + 1 + other;
                    return Err(Failure::new(format!(
                        "column {index} and {other} have the same name ({label:?}) which is not allowed"
                    )));
                }
            }
            Ok(table)
        })
    });
    step.map(Value::Stream)
}

fn duplicate(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let (from, to) = (arguments.required_text("column")?, arguments.required_text("as")?);
    let step = arguments.stream("tables")?.all("duplicate", arguments.span, move |tables, _| {
        regroup(tables, |mut table| {
            let Some(column) = table.column(&from) else {
                return Err(Failure::new(format!(
                    "duplicate error: column {from:?} doesn't exist"
                )));
            };
            // A copy behind the others is no key; one that takes the place of a key column stays one if it can.
            let group = column.group && table.column(&to).is_some_and(|old| old.group);
            let column = Column { label: Arc::clone(&to), group, values: column.values.clone() };
            table.put(column);
            Ok(table)
        })
    });
    step.map(Value::Stream)
}

fn set(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let (key, value) = (arguments.required_text("key")?, arguments.required_text("value")?);
    let step = arguments.stream("tables")?.all("set", arguments.span, move |tables, _| {
        regroup(tables, |mut table| {
            let group = match table.column(&key) {
                Some(old) if old.values.data_type() != DataType::String => {
                    let found = type_name(old.values.data_type());
                    return Err(Failure::new(format!(
                        "cannot set column {key:?} of type {found} to a string"
                    )));
                }
                Some(old) => old.group,
                None => false,
            };
            let values = Values::constant(DataType::String, Value::String(Arc::clone(&value)));
            table.put(Column { label: Arc::clone(&key), group, values });
            Ok(table)
        })
    });
    step.map(Value::Stream)
}

fn fill(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let column = arguments.text_or("column", "_value");
    let value = arguments.get("value").cloned();
    let previous = arguments.boolean("usePrevious").unwrap_or(false);
    if value.is_some() == previous {
        return Err(Failure::new("fill requires exactly one of value or usePrevious"));
    }
    let step = arguments.stream("tables")?.tables("fill", arguments.span, move |mut table, _| {
        let Some(old) = table.column(&column) else {
            if let Some((value, data_type)) =
                value.as_ref().and_then(|value| Some((value, value.data_type()?)))
            {
                table.put(Column::new(
                    Arc::clone(&column),
                    Values::constant(data_type, value.clone()),
                ));
            }
            return Ok(table);
        };
        let (group, data_type) = (old.group, old.values.data_type());
        if let Some(value) = &value
            && value.data_type() != Some(data_type)
        {
            let expected = type_name(data_type);
            return Err(Failure::new(format!(
                "fill column type mismatch: {expected}/{}",
                value.type_name()
            )));
        }
        let mut builder = Builder::new(data_type, table.rows);
        let mut last = value.clone().unwrap_or(Value::Null);
        for row in 0..table.rows {
            let present = old.values.get(row);
            match (&present, previous) {
                (Value::Null, _) => builder.push(&last)?,
                (present, true) => {
                    last = present.clone();
                    builder.push(present)?;
                }
                (present, false) => builder.push(present)?,
            }
        }
        let values = builder.finish();
        let values = if group { Values::constant(data_type, values.get(0)) } else { values };
        table.put(Column { label: Arc::clone(&column), group, values });
        Ok(table)
    });
    step.map(Value::Stream)
}

fn labels(arguments: &Arguments, name: &'static str, keys_only: bool) -> Result<Value, Failure> {
    let column = arguments.text_or("column", "_value");
    let step = arguments.stream("tables")?.tables(name, arguments.span, move |table, _| {
        let chosen = table.columns.iter().filter(|column| column.group || !keys_only);
        let labels: Vec<Option<Arc<str>>> =
            chosen.map(|column| Some(Arc::clone(&column.label))).collect();
        let rows = labels.len();
        let mut result = Table::new(table.key_columns(), rows);
        result.put(Column::new(Arc::clone(&column), Values::String(Arc::new(labels))));
        Ok(result)
    });
    step.map(Value::Stream)
}
