//! Functions that take values out of streams, which are read for it: `tableFind findColumn findRecord …`.

use std::sync::Arc;

use super::super::arguments::{Accepts, Arguments, Need, Parameter, piped, required};
use super::super::error::{ErrorCode, Failure};
use super::super::interpreter::Interpreter;
use super::super::operators;
use super::super::stream::Stream;
use super::super::table::Table;
use super::super::value::{Array, Record, Value};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "tableFind",
        parameters: &[piped("tables"), required("fn", Accepts::Function)],
        run: table_find,
    },
    Builtin {
        name: "getColumn",
        parameters: &[piped("table"), required("column", Accepts::String)],
        run: |interpreter, arguments| {
            let table = first_table(interpreter, arguments, "table")?;
            column_of(table.as_ref(), &arguments.required_text("column")?, true)
        },
    },
    Builtin {
        name: "getRecord",
        parameters: &[piped("table"), required("idx", Accepts::Int)],
        run: |interpreter, arguments| {
            let table = first_table(interpreter, arguments, "table")?;
            record_of(table.as_ref(), arguments.integer("idx").unwrap_or(0))
        },
    },
    Builtin {
        name: "findColumn",
        parameters: &[
            Parameter { name: "tables", need: Need::Piped, accepts: Accepts::Stream },
            required("fn", Accepts::Function),
            required("column", Accepts::String),
        ],
        run: |interpreter, arguments| {
            let table = find(interpreter, arguments)?;
            column_of(table.as_ref(), &arguments.required_text("column")?, false)
        },
    },
    Builtin {
        name: "findRecord",
        parameters: &[
            piped("tables"),
            required("fn", Accepts::Function),
            required("idx", Accepts::Int),
        ],
        run: |interpreter, arguments| {
            let table = find(interpreter, arguments)?;
            record_of(table.as_ref(), arguments.integer("idx").unwrap_or(0))
        },
    },
];

fn table_find(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let table = find(interpreter, arguments)?
        .ok_or_else(|| Failure::new("no table found").with_code(ErrorCode::NotFound))?;
    let stream = Stream::make("tableFind", arguments.span, move |_| Ok(vec![table.clone()]));
    // A table is no result of the script.
    Ok(Value::Stream(stream.into_yielded()))
}

fn first_table(
    interpreter: &Interpreter,
    arguments: &Arguments,
    name: &str,
) -> Result<Option<Table>, Failure> {
    Ok(arguments.stream(name)?.collect(&interpreter.context)?.into_iter().next())
}

/// The first table whose key the function accepts.
fn find(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Option<Table>, Failure> {
    let function = arguments.value("fn")?.clone();
    let parameter = match &function {
        Value::Closure(closure) => closure.parameter(0).unwrap_or("key").to_owned(),
        _ => "key".to_owned(),
    };
    let context = Arc::clone(&interpreter.context);
    for table in arguments.stream("tables")?.collect(&context)? {
        let key = Record::new(table.key().entries().to_vec(), true)?;
        let key = (parameter.as_str().into(), Value::Record(Arc::new(key)), arguments.span);
        let accepted = interpreter.call(&function, vec![key], None, arguments.span)?;
        if operators::condition(&accepted)? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

fn column_of(table: Option<&Table>, label: &str, must_exist: bool) -> Result<Value, Failure> {
    let items = match table.map(|table| (table, table.values(label))) {
        Some((table, Some(values))) => (0..table.rows).map(|row| values.get(row)).collect(),
        Some((_, None)) if must_exist => {
            return Err(Failure::new(format!("cannot find column {label}")));
        }
        _ => Vec::new(),
    };
    Ok(Value::Array(Arc::new(Array::new(items)?)))
}

fn record_of(table: Option<&Table>, index: i64) -> Result<Value, Failure> {
    let row = usize::try_from(index).ok();
    let properties = match (table, row) {
        (Some(table), Some(row)) if row < table.rows => table
            .columns
            .iter()
            .map(|column| (Arc::clone(&column.label), column.values.get(row)))
            .collect(),
        (None, _) => Vec::new(),
        _ => return Err(Failure::new(format!("index out of bounds: {index}"))),
    };
    Ok(Value::Record(Arc::new(Record::new(properties, true)?)))
}
