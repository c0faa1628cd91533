//! Bytes into lines.
//!
//! The reasons of errors and the order in which they are looked for follow InfluxDB. This reader is
//! stricter where InfluxDB is known to be wrong: text behind a closing quote, a lone quote as a value,
//! control characters in names and tag keys that would clash with the columns of Flux are refused.
//!
//! Lines of one device mostly begin with the same measurement and tags, so those of the line before are
//! taken over when their text is the same. That is where most of the speed comes from.

use std::borrow::Cow;

use super::value;
use super::{FieldValue, Line, MAXIMUM_KEY_LENGTH, Precision, RESERVED_TAG_KEYS};

/// Why a line could not be read. Prints as InfluxDB does: `unable to parse '<line>': <reason>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse '{line}': {reason}")]
pub struct Error {
    /// The bad line, whole.
    pub line: String,
    /// Its number in the body, from 1.
    pub number: usize,
    pub reason: String,
}

/// Reads a body line by line; blank lines and comments are left out. A bad line yields an error and
/// reading goes on behind it.
///
/// ```
/// use influx_wire::line_protocol::{FieldValue, Precision, parse};
///
/// let line = parse("weather,city=Prague temperature=21.5 1600000000", Precision::Seconds)
///     .next()
///     .expect("one line")?;
/// assert_eq!(line.measurement, "weather");
/// assert_eq!(line.fields, [("temperature".into(), FieldValue::Float(21.5))]);
/// assert_eq!(line.timestamp, Some(1_600_000_000_000_000_000));
/// # Ok::<(), influx_wire::line_protocol::Error>(())
/// ```
pub fn parse(body: &str, precision: Precision) -> impl Iterator<Item = Result<Line<'_>, Error>> {
    Lines { rest: body, number: 0, precision, before: None }
}

/// Why a line is refused, without the line.
type Reason = Cow<'static, str>;

/// The part of a line before its fields.
#[derive(Clone)]
struct Series<'a> {
    text: &'a str,
    measurement: Cow<'a, str>,
    tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

struct Lines<'a> {
    rest: &'a str,
    /// Of line feeds before `rest`.
    number: usize,
    precision: Precision,
    before: Option<Series<'a>>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            // White space and comments are told first: quotes mean nothing in a comment.
            let start = self.rest.trim_start_matches([' ', '\t', '\0']);
            let (text, rest, feeds) = if start.starts_with('#') {
                split_at(start, memchr::memchr(b'\n', start.as_bytes()), 1)
            } else {
                split_line(start)
            };
            self.rest = rest;
            let number = self.number + 1;
            self.number += feeds;
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return Some(self.line(text).map_err(|reason| Error {
                line: text.to_owned(),
                number,
                reason: reason.into_owned(),
            }));
        }
        None
    }
}

/// The text up to the line feed, what is behind it, and how many line feeds that skips.
fn split_at(text: &str, end: Option<usize>, feeds: usize) -> (&str, &str, usize) {
    match end.and_then(|end| text.split_at_checked(end)) {
        Some((line, rest)) => (line, rest.get(1..).unwrap_or_default(), feeds),
        None => (text, "", feeds),
    }
}

/// Splits at the first line feed outside of a quoted field value.
fn split_line(text: &str) -> (&str, &str, usize) {
    let bytes = text.as_bytes();
    let end = memchr::memchr(b'\n', bytes);
    let line = end.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    if memchr::memchr(b'"', line).is_none() {
        return split_at(text, end, 1);
    }
    // A quote opens a string only as a field's value, that is behind a space and an equals sign.
    let mut feeds = 1;
    let mut in_fields = false;
    let mut quoted = false;
    let mut equals = 0_usize;
    let mut commas = 0_usize;
    let mut escaped = false;
    for (position, &byte) in bytes.iter().enumerate() {
        if std::mem::take(&mut escaped) && byte != b'\n' {
            // In a name the second of two backslashes still escapes, in a string it does not.
            escaped = !quoted && byte == b'\\';
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'\n' if !quoted => return split_at(text, Some(position), feeds),
            b'\n' => feeds += 1,
            b' ' => in_fields = true,
            b'=' if in_fields && !quoted => equals += 1,
            b',' if in_fields && !quoted => commas += 1,
            b'"' if equals > commas => quoted = !quoted,
            _ => {}
        }
    }
    split_at(text, None, feeds)
}

