//! What Flux computes with: scalars, containers, functions and streams.
//!
//! Cloning is cheap: everything large is shared. How deeply values nest is bounded when they are made, because
//! dropping and comparing them recurses.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::flux::ast;
pub(crate) use influx_wire::flux::ast::Duration;
use influx_wire::time::write_rfc3339;

use super::error::Failure;
use super::functions::{Builtin, Package};
use super::scope::Scope;
use super::stream::Stream;

/// How many values may contain each other.
const MAX_DEPTH: u16 = 500;

/// A Flux value. The kinds that a column can hold are `Null` to `Time`.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    String(Arc<str>),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
    Duration(Duration),
    Regex(Arc<regex::Regex>),
    Array(Arc<Array>),
    Record(Arc<Record>),
    Dictionary(Arc<Dictionary>),
    Builtin(&'static Builtin),
    Closure(Arc<Closure>),
    Package(&'static Package),
    Stream(Stream),
}

#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) items: Vec<Value>,
    depth: u16,
}

impl Array {
    pub(crate) fn new(items: Vec<Value>) -> Result<Self, Failure> {
        let depth = deeper(items.iter().map(Value::depth).max().unwrap_or(0))?;
        Ok(Self { items, depth })
    }
}

/// Labels with their values.
pub(crate) type Properties = Vec<(Arc<str>, Value)>;

/// Properties in the order in which they were written; labels are unique.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) properties: Properties,
    /// Whether the record is a row of a table: a label that it lacks is null then, not an error.
    pub(crate) row: bool,
    depth: u16,
}

impl Record {
    pub(crate) fn new(properties: Properties, row: bool) -> Result<Self, Failure> {
        let depth = deeper(properties.iter().map(|(_, value)| value.depth()).max().unwrap_or(0))?;
        Ok(Self { properties, row, depth })
    }

    pub(crate) fn get(&self, label: &str) -> Option<&Value> {
        self.properties.iter().find(|(name, _)| **name == *label).map(|(_, value)| value)
    }
}

/// Entries in the order in which they were written; keys are unique.
#[derive(Debug)]
pub(crate) struct Dictionary {
    pub(crate) entries: Vec<(Value, Value)>,
    depth: u16,
}

impl Dictionary {
    pub(crate) fn new(entries: Vec<(Value, Value)>) -> Result<Self, Failure> {
        let depth = deeper(entries.iter().map(|(_, value)| value.depth()).max().unwrap_or(0))?;
        Ok(Self { entries, depth })
    }
}

/// A function written in the script, with the names that were visible there.
#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) function: ast::Function,
    pub(crate) scope: Scope,
    pub(crate) span: ast::Span,
    depth: u16,
}

impl Closure {
    pub(crate) fn new(
        function: ast::Function,
        scope: Scope,
        span: ast::Span,
    ) -> Result<Self, Failure> {
        let depth = deeper(scope.depth())?;
        Ok(Self { function, scope, span, depth })
    }

    pub(crate) fn parameter(&self, index: usize) -> Option<&str> {
        self.function.parameters.get(index).map(|parameter| parameter.name.name.as_str())
    }
}

fn deeper(depth: u16) -> Result<u16, Failure> {
    if depth >= MAX_DEPTH { Err(Failure::limit("values nested too deeply")) } else { Ok(depth + 1) }
}

impl Value {
    pub(crate) fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    pub(crate) fn depth(&self) -> u16 {
        match self {
            Self::Array(array) => array.depth,
            Self::Record(record) => record.depth,
            Self::Dictionary(dictionary) => dictionary.depth,
            Self::Closure(closure) => closure.depth,
            _ => 0,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The name of the type in error texts.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::UInt(_) => "uint",
            Self::Float(_) => "float",
            Self::String(_) => "string",
            Self::Time(_) => "time",
            Self::Duration(_) => "duration",
            Self::Regex(_) => "regexp",
            Self::Array(_) => "array",
            Self::Record(_) => "record",
            Self::Dictionary(_) => "dict",
            Self::Builtin(_) | Self::Closure(_) => "function",
            Self::Package(_) => "package",
            Self::Stream(_) => "stream",
        }
    }

