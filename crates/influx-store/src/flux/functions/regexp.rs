//! Package `regexp`: regular expressions, which match in linear time.

use std::sync::Arc;

use regex::Regex;

use super::super::arguments::{Accepts, Arguments, Parameter, required};
use super::super::error::Failure;
use super::super::interpreter::compile_regex;
use super::super::value::Value;
use super::Builtin;

const MATCH: &[Parameter] = &[required("r", Accepts::Regex), required("v", Accepts::String)];

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "compile",
        parameters: &[required("v", Accepts::String)],
        run: |_, arguments| compile_regex(&arguments.required_text("v")?),
    },
    Builtin {
        name: "matchRegexpString",
        parameters: MATCH,
        run: |_, arguments| {
            let (regex, text) = both(arguments)?;
            Ok(Value::Bool(regex.is_match(&text)))
        },
    },
    Builtin {
        name: "findString",
        parameters: MATCH,
        run: |_, arguments| {
            let (regex, text) = both(arguments)?;
            Ok(Value::string(regex.find(&text).map_or("", |found| found.as_str())))
        },
    },
];

fn both(arguments: &Arguments) -> Result<(Arc<Regex>, Arc<str>), Failure> {
    match arguments.value("r")? {
        Value::Regex(regex) => Ok((Arc::clone(regex), arguments.required_text("v")?)),
        other => Err(Failure::new(format!("expected regexp but found {}", other.type_name()))),
    }
}
