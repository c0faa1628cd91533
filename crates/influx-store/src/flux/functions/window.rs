//! Functions that cut time into windows: `window`, `aggregateWindow`.

use std::collections::BTreeSet;
use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::calendar::{Windows, is_zero};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::stream::{Context, Step, Stream};
use super::super::table::{Column, Groups, Table};
use super::super::value::{Duration, Value};
use super::Builtin;
use super::aggregate::Aggregate;
use super::select::Selector;
use crate::storage::TimeRange;

/// `inf`: as a window, the whole range.
pub(super) const INFINITE: Duration =
    Duration { months: 0, nanoseconds: i64::MAX, negative: false };
const ZERO: Duration = Duration { months: 0, nanoseconds: 0, negative: false };

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "window",
        parameters: &[
            piped("tables"),
            optional("every", Accepts::Duration),
            optional("period", Accepts::Duration),
            optional("offset", Accepts::Duration),
            optional("timeColumn", Accepts::String),
            optional("createEmpty", Accepts::Bool),
        ],
        run: window,
    },
    Builtin {
        name: "aggregateWindow",
        parameters: &[
            piped("tables"),
            required("every", Accepts::Duration),
            optional("period", Accepts::Duration),
            optional("offset", Accepts::Duration),
            required("fn", Accepts::Function),
            optional("column", Accepts::String),
            optional("timeSrc", Accepts::String),
            optional("timeDst", Accepts::String),
            optional("createEmpty", Accepts::Bool),
        ],
        run: aggregate_window,
    },
];

fn windows_of(arguments: &Arguments) -> Result<Windows, Failure> {
    let (every, period) = (arguments.duration("every"), arguments.duration("period"));
    let every_given = every.or(period).unwrap_or(ZERO);
    Windows::new(
        every_given,
        period.or(every).unwrap_or(ZERO),
        arguments.duration("offset").unwrap_or(ZERO),
    )
}

fn is_infinite(duration: Option<Duration>) -> bool {
    duration == Some(INFINITE)
}

/// The range of a table: what `range` wrote into its key.
fn range_of(table: &Table) -> Result<TimeRange, Failure> {
    let bound = |label: &str| {
        let column = table.column(label).filter(|column| column.group);
        column.and_then(|column| column.values.time(0))
    };
    match (bound("_start"), bound("_stop")) {
        (Some(start), Some(stop)) => Ok(TimeRange { start, stop }),
        _ => Err(Failure::new("nil bounds passed to window; use range to set the window range")),
    }
}

fn times_of<'a>(table: &'a Table, label: &str) -> Result<&'a Values, Failure> {
    let values = table.values(label).filter(|values| values.data_type() == DataType::Time);
    values.ok_or_else(|| Failure::new(format!("missing time column {label:?}")))
}

/// The rows of each window, by the start of the window.
struct Cut {
    /// Row numbers, window by window.
    rows: Vec<usize>,
    /// The start of each window with its part of `rows`.
    windows: Vec<(i64, std::ops::Range<usize>)>,
}

fn cut(
    table: &Table,
    times: &Values,
    windows: &Windows,
    range: TimeRange,
    create_empty: bool,
    context: &Context,
) -> Result<Cut, Failure> {
    let most = context.limits.windows;
    let mut pairs: Vec<(i64, usize)> = Vec::with_capacity(table.rows);
    // Rows mostly come by time, so the window of the row before is mostly that of the next.
    let mut present: Option<(i64, i64)> = None;
    for row in 0..table.rows {
        context.check_row(row)?;
        let Some(time) = times.time(row) else { continue };
        if windows.is_partition() {
            let (start, _) = match present {
                Some((start, stop)) if start <= time && time < stop => (start, stop),
                _ => {
                    let start = windows.start_at(time);
                    (start, windows.next(start))
                }
            };
            present = Some((start, windows.next(start)));
            pairs.push((start, row));
        } else {
            let mut start = windows.first_reaching(time, most)?;
            while start <= time {
                if windows.stop(start) > time {
                    pairs.push((start, row));
                }
                let next = windows.next(start);
                if next <= start {
                    break;
                }
                start = next;
            }
            if pairs.len() > table.rows.saturating_add(most) {
                return Err(Failure::limit(format!("more than {most} windows")));
            }
        }
    }
    if !pairs.is_sorted_by_key(|(start, _)| *start) {
        pairs.sort_by_key(|(start, _)| *start);
    }
    let mut starts: BTreeSet<i64> = BTreeSet::new();
    if create_empty {
        if let Some(length) = windows.fixed_length() {
            let count =
                (i128::from(range.stop) - i128::from(range.start)) / i128::from(length.max(1));
            if count > most as i128 {
                return Err(Failure::limit(format!("more than {most} windows")));
            }
        }
        let mut start = windows.first_reaching(range.start, most)?;
        while start < range.stop {
            starts.insert(start);
            let next = windows.next(start);
            if next <= start || starts.len() > most {
                return Err(Failure::limit(format!("more than {most} windows")));
            }
            start = next;
        }
    }
    let mut cut = Cut { rows: pairs.iter().map(|(_, row)| *row).collect(), windows: Vec::new() };
    let mut empty = starts.into_iter().peekable();
    for (index, (start, _)) in pairs.iter().enumerate() {
        match cut.windows.last_mut() {
            Some((last, rows)) if last == start => rows.end = index + 1,
            _ => {
                while let Some(before) = empty.next_if(|before| before <= start) {
                    if before < *start {
                        cut.windows.push((before, index..index));
                    }
                }
                cut.windows.push((*start, index..index + 1));
            }
        }
        if cut.windows.len() > most {
            return Err(Failure::limit(format!("more than {most} windows")));
        }
    }
    let end = pairs.len();
    cut.windows.extend(empty.map(|start| (start, end..end)));
    Ok(cut)
}

