//! Package `math`: functions of floats.

use super::super::arguments::{Accepts, Arguments, required};
use super::super::error::Failure;
use super::super::value::Value;
use super::{Builtin, Constant};

const X: &[super::Parameter] = &[required("x", Accepts::Any)];
const XY: &[super::Parameter] = &[required("x", Accepts::Any), required("y", Accepts::Any)];

macro_rules! of_one {
    ($name:literal, $function:expr) => {
        Builtin { name: $name, parameters: X, run: |_, arguments| one(arguments, $function) }
    };
}

macro_rules! of_two {
    ($name:literal, $function:expr) => {
        Builtin { name: $name, parameters: XY, run: |_, arguments| two(arguments, $function) }
    };
}

pub(super) static FUNCTIONS: &[Builtin] = &[
    of_one!("abs", f64::abs),
    of_one!("acos", f64::acos),
    of_one!("asin", f64::asin),
    of_one!("atan", f64::atan),
    of_one!("cbrt", f64::cbrt),
    of_one!("ceil", f64::ceil),
    of_one!("cos", f64::cos),
    of_one!("exp", f64::exp),
    of_one!("floor", f64::floor),
    of_one!("log", f64::ln),
    of_one!("log10", f64::log10),
    of_one!("log2", f64::log2),
    of_one!("round", f64::round),
    of_one!("sin", f64::sin),
    of_one!("sqrt", f64::sqrt),
    of_one!("tan", f64::tan),
    of_one!("trunc", f64::trunc),
    of_two!("atan2", f64::atan2),
    of_two!("hypot", f64::hypot),
    of_two!("mMax", maximum),
    of_two!("mMin", minimum),
    of_two!("mod", |x, y| x % y),
    of_two!("pow", f64::powf),
    Builtin {
        name: "mInf",
        parameters: &[required("sign", Accepts::Int)],
        run: |_, arguments| Ok(infinity(arguments)),
    },
    Builtin { name: "NaN", parameters: &[], run: |_, _| Ok(Value::Float(f64::NAN)) },
    Builtin {
        name: "isNaN",
        parameters: &[required("f", Accepts::Any)],
        run: |_, arguments| is_nan(arguments),
    },
];

pub(super) static CONSTANTS: &[Constant] = &[
    ("pi", || Value::Float(std::f64::consts::PI)),
    ("e", || Value::Float(std::f64::consts::E)),
    ("sqrt2", || Value::Float(std::f64::consts::SQRT_2)),
    ("maxfloat", || Value::Float(f64::MAX)),
    ("maxint", || Value::Int(i64::MAX)),
    ("minint", || Value::Int(i64::MIN)),
    ("maxuint", || Value::UInt(u64::MAX)),
];

/// A float argument; none if it is null.
fn float(arguments: &Arguments, name: &str) -> Result<Option<f64>, Failure> {
    match arguments.value(name)? {
        Value::Float(value) => Ok(Some(*value)),
        Value::Null => Ok(None),
        other => {
            let message =
                format!("expected float but found {} (argument {name})", other.type_name());
            Err(Failure::check(arguments.place(name), message))
        }
    }
}

fn one(arguments: &Arguments, function: fn(f64) -> f64) -> Result<Value, Failure> {
    Ok(float(arguments, "x")?.map_or(Value::Null, |x| Value::Float(function(x))))
}

fn two(arguments: &Arguments, function: fn(f64, f64) -> f64) -> Result<Value, Failure> {
    let both = float(arguments, "x")?.zip(float(arguments, "y")?);
    Ok(both.map_or(Value::Null, |(x, y)| Value::Float(function(x, y))))
}

fn maximum(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }
}

fn minimum(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) }
}

fn infinity(arguments: &Arguments) -> Value {
    let sign = arguments.integer("sign").unwrap_or(1);
    Value::Float(if sign >= 0 { f64::INFINITY } else { f64::NEG_INFINITY })
}

fn is_nan(arguments: &Arguments) -> Result<Value, Failure> {
    Ok(float(arguments, "f")?.map_or(Value::Null, |value| Value::Bool(value.is_nan())))
}
