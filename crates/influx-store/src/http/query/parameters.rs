//! `extern`: a file of Flux as a JSON syntax tree, by which the Python client passes the values of `params`.
//!
//! Only what carries values is read: option and variable assignments of literals, arrays and records.

use influx_wire::flux::ast::{
    Assignment, Duration, Expression, ExpressionKind, Identifier, OptionStatement, Record, Span,
    Statement, UnaryOperator,
};
use influx_wire::time::parse_rfc3339;
use serde_json::Value;

use crate::http::error::{ApiError, Result};

/// Records and arrays inside each other.
const DEEPEST: usize = 32;

/// The statements of a file.
pub(super) fn statements(file: &Value) -> Result<Vec<Statement>> {
    array(file, "body").iter().map(statement).collect()
}

fn statement(node: &Value) -> Result<Statement> {
    match kind(node) {
        "OptionStatement" => {
            let node = node.get("assignment").unwrap_or(&Value::Null);
            if kind(node) != "VariableAssignment" {
                return Err(unsupported(node));
            }
            let Assignment { name, value } = assignment(node)?;
            Ok(Statement::Option(OptionStatement { package: None, name, value }))
        }
        "VariableAssignment" => Ok(Statement::Assignment(assignment(node)?)),
        _ => Err(unsupported(node)),
    }
}

fn assignment(node: &Value) -> Result<Assignment> {
    let name = identifier(node.get("id").unwrap_or(&Value::Null))?;
    let value = expression(node.get("init").unwrap_or(&Value::Null), DEEPEST)?;
    Ok(Assignment { name, value })
}

fn identifier(node: &Value) -> Result<Identifier> {
    let name = match kind(node) {
        "Identifier" => text(node, "name"),
        "StringLiteral" => text(node, "value"),
        _ => None,
    };
    let name = name.ok_or_else(|| unsupported(node))?.to_owned();
    Ok(Identifier { name, span: Span::default() })
}

fn expression(node: &Value, depth: usize) -> Result<Expression> {
    let depth = depth.checked_sub(1).ok_or_else(|| ApiError::invalid("extern: too deep"))?;
    let value = node.get("value");
    let kind = match kind(node) {
        "StringLiteral" => text(node, "value").map(|text| ExpressionKind::String(text.to_owned())),
        // Written as a string, because numbers of JSON have no 64 bits everywhere.
        "IntegerLiteral" => match value {
            Some(Value::String(text)) => text.parse().ok().map(ExpressionKind::Integer),
            other => other.and_then(Value::as_i64).map(ExpressionKind::Integer),
        },
        "FloatLiteral" => value.and_then(Value::as_f64).map(ExpressionKind::Float),
        "BooleanLiteral" => value
            .and_then(Value::as_bool)
            .map(|value| ExpressionKind::Identifier(value.to_string())),
        "DateTimeLiteral" => {
            text(node, "value").and_then(|text| parse_rfc3339(text).ok()).map(ExpressionKind::Time)
        }
        "DurationLiteral" => duration(node).map(ExpressionKind::Duration),
        "ArrayExpression" => {
            let elements: Result<_> =
                array(node, "elements").iter().map(|element| expression(element, depth)).collect();
            Some(ExpressionKind::Array(elements?))
        }
        "ObjectExpression" => {
            let mut properties: Vec<(Identifier, Expression)> = Vec::new();
            for property in array(node, "properties") {
                let key = identifier(property.get("key").unwrap_or(&Value::Null))?;
                properties.retain(|(other, _)| other.name != key.name);
                properties
                    .push((key, expression(property.get("value").unwrap_or(&Value::Null), depth)?));
            }
            Some(ExpressionKind::Record(Record { base: None, properties }))
        }
        "UnaryExpression" if text(node, "operator") == Some("-") => {
            let operand = expression(node.get("argument").unwrap_or(&Value::Null), depth)?;
            Some(ExpressionKind::Unary {
                operator: UnaryOperator::Minus,
                operand: Box::new(operand),
            })
        }
        _ => None,
    };
    Ok(Expression { kind: kind.ok_or_else(|| unsupported(node))?, span: Span::default() })
}