fn window(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let time_column = arguments.text_or("timeColumn", "_time");
    if is_infinite(arguments.duration("every")) {
        return window_all(&input, arguments).map(Value::Stream);
    }
    let windows = windows_of(arguments)?;
    let create_empty = arguments.boolean("createEmpty").unwrap_or(false);
    let step = input.all("window", arguments.span, move |tables, context| {
        let mut groups = Groups::default();
        for table in tables {
            let range = range_of(&table)?;
            let cut = cut(
                &table,
                times_of(&table, &time_column)?,
                &windows,
                range,
                create_empty,
                context,
            )?;
            for (start, rows) in &cut.windows {
                let mut part = table.take(cut.rows.get(rows.clone()).unwrap_or_default());
                let bounds = [
                    ("_start", (*start).max(range.start)),
                    ("_stop", windows.stop(*start).min(range.stop)),
                ];
                for (label, time) in bounds {
                    part.put(Column::key(label, DataType::Time, Value::Time(time)));
                }
                groups.add(part);
            }
        }
        groups.into_tables()
    });
    step.map(Value::Stream)
}

/// `window(every: inf)`: one window over all that the windows before it covered.
fn window_all(input: &Stream, arguments: &Arguments) -> Result<Stream, Failure> {
    input.all("window", arguments.span, |tables, _| {
        let ranges = tables.iter().map(range_of).collect::<Result<Vec<_>, _>>()?;
        let start = ranges.iter().map(|range| range.start).min().unwrap_or(0);
        let stop = ranges.iter().map(|range| range.stop).max().unwrap_or(0);
        let mut groups = Groups::default();
        for mut table in tables {
            table.put(Column::key("_start", DataType::Time, Value::Time(start)));
            table.put(Column::key("_stop", DataType::Time, Value::Time(stop)));
            groups.add(table);
        }
        groups.into_tables()
    })
}

/// What the function of `aggregateWindow` does with a window, where it is one of the common ones.
#[derive(Debug, Clone, Copy)]
enum Reducer {
    Aggregate(Aggregate),
    Selector(Selector),
}

/// What `aggregateWindow` is asked for.
struct Request {
    windows: Windows,
    column: Arc<str>,
    time_source: Arc<str>,
    time_target: Arc<str>,
    create_empty: bool,
}

fn aggregate_window(
    interpreter: &mut Interpreter,
    arguments: &Arguments,
) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let every = arguments.duration("every").unwrap_or(ZERO);
    if is_zero(every) {
        return Err(Failure::new(
            "window function requires at least one of \"every\" or \"period\" to be set and non-zero",
        ));
    }
    let request = Request {
        windows: windows_of(arguments)?,
        column: arguments.text_or("column", "_value"),
        time_source: arguments.text_or("timeSrc", "_stop"),
        time_target: arguments.text_or("timeDst", "_time"),
        create_empty: arguments.boolean("createEmpty").unwrap_or(true),
    };
    let function = arguments.value("fn")?;
    let reducer = match function {
        Value::Builtin(builtin) => Aggregate::of(builtin.name)
            .map(Reducer::Aggregate)
            .or_else(|| Selector::of(builtin.name).map(Reducer::Selector)),
        _ => None,
    };
    match reducer {
        Some(reducer) if matches!(&*request.time_source, "_start" | "_stop") => {
            let each = move |table: Table, context: &Arc<Context>| {
                let tables = reduce_windows(&table, reducer, &request, context)?;
                Ok(tables.into_iter().collect())
            };
            input
                .then("aggregateWindow", arguments.span, Step::Tables(Box::new(each)))
                .map(Value::Stream)
        }
        _ => composed(interpreter, arguments, &request.time_source, &request.time_target),
    }
}

