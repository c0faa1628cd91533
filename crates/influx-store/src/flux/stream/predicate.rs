//! Conditions that storage can answer: what of `filter(fn: (r) => …)` goes down into the read.
//!
//! A pushed condition differs from the same one in memory: `!=` and `!~` on a tag that a series lacks hold, and
//! a `_value` of another type just does not match.

use std::cmp::Ordering;
use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::flux::ast::{BinaryOperator, Expression, ExpressionKind, UnaryOperator};

use super::super::column::Values;
use super::super::interpreter::Interpreter;
use super::super::operators;
use super::super::scope::Scope;
use super::super::value::Value;
use crate::storage::Series;

#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    /// `operator` is a comparison for `_value`, an equality or a match elsewhere.
    Compare {
        subject: Subject,
        operator: BinaryOperator,
        value: Value,
    },
    Exists(Subject),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Measurement,
    Field,
    Tag(Arc<str>),
    Value,
}

impl PartialEq for Predicate {
    /// Whether both are the same condition, written the same way.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::And(left), Self::And(right)) | (Self::Or(left), Self::Or(right)) => {
                left == right
            }
            (
                Self::Compare { subject, operator, value },
                Self::Compare { subject: other, operator: other_operator, value: other_value },
            ) => {
                subject == other
                    && operator == other_operator
                    && is_same_constant(value, other_value)
            }
            (Self::Exists(left), Self::Exists(right)) => left == right,
            _ => false,
        }
    }
}

fn is_same_constant(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Regex(left), Value::Regex(right)) => left.as_str() == right.as_str(),
        _ => {
            left.data_type().is_some()
                && left.data_type() == right.data_type()
                && left.total_cmp(right) == Ordering::Equal
        }
    }
}

/// What a predicate says of the field of a series.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    No,
    Yes,
    /// It depends on the value.
    Rows(Predicate),
}

/// Splits the condition of a filter into what storage can answer and what it cannot.
pub(crate) fn split(
    body: &Expression,
    parameter: &str,
    scope: &Scope,
    interpreter: &mut Interpreter,
) -> (Option<Predicate>, Option<Expression>) {
    let (mut pushed, mut rest) = (None, None::<Expression>);
    for part in operands(body, BinaryOperator::And) {
        match compile(part, parameter, scope, interpreter) {
            Some(predicate) => pushed = and(pushed, Some(predicate)),
            None => {
                rest = Some(match rest {
                    None => part.clone(),
                    Some(left) => Expression {
                        kind: ExpressionKind::Binary {
                            operator: BinaryOperator::And,
                            left: Box::new(left),
                            right: Box::new(part.clone()),
                        },
                        span: body.span,
                    },
                });
            }
        }
    }
    (pushed, rest)
}

/// The operands of a chain of one operator, which leans to the left and may be longer than recursion allows.
pub(crate) fn operands(expression: &Expression, operator: BinaryOperator) -> Vec<&Expression> {
    let mut operands = Vec::new();
    let mut current = expression;
    while let ExpressionKind::Binary { operator: found, left, right } = &current.kind
        && *found == operator
    {
        operands.push(&**right);
        current = left;
    }
    operands.push(current);
    operands.reverse();
    operands
}

/// Both conditions, where there are two.
pub(crate) fn and(left: Option<Predicate>, right: Option<Predicate>) -> Option<Predicate> {
    match (left, right) {
        (Some(Predicate::And(mut parts)), Some(right)) => {
            parts.push(right);
            Some(Predicate::And(parts))
        }
        (Some(left), Some(right)) => Some(Predicate::And(vec![left, right])),
        (left, right) => left.or(right),
    }
}

fn compile(
    expression: &Expression,
    parameter: &str,
    scope: &Scope,
    interpreter: &mut Interpreter,
) -> Option<Predicate> {
    match &expression.kind {
        ExpressionKind::Binary {
            operator: operator @ (BinaryOperator::And | BinaryOperator::Or),
            ..
        } => {
            let parts = operands(expression, *operator)
                .into_iter()
                .map(|part| compile(part, parameter, scope, interpreter))
                .collect::<Option<_>>()?;
            Some(if *operator == BinaryOperator::And {
                Predicate::And(parts)
            } else {
                Predicate::Or(parts)
            })
        }
        ExpressionKind::Binary { operator, left, right } => {
            let subject = subject(left, parameter)?;
            let value = constant(right, parameter, scope, interpreter)?;
            comparable(&subject, *operator, &value).then_some(Predicate::Compare {
                subject,
                operator: *operator,
                value,
            })
        }
        ExpressionKind::Unary { operator: UnaryOperator::Exists, operand } => {
            match subject(operand, parameter)? {
                Subject::Value => None,
                subject => Some(Predicate::Exists(subject)),
            }
        }
        _ => None,
    }
}

fn comparable(subject: &Subject, operator: BinaryOperator, value: &Value) -> bool {
    use BinaryOperator as Operator;
    match (operator, value) {
        (Operator::RegexMatch | Operator::RegexNotMatch, Value::Regex(_))
        | (Operator::Equal | Operator::NotEqual, Value::String(_)) => true,
        (Operator::Equal | Operator::NotEqual, Value::Bool(_))
        | (
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual,
            Value::Int(_) | Value::UInt(_) | Value::Float(_),
        )
        | (
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual,
            Value::String(_),
        ) => *subject == Subject::Value,
        _ => false,
    }
}