fn duration(node: &Value) -> Option<Duration> {
    let mut duration = Duration::default();
    for part in array(node, "values") {
        let magnitude = part.get("magnitude")?.as_i64()?;
        let (months, nanoseconds): (i64, i64) = match text(part, "unit")? {
            "y" => (12, 0),
            "mo" => (1, 0),
            "w" => (0, 604_800_000_000_000),
            "d" => (0, 86_400_000_000_000),
            "h" => (0, 3_600_000_000_000),
            "m" => (0, 60_000_000_000),
            "s" => (0, 1_000_000_000),
            "ms" => (0, 1_000_000),
            "us" | "µs" => (0, 1_000),
            "ns" => (0, 1),
            _ => return None,
        };
        duration.months = duration.months.checked_add(magnitude.checked_mul(months)?)?;
        duration.nanoseconds =
            duration.nanoseconds.checked_add(magnitude.checked_mul(nanoseconds)?)?;
    }
    Some(duration)
}

fn kind(node: &Value) -> &str {
    text(node, "type").unwrap_or_default()
}

fn text<'a>(node: &'a Value, name: &str) -> Option<&'a str> {
    node.get(name).and_then(Value::as_str)
}

fn array<'a>(node: &'a Value, name: &str) -> &'a [Value] {
    node.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn unsupported(node: &Value) -> ApiError {
    ApiError::invalid(format!("extern: a node of type {:?} is not supported there", kind(node)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(init: Value) -> Value {
        json!({
            "type": "File", "package": null, "imports": null,
            "body": [{ "type": "OptionStatement", "assignment": {
                "type": "VariableAssignment",
                "id": { "type": "Identifier", "name": "params" },
                "init": init,
            }}],
        })
    }

    fn property(name: &str, value: Value) -> Value {
        json!({ "type": "Property", "key": { "type": "Identifier", "name": name }, "value": value })
    }

    #[test]
    fn the_values_of_the_python_client() {
        let init = json!({ "type": "ObjectExpression", "properties": [
            property("text", json!({ "type": "StringLiteral", "value": "a\"b" })),
            property("whole", json!({ "type": "IntegerLiteral", "value": "5" })),
            property("float", json!({ "type": "FloatLiteral", "value": 1.5 })),
            property("yes", json!({ "type": "BooleanLiteral", "value": true })),
            property("at", json!({ "type": "DateTimeLiteral", "value": "1970-01-01T00:00:01Z" })),
            property("back", json!({ "type": "UnaryExpression", "operator": "-", "argument":
                { "type": "DurationLiteral", "values": [{ "magnitude": 1, "unit": "h" }, { "magnitude": 2, "unit": "mo" }] } })),
            property("list", json!({ "type": "ArrayExpression", "elements": [{ "type": "StringLiteral", "value": "x" }] })),
        ]});
        let expression = |kind| Expression { kind, span: Span::default() };
        let statements = statements(&file(init)).unwrap();
        let [Statement::Option(option)] = statements.as_slice() else { panic!("{statements:?}") };
        assert_eq!(option.name.name, "params");
        let ExpressionKind::Record(record) = &option.value.kind else { panic!("{option:?}") };
        let values: Vec<_> = record.properties.iter().map(|(_, value)| value.clone()).collect();
        let hour_and_two_months =
            Duration { months: 2, nanoseconds: 3_600_000_000_000, negative: false };
        assert_eq!(
            values,
            [
                expression(ExpressionKind::String("a\"b".to_owned())),
                expression(ExpressionKind::Integer(5)),
                expression(ExpressionKind::Float(1.5)),
                expression(ExpressionKind::Identifier("true".to_owned())),
                expression(ExpressionKind::Time(1_000_000_000)),
                expression(ExpressionKind::Unary {
                    operator: UnaryOperator::Minus,
                    operand: Box::new(expression(ExpressionKind::Duration(hour_and_two_months))),
                }),
                expression(ExpressionKind::Array(vec![expression(ExpressionKind::String(
                    "x".to_owned()
                ))])),
            ]
        );
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for init in [
            Value::Null,
            json!({ "type": "CallExpression" }),
            json!({ "type": "IntegerLiteral", "value": "five" }),
            json!({ "type": "DurationLiteral", "values": [{ "magnitude": i64::MAX, "unit": "w" }] }),
        ] {
            assert!(statements(&file(init)).is_err());
        }
        let mut deep = json!({ "type": "ArrayExpression", "elements": [] });
        for _ in 0..DEEPEST {
            deep = json!({ "type": "ArrayExpression", "elements": [deep] });
        }
        assert_eq!(statements(&file(deep)), Err(ApiError::invalid("extern: too deep")));
    }
}
