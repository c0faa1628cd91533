//! Functions that compare a row with those before it: `difference derivative elapsed cumulativeSum increase`.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::table::{Column, Table};
use super::super::value::{Duration, Value, type_name};
use super::Builtin;

const SECOND: Duration = Duration { months: 0, nanoseconds: 1_000_000_000, negative: false };

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "difference",
        parameters: &[
            piped("tables"),
            optional("nonNegative", Accepts::Bool),
            optional("columns", Accepts::Array),
            optional("keepFirst", Accepts::Bool),
        ],
        run: difference,
    },
    Builtin {
        name: "derivative",
        parameters: &[
            piped("tables"),
            optional("unit", Accepts::Duration),
            optional("nonNegative", Accepts::Bool),
            optional("columns", Accepts::Array),
            optional("timeColumn", Accepts::String),
        ],
        run: derivative,
    },
    Builtin {
        name: "elapsed",
        parameters: &[
            piped("tables"),
            optional("unit", Accepts::Duration),
            optional("timeColumn", Accepts::String),
            optional("columnName", Accepts::String),
        ],
        run: elapsed,
    },
    Builtin {
        name: "cumulativeSum",
        parameters: &[piped("tables"), optional("columns", Accepts::Array)],
        run: cumulative_sum,
    },
    Builtin {
        name: "movingAverage",
        parameters: &[piped("tables"), required("n", Accepts::Int)],
        run: moving_average,
    },
];

fn columns_of(arguments: &Arguments) -> Result<Vec<Arc<str>>, Failure> {
    Ok(arguments.texts("columns")?.unwrap_or_else(|| vec!["_value".into()]))
}

fn numeric<'a>(table: &'a Table, label: &str) -> Result<&'a Values, Failure> {
    let values = super::select::existing(table, label)?;
    match values.data_type() {
        DataType::Long | DataType::UnsignedLong | DataType::Double => Ok(values),
        other => Err(Failure::new(format!("unsupported column type {}", type_name(other)))),
    }
}

fn without_first(table: &Table) -> Table {
    table.take(&(1..table.rows).collect::<Vec<_>>())
}

fn difference(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let columns = columns_of(arguments)?;
    let non_negative = arguments.boolean("nonNegative").unwrap_or(false);
    let keep_first = arguments.boolean("keepFirst").unwrap_or(false);
    let step = arguments.stream("tables")?.tables("difference", arguments.span, move |table, _| {
        let mut result = table.clone();
        for label in &columns {
            let values = numeric(&table, label)?;
            let floats = values.data_type() == DataType::Double;
            let mut builder =
                Builder::new(if floats { DataType::Double } else { DataType::Long }, table.rows);
            let mut last = Value::Null;
            for row in 0..table.rows {
                let value = values.get(row);
                let delta = match (&last, &value) {
                    (Value::Float(last), Value::Float(value)) => Value::Float(value - last),
                    (Value::Int(last), Value::Int(value)) => Value::Int(value.wrapping_sub(*last)),
                    (Value::UInt(last), Value::UInt(value)) => {
                        Value::Int(value.wrapping_sub(*last) as i64)
                    }
                    _ => Value::Null,
                };
                let negative = delta.as_number().is_some_and(|delta| delta < 0.0);
                builder.push(if non_negative && negative { &Value::Null } else { &delta })?;
                if !value.is_null() {
                    last = value;
                }
            }
            result.put(Column::new(Arc::clone(label), builder.finish()));
        }
        Ok(if keep_first { result } else { without_first(&result) })
    });
    step.map(Value::Stream)
}

fn unit_of(arguments: &Arguments) -> Result<i64, Failure> {
    let unit = arguments.duration("unit").unwrap_or(SECOND);
    if unit.months != 0 || unit.negative || unit.nanoseconds == 0 {
        return Err(Failure::new("unit must be a positive duration without months"));
    }
    Ok(unit.nanoseconds)
}

