//! Functions that choose rows: `filter`, `first last min max`, `limit tail`, `sort`, `unique distinct`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::flux::ast::{Function, FunctionBody};

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::column::Values;
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::operators;
use super::super::row::RowFunction;
use super::super::stream::predicate;
use super::super::stream::read::{Read, Shape};
use super::super::stream::{Context, Step, Stream};
use super::super::table::{Column, Groups, Table};
use super::super::value::{Closure, Key, Value, type_name};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "filter",
        parameters: &[
            piped("tables"),
            required("fn", Accepts::Function),
            optional("onEmpty", Accepts::String),
        ],
        run: filter,
    },
    Builtin {
        name: "first",
        parameters: SELECTOR,
        run: |_, arguments| selector(Selector::First, arguments),
    },
    Builtin {
        name: "last",
        parameters: SELECTOR,
        run: |_, arguments| selector(Selector::Last, arguments),
    },
    Builtin {
        name: "min",
        parameters: SELECTOR,
        run: |_, arguments| selector(Selector::Min, arguments),
    },
    Builtin {
        name: "max",
        parameters: SELECTOR,
        run: |_, arguments| selector(Selector::Max, arguments),
    },
    Builtin { name: "limit", parameters: LIMIT, run: limit },
    Builtin { name: "tail", parameters: LIMIT, run: tail },
    Builtin {
        name: "sort",
        parameters: &[
            piped("tables"),
            optional("columns", Accepts::Array),
            optional("desc", Accepts::Bool),
        ],
        run: sort,
    },
    Builtin { name: "top", parameters: TOP, run: |_, arguments| top(arguments, true) },
    Builtin { name: "bottom", parameters: TOP, run: |_, arguments| top(arguments, false) },
    Builtin { name: "unique", parameters: SELECTOR, run: unique },
    Builtin { name: "distinct", parameters: SELECTOR, run: distinct },
];

const SELECTOR: &[super::Parameter] = &[piped("tables"), optional("column", Accepts::String)];
const LIMIT: &[super::Parameter] =
    &[piped("tables"), required("n", Accepts::Int), optional("offset", Accepts::Int)];
const TOP: &[super::Parameter] =
    &[piped("tables"), required("n", Accepts::Int), optional("columns", Accepts::Array)];

fn filter(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let mut input = arguments.stream("tables")?;
    let mut closure = arguments.closure("fn")?;
    let keep_empty = match arguments.text("onEmpty").as_deref() {
        None | Some("drop") => false,
        Some("keep") => true,
        Some(other) => {
            return Err(Failure::new(format!("onEmpty must be keep or drop, was {other:?}")));
        }
    };
    if let Some(read) = input.as_read()
        && read.is_plain()
        && !keep_empty
    {
        let (read, rest) = push_down(read, &closure, interpreter)?;
        input = Stream::read(read, arguments.span);
        match rest {
            Some(rest) => closure = Arc::new(rest),
            None => return Ok(Value::Stream(input)),
        }
    }
    let now = interpreter.now;
    let start = Box::new(move || {
        let closure = Arc::clone(&closure);
        let mut runner: Option<Interpreter> = None;
        Box::new(move |table: Table, context: &Arc<Context>| {
            let runner = runner.get_or_insert_with(|| Interpreter::new(Arc::clone(context), now));
            let kept = matching(&closure, &table, runner, context)?;
            Ok(Some(if kept.len() == table.rows { table } else { table.take(&kept) }))
        }) as Box<dyn FnMut(Table, &Arc<Context>) -> Result<Option<Table>, Failure> + Send>
    });
    input
        .then("filter", arguments.span, Step::Parts { start, drop_empty: !keep_empty })
        .map(Value::Stream)
}

