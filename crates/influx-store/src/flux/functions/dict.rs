//! Package `dict`: look-ups in dictionaries.

use std::sync::Arc;

use super::super::arguments::{Accepts, Arguments, required};
use super::super::error::Failure;
use super::super::operators;
use super::super::value::{Dictionary, Value};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "get",
        parameters: &[
            required("dict", Accepts::Any),
            required("key", Accepts::Any),
            required("default", Accepts::Any),
        ],
        run: |_, arguments| get(arguments),
    },
    Builtin {
        name: "fromList",
        parameters: &[required("pairs", Accepts::Array)],
        run: |_, arguments| from_list(arguments),
    },
];

fn get(arguments: &Arguments) -> Result<Value, Failure> {
    let key = arguments.value("key")?;
    let Value::Dictionary(dictionary) = arguments.value("dict")? else {
        let found = arguments.value("dict")?.type_name();
        return Err(Failure::check(
            arguments.place("dict"),
            format!("expected dict but found {found} (argument dict)"),
        ));
    };
    // The last entry of a key wins.
    let found = dictionary
        .entries
        .iter()
        .rev()
        .find(|(other, _)| operators::equals(other, key) == Some(true));
    Ok(found.map_or(arguments.value("default")?, |(_, value)| value).clone())
}

fn from_list(arguments: &Arguments) -> Result<Value, Failure> {
    let pairs: &[Value] = match arguments.get("pairs") {
        Some(Value::Array(array)) => &array.items,
        _ => &[],
    };
    let pair = |pair: &Value| match pair {
        Value::Record(record) => match (record.get("key"), record.get("value")) {
            (Some(key), Some(value)) => Ok((key.clone(), value.clone())),
            _ => Err(Failure::new("pairs must be records with key and value")),
        },
        other => Err(Failure::new(format!("expected record but found {}", other.type_name()))),
    };
    let entries = pairs.iter().map(pair).collect::<Result<_, _>>()?;
    Ok(Value::Dictionary(Arc::new(Dictionary::new(entries)?)))
}
