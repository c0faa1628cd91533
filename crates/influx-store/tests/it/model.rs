//! Random writes, deletes and reopenings, compared with a map that is obviously right.

use std::collections::BTreeMap;

use influx_store::storage::{FieldValue, TagOperator, TagPredicate, WriteError};
use influx_wire::csv::DataType;
use proptest::prelude::*;

use crate::support::{Fixture, show};

const MEASUREMENTS: [&str; 2] = ["m", "n"];
const TAGS: [&str; 3] = ["", ",t=a", ",t=b"];
const FIELDS: [&str; 3] = ["x", "y", "z"];

#[derive(Debug, Clone)]
struct Point {
    measurement: usize,
    tags: usize,
    time: i64,
    fields: Vec<(usize, Value)>,
}

#[derive(Debug, Clone)]
enum Value {
    Float(i8),
    Integer(i8),
    Text(String),
}

#[derive(Debug, Clone)]
enum Operation {
    Write(Vec<Point>),
    Delete {
        start: i64,
        stop: i64,
        measurement: Option<usize>,
        tag: Option<(&'static str, TagOperator)>,
    },
    Reopen,
}

/// Measurement, tags and time; then the fields.
type Rows = BTreeMap<(usize, usize, i64), BTreeMap<usize, FieldValue>>;

#[derive(Default)]
struct Model {
    rows: Rows,
    /// By measurement and field. A type stays as long as its measurement has any point, of whatever field.
    types: BTreeMap<(usize, usize), DataType>,
}

impl Model {
    /// The number of points that are refused.
    fn write(&mut self, points: &[Point]) -> usize {
        let mut refused = 0;
        for point in points {
            // The last value of a field that stands twice in a line.
            let fields: BTreeMap<usize, FieldValue> =
                point.fields.iter().map(|(field, value)| (*field, value.into())).collect();
            let conflict = fields.iter().any(|(field, value)| {
                self.types
                    .get(&(point.measurement, *field))
                    .is_some_and(|known| *known != value.data_type())
            });
            if conflict {
                refused += 1;
                continue;
            }
            for (field, value) in &fields {
                self.types.insert((point.measurement, *field), value.data_type());
            }
            self.rows
                .entry((point.measurement, point.tags, point.time))
                .or_default()
                .extend(fields);
        }
        refused
    }

    fn delete(
        &mut self,
        start: i64,
        stop: i64,
        measurement: Option<usize>,
        tag: Option<(&str, TagOperator)>,
    ) {
        self.rows.retain(|(of, tags, time), _| {
            let value = TAGS[*tags].strip_prefix(",t=").unwrap_or("");
            let matches = (start..=stop).contains(time)
                && measurement.is_none_or(|measurement| measurement == *of)
                && tag.is_none_or(|(wanted, operator)| {
                    (value == wanted) == (operator == TagOperator::Equal)
                });
            !matches
        });
        self.types
            .retain(|(measurement, _), _| self.rows.keys().any(|(of, _, _)| of == measurement));
    }

    fn dump(&self) -> Vec<String> {
        let lines = self.rows.iter().map(|((measurement, tags, time), fields)| {
            let fields =
                fields.iter().map(|(field, value)| format!(" {}={}", FIELDS[*field], show(value)));
            format!(
                "{}{} {time}{}",
                MEASUREMENTS[*measurement],
                TAGS[*tags],
                fields.collect::<String>()
            )
        });
        lines.collect()
    }
}

impl From<&Value> for FieldValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Float(value) => Self::Float(f64::from(*value) / 4.0),
            Value::Integer(value) => Self::Integer(i64::from(*value)),
            Value::Text(value) => Self::String(value.as_str().into()),
        }
    }
}

fn body(points: &[Point]) -> String {
    let line = |point: &Point| {
        let fields = point.fields.iter().map(|(field, value)| {
            let value = match FieldValue::from(value) {
                FieldValue::Float(value) => format!("{value}"),
                FieldValue::Integer(value) => format!("{value}i"),
                FieldValue::String(value) => format!("\"{value}\""),
                other => panic!("{other:?}"),
            };
            format!("{}={value}", FIELDS[*field])
        });
        let fields: Vec<String> = fields.collect();
        format!(
            "{}{} {} {}\n",
            MEASUREMENTS[point.measurement],
            TAGS[point.tags],
            fields.join(","),
            point.time
        )
    };
    points.iter().map(line).collect()
}

fn any_point() -> impl Strategy<Value = Point> {
    let value = prop_oneof![
        8 => any::<i8>().prop_map(Value::Float),
        1 => any::<i8>().prop_map(Value::Integer),
        1 => "[a-z]{0,3}".prop_map(Value::Text),
    ];
    let fields = proptest::collection::vec((0..FIELDS.len(), value), 1..4);
    let time =
        prop_oneof![-3..12_i64, Just(-9_223_372_036_854_775_806), Just(9_223_372_036_854_775_806)];
    (0..MEASUREMENTS.len(), 0..TAGS.len(), time, fields)
        .prop_map(|(measurement, tags, time, fields)| Point { measurement, tags, time, fields })
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let tag = (
        prop_oneof![Just(""), Just("a"), Just("b")],
        prop_oneof![Just(TagOperator::Equal), Just(TagOperator::NotEqual)],
    );
    let time = || prop_oneof![4 => -3..12_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)];
    prop_oneof![
        6 => proptest::collection::vec(any_point(), 1..12).prop_map(Operation::Write),
        3 => (time(), time(), proptest::option::of(0..MEASUREMENTS.len()), proptest::option::of(tag))
            .prop_map(|(start, stop, measurement, tag)| Operation::Delete { start, stop, measurement, tag }),
        1 => Just(Operation::Reopen),
    ]
}

async fn check(operations: Vec<Operation>) {
    let mut model = Model::default();
    let mut fixture = Fixture::new().await;
    for operation in operations {
        match &operation {
            Operation::Write(points) => {
                let refused = model.write(points);
                match fixture.write(&body(points)).await {
                    Ok(()) => assert_eq!(refused, 0, "{operation:?}"),
                    Err(WriteError::Partial { dropped, .. }) => {
                        assert_eq!(dropped, refused, "{operation:?}");
                    }
                    Err(error) => panic!("{error:?} at {operation:?}"),
                }
            }
            Operation::Delete { start, stop, measurement, tag } => {
                model.delete(*start, *stop, *measurement, *tag);
                let predicate = |key: &str, operator, value: &str| TagPredicate {
                    key: key.to_owned(),
                    operator,
                    value: value.to_owned(),
                };
                let measurement = measurement.map(|measurement| {
                    predicate("_measurement", TagOperator::Equal, MEASUREMENTS[measurement])
                });
                let tag = tag.map(|(value, operator)| predicate("t", operator, value));
                let predicates: Vec<_> = measurement.into_iter().chain(tag).collect();
                fixture.store.delete(fixture.bucket, *start, *stop, &predicates).await.unwrap();
            }
            Operation::Reopen => fixture = fixture.reopen(),
        }
        assert_eq!(fixture.dump(), model.dump(), "after {operation:?}");
    }
    assert_eq!(fixture.reopen().dump(), model.dump(), "after the last reopening");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_a_map_does(operations in proptest::collection::vec(any_operation(), 1..25)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(check(operations));
    }
}
