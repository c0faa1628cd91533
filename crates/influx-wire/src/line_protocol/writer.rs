//! Points into line protocol.
//!
//! What cannot be written so that InfluxDB reads back the same point is refused: nothing is silently
//! changed or left out, but for tags without a value, which do not exist.

use super::{FieldValue, MAXIMUM_KEY_LENGTH, RESERVED_TAG_KEYS};

/// Why a point cannot be written as line protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    #[error("{0} must not be empty")]
    Empty(NameKind),
    #[error("{kind} `{}` contains the control character {character:?}", name.escape_debug())]
    ControlCharacter { kind: NameKind, name: String, character: char },
    /// The backslash would escape what follows.
    #[error("{kind} `{name}` ends with a backslash, which line protocol cannot express")]
    TrailingBackslash { kind: NameKind, name: String },
    /// The line would be a comment.
    #[error("measurement `{0}` begins with `#`")]
    CommentMark(String),
    /// InfluxDB takes such a line and cannot read the series any more.
    #[error("measurement `{0}` contains a backslash before an equals sign")]
    EscapedEquals(String),
    #[error("`{0}` is a reserved name and cannot be a tag or a field")]
    Reserved(String),
    #[error("the tag `{0}` is given twice")]
    RepeatedTag(String),
    #[error("the point has no fields")]
    NoFields,
    #[error("field `{0}` is not a finite number")]
    NotFinite(String),
    #[error("measurement, tags and field key have {0} bytes, more than {MAXIMUM_KEY_LENGTH}")]
    KeyTooLong(usize),
}

/// What a name in a point names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    Measurement,
    TagKey,
    TagValue,
    FieldKey,
}

impl std::fmt::Display for NameKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Measurement => "measurement",
            Self::TagKey => "tag key",
            Self::TagValue => "tag value",
            Self::FieldKey => "field key",
        })
    }
}

/// Appends points to a text of line protocol.
///
/// Tags are sorted by the caller or not, InfluxDB takes both.
///
/// ```
/// use influx_wire::line_protocol::{FieldValue, LineWriter};
///
/// let mut writer = LineWriter::default();
/// writer.point(
///     "weather",
///     [("city", "Hradec Králové")],
///     [("temperature", FieldValue::Float(21.5)), ("station", FieldValue::String("no 1".into()))],
///     Some(1_600_000_000),
/// )?;
/// assert_eq!(
///     writer.as_str(),
///     "weather,city=Hradec\\ Králové temperature=21.5,station=\"no 1\" 1600000000\n",
/// );
/// # Ok::<(), influx_wire::line_protocol::WriteError>(())
/// ```
#[derive(Debug, Default)]
pub struct LineWriter {
    text: String,
}

/// Measurement and tags, checked and escaped once for many points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesKey(String);

impl SeriesKey {
    /// Tags with an empty value are left out.
    pub fn new<'a>(
        measurement: &str,
        tags: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, WriteError> {
        let mut writer = LineWriter::default();
        writer.append_series(measurement, tags)?;
        Ok(Self(writer.text))
    }