impl<'a> Lines<'a> {
    fn line(&mut self, text: &'a str) -> Result<Line<'a>, Reason> {
        let series = match &self.before {
            Some(before) if is_series_of(before.text, text) => before.clone(),
            _ => {
                let series = parse_series(text)?;
                self.before.insert(series).clone()
            }
        };
        let behind = text.get(series.text.len()..).unwrap_or_default();
        let (fields, behind) = parse_fields(behind.trim_start_matches(' '), series.text.len())?;
        let timestamp = parse_timestamp(behind, self.precision)?;
        let Series { text: series, measurement, tags } = series;
        Ok(Line { series, measurement, tags, fields, timestamp, text })
    }
}

fn is_series_of(series: &str, line: &str) -> bool {
    line.strip_prefix(series).is_some_and(|behind| behind.starts_with(' '))
}

/// Which names: `=` is an ordinary character in a measurement, and in tags and field keys it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Measurement,
    Key,
}

impl Class {
    /// Whether a byte ends a name or needs a closer look.
    #[inline]
    fn is_special(self, byte: u8) -> bool {
        byte <= b' ' || matches!(byte, b',' | b'\\' | 0x7f) || byte == b'=' && self == Self::Key
    }

    fn is_escapable(self, byte: u8) -> bool {
        matches!(byte, b',' | b' ') || byte == b'=' && self == Self::Key
    }
}

/// Takes a name up to the first unescaped special byte: the name, that byte and what is behind it.
/// At the end of the text there is no such byte.
fn take_name(text: &str, class: Class) -> Result<(Cow<'_, str>, Option<u8>, &str), Reason> {
    let bytes = text.as_bytes();
    let mut has_escapes = false;
    let mut position = 0;
    let end = loop {
        let rest = bytes.get(position..).unwrap_or_default();
        let Some(found) = rest.iter().position(|&byte| class.is_special(byte)) else {
            break text.len();
        };
        position += found;
        if bytes.get(position) != Some(&b'\\') {
            break position;
        }
        // The byte behind a backslash never ends the name, be it a backslash itself.
        let mut behind = position + 1;
        while bytes.get(behind) == Some(&b'\\') {
            behind += 1;
        }
        if bytes.get(behind).is_some_and(|&byte| class.is_escapable(byte)) {
            has_escapes = true;
            behind += 1;
        }
        position = behind;
    };
    let (name, behind) = text.split_at_checked(end).unwrap_or((text, ""));
    let stop = behind.as_bytes().first().copied();
    if stop.is_some_and(|byte| byte.is_ascii_control()) {
        return Err("invalid control character in a name".into());
    }
    let name = if has_escapes { Cow::Owned(unescape(name, class)) } else { Cow::Borrowed(name) };
    Ok((name, stop, behind.get(1..).unwrap_or_default()))
}

fn unescape(name: &str, class: Class) -> String {
    let mut out = String::with_capacity(name.len());
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\')
            .then(|| characters.next_if(|&next| next.is_ascii() && class.is_escapable(next as u8)))
            .flatten();
        out.push(escaped.unwrap_or(character));
    }
    out
}

