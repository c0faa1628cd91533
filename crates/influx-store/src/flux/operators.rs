//! What operators do with values: the one place for both ways of evaluation (tree and row functions).
//!
//! Numbers of different kinds compare, but do not compute with each other. Null makes null.

use std::cmp::Ordering;
use std::sync::Arc;

use influx_wire::flux::ast::{BinaryOperator, UnaryOperator};

use super::calendar;
use super::error::Failure;
use super::value::Value;

/// The longest string that a script may build.
const MAX_STRING: usize = 1 << 20;

/// A binary operator other than `and` and `or`, which do not always evaluate both sides.
pub(crate) fn binary(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Result<Value, Failure> {
    use BinaryOperator as Operator;
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    match operator {
        Operator::Equal | Operator::NotEqual => {
            let equal = equals(left, right).ok_or_else(|| unsupported(operator, left, right))?;
            Ok(Value::Bool(equal == (operator == Operator::Equal)))
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            compare(operator, left, right)
        }
        Operator::RegexMatch | Operator::RegexNotMatch => match (left, right) {
            (Value::String(text), Value::Regex(regex)) => {
                Ok(Value::Bool(regex.is_match(text) == (operator == Operator::RegexMatch)))
            }
            _ => Err(unsupported(operator, left, right)),
        },
        _ => arithmetic(operator, left, right),
    }
}

fn compare(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, Failure> {
    use BinaryOperator as Operator;
    // NaN compares as false with everything, so the order may be unknown.
    let order = match (left, right) {
        (Value::Int(left), Value::Int(right)) | (Value::Time(left), Value::Time(right)) => {
            Some(left.cmp(right))
        }
        (Value::UInt(left), Value::UInt(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::UInt(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::UInt(left), Value::Int(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => match (left.as_number(), right.as_number()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => return Err(unsupported(operator, left, right)),
        },
    };
    let holds = order.is_some_and(|order| match operator {
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    });
    Ok(Value::Bool(holds))
}

/// Whether two values are equal; none where they cannot be compared.
pub(crate) fn equals(left: &Value, right: &Value) -> Option<bool> {
    Some(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Time(left), Value::Time(right)) => {
            left == right
        }
        (Value::UInt(left), Value::UInt(right)) => left == right,
        (Value::Int(left), Value::UInt(right)) => i128::from(*left) == i128::from(*right),
        (Value::UInt(left), Value::Int(right)) => i128::from(*left) == i128::from(*right),
        _ => left.as_number()?.partial_cmp(&right.as_number()?) == Some(Ordering::Equal),
    })
}

fn arithmetic(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, Failure> {
    use BinaryOperator as Operator;
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Ok(Value::Int(match operator {
            Operator::Add => left.wrapping_add(*right),
            Operator::Subtract => left.wrapping_sub(*right),
            Operator::Multiply => left.wrapping_mul(*right),
            Operator::Divide if *right == 0 => return Err(Failure::new("cannot divide by zero")),
            Operator::Divide => left.wrapping_div(*right),
            Operator::Modulo if *right == 0 => return Err(Failure::new("cannot mod zero")),
            Operator::Modulo => left.wrapping_rem(*right),
            _ => return Ok(Value::Float((*left as f64).powf(*right as f64))),
        })),
        (Value::UInt(left), Value::UInt(right)) => Ok(Value::UInt(match operator {
            Operator::Add => left.wrapping_add(*right),
            Operator::Subtract => left.wrapping_sub(*right),
            Operator::Multiply => left.wrapping_mul(*right),
            Operator::Divide => {
                left.checked_div(*right).ok_or_else(|| Failure::new("cannot divide by zero"))?
            }
            Operator::Modulo => {
                left.checked_rem(*right).ok_or_else(|| Failure::new("cannot mod zero"))?
            }
            _ => return Ok(Value::Float((*left as f64).powf(*right as f64))),
        })),
        (Value::Float(left), Value::Float(right)) => Ok(Value::Float(match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            Operator::Modulo => left % right,
            _ => left.powf(*right),
        })),
        (Value::String(left), Value::String(right)) if operator == Operator::Add => {
            join_text([&**left, &**right]).map(Value::String)
        }
        _ if left.as_number().is_some() && right.as_number().is_some() => Err(Failure::new(
            format!("expected {} but found {}", left.type_name(), right.type_name()),
        )),
        _ => Err(unsupported(operator, left, right)),
    }
}

/// Joins strings into one, unless that is longer than a script may build.
pub(crate) fn join_text<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Arc<str>, Failure> {
    let mut text = String::new();
    for part in parts {
        if text.len() + part.len() > MAX_STRING {
            return Err(Failure::limit(format!("a string longer than {MAX_STRING} bytes")));
        }
        text.push_str(part);
    }
    Ok(text.into())
}

/// A unary operator.
pub(crate) fn unary(operator: UnaryOperator, operand: &Value) -> Result<Value, Failure> {
    match (operator, operand) {
        (UnaryOperator::Exists, value) => Ok(Value::Bool(!value.is_null())),
        (_, Value::Null) => Ok(Value::Null),
        (UnaryOperator::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (UnaryOperator::Not, value) => {
            Err(Failure::new(format!("expected bool but found {}", value.type_name())))
        }
        (UnaryOperator::Minus, Value::Int(value)) => Ok(Value::Int(value.wrapping_neg())),
        (UnaryOperator::Minus, Value::Float(value)) => Ok(Value::Float(-value)),
        (UnaryOperator::Minus, Value::Duration(value)) => {
            Ok(Value::Duration(calendar::negate(*value)))
        }
        (UnaryOperator::Plus, Value::Int(_) | Value::Float(_) | Value::Duration(_)) => {
            Ok(operand.clone())
        }
        (UnaryOperator::Plus | UnaryOperator::Minus, value) => Err(Failure::new(format!(
            "operand to unary expression is not a number value, got {}",
            value.type_name()
        ))),
    }
}

/// What a condition decides: null counts as false.
pub(crate) fn condition(value: &Value) -> Result<bool, Failure> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Null => Ok(false),
        other => Err(Failure::new(format!("expected bool but found {}", other.type_name()))),
    }
}

fn unsupported(operator: BinaryOperator, left: &Value, right: &Value) -> Failure {
    let (left, right) = (left.type_name(), right.type_name());
    Failure::new(format!("unsupported binary expression {left} {} {right}", symbol(operator)))
}

fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Power => "^",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessOrEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterOrEqual => ">=",
        BinaryOperator::RegexMatch => "=~",
        BinaryOperator::RegexNotMatch => "!~",
        BinaryOperator::And => "and",
        BinaryOperator::Or => "or",
    }
}
