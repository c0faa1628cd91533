//! Package `strings`: functions of text. Lengths and positions count characters.

use std::sync::Arc;

use super::super::arguments::{Accepts, Arguments, required};
use super::super::error::Failure;
use super::super::operators::join_text;
use super::super::value::{Array, Value};
use super::Builtin;

const V: &[super::Parameter] = &[required("v", Accepts::Any)];

macro_rules! of_text {
    ($name:literal, $function:expr) => {
        Builtin {
            name: $name,
            parameters: V,
            run: |_, arguments| Ok(text(arguments, "v")?.map_or(Value::Null, |v| $function(&*v))),
        }
    };
}

macro_rules! of_two {
    ($name:literal, $other:literal, $function:expr) => {
        Builtin {
            name: $name,
            parameters: &[required("v", Accepts::Any), required($other, Accepts::String)],
            run: |_, arguments| {
                let other = arguments.required_text($other)?;
                match text(arguments, "v")? {
                    Some(v) => $function(&*v, &*other),
                    None => Ok(Value::Null),
                }
            },
        }
    };
}

pub(super) static FUNCTIONS: &[Builtin] = &[
    of_text!("toUpper", |v: &str| Value::string(v.to_uppercase())),
    of_text!("toLower", |v: &str| Value::string(v.to_lowercase())),
    of_text!("trimSpace", |v: &str| Value::string(v.trim())),
    of_text!("strlen", |v: &str| Value::Int(v.chars().count() as i64)),
    of_two!("hasPrefix", "prefix", |v: &str, other: &str| Ok(Value::Bool(v.starts_with(other)))),
    of_two!("hasSuffix", "suffix", |v: &str, other: &str| Ok(Value::Bool(v.ends_with(other)))),
    of_two!("containsStr", "substr", |v: &str, other: &str| Ok(Value::Bool(v.contains(other)))),
    of_two!("trimPrefix", "prefix", |v: &str, other: &str| Ok(Value::string(
        v.strip_prefix(other).unwrap_or(v)
    ))),
    of_two!("trimSuffix", "suffix", |v: &str, other: &str| Ok(Value::string(
        v.strip_suffix(other).unwrap_or(v)
    ))),
    of_two!("split", "t", split),
    Builtin {
        name: "joinStr",
        parameters: &[required("arr", Accepts::Array), required("v", Accepts::String)],
        run: |_, arguments| join(arguments),
    },
    Builtin {
        name: "replaceAll",
        parameters: &[
            required("v", Accepts::Any),
            required("t", Accepts::String),
            required("u", Accepts::String),
        ],
        run: |_, arguments| replace_all(arguments),
    },
    Builtin {
        name: "substring",
        parameters: &[
            required("v", Accepts::Any),
            required("start", Accepts::Int),
            required("end", Accepts::Int),
        ],
        run: |_, arguments| substring(arguments),
    },
];

/// A string argument; none if it is null.
fn text(arguments: &Arguments, name: &str) -> Result<Option<Arc<str>>, Failure> {
    match arguments.value(name)? {
        Value::String(text) => Ok(Some(Arc::clone(text))),
        Value::Null => Ok(None),
        other => {
            let message =
                format!("expected string but found {} (argument {name})", other.type_name());
            Err(Failure::check(arguments.place(name), message))
        }
    }
}

fn split(v: &str, separator: &str) -> Result<Value, Failure> {
    let items = if separator.is_empty() {
        v.chars().map(|character| Value::string(character.to_string())).collect()
    } else {
        v.split(separator).map(Value::string).collect()
    };
    Ok(Value::Array(Arc::new(Array::new(items)?)))
}

fn join(arguments: &Arguments) -> Result<Value, Failure> {
    let (items, separator) =
        (arguments.texts("arr")?.unwrap_or_default(), arguments.required_text("v")?);
    let mut parts: Vec<&str> = Vec::with_capacity(items.len() * 2);
    for item in &items {
        if !parts.is_empty() {
            parts.push(&separator);
        }
        parts.push(item);
    }
    join_text(parts).map(Value::String)
}

fn replace_all(arguments: &Arguments) -> Result<Value, Failure> {
    let (from, to) = (arguments.required_text("t")?, arguments.required_text("u")?);
    let Some(v) = text(arguments, "v")? else { return Ok(Value::Null) };
    // Counted before it is made: the result may be far longer than all of its parts.
    let mut parts = Vec::new();
    for (index, part) in v.split(&*from).enumerate() {
        if index > 0 {
            parts.push(&*to);
        }
        parts.push(part);
    }
    join_text(parts).map(Value::String)
}

fn substring(arguments: &Arguments) -> Result<Value, Failure> {
    let Some(v) = text(arguments, "v")? else { return Ok(Value::Null) };
    let bound = |name: &str| usize::try_from(arguments.integer(name).unwrap_or(0)).unwrap_or(0);
    let (start, end) = (bound("start"), bound("end"));
    let part: String = v.chars().skip(start).take(end.saturating_sub(start)).collect();
    Ok(Value::string(part))
}