    /// The type of the column that can hold the value; none for null and for what no column can hold.
    pub(crate) fn data_type(&self) -> Option<DataType> {
        Some(match self {
            Self::Bool(_) => DataType::Boolean,
            Self::Int(_) => DataType::Long,
            Self::UInt(_) => DataType::UnsignedLong,
            Self::Float(_) => DataType::Double,
            Self::String(_) => DataType::String,
            Self::Time(_) => DataType::Time,
            _ => return None,
        })
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::UInt(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// A total order over what columns hold, null first, used for group keys and sorting: kinds in a fixed
    /// order, floats with NaN last.
    pub(crate) fn total_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Int(left), Self::Int(right)) | (Self::Time(left), Self::Time(right)) => {
                left.cmp(right)
            }
            (Self::UInt(left), Self::UInt(right)) => left.cmp(right),
            (Self::Float(left), Self::Float(right)) => compare_floats(*left, *right),
            (Self::String(left), Self::String(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::UInt(_) => 3,
            Self::Float(_) => 4,
            Self::String(_) => 5,
            Self::Time(_) => 6,
            _ => 7,
        }
    }

    /// The text that `string(v:)` and interpolation make of it; none where there is none.
    pub(crate) fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::UInt(value) => value.to_string(),
            Self::Float(value) => {
                let mut text = Vec::new();
                influx_wire::csv::write_float(&mut text, *value);
                String::from_utf8(text).unwrap_or_default()
            }
            Self::String(value) => value.to_string(),
            Self::Time(value) => format_time(*value),
            Self::Duration(value) => format_duration(*value),
            Self::Regex(value) => value.as_str().to_owned(),
            _ => return None,
        })
    }
}

/// Equal floats are equal whatever their sign of zero; NaN is larger than everything.
pub(crate) fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// A value that a column holds, as a key of ordered maps; the order is that of [`Value::total_cmp`].
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    String(Arc<str>),
    Time(i64),
}

impl From<Value> for Key {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::UInt(value) => Self::UInt(value),
            Value::Float(value) => Self::Float(value),
            Value::String(value) => Self::String(value),
            Value::Time(value) => Self::Time(value),
            _ => Self::Null,
        }
    }
}

impl Key {
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::UInt(_) => 3,
            Self::Float(_) => 4,
            Self::String(_) => 5,
            Self::Time(_) => 6,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Int(left), Self::Int(right)) | (Self::Time(left), Self::Time(right)) => {
                left.cmp(right)
            }
            (Self::UInt(left), Self::UInt(right)) => left.cmp(right),
            (Self::Float(left), Self::Float(right)) => compare_floats(*left, *right),
            (Self::String(left), Self::String(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// The name that Flux gives to a column type.
pub(crate) fn type_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::String => "string",
        DataType::Long => "int",
        DataType::UnsignedLong => "uint",
        DataType::Double => "float",
        DataType::Boolean => "bool",
        DataType::Time => "time",
    }
}

/// A time with all nine decimals, as `string(v:)` prints it.
fn format_time(nanoseconds: i64) -> String {
    let mut text = Vec::new();
    // Whole seconds print without a fraction, which leaves the place for ours.
    write_rfc3339(&mut text, nanoseconds.div_euclid(1_000_000_000).saturating_mul(1_000_000_000));
    let whole = String::from_utf8(text).unwrap_or_default();
    let whole = whole.split(['.', 'Z']).next().unwrap_or_default();
    format!("{whole}.{:09}Z", nanoseconds.rem_euclid(1_000_000_000))
}

/// A duration in its largest units, as `string(v:)` prints it: `1h30m`, `1mo2d`, `0ns`.
pub(crate) fn format_duration(duration: Duration) -> String {
    const NANOSECONDS: [(i64, &str); 8] = [
        (7 * 86_400_000_000_000, "w"),
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    if duration.months == 0 && duration.nanoseconds == 0 {
        return "0ns".to_owned();
    }
    let mut text = String::new();
    if duration.negative {
        text.push('-');
    }
    let mut part = |amount: i64, unit: &str| {
        if amount != 0 {
            let _ = write!(text, "{amount}{unit}");
        }
    };
    part(duration.months / 12, "y");
    part(duration.months % 12, "mo");
    let mut rest = duration.nanoseconds;
    for (size, unit) in NANOSECONDS {
        part(rest / size, unit);
        rest %= size;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_in_their_largest_units() {
        let check = |months, nanoseconds, negative, expected: &str| {
            assert_eq!(format_duration(Duration { months, nanoseconds, negative }), expected);
        };
        check(0, 5_400_000_000_000, false, "1h30m");
        check(0, 36 * 3_600_000_000_000, false, "1d12h");
        check(1, 2 * 86_400_000_000_000, false, "1mo2d");
        check(0, 3_600_000_000_000, true, "-1h");
        check(0, 0, false, "0ns");
        check(0, 1_500_000_000, false, "1s500ms");
    }

    #[test]
    fn times_print_all_nine_decimals() {
        assert_eq!(
            Value::Time(1_609_459_200_000_000_000).to_text().unwrap(),
            "2021-01-01T00:00:00.000000000Z"
        );
        assert_eq!(Value::Time(-1).to_text().unwrap(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn values_that_nest_too_deeply_are_refused() {
        let mut value = Value::Null;
        let refused = (0..1_000).any(|_| match Array::new(vec![value.clone()]) {
            Ok(array) => {
                value = Value::Array(Arc::new(array));
                false
            }
            Err(_) => true,
        });
        assert!(refused);
    }
}