fn derivative(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let columns = columns_of(arguments)?;
    let unit = unit_of(arguments)?;
    let non_negative = arguments.boolean("nonNegative").unwrap_or(false);
    let time_column = arguments.text_or("timeColumn", "_time");
    let step = arguments.stream("tables")?.tables("derivative", arguments.span, move |table, _| {
        let times = super::select::existing(&table, &time_column)?;
        // Rows of equal time but the first say nothing about a rate.
        let mut kept: Vec<usize> = Vec::with_capacity(table.rows);
        for row in 0..table.rows {
            let Some(time) = times.time(row) else {
                return Err(Failure::new("derivative found null time"));
            };
            match kept.last().and_then(|last| times.time(*last)) {
                Some(last) if time < last => {
                    return Err(Failure::new("derivative found out-of-order times in time column"));
                }
                Some(last) if time == last => {}
                _ => kept.push(row),
            }
        }
        let table = table.take(&kept);
        let mut result = table.clone();
        let times = super::select::existing(&table, &time_column)?;
        for label in &columns {
            let values = numeric(&table, label)?;
            let mut rates = Vec::with_capacity(table.rows);
            let mut last: Option<(i64, f64)> = None;
            for row in 0..table.rows {
                let present = times.time(row).zip(values.number(row));
                let rate = last.zip(present).map(|((last_time, last), (time, value))| {
                    (value - last) * unit as f64 / (i128::from(time) - i128::from(last_time)) as f64
                });
                rates.push(rate.filter(|rate| !non_negative || *rate >= 0.0));
                last = present.or(last);
            }
            result.put(Column::new(Arc::clone(label), Values::Double(Arc::new(rates))));
        }
        Ok(without_first(&result))
    });
    step.map(Value::Stream)
}

fn elapsed(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let unit = unit_of(arguments)?;
    let time_column = arguments.text_or("timeColumn", "_time");
    let target = arguments.text_or("columnName", "elapsed");
    let step = arguments.stream("tables")?.tables("elapsed", arguments.span, move |table, _| {
        let times = super::select::existing(&table, &time_column)?;
        let since = |row: usize| {
            let before = row.checked_sub(1).and_then(|row| times.time(row))?;
            Some(times.time(row)?.wrapping_sub(before) / unit)
        };
        let values = Values::Long(Arc::new((0..table.rows).map(since).collect()));
        let mut result = table.clone();
        result.put(Column::new(Arc::clone(&target), values));
        Ok(without_first(&result))
    });
    step.map(Value::Stream)
}

fn cumulative_sum(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let columns = columns_of(arguments)?;
    let step =
        arguments.stream("tables")?.tables("cumulativeSum", arguments.span, move |table, _| {
            let mut result = table.clone();
            for label in &columns {
                let values = numeric(&table, label)?;
                let mut builder = Builder::new(values.data_type(), table.rows);
                let mut sum = match values.data_type() {
                    DataType::Double => Value::Float(0.0),
                    DataType::UnsignedLong => Value::UInt(0),
                    _ => Value::Int(0),
                };
                for row in 0..table.rows {
                    sum = match (&sum, values.get(row)) {
                        (Value::Float(sum), Value::Float(value)) => Value::Float(sum + value),
                        (Value::Int(sum), Value::Int(value)) => Value::Int(sum.wrapping_add(value)),
                        (Value::UInt(sum), Value::UInt(value)) => {
                            Value::UInt(sum.wrapping_add(value))
                        }
                        _ => sum,
                    };
                    builder.push(&sum)?;
                }
                result.put(Column::new(Arc::clone(label), builder.finish()));
            }
            Ok(result)
        });
    step.map(Value::Stream)
}

fn moving_average(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let count = usize::try_from(arguments.integer("n").unwrap_or(0)).unwrap_or(0);
    if count == 0 {
        return Err(Failure::new("cannot take moving average with a period of 0 or less"));
    }
    let step =
        arguments.stream("tables")?.tables("movingAverage", arguments.span, move |table, _| {
            let values = numeric(&table, "_value")?;
            let mean = |end: usize| {
                let window: Vec<f64> =
                    (end.saturating_sub(count)..end).filter_map(|row| values.number(row)).collect();
                (!window.is_empty()).then(|| window.iter().sum::<f64>() / window.len() as f64)
            };
            let ends: Vec<usize> = (count.min(table.rows).max(1)..=table.rows).collect();
            let means = Values::Double(Arc::new(ends.iter().map(|end| mean(*end)).collect()));
            let rows: Vec<usize> = ends.iter().map(|end| end - 1).collect();
            let mut result = table.take(&rows);
            result.put(Column::new("_value", means));
            Ok(result)
        });
    step.map(Value::Stream)
}