/// All windows of one table; none if the table has no rows.
fn reduce_windows(
    table: &Table,
    reducer: Reducer,
    request: &Request,
    context: &Context,
) -> Result<Option<Table>, Failure> {
    if table.rows == 0 {
        return Ok(None);
    }
    let range = range_of(table)?;
    let values = table
        .values(&request.column)
        .ok_or_else(|| Failure::new(format!("column {:?} does not exist", request.column)))?;
    let cut = cut(
        table,
        times_of(table, "_time")?,
        &request.windows,
        range,
        request.create_empty,
        context,
    )?;
    let mut chosen = Vec::with_capacity(cut.windows.len());
    let mut times = Vec::with_capacity(cut.windows.len());
    let mut builder = match reducer {
        Reducer::Aggregate(aggregate) => {
            Builder::new(aggregate.result_type(values.data_type())?, cut.windows.len())
        }
        Reducer::Selector(_) => Builder::new(values.data_type(), 0),
    };
    for (start, rows) in &cut.windows {
        let rows = cut.rows.get(rows.clone()).unwrap_or_default().iter().copied();
        match reducer {
            Reducer::Aggregate(aggregate) => builder.push(&aggregate.compute(values, rows)?)?,
            Reducer::Selector(selector) => match selector.choose(values, rows)? {
                Some(row) => chosen.push(row),
                // Beyond all rows: null.
                None if request.create_empty => chosen.push(table.rows),
                None => continue,
            },
        }
        let time = if &*request.time_source == "_start" {
            (*start).max(range.start)
        } else {
            request.windows.stop(*start).min(range.stop)
        };
        times.push(Some(time));
    }
    let rows = times.len();
    let times = Values::Time(Arc::new(times));
    let mut result = match reducer {
        Reducer::Selector(_) => table.take(&chosen),
        Reducer::Aggregate(_) => {
            let kept = |column: &&Column| {
                column.group || column.label == request.column || &*column.label == "_time"
            };
            let mut result = Table::new(table.columns.iter().filter(kept).cloned().collect(), rows);
            result.put(Column::new(Arc::clone(&request.column), builder.finish()));
            if &*request.time_target != "_time" {
                result.columns.retain(|column| &*column.label != "_time");
            }
            result
        }
    };
    result.put(Column::new(Arc::clone(&request.time_target), times));
    Ok(Some(result))
}

/// For any other function: window, function, duplicate, window over all.
fn composed(
    interpreter: &mut Interpreter,
    arguments: &Arguments,
    time_source: &Arc<str>,
    time_target: &Arc<str>,
) -> Result<Value, Failure> {
    let span = arguments.span;
    let named = |name: &str, value: Value| (Arc::<str>::from(name), value, span);
    let column = Value::String(arguments.text_or("column", "_value"));
    let call = |interpreter: &mut Interpreter, name: &str, given, input: Value| {
        let function = super::universe(name).unwrap_or(Value::Null);
        interpreter.call(&function, given, Some(input), span)
    };
    let mut given =
        vec![named("createEmpty", Value::Bool(arguments.boolean("createEmpty").unwrap_or(true)))];
    for name in ["every", "period", "offset"] {
        given.extend(arguments.get(name).map(|value| named(name, value.clone())));
    }
    let windows = call(interpreter, "window", given, Value::Stream(arguments.stream("tables")?))?;
    let function = arguments.value("fn")?.clone();
    let reduced =
        interpreter.call(&function, vec![named("column", column)], Some(windows), span)?;
    let (source, target) =
        (Value::String(Arc::clone(time_source)), Value::String(Arc::clone(time_target)));
    let timed = call(
        interpreter,
        "duplicate",
        vec![named("column", source), named("as", target)],
        reduced,
    )?;
    call(interpreter, "window", vec![named("every", Value::Duration(INFINITE))], timed)
}
