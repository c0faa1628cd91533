//! What a built-in function takes, and the arguments of one call of it.

use std::sync::Arc;

use influx_wire::flux::ast::Span;

use super::error::Failure;
use super::stream::Stream;
use super::value::{Closure, Duration, Value};

/// A parameter of a built-in function.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
    pub(crate) accepts: Accepts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
    /// Takes what is piped in.
    Piped,
}

/// The types that a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    Any,
    Bool,
    Int,
    Float,
    String,
    Duration,
    Regex,
    Array,
    Record,
    Function,
    Stream,
    /// A time, a duration relative to now, or whole seconds since the epoch.
    Moment,
}

impl Accepts {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Duration => "duration",
            Self::Regex => "regexp",
            Self::Array => "array",
            Self::Record => "record",
            Self::Function => "function",
            Self::Stream => "stream",
            Self::Moment => "time",
        }
    }

    fn check(self, name: &str, value: &Value) -> Result<(), String> {
        let fits = match (self, value) {
            (Self::Any, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_))
            | (Self::String, Value::String(_))
            | (Self::Duration, Value::Duration(_))
            | (Self::Regex, Value::Regex(_))
            | (Self::Array, Value::Array(_))
            | (Self::Record, Value::Record(_))
            | (Self::Function, Value::Builtin(_) | Value::Closure(_))
            | (Self::Stream, Value::Stream(_))
            | (Self::Moment, Value::Time(_) | Value::Duration(_) | Value::Int(_)) => true,
            (Self::Moment, other) => {
                return Err(format!("value is not a time, got {}", other.type_name()));
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(format!(
                "expected {} but found {} (argument {name})",
                self.name(),
                value.type_name()
            ))
        }
    }
}

pub(crate) const fn piped(name: &'static str) -> Parameter {
    Parameter { name, need: Need::Piped, accepts: Accepts::Stream }
}

pub(crate) const fn required(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, need: Need::Required, accepts }
}

pub(crate) const fn optional(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, need: Need::Optional, accepts }
}

/// The arguments of one call; names and types have been checked.
#[derive(Debug)]
pub(crate) struct Arguments {
    values: Vec<(&'static str, Value, Span)>,
    /// The call.
    pub(crate) span: Span,
}

impl Arguments {
    /// Checks the arguments of a call against the parameters of the function.
    pub(crate) fn bind(
        parameters: &'static [Parameter],
        given: Vec<(Arc<str>, Value, Span)>,
        pipe: Option<Value>,
        span: Span,
    ) -> Result<Self, Failure> {
        let mut values = Vec::with_capacity(given.len() + 1);
        if let Some(value) = pipe {
            let parameter = parameters.iter().find(|parameter| parameter.need == Need::Piped);
            let parameter = parameter
                .ok_or_else(|| Failure::check(span, "function does not take a pipe argument"))?;
            parameter
                .accepts
                .check(parameter.name, &value)
                .map_err(|message| Failure::check(span, message))?;
            values.push((parameter.name, value, span));
        }
        for (name, value, place) in given {
            let Some(parameter) = parameters.iter().find(|parameter| *parameter.name == *name)
            else {
                let names: Vec<_> = given_names(&values);
                return Err(Failure::check(span, unexpected(&name, parameters, &names)));
            };
            parameter
                .accepts
                .check(parameter.name, &value)
                .map_err(|message| Failure::check(place, message))?;
            if values.iter().any(|(other, ..)| *other == parameter.name) {
                return Err(Failure::check(place, format!("argument {name} given twice")));
            }
            values.push((parameter.name, value, place));
        }
        let given = given_names(&values);
        match parameters
            .iter()
            .find(|parameter| parameter.need != Need::Optional && !given.contains(&parameter.name))
        {
            Some(parameter) => {
                Err(Failure::check(span, format!("missing required argument {}", parameter.name)))
            }
            None => Ok(Self { values, span }),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(other, ..)| *other == name).map(|(_, value, _)| value)
    }

    /// Where an argument stands, or the call if it is not given.
    pub(crate) fn place(&self, name: &str) -> Span {
        self.values.iter().find(|(other, ..)| *other == name).map_or(self.span, |(.., span)| *span)
    }

    fn missing(&self, name: &str) -> Failure {
        Failure::check(self.span, format!("missing required argument {name}"))
    }

    /// Any value; the parameter is required.
    pub(crate) fn value(&self, name: &str) -> Result<&Value, Failure> {
        self.get(name).ok_or_else(|| self.missing(name))
    }

    pub(crate) fn stream(&self, name: &str) -> Result<Stream, Failure> {
        match self.get(name) {
            Some(Value::Stream(stream)) => Ok(stream.clone()),
            _ => Err(self.missing(name)),
        }
    }

    pub(crate) fn closure(&self, name: &str) -> Result<Arc<Closure>, Failure> {
        match self.get(name) {
            Some(Value::Closure(closure)) => Ok(Arc::clone(closure)),
            Some(_) => Err(Failure::check(
                self.place(name),
                "a function written in the script is needed here",
            )),
            None => Err(self.missing(name)),
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Value::Float(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        match self.get(name) {
            Some(Value::Duration(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<Arc<str>> {
        match self.get(name) {
            Some(Value::String(value)) => Some(Arc::clone(value)),
            _ => None,
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<Arc<str>, Failure> {
        self.text(name).ok_or_else(|| self.missing(name))
    }

    pub(crate) fn text_or(&self, name: &str, default: &str) -> Arc<str> {
        self.text(name).unwrap_or_else(|| default.into())
    }

    /// An array of strings.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<Arc<str>>>, Failure> {
        let Some(Value::Array(array)) = self.get(name) else { return Ok(None) };
        let texts = array.items.iter().map(|item| match item {
            Value::String(text) => Ok(Arc::clone(text)),
            other => {
                let message =
                    format!("expected string but found {} (argument {name})", other.type_name());
                Err(Failure::check(self.place(name), message))
            }
        });
        texts.collect::<Result<_, _>>().map(Some)
    }
}

fn given_names(values: &[(&'static str, Value, Span)]) -> Vec<&'static str> {
    values.iter().map(|(name, ..)| *name).collect()
}

/// The text that refuses an argument; it names the parameter that is left, if there is just one.
pub(crate) fn unexpected(name: &str, parameters: &[Parameter], given: &[&str]) -> String {
    let mut left = parameters
        .iter()
        .filter(|parameter| parameter.need != Need::Piped && !given.contains(&parameter.name))
        .map(|parameter| parameter.name);
    match (left.next(), left.next()) {
        (Some(expected), None) => {
            format!("found unexpected argument {name} (Expected `{expected}`)")
        }
        _ => format!("found unexpected argument {name}"),
    }
}
