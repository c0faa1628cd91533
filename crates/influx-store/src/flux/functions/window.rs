//! Functions that cut time into windows: `window`, `aggregateWindow`.

use std::collections::BTreeSet;
use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::calendar::{Steps, Windows, is_zero};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::stream::read::windowed::WindowedRead;
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
    let mut steps = Steps::new(*windows);
    for row in 0..table.rows {
        context.check_row(row)?;
        let Some(time) = times.time(row) else { continue };
        if windows.is_partition() {
            pairs.push((steps.start_of(time), row));
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
    let starts = if create_empty { starts_within(windows, range, most)? } else { BTreeSet::new() };
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

/// The starts of all windows that reach into the range.
pub(crate) fn starts_within(
    windows: &Windows,
    range: TimeRange,
    most: usize,
) -> Result<BTreeSet<i64>, Failure> {
    let exceeded = || Failure::limit(format!("more than {most} windows"));
    if let Some(length) = windows.fixed_length() {
        let count = (i128::from(range.stop) - i128::from(range.start)) / i128::from(length.max(1));
        if count > most as i128 {
            return Err(exceeded());
        }
    }
    let mut starts = BTreeSet::new();
    let mut start = windows.first_reaching(range.start, most)?;
    while start < range.stop {
        starts.insert(start);
        let next = windows.next(start);
        if next <= start || starts.len() > most {
            return Err(exceeded());
        }
        start = next;
    }
    Ok(starts)
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reducer {
    Aggregate(Aggregate),
    Selector(Selector),
}

impl Reducer {
    fn of(name: &str) -> Option<Self> {
        Aggregate::of(name).map(Self::Aggregate).or_else(|| Selector::of(name).map(Self::Selector))
    }

    /// The type of what it makes of values of this type.
    pub(crate) fn result_type(self, data_type: DataType) -> Result<DataType, Failure> {
        match self {
            Self::Aggregate(aggregate) => aggregate.result_type(data_type),
            Self::Selector(selector) => selector.check(data_type).map(|()| data_type),
        }
    }
}

/// What `aggregateWindow` is asked for.
pub(crate) struct Request {
    pub(crate) windows: Windows,
    pub(crate) reducer: Reducer,
    column: Arc<str>,
    time_source: Arc<str>,
    time_target: Arc<str>,
    pub(crate) create_empty: bool,
}

impl Request {
    /// The time of the row that a window becomes.
    pub(crate) fn time(&self, start: i64, range: TimeRange) -> i64 {
        if &*self.time_source == "_start" {
            start.max(range.start)
        } else {
            self.windows.stop(start).min(range.stop)
        }
    }

    /// Whether it is about nothing but the columns that come from storage, in windows that do not overlap.
    fn fits_storage(&self) -> bool {
        &*self.column == "_value" && &*self.time_target == "_time" && self.windows.is_partition()
    }
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
    let windows = windows_of(arguments)?;
    let time_source = arguments.text_or("timeSrc", "_stop");
    let time_target = arguments.text_or("timeDst", "_time");
    let reducer = match arguments.value("fn")? {
        Value::Builtin(builtin) => Reducer::of(builtin.name),
        _ => None,
    };
    let Some(reducer) = reducer.filter(|_| matches!(&*time_source, "_start" | "_stop")) else {
        return composed(interpreter, arguments, &time_source, &time_target);
    };
    let request = Request {
        windows,
        reducer,
        column: arguments.text_or("column", "_value"),
        time_source,
        time_target,
        create_empty: arguments.boolean("createEmpty").unwrap_or(true),
    };
    if let Some(read) = input.as_read()
        && read.is_plain()
        && request.fits_storage()
        && WindowedRead::computes(reducer)
    {
        let read = WindowedRead::new(read, request, &interpreter.context);
        return Ok(Value::Stream(Stream::windowed(read, arguments.span)));
    }
    let each = move |table: Table, context: &Arc<Context>| {
        let tables = reduce_windows(&table, &request, context)?;
        Ok(tables.into_iter().collect())
    };
    input.then("aggregateWindow", arguments.span, Step::Tables(Box::new(each))).map(Value::Stream)
}

/// All windows of one table; none if the table has no rows.
fn reduce_windows(
    table: &Table,
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
    let reducer = request.reducer;
    let mut builder = Builder::new(reducer.result_type(values.data_type())?, cut.windows.len());
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
        times.push(Some(request.time(*start, range)));
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
