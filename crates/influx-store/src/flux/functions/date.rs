//! Package `date`: parts of times, and arithmetic with durations. All in UTC.

use super::super::arguments::{Accepts, Arguments, required};
use super::super::calendar::{self, Windows, civil};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::value::{Duration, Value};
use super::Builtin;

const T: &[super::Parameter] = &[required("t", Accepts::Any)];

macro_rules! part {
    ($name:literal, $part:expr) => {
        Builtin {
            name: $name,
            parameters: T,
            run: |interpreter, arguments| part_of(interpreter, arguments, $part),
        }
    };
}

pub(super) static FUNCTIONS: &[Builtin] = &[
    part!("second", |date| i64::from(date.second())),
    part!("minute", |date| i64::from(date.minute())),
    part!("hour", |date| i64::from(date.hour())),
    part!("weekDay", |date| i64::from(date.weekday().to_sunday_zero_offset())),
    part!("monthDay", |date| i64::from(date.day())),
    part!("yearDay", |date| i64::from(date.day_of_year())),
    part!("month", |date| i64::from(date.month())),
    part!("quarter", |date| (i64::from(date.month()) + 2) / 3),
    part!("year", |date| i64::from(date.year())),
    part!("week", |date| i64::from(date.date().iso_week_date().week())),
    part!("millisecond", |date| i64::from(date.subsec_nanosecond()) / 1_000_000),
    part!("microsecond", |date| i64::from(date.subsec_nanosecond()) / 1_000),
    part!("nanosecond", |date| i64::from(date.subsec_nanosecond())),
    Builtin {
        name: "add",
        parameters: &[required("d", Accepts::Duration), required("to", Accepts::Any)],
        run: |interpreter, arguments| shift(interpreter, arguments, "to", calendar::add),
    },
    Builtin {
        name: "sub",
        parameters: &[required("d", Accepts::Duration), required("from", Accepts::Any)],
        run: |interpreter, arguments| shift(interpreter, arguments, "from", calendar::subtract),
    },
    Builtin {
        name: "truncate",
        parameters: &[required("t", Accepts::Any), required("unit", Accepts::Duration)],
        run: truncate,
    },
];

/// A time, or a duration relative to now; none if it is null.
fn time(
    interpreter: &Interpreter,
    arguments: &Arguments,
    name: &str,
) -> Result<Option<i64>, Failure> {
    match arguments.value(name)? {
        Value::Time(time) => Ok(Some(*time)),
        Value::Duration(duration) => Ok(Some(calendar::add(interpreter.now, *duration))),
        Value::Null => Ok(None),
        other => {
            let message =
                format!("expected time but found {} (argument {name})", other.type_name());
            Err(Failure::check(arguments.place(name), message))
        }
    }
}

fn part_of(
    interpreter: &Interpreter,
    arguments: &Arguments,
    part: fn(jiff::civil::DateTime) -> i64,
) -> Result<Value, Failure> {
    match time(interpreter, arguments, "t")? {
        Some(time) => Ok(Value::Int(part(civil(time)?))),
        None => Ok(Value::Null),
    }
}

fn shift(
    interpreter: &Interpreter,
    arguments: &Arguments,
    name: &str,
    change: fn(i64, Duration) -> i64,
) -> Result<Value, Failure> {
    let by = arguments.duration("d").unwrap_or_default();
    Ok(time(interpreter, arguments, name)?
        .map_or(Value::Null, |time| Value::Time(change(time, by))))
}

fn truncate(interpreter: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let unit = arguments.duration("unit").unwrap_or_default();
    let windows = Windows::new(unit, unit, Duration::default())?;
    Ok(time(interpreter, arguments, "t")?
        .map_or(Value::Null, |time| Value::Time(windows.start_at(time))))
}