/// Takes what storage can answer into the read; what it cannot comes back as a function.
fn push_down(
    read: &Read,
    closure: &Arc<Closure>,
    interpreter: &mut Interpreter,
) -> Result<(Read, Option<Closure>), Failure> {
    let (FunctionBody::Expression(body), [parameter]) =
        (&closure.function.body, closure.function.parameters.as_slice())
    else {
        let whole = Closure::new(closure.function.clone(), closure.scope.clone(), closure.span)?;
        return Ok((read.clone(), Some(whole)));
    };
    let (pushed, rest) = predicate::split(body, &parameter.name.name, &closure.scope, interpreter);
    let read = Read { predicate: predicate::and(read.predicate.clone(), pushed), ..read.clone() };
    let rest = rest.map(|body| {
        let function = Function {
            parameters: closure.function.parameters.clone(),
            body: FunctionBody::Expression(body),
        };
        Closure::new(function, closure.scope.clone(), closure.span)
    });
    Ok((read, rest.transpose()?))
}

/// The rows for which the function is true.
fn matching(
    closure: &Arc<Closure>,
    table: &Table,
    runner: &mut Interpreter,
    context: &Arc<Context>,
) -> Result<Vec<usize>, Failure> {
    let function = RowFunction::new(closure, table, None)?;
    let mut kept = Vec::new();
    for row in 0..table.rows {
        context.check_row(row)?;
        let value = function.scalar(row, runner).map_err(|failure| {
            failure.map_message(|message| {
                if message.starts_with("unsupported") {
                    format!("cannot compile: {message}")
                } else {
                    message
                }
            })
        })?;
        if operators::condition(&value)? {
            kept.push(row);
        }
    }
    Ok(kept)
}

/// A function that chooses one row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selector {
    First,
    Last,
    Min,
    Max,
}

impl Selector {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "first" => Self::First,
            "last" => Self::Last,
            "min" => Self::Min,
            "max" => Self::Max,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// Whether the function chooses among values of this type.
    pub(crate) fn check(self, data_type: DataType) -> Result<(), Failure> {
        match (self, data_type) {
            (Self::Min | Self::Max, DataType::String | DataType::Boolean) => {
                let kind = if self == Self::Min { "Min" } else { "Max" };
                Err(Failure::new(format!(
                    "invalid use of function: *universe.{kind}Selector has no implementation for type {}",
                    type_name(data_type)
                )))
            }
            _ => Ok(()),
        }
    }

    /// The row to choose; none where all values are null.
    pub(crate) fn choose(
        self,
        values: &Values,
        mut rows: impl DoubleEndedIterator<Item = usize>,
    ) -> Result<Option<usize>, Failure> {
        let better = match self {
            Self::First => return Ok(rows.find(|row| !values.is_null(*row))),
            Self::Last => return Ok(rows.rfind(|row| !values.is_null(*row))),
            Self::Min => Ordering::Less,
            Self::Max => Ordering::Greater,
        };
        self.check(values.data_type())?;
        let mut best: Option<(usize, Value)> = None;
        for row in rows {
            let value = values.get(row);
            if !value.is_null()
                && best.as_ref().is_none_or(|(_, other)| value.total_cmp(other) == better)
            {
                best = Some((row, value));
            }
        }
        Ok(best.map(|(row, _)| row))
    }
}

fn selector(selector: Selector, arguments: &Arguments) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let column = arguments.text_or("column", "_value");
    let name = selector.name();
    if let Some(read) = input.as_read()
        && read.range.is_some()
        && read.shape == Shape::Fields
        && &*column == "_value"
        && matches!(selector, Selector::First | Selector::Last)
    {
        let shape = if selector == Selector::First { Shape::First } else { Shape::Last };
        return Ok(Value::Stream(Stream::read(Read { shape, ..read.clone() }, arguments.span)));
    }
    let step = input.tables(name, arguments.span, move |table, _| {
        let values = existing(&table, &column)?;
        let row = selector.choose(values, 0..table.rows)?;
        Ok(table.take(row.as_slice()))
    });
    step.map(Value::Stream)
}

/// A column that must be there.
pub(super) fn existing<'a>(table: &'a Table, column: &str) -> Result<&'a Values, Failure> {
    table.values(column).ok_or_else(|| Failure::new(format!("no column {column:?} exists")))
}

fn count_of(arguments: &Arguments, name: &str) -> usize {
    usize::try_from(arguments.integer(name).unwrap_or(0)).unwrap_or(0)
}