fn subject(expression: &Expression, parameter: &str) -> Option<Subject> {
    let ExpressionKind::Member { object, property } = &expression.kind else { return None };
    let ExpressionKind::Identifier(name) = &object.kind else { return None };
    if name != parameter {
        return None;
    }
    match property.as_str() {
        "_measurement" => Some(Subject::Measurement),
        "_field" => Some(Subject::Field),
        "_value" => Some(Subject::Value),
        "_time" | "_start" | "_stop" => None,
        tag => Some(Subject::Tag(tag.into())),
    }
}

/// A literal or a variable. Calls are left alone: they may fail, and a filter without rows does not.
fn constant(
    expression: &Expression,
    parameter: &str,
    scope: &Scope,
    interpreter: &mut Interpreter,
) -> Option<Value> {
    if is_constant(expression, parameter) {
        interpreter.evaluate(expression, scope).ok()
    } else {
        None
    }
}

fn is_constant(expression: &Expression, parameter: &str) -> bool {
    match &expression.kind {
        ExpressionKind::Identifier(name) => name != parameter,
        ExpressionKind::Integer(_)
        | ExpressionKind::Float(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Time(_)
        | ExpressionKind::Regex(_) => true,
        ExpressionKind::Member { object, .. } => is_constant(object, parameter),
        ExpressionKind::Unary { operator: UnaryOperator::Minus | UnaryOperator::Plus, operand } => {
            is_constant(operand, parameter)
        }
        _ => false,
    }
}

impl Predicate {
    /// What the predicate says of a field of a series, before any value is read.
    pub(crate) fn verdict(&self, series: &Series, field: &str, data_type: DataType) -> Verdict {
        match self {
            Self::And(parts) => {
                let mut rows = Vec::new();
                for part in parts {
                    match part.verdict(series, field, data_type) {
                        Verdict::No => return Verdict::No,
                        Verdict::Yes => {}
                        Verdict::Rows(part) => rows.push(part),
                    }
                }
                if rows.is_empty() { Verdict::Yes } else { Verdict::Rows(Self::And(rows)) }
            }
            Self::Or(parts) => {
                let mut rows = Vec::new();
                for part in parts {
                    match part.verdict(series, field, data_type) {
                        Verdict::Yes => return Verdict::Yes,
                        Verdict::No => {}
                        Verdict::Rows(part) => rows.push(part),
                    }
                }
                if rows.is_empty() { Verdict::No } else { Verdict::Rows(Self::Or(rows)) }
            }
            Self::Exists(subject) => match subject {
                Subject::Tag(tag) => {
                    decided(text(subject, series, field).is_some() && !tag.is_empty())
                }
                _ => Verdict::Yes,
            },
            Self::Compare { subject: Subject::Value, value, .. } => {
                if compatible(data_type, value) { Verdict::Rows(self.clone()) } else { Verdict::No }
            }
            Self::Compare { subject, operator, value } => {
                decided(match_text(text(subject, series, field), *operator, value))
            }
        }
    }

    /// Whether a row matches what [`Verdict::Rows`] left over.
    pub(crate) fn matches(&self, values: &Values, row: usize) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(values, row)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(values, row)),
            Self::Exists(_) => true,
            Self::Compare { operator, value, .. } => {
                matches!(
                    operators::binary(*operator, &values.get(row), value),
                    Ok(Value::Bool(true))
                )
            }
        }
    }
}

fn decided(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}

fn text<'a>(subject: &Subject, series: &'a Series, field: &'a str) -> Option<&'a str> {
    match subject {
        Subject::Measurement => Some(&series.measurement),
        Subject::Field => Some(field),
        Subject::Tag(tag) => {
            series.tags.iter().find(|(key, _)| key == tag).map(|(_, value)| &**value)
        }
        Subject::Value => None,
    }
}

fn match_text(text: Option<&str>, operator: BinaryOperator, value: &Value) -> bool {
    match (operator, value) {
        (BinaryOperator::Equal, Value::String(value)) => text == Some(&**value),
        (BinaryOperator::NotEqual, Value::String(value)) => text != Some(&**value),
        (BinaryOperator::RegexMatch, Value::Regex(regex)) => {
            text.is_some_and(|text| regex.is_match(text))
        }
        (BinaryOperator::RegexNotMatch, Value::Regex(regex)) => {
            !text.is_some_and(|text| regex.is_match(text))
        }
        _ => false,
    }
}

/// Whether storage compares a field of this type with the value; an int literal finds no unsigned field.
fn compatible(data_type: DataType, value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Regex(_) => data_type == DataType::String,
        Value::Bool(_) => data_type == DataType::Boolean,
        Value::Int(_) => matches!(data_type, DataType::Long | DataType::Double),
        Value::UInt(_) => matches!(data_type, DataType::UnsignedLong),
        Value::Float(_) => {
            matches!(data_type, DataType::Long | DataType::UnsignedLong | DataType::Double)
        }
        _ => false,
    }
}

/// Series in the order of the group keys that `labels` and tags make of them.
pub(crate) fn compare_series_keys(left: &Series, right: &Series) -> Ordering {
    // Merge both sides label by label; `_measurement` is a label like any other.
    let labels = |series: &Series| {
        let mut labels: Vec<(Arc<str>, Arc<str>)> = series.tags.clone();
        labels.push(("_measurement".into(), Arc::clone(&series.measurement)));
        labels.sort();
        labels
    };
    let (left, right) = (labels(left), labels(right));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            // A label that only one side has is null on the other, and null comes first.
            (Some((left_label, left_value)), Some((right_label, right_value))) => {
                match left_label.cmp(right_label) {
                    Ordering::Less => return Ordering::Greater,
                    Ordering::Greater => return Ordering::Less,
                    Ordering::Equal => match left_value.cmp(right_value) {
                        Ordering::Equal => {
                            left.next();
                            right.next();
                        }
                        order => return order,
                    },
                }
            }
        }
    }
}
