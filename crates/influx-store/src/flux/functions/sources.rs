//! Where streams start (`from`, `array.from`, `buckets`), their time range, and where they end (`yield`).

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::calendar;
use super::super::column::{Builder, Values};
use super::super::error::{ErrorCode, Failure};
use super::super::interpreter::Interpreter;
use super::super::stream::read::{BucketSelector, Read, storage};
use super::super::stream::{Context, Stream};
use super::super::table::{Column, Table};
use super::super::value::Value;
use super::Builtin;
use crate::storage::TimeRange;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "from",
        parameters: &[optional("bucket", Accepts::String), optional("bucketID", Accepts::String)],
        run: from,
    },
    Builtin {
        name: "range",
        parameters: &[
            piped("tables"),
            required("start", Accepts::Moment),
            optional("stop", Accepts::Moment),
        ],
        run: range,
    },
    Builtin { name: "buckets", parameters: &[], run: |_, arguments| Ok(buckets(arguments)) },
    Builtin {
        name: "yield",
        parameters: &[piped("tables"), optional("name", Accepts::String)],
        run: yield_result,
    },
    Builtin {
        name: "now",
        parameters: &[],
        run: |interpreter, _| Ok(Value::Time(interpreter.now)),
    },
    Builtin { name: "today", parameters: &[], run: |interpreter, _| Ok(today(interpreter)) },
];

pub(super) static INFLUXDB: &[Builtin] =
    &[Builtin { name: "buckets", parameters: &[], run: |_, arguments| Ok(buckets(arguments)) }];

pub(super) static ARRAY: &[Builtin] =
    &[Builtin { name: "from", parameters: &[required("rows", Accepts::Array)], run: array_from }];

fn from(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let bucket = match (arguments.text("bucket"), arguments.text("bucketID")) {
        (Some(name), None) => BucketSelector::Name(name),
        (None, Some(id)) => BucketSelector::Id(id),
        (None, None) => return Err(Failure::new("must specify bucket or bucketID")),
        (Some(_), Some(_)) => {
            return Err(Failure::new("must specify only one of bucket or bucketID"));
        }
    };
    Ok(Value::Stream(Stream::read(Read::new(bucket), arguments.span)))
}

/// A time argument: absolute, relative to now, or seconds since the epoch.
pub(super) fn moment(interpreter: &Interpreter, arguments: &Arguments, name: &str) -> Option<i64> {
    match arguments.get(name)? {
        Value::Time(time) => Some(*time),
        Value::Duration(duration) => Some(calendar::add(interpreter.now, *duration)),
        Value::Int(seconds) => Some(seconds.saturating_mul(1_000_000_000)),
        _ => None,
    }
}

/// The range of `start` and `stop`, or of the last 30 days where a function has that default.
pub(super) fn bounds(
    interpreter: &Interpreter,
    arguments: &Arguments,
    default_start: i64,
) -> Result<TimeRange, Failure> {
    let start = moment(interpreter, arguments, "start").unwrap_or(default_start);
    let stop = moment(interpreter, arguments, "stop").unwrap_or(interpreter.now);
    if stop <= start {
        Err(Failure::new("cannot query an empty range"))
    } else {
        Ok(TimeRange { start, stop })
    }
}

fn range(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let range = bounds(interpreter, arguments, i64::MIN)?;
    if let Some(read) = input.as_read()
        && read.range.is_none()
    {
        return Ok(Value::Stream(Stream::read(
            Read { range: Some(range), ..read.clone() },
            arguments.span,
        )));
    }
    let step = input.tables("range", arguments.span, move |table, _| {
        let times =
            table.values("_time").ok_or_else(|| Failure::new("no column \"_time\" exists"))?;
        let within = |row: &usize| {
            times.time(*row).is_some_and(|time| range.start <= time && time < range.stop)
        };
        let rows: Vec<usize> = (0..table.rows).filter(within).collect();
        let mut table = table.take(&rows);
        table.put(Column::key("_start", DataType::Time, Value::Time(range.start)));
        table.put(Column::key("_stop", DataType::Time, Value::Time(range.stop)));
        Ok(table)
    });
    step.map(Value::Stream)
}

fn yield_result(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let stream = arguments.stream("tables")?;
    interpreter.add_result(arguments.text_or("name", "_result"), stream.clone(), true)?;
    Ok(Value::Stream(stream.into_yielded()))
}

fn today(interpreter: &Interpreter) -> Value {
    const DAY: i64 = 86_400_000_000_000;
    Value::Time(interpreter.now.saturating_sub(interpreter.now.rem_euclid(DAY)))
}

fn buckets(arguments: &Arguments) -> Value {
    let make = |context: &Arc<Context>| {
        let mut buckets = context.source.buckets().map_err(storage)?;
        buckets.sort_by(|left, right| left.name.cmp(&right.name));
        let Some(organization) = buckets.first().map(|bucket| bucket.organization_id.clone())
        else {
            let message =
                format!("no buckets found in organization {}", context.source.organization_id());
            return Err(Failure::unavailable(message).with_code(ErrorCode::NotFound));
        };
        let text = |value: fn(&super::super::source::BucketInfo) -> String| {
            Values::String(Arc::new(
                buckets.iter().map(|bucket| Some(value(bucket).into())).collect(),
            ))
        };
        let retention = buckets
            .iter()
            .map(|bucket| Some(bucket.retention_seconds.saturating_mul(1_000_000_000)));
        let columns = vec![
            Column::new("name", text(|bucket| bucket.name.clone())),
            Column::new("id", text(|bucket| format!("{:016x}", bucket.id.0))),
            Column::key("organizationID", DataType::String, Value::string(organization)),
            Column::new("retentionPolicy", Values::constant(DataType::String, Value::string(""))),
            Column::new("retentionPeriod", Values::Long(Arc::new(retention.collect()))),
        ];
        Ok(vec![Table::new(columns, buckets.len())])
    };
    Value::Stream(Stream::make("buckets", arguments.span, make))
}

fn array_from(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let Value::Array(rows) = arguments.value("rows")? else {
        return Err(Failure::new("rows must be an array"));
    };
    let mut columns: Vec<(Arc<str>, Builder)> = Vec::new();
    for (index, row) in rows.items.iter().enumerate() {
        let Value::Record(record) = row else {
            return Err(Failure::new(format!("expected record but found {}", row.type_name())));
        };
        for (label, value) in &record.properties {
            let known = columns.iter().position(|(other, _)| other == label);
            if known.is_none() && !value.is_null() {
                let data_type = value.data_type().ok_or_else(|| {
                    Failure::new(format!(
                        "cannot represent the type {} as column data",
                        value.type_name()
                    ))
                })?;
                let mut builder = Builder::new(data_type, rows.items.len());
                builder.push_nulls(index);
                columns.push((Arc::clone(label), builder));
            }
        }
        for (label, builder) in &mut columns {
            builder.push(record.get(label).unwrap_or(&Value::Null))?;
        }
    }
    if rows.items.is_empty() {
        return Err(Failure::new("rows must be non-empty"));
    }
    let columns =
        columns.into_iter().map(|(label, builder)| Column::new(label, builder.finish())).collect();
    let table = Table::new(columns, rows.items.len());
    Ok(Value::Stream(Stream::make("array.from", arguments.span, move |_| Ok(vec![table.clone()]))))
}