fn parse_series(text: &str) -> Result<Series<'_>, Reason> {
    let (measurement, mut stop, mut rest) = take_name(text, Class::Measurement)?;
    if measurement.is_empty() {
        return Err("missing measurement".into());
    }
    let mut tags: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        Vec::with_capacity(if stop == Some(b',') { 8 } else { 0 });
    let mut is_sorted = true;
    while stop == Some(b',') {
        let (key, key_stop, behind) = take_name(rest, Class::Key)?;
        if key.is_empty() {
            return Err("missing tag key".into());
        }
        if key_stop != Some(b'=') {
            return Err("missing tag value".into());
        }
        let (value, value_stop, behind) = take_name(behind, Class::Key)?;
        if value_stop == Some(b'=') {
            return Err("invalid tag format".into());
        }
        if value.is_empty() {
            return Err("missing tag value".into());
        }
        is_sorted = is_sorted && tags.last().is_none_or(|(before, _)| *before < key);
        tags.push((key, value));
        (stop, rest) = (value_stop, behind);
    }
    if stop.is_none() {
        return Err("missing fields".into());
    }
    if !is_sorted {
        tags.sort_by(|(left, _), (right, _)| left.cmp(right));
        if tags.windows(2).any(|pair| matches!(pair, [(left, _), (right, _)] if left == right)) {
            return Err("duplicate tags".into());
        }
    }
    if let Some((key, _)) = tags.iter().find(|(key, _)| RESERVED_TAG_KEYS.contains(&key.as_ref())) {
        return Err(format!("cannot use reserved tag key \"{key}\"").into());
    }
    // The space before the fields is neither in `rest` nor in the series.
    let length = text.len() - rest.len() - 1;
    if length > MAXIMUM_KEY_LENGTH {
        return Err(key_too_long(length));
    }
    Ok(Series { text: text.get(..length).unwrap_or_default(), measurement, tags })
}

fn key_too_long(length: usize) -> Reason {
    format!("max key length exceeded: {length} > {MAXIMUM_KEY_LENGTH}").into()
}

type Fields<'a> = Vec<(Cow<'a, str>, FieldValue<'a>)>;

/// Reads all fields; returns also what is behind the space that ends them.
fn parse_fields(text: &str, series_length: usize) -> Result<(Fields<'_>, &str), Reason> {
    let mut fields: Fields<'_> = Vec::with_capacity(8);
    let mut rest = text;
    loop {
        let (key, stop, behind) = take_name(rest, Class::Key)?;
        if stop != Some(b'=') {
            return Err("invalid field format".into());
        }
        if key.is_empty() {
            return Err("missing field key".into());
        }
        // InfluxDB's storage joins series and field with a separator of four bytes.
        let length = series_length + 4 + key.len();
        if length > MAXIMUM_KEY_LENGTH {
            return Err(key_too_long(length));
        }
        let (value, behind) = value::parse(behind)?;
        fields.push((key, value));
        match behind.as_bytes() {
            [] => return Ok((without_repetitions(fields), "")),
            [b' ', ..] => return Ok((without_repetitions(fields), behind)),
            _ => rest = behind.get(1..).unwrap_or_default(),
        }
    }
}

/// Keeps the last value of each key, at the place of the first.
fn without_repetitions(mut fields: Fields<'_>) -> Fields<'_> {
    const FEW: usize = 16;
    if fields.len() <= FEW {
        let mut index = 1;
        while let Some((key, _)) = fields.get(index) {
            match fields.iter().take(index).position(|(before, _)| before == key) {
                Some(before) => {
                    let (_, value) = fields.remove(index);
                    if let Some(field) = fields.get_mut(before) {
                        field.1 = value;
                    }
                }
                None => index += 1,
            }
        }
        return fields;
    }
    // A line may have tens of thousands of fields: no comparing of each with each.
    let mut places = std::collections::HashMap::with_capacity(fields.len());
    let mut kept: Fields<'_> = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        let place = *places.entry(key.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(field) => field.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

/// InfluxDB keeps the instants at the ends of the range for itself.
const LATEST: i64 = i64::MAX - 1;

fn parse_timestamp(text: &str, precision: Precision) -> Result<Option<i64>, Reason> {
    let text = text.trim_start_matches(' ');
    let (number, behind) = text.split_once(' ').unwrap_or((text, ""));
    if number.is_empty() {
        return Ok(None);
    }
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("bad timestamp".into());
    }
    if behind.bytes().any(|byte| byte != b' ') {
        return Err("point is invalid".into());
    }
    let Ok(units) = number.parse::<i64>() else {
        return Err(format!("strconv.ParseInt: parsing \"{number}\": value out of range").into());
    };
    match units.checked_mul(precision.nanoseconds()) {
        Some(timestamp) if (-LATEST..=LATEST).contains(&timestamp) => Ok(Some(timestamp)),
        _ => Err(format!("time outside range -{LATEST} - {LATEST}").into()),
    }
}
