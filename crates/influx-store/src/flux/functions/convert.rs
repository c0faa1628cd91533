//! Conversions between types, of values and of columns, and the functions of scalars that need no import.

use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::flux::ast::{ExpressionKind, Statement};
use influx_wire::time::parse_rfc3339;

use super::super::arguments::{Accepts, Arguments, piped, required};
use super::super::column::{Builder, Values};
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::operators;
use super::super::table::Column;
use super::super::value::{Duration, Value};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin { name: "int", parameters: VALUE, run: |_, arguments| to_int(arguments.value("v")?) },
    Builtin { name: "uint", parameters: VALUE, run: |_, arguments| to_uint(arguments.value("v")?) },
    Builtin {
        name: "float",
        parameters: VALUE,
        run: |_, arguments| to_float(arguments.value("v")?),
    },
    Builtin {
        name: "string",
        parameters: VALUE,
        run: |_, arguments| to_text(arguments.value("v")?),
    },
    Builtin { name: "bool", parameters: VALUE, run: |_, arguments| to_bool(arguments.value("v")?) },
    Builtin { name: "time", parameters: VALUE, run: |_, arguments| to_time(arguments.value("v")?) },
    Builtin {
        name: "duration",
        parameters: VALUE,
        run: |_, arguments| to_duration(arguments.value("v")?),
    },
    Builtin {
        name: "toInt",
        parameters: TABLES,
        run: |_, a| column("toInt", a, DataType::Long, to_int),
    },
    Builtin {
        name: "toUInt",
        parameters: TABLES,
        run: |_, a| column("toUInt", a, DataType::UnsignedLong, to_uint),
    },
    Builtin {
        name: "toFloat",
        parameters: TABLES,
        run: |_, a| column("toFloat", a, DataType::Double, to_float),
    },
    Builtin {
        name: "toString",
        parameters: TABLES,
        run: |_, a| column("toString", a, DataType::String, to_text),
    },
    Builtin {
        name: "toBool",
        parameters: TABLES,
        run: |_, a| column("toBool", a, DataType::Boolean, to_bool),
    },
    Builtin {
        name: "toTime",
        parameters: TABLES,
        run: |_, a| column("toTime", a, DataType::Time, to_time),
    },
    Builtin { name: "length", parameters: &[required("arr", Accepts::Array)], run: length },
    Builtin {
        name: "contains",
        parameters: &[required("value", Accepts::Any), required("set", Accepts::Array)],
        run: contains,
    },
    Builtin { name: "die", parameters: &[required("msg", Accepts::String)], run: die },
    Builtin { name: "display", parameters: VALUE, run: display },
];

const VALUE: &[super::Parameter] = &[required("v", Accepts::Any)];
const TABLES: &[super::Parameter] = &[piped("tables")];

fn cannot(value: &Value, target: &str) -> Failure {
    Failure::new(format!("cannot convert {} to {target}", value.type_name()))
}

fn syntax(text: &str, target: &str) -> Failure {
    Failure::new(format!("cannot convert string {text:?} to {target} due to invalid syntax"))
}

fn to_int(value: &Value) -> Result<Value, Failure> {
    Ok(Value::Int(match value {
        Value::Null => return Ok(Value::Null),
        Value::Int(value) | Value::Time(value) => *value,
        Value::UInt(value) => *value as i64,
        Value::Bool(value) => i64::from(*value),
        // As the real server's processor does it: what does not fit is the smallest integer.
        Value::Float(value) if value.is_finite() && value.abs() < 9.3e18 => *value as i64,
        Value::Float(_) => i64::MIN,
        Value::Duration(value) if value.months == 0 => {
            if value.negative {
                value.nanoseconds.wrapping_neg()
            } else {
                value.nanoseconds
            }
        }
        Value::String(text) => text.parse().map_err(|_| syntax(text, "int"))?,
        other => return Err(cannot(other, "int")),
    }))
}

fn to_uint(value: &Value) -> Result<Value, Failure> {
    Ok(Value::UInt(match value {
        Value::Null => return Ok(Value::Null),
        Value::UInt(value) => *value,
        Value::String(text) => text.parse().map_err(|_| syntax(text, "uint"))?,
        Value::Float(value) if *value >= 0.0 => *value as u64,
        other => match to_int(other).map_err(|_| cannot(other, "uint"))? {
            Value::Int(value) => value as u64,
            _ => return Ok(Value::Null),
        },
    }))
}

fn to_float(value: &Value) -> Result<Value, Failure> {
    Ok(Value::Float(match value {
        Value::Null => return Ok(Value::Null),
        Value::Float(value) => *value,
        Value::Int(value) => *value as f64,
        Value::UInt(value) => *value as f64,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::String(text) => text.parse().map_err(|_| syntax(text, "float"))?,
        other => return Err(cannot(other, "float")),
    }))
}