    /// Its length as text, in bytes; never 0.
    #[allow(clippy::len_without_is_empty, reason = "a measurement has a name")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl LineWriter {
    /// With room for a text of so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes) }
    }

    /// Appends one point; on an error nothing is appended. Timestamps are in the unit that the caller
    /// will name as the precision.
    ///
    /// Tags with an empty value are left out. Where a field is given twice InfluxDB keeps the last value.
    pub fn point<'a>(
        &mut self,
        measurement: &str,
        tags: impl IntoIterator<Item = (&'a str, &'a str)>,
        fields: impl IntoIterator<Item = (&'a str, FieldValue<'a>)>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let start = self.text.len();
        let result = self
            .append_series(measurement, tags)
            .and_then(|()| self.append_rest(start, fields, timestamp));
        if result.is_err() {
            self.text.truncate(start);
        }
        result
    }

    /// The same for a point of a known series.
    pub fn point_of<'a>(
        &mut self,
        series: &SeriesKey,
        fields: impl IntoIterator<Item = (&'a str, FieldValue<'a>)>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let start = self.text.len();
        self.text.push_str(&series.0);
        let result = self.append_rest(start, fields, timestamp);
        if result.is_err() {
            self.text.truncate(start);
        }
        result
    }

    /// The lines so far, each ended by `\n`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Takes the lines and leaves the writer empty.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn append_series<'a>(
        &mut self,
        measurement: &str,
        tags: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), WriteError> {
        if measurement.starts_with('#') {
            return Err(WriteError::CommentMark(measurement.to_owned()));
        }
        if measurement.contains("\\=") {
            return Err(WriteError::EscapedEquals(measurement.to_owned()));
        }
        self.name(NameKind::Measurement, measurement)?;
        let mut keys: Vec<&str> = Vec::with_capacity(8);
        for (key, value) in tags {
            if value.is_empty() {
                continue;
            }
            if keys.contains(&key) {
                return Err(WriteError::RepeatedTag(key.to_owned()));
            }
            keys.push(key);
            self.text.push(',');
            self.key(NameKind::TagKey, key)?;
            self.text.push('=');
            self.name(NameKind::TagValue, value)?;
        }
        Ok(())
    }

    /// Appends what comes behind the series that begins at `start`.
    fn append_rest<'a>(
        &mut self,
        start: usize,
        fields: impl IntoIterator<Item = (&'a str, FieldValue<'a>)>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let series_length = self.text.len() - start;
        let mut separator = ' ';
        for (key, value) in fields {
            let length = series_length + 4 + key.len();
            if length > MAXIMUM_KEY_LENGTH {
                return Err(WriteError::KeyTooLong(length));
            }
            self.text.push(std::mem::replace(&mut separator, ','));
            self.key(NameKind::FieldKey, key)?;
            self.text.push('=');
            self.value(key, value)?;
        }
        if separator == ' ' {
            return Err(WriteError::NoFields);
        }
        if let Some(timestamp) = timestamp {
            self.text.push(' ');
            self.text.push_str(itoa::Buffer::new().format(timestamp));
        }
        self.text.push('\n');
        Ok(())
    }

    fn key(&mut self, kind: NameKind, key: &str) -> Result<(), WriteError> {
        if RESERVED_TAG_KEYS.contains(&key) {
            return Err(WriteError::Reserved(key.to_owned()));
        }
        self.name(kind, key)
    }

    fn name(&mut self, kind: NameKind, name: &str) -> Result<(), WriteError> {
        let is_plain = |byte: u8| byte > b' ' && !matches!(byte, b',' | b'=' | b'\\' | 0x7f);
        if name.bytes().all(is_plain) && !name.is_empty() {
            self.text.push_str(name);
            return Ok(());
        }
        if name.is_empty() {
            return Err(WriteError::Empty(kind));
        }
        if name.ends_with('\\') {
            return Err(WriteError::TrailingBackslash { kind, name: name.to_owned() });
        }
        for character in name.chars() {
            match character {
                ',' | ' ' => self.text.push('\\'),
                '=' if kind != NameKind::Measurement => self.text.push('\\'),
                character if character.is_ascii_control() => {
                    let name = name.to_owned();
                    return Err(WriteError::ControlCharacter { kind, name, character });
                }
                _ => {}
            }
            self.text.push(character);
        }
        Ok(())
    }

    fn value(&mut self, key: &str, value: FieldValue<'_>) -> Result<(), WriteError> {
        match value {
            FieldValue::Float(value) if value.is_finite() => {
                let mut buffer = zmij::Buffer::new();
                let text = buffer.format_finite(value);
                // A number without a suffix is a float in line protocol, with a point or without.
                self.text.push_str(text.strip_suffix(".0").unwrap_or(text));
            }
            FieldValue::Float(_) => return Err(WriteError::NotFinite(key.to_owned())),
            FieldValue::Integer(value) => {
                self.text.push_str(itoa::Buffer::new().format(value));
                self.text.push('i');
            }
            FieldValue::Unsigned(value) => {
                self.text.push_str(itoa::Buffer::new().format(value));
                self.text.push('u');
            }
            FieldValue::Boolean(value) => self.text.push_str(if value { "true" } else { "false" }),
            FieldValue::String(value) => {
                self.text.push('"');
                let mut rest = value.as_ref();
                while let Some(position) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
                    let (before, behind) = rest.split_at_checked(position).unwrap_or((rest, ""));
                    self.text.push_str(before);
                    self.text.push('\\');
                    let mut characters = behind.chars();
                    self.text.extend(characters.next());
                    rest = characters.as_str();
                }
                self.text.push_str(rest);
                self.text.push('"');
            }
        }
        Ok(())
    }
}
