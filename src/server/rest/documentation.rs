//! The description of the API in the form that its page shows.

use std::sync::LazyLock;

use serde_json::Value;

use crate::model::rest::{Answer, Operation, Parameter};

/// Read from the same description as `/api/openapi.json`, once.
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let (_, description) = super::router();
    // Its types always are JSON.
    read(&serde_json::to_value(description).unwrap_or_default())
});

/// All operations in the order of their paths.
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

fn read(description: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in members(description, "paths") {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                tag: operation.pointer("/tags/0").map(words).unwrap_or_default(),
                summary: text(operation, "summary"),
                description: text(operation, "description"),
                parameters: parameters(operation),
                body: body(description, operation),
                answers: answers(operation),
            });
        }
    }
    operations
}

fn parameters(operation: &Value) -> Vec<Parameter> {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    parameters
        .map(|parameter| Parameter {
            name: text(parameter, "name"),
            place: text(parameter, "in"),
            description: text(parameter, "description"),
        })
        .collect()
}

fn answers(operation: &Value) -> Vec<Answer> {
    members(operation, "responses")
        .map(|(status, answer)| Answer {
            status: status.clone(),
            description: text(answer, "description"),
        })
        .collect()
}

/// An object made of the examples of its properties.
fn body(description: &Value, operation: &Value) -> Option<String> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    // A body that may be left out is one of several.
    let choices = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let reference = choices.chain([schema]).find_map(|choice| choice.get("$ref")?.as_str())?;
    let schema = description.pointer(reference.strip_prefix('#')?)?;
    let examples: serde_json::Map<String, Value> = members(schema, "properties")
        .map(|(name, property)| {
            (name.clone(), property.get("example").cloned().unwrap_or_default())
        })
        .collect();
    Some(Value::Object(examples).to_string())
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).map(words).unwrap_or_default()
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_says_what_it_is_for() {
        for operation in operations() {
            assert!(!operation.summary.is_empty() && !operation.tag.is_empty(), "{operation:?}");
            assert!(operation.answers.iter().all(|answer| !answer.description.is_empty()));
        }
        let register = operations()
            .iter()
            .find(|operation| operation.method == "POST" && operation.path == "/api/devices")
            .unwrap();
        assert_eq!(register.body.as_deref(), Some(r#"{"deviceId":"ESP8266-5CCF7F1DC2E5"}"#));
    }
}