fn limit(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let (count, offset) = (count_of(arguments, "n"), count_of(arguments, "offset"));
    let start = Box::new(move || {
        let mut passed = 0;
        Box::new(move |table: Table, _: &Arc<Context>| {
            if !table.continued {
                passed = 0;
            }
            // Rows of this part that the limits let through.
            let from = offset.saturating_sub(passed).min(table.rows);
            let to = offset.saturating_add(count).saturating_sub(passed).min(table.rows);
            passed += table.rows;
            if table.continued && from >= to {
                return Ok(None);
            }
            Ok(Some(if from == 0 && to == table.rows {
                table
            } else {
                table.take(&(from..to).collect::<Vec<_>>())
            }))
        }) as Box<dyn FnMut(Table, &Arc<Context>) -> Result<Option<Table>, Failure> + Send>
    });
    let input = arguments.stream("tables")?;
    input.then("limit", arguments.span, Step::Parts { start, drop_empty: false }).map(Value::Stream)
}

fn tail(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let (count, offset) = (count_of(arguments, "n"), count_of(arguments, "offset"));
    let step = arguments.stream("tables")?.tables("tail", arguments.span, move |table, _| {
        let end = table.rows.saturating_sub(offset);
        let rows: Vec<usize> = (end.saturating_sub(count)..end).collect();
        Ok(table.take(&rows))
    });
    step.map(Value::Stream)
}

fn sort(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let columns = arguments.texts("columns")?.unwrap_or_else(|| vec!["_value".into()]);
    let descending = arguments.boolean("desc").unwrap_or(false);
    let step = arguments.stream("tables")?.tables("sort", arguments.span, move |table, _| {
        Ok(table.take(&sorted(&table, &columns, descending)))
    });
    step.map(Value::Stream)
}

/// The rows in the order of their values, null first in both directions, stable.
fn sorted(table: &Table, columns: &[Arc<str>], descending: bool) -> Vec<usize> {
    let columns: Vec<&Values> = columns.iter().filter_map(|column| table.values(column)).collect();
    let compare = |left: &usize, right: &usize| {
        for values in &columns {
            let order = match (values.is_null(*left), values.is_null(*right)) {
                (true, true) => Ordering::Equal,
                (true, false) => return Ordering::Less,
                (false, true) => return Ordering::Greater,
                (false, false) => {
                    let order = values.get(*left).total_cmp(&values.get(*right));
                    if descending { order.reverse() } else { order }
                }
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    };
    let mut rows: Vec<usize> = (0..table.rows).collect();
    rows.sort_by(compare);
    rows
}

fn top(arguments: &Arguments, descending: bool) -> Result<Value, Failure> {
    let columns = arguments.texts("columns")?.unwrap_or_else(|| vec!["_value".into()]);
    let count = count_of(arguments, "n");
    let name = if descending { "top" } else { "bottom" };
    let step = arguments.stream("tables")?.tables(name, arguments.span, move |table, _| {
        let mut rows = sorted(&table, &columns, descending);
        rows.truncate(count);
        Ok(table.take(&rows))
    });
    step.map(Value::Stream)
}

/// The first row of each value, in order.
fn first_rows(values: &Values, rows: usize) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    (0..rows).filter(|row| seen.insert(Key::from(values.get(*row)))).collect()
}

fn unique(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let column = arguments.text_or("column", "_value");
    let step = arguments.stream("tables")?.tables("unique", arguments.span, move |table, _| {
        let values = existing(&table, &column)?;
        Ok(table.take(&first_rows(values, table.rows)))
    });
    step.map(Value::Stream)
}

fn distinct(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let column = arguments.text_or("column", "_value");
    let step = arguments.stream("tables")?.all("distinct", arguments.span, move |tables, _| {
        let mut groups = Groups::default();
        for table in tables {
            let mut columns = table.key_columns();
            let (values, rows) = if let Some(values) = table.values(&column) {
                let rows = first_rows(values, table.rows);
                (values.take(&rows), rows.len())
            } else {
                (Values::null(DataType::String), 1)
            };
            match columns.iter_mut().find(|column| &*column.label == "_value") {
                Some(column) => column.values = values,
                None => columns.push(Column::new("_value", values)),
            }
            groups.add(Table::new(columns, rows));
        }
        groups.into_tables()
    });
    step.map(Value::Stream)
}
