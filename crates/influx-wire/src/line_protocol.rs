//! Line protocol, read as InfluxDB 2.x reads it and written so that any InfluxDB reads it.
//!
//! <https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/>

mod parser;
mod value;
mod writer;

use std::borrow::Cow;

pub use parser::{Error, parse};
pub use writer::{LineWriter, NameKind, SeriesKey, WriteError};

/// Names that InfluxDB or Flux use for columns of their own. A tag of that name would be refused on writing
/// or would break every later query of its measurement.
pub const RESERVED_TAG_KEYS: [&str; 7] =
    ["_field", "_measurement", "_start", "_stop", "_time", "_value", "time"];

/// Most bytes of measurement, tags, a separator of four bytes and one field key together.
pub const MAXIMUM_KEY_LENGTH: usize = 65_535;

/// The unit of the timestamps in a body of line protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    #[default]
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
}

impl Precision {
    /// Nanoseconds in one unit.
    pub fn nanoseconds(self) -> i64 {
        match self {
            Self::Nanoseconds => 1,
            Self::Microseconds => 1_000,
            Self::Milliseconds => 1_000_000,
            Self::Seconds => 1_000_000_000,
        }
    }

    /// The value of the `precision` parameter: `ns`, `us`, `ms`, `s`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }
}

/// One point as it stands in a line, borrowed from the body wherever nothing is escaped.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<'a> {
    /// Measurement and tags as written, up to the first unescaped space: a key for caches.
    pub series: &'a str,
    pub measurement: Cow<'a, str>,
    /// Sorted bytewise by key; no key twice.
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// In the order of the line; where a key stands twice the last one is kept. Never empty.
    pub fields: Vec<(Cow<'a, str>, FieldValue<'a>)>,
    /// Nanoseconds since the Unix epoch (the body's precision is already applied).
    pub timestamp: Option<i64>,
    /// The line as it stands in the body, for error texts.
    pub text: &'a str,
}

impl<'a> Line<'a> {
    /// Measurement, tags and fields as written, without the timestamp and the space before it.
    pub fn untimed(&self) -> &'a str {
        let text = self.text.trim_end_matches(' ');
        if self.timestamp.is_none() {
            return text;
        }
        // Nothing stands behind a timestamp, and it holds no space.
        text.rsplit_once(' ').map_or(text, |(before, _)| before.trim_end_matches(' '))
    }
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    Boolean(bool),
    String(Cow<'a, str>),
}

#[cfg(test)]
mod tests;
