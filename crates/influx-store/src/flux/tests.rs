//! Scripts and their answers, byte for byte, over points that are given as line protocol.

mod answers;
mod functions;
mod language;
mod memory;
mod robustness;
mod windows;

use std::sync::Arc;

use influx_wire::csv::{Annotation, Dialect};
use influx_wire::time::parse_rfc3339;

use self::memory::Memory;
use super::{Environment, Execution, QueryError, prepare};

/// What the JavaScript client asks for.
fn javascript() -> Dialect {
    let annotations = vec![Annotation::DataType, Annotation::Group, Annotation::Default];
    Dialect { annotations, ..Dialect::default() }
}

fn environment(points: &str, now: &str) -> Environment {
    Environment::new(Arc::new(Memory::new(points)), parse_rfc3339(now).unwrap())
}

fn answer(points: &str, now: &str, dialect: Dialect, script: &str) -> Result<String, QueryError> {
    let execution = prepare(script, dialect, &environment(points, now))?;
    Ok(String::from_utf8(execution.collect_answer()?).unwrap())
}

/// Compares an answer with the expected text, which is indented and has line feeds only.
#[track_caller]
fn check_answer(points: &str, now: &str, dialect: Dialect, script: &str, expected: &str) {
    let answer = answer(points, now, dialect, script).unwrap_or_else(|error| panic!("{error}"));
    let mut lines: Vec<&str> =
        expected.trim_start_matches('\n').lines().map(str::trim_start).collect();
    while lines.last() == Some(&"") {
        lines.pop();
    }
    let expected: String = lines.iter().flat_map(|line| [*line, "\r\n"]).chain(["\r\n"]).collect();
    assert!(answer == expected, "--- answer\n{answer}\n--- expected\n{expected}");
}

#[track_caller]
fn check_error(points: &str, script: &str, status: u16, expected: &str) {
    match answer(points, "2022-01-01T00:00:00Z", Dialect::default(), script) {
        Ok(answer) => panic!("no error, but\n{answer}"),
        Err(error) => {
            assert_eq!(error.message, expected);
            assert_eq!(error.code.status(), status);
        }
    }
}

/// The rows of an answer without annotations: result, table and the columns that are named, one line a row.
#[track_caller]
fn rows(points: &str, script: &str) -> Vec<String> {
    let answer = answer(points, "2022-01-01T00:00:00Z", Dialect::default(), script);
    let answer = answer.unwrap_or_else(|error| panic!("{error}"));
    answer
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.trim_start_matches(',').to_owned())
        .collect()
}

fn execution(points: &str, script: &str) -> Result<Execution, QueryError> {
    prepare(script, Dialect::default(), &environment(points, "2022-01-01T00:00:00Z"))
}
