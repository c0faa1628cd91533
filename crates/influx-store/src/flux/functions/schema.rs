//! What there is in a bucket: `measurements fieldKeys tagKeys tagValues …`.
//!
//! Only series with a point in the range count, so each series that may add something is asked for its newest
//! point; values alone are never read.

use std::collections::BTreeSet;
use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, Parameter, optional, required};
use super::super::calendar;
use super::super::column::Values;
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::stream::predicate;
use super::super::stream::read::{BucketSelector, Read, Shape};
use super::super::stream::{Context, Stream};
use super::super::table::{Column, Table};
use super::super::value::{Duration, Value};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "measurements",
        parameters: &COMMON,
        run: |i, a| list(i, a, Subject::Values("_measurement".into())),
    },
    Builtin {
        name: "fieldKeys",
        parameters: &COMMON,
        run: |i, a| list(i, a, Subject::Values("_field".into())),
    },
    Builtin { name: "tagKeys", parameters: &COMMON, run: |i, a| list(i, a, Subject::TagKeys) },
    Builtin { name: "tagValues", parameters: &TAG, run: |i, a| list(i, a, tag(a)?) },
    Builtin {
        name: "measurementFieldKeys",
        parameters: &MEASUREMENT,
        run: |i, a| list(i, a, Subject::Values("_field".into())),
    },
    Builtin {
        name: "measurementTagKeys",
        parameters: &MEASUREMENT,
        run: |i, a| list(i, a, Subject::TagKeys),
    },
    Builtin {
        name: "measurementTagValues",
        parameters: &MEASUREMENT_TAG,
        run: |i, a| list(i, a, tag(a)?),
    },
];

const BUCKET: Parameter = required("bucket", Accepts::String);
const PREDICATE: Parameter = optional("predicate", Accepts::Function);
const START: Parameter = optional("start", Accepts::Moment);
const STOP: Parameter = optional("stop", Accepts::Moment);
static COMMON: [Parameter; 4] = [BUCKET, PREDICATE, START, STOP];
static TAG: [Parameter; 5] = [BUCKET, required("tag", Accepts::String), PREDICATE, START, STOP];
static MEASUREMENT: [Parameter; 4] =
    [BUCKET, required("measurement", Accepts::String), START, STOP];
static MEASUREMENT_TAG: [Parameter; 5] = [
    BUCKET,
    required("measurement", Accepts::String),
    required("tag", Accepts::String),
    START,
    STOP,
];

/// What is listed.
enum Subject {
    /// The labels that series have.
    TagKeys,
    /// The values of a label.
    Values(Arc<str>),
}

fn tag(arguments: &Arguments) -> Result<Subject, Failure> {
    arguments.required_text("tag").map(Subject::Values)
}

fn list(
    interpreter: &mut Interpreter,
    arguments: &Arguments,
    subject: Subject,
) -> Result<Value, Failure> {
    const MONTH: Duration =
        Duration { months: 0, nanoseconds: 30 * 86_400_000_000_000, negative: true };
    let start = calendar::add(interpreter.now, MONTH);
    let range = super::sources::bounds(interpreter, arguments, start)?;
    let mut pushed =
        arguments.text("measurement").map(|measurement| predicate::Predicate::Compare {
            subject: predicate::Subject::Measurement,
            operator: influx_wire::flux::ast::BinaryOperator::Equal,
            value: Value::String(measurement),
        });
    if arguments.get("predicate").is_some() {
        let closure = arguments.closure("predicate")?;
        if let influx_wire::flux::ast::FunctionBody::Expression(body) = &closure.function.body {
            let parameter = closure.parameter(0).unwrap_or("r").to_owned();
            // The default of the real server, often written out.
            let always = matches!(&body.kind, influx_wire::flux::ast::ExpressionKind::Identifier(name) if name == "true");
            let (down, rest) = predicate::split(body, &parameter, &closure.scope, interpreter);
            if rest.is_some() && !always {
                return Err(Failure::new(
                    "the predicate may only compare tags, _measurement, _field and _value",
                ));
            }
            pushed = predicate::and(pushed, down);
        } else {
            return Err(Failure::new("the predicate must be one expression"));
        }
    }
    let read = Read {
        range: Some(range),
        predicate: pushed,
        shape: Shape::Last,
        ..Read::new(BucketSelector::Name(arguments.required_text("bucket")?))
    };
    let read = Stream::read(read, arguments.span);
    let step = read
        .all("schema", arguments.span, move |tables, context| collect(&tables, &subject, context));
    step.map(Value::Stream)
}

fn collect(tables: &[Table], subject: &Subject, context: &Context) -> Result<Vec<Table>, Failure> {
    let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
    for (index, table) in tables.iter().enumerate() {
        context.check_row(index)?;
        match subject {
            Subject::TagKeys => {
                let keys = table.columns.iter().filter(|column| column.group);
                found.extend(keys.map(|column| Arc::clone(&column.label)));
            }
            Subject::Values(label) => {
                if let Some(Value::String(value)) = table.values(label).map(|values| values.get(0))
                {
                    found.insert(value);
                }
            }
        }
    }
    let mut values: Vec<Option<Arc<str>>> = found.into_iter().map(Some).collect();
    if matches!(subject, Subject::TagKeys) {
        // The bounds of the range come first, as the real server lists them.
        let bound =
            |label: &Option<Arc<str>>| !matches!(label.as_deref(), Some("_start" | "_stop"));
        values.sort_by_key(bound);
    }
    let rows = values.len();
    let values =
        if rows == 0 { Values::null(DataType::String) } else { Values::String(Arc::new(values)) };
    Ok(vec![Table::new(vec![Column::new("_value", values)], rows)])
}