fn to_text(value: &Value) -> Result<Value, Failure> {
    match value {
        Value::Null | Value::String(_) => Ok(value.clone()),
        value => value.to_text().map(Value::string).ok_or_else(|| cannot(value, "string")),
    }
}

fn to_bool(value: &Value) -> Result<Value, Failure> {
    let refuse = |text: String| {
        Err(Failure::new(format!(
            "cannot convert {} {text} to bool, must be 0 or 1",
            value.type_name()
        )))
    };
    Ok(Value::Bool(match value {
        Value::Null => return Ok(Value::Null),
        Value::Bool(value) => *value,
        Value::String(text) => match &**text {
            "true" => true,
            "false" => false,
            _ => return Err(syntax(text, "bool")),
        },
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => match value.as_number() {
            Some(0.0) => false,
            Some(1.0) => true,
            _ => return refuse(value.to_text().unwrap_or_default()),
        },
        other => return Err(cannot(other, "bool")),
    }))
}

pub(super) fn to_time(value: &Value) -> Result<Value, Failure> {
    Ok(Value::Time(match value {
        Value::Null => return Ok(Value::Null),
        Value::Time(value) | Value::Int(value) => *value,
        Value::UInt(value) => *value as i64,
        Value::String(text) => {
            let date_only = || parse_rfc3339(&format!("{text}T00:00:00Z"));
            parse_rfc3339(text).or_else(|_| date_only()).map_err(|_| syntax(text, "time"))?
        }
        other => return Err(cannot(other, "time")),
    }))
}

fn to_duration(value: &Value) -> Result<Value, Failure> {
    match value {
        Value::Null | Value::Duration(_) => Ok(value.clone()),
        Value::Int(nanoseconds) => Ok(Value::Duration(Duration {
            months: 0,
            nanoseconds: nanoseconds.checked_abs().unwrap_or(i64::MAX),
            negative: *nanoseconds < 0,
        })),
        Value::String(text) => {
            parse_duration(text).map(Value::Duration).ok_or_else(|| syntax(text, "duration"))
        }
        other => Err(cannot(other, "duration")),
    }
}

/// Reads a duration as the language does.
fn parse_duration(text: &str) -> Option<Duration> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    // Nothing but a literal gets to the parser.
    if digits.len() > 64 || !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if !digits.chars().all(|character| character.is_ascii_alphanumeric() || character == 'µ') {
        return None;
    }
    let file = influx_wire::flux::parse(digits).ok()?;
    match file.body.as_slice() {
        [Statement::Expression(expression)] => match &expression.kind {
            ExpressionKind::Duration(duration) => {
                Some(Duration { negative: duration.negative != sign, ..*duration })
            }
            _ => None,
        },
        _ => None,
    }
}

fn column(
    name: &'static str,
    arguments: &Arguments,
    data_type: DataType,
    convert: fn(&Value) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let step = arguments.stream("tables")?.parts(name, arguments.span, move |mut table, _| {
        let Some(old) = table.column("_value") else {
            return Err(Failure::new("record is missing label _value (argument tables)"));
        };
        if old.values.data_type() == data_type {
            return Ok(Some(table));
        }
        let values = match (&old.values, data_type) {
            // The usual case, without boxing each number.
            (Values::Long(values), DataType::Double) => Values::Double(Arc::new(
                values.iter().map(|value| value.map(|value| value as f64)).collect(),
            )),
            (values, _) => {
                let mut builder = Builder::new(data_type, table.rows);
                for row in 0..table.rows {
                    let value = convert(&values.get(row)).map_err(|failure| {
                        failure.map_message(|message| {
                            format!("failed to evaluate map function: {message}")
                        })
                    })?;
                    builder.push(&value)?;
                }
                builder.finish()
            }
        };
        let values = if old.group { Values::constant(data_type, values.get(0)) } else { values };
        let group = old.group;
        table.put(Column { label: "_value".into(), group, values });
        Ok(Some(table))
    });
    step.map(Value::Stream)
}

fn length(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    match arguments.value("arr")? {
        Value::Array(array) => Ok(Value::Int(array.items.len() as i64)),
        other => Err(cannot(other, "array")),
    }
}

fn contains(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let value = arguments.value("value")?;
    let Value::Array(set) = arguments.value("set")? else { return Ok(Value::Bool(false)) };
    Ok(Value::Bool(set.items.iter().any(|item| operators::equals(value, item) == Some(true))))
}

fn die(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    Err(Failure::new(arguments.required_text("msg")?.to_string()))
}

fn display(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let value = arguments.value("v")?;
    let text = value.to_text().unwrap_or_else(|| format!("<{}>", value.type_name()));
    Ok(Value::string(text))
}
