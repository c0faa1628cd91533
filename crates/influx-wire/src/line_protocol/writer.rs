//! Points into line protocol.

use super::FieldValue;

/// Why a point cannot be written as line protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    #[error("{0}")]
    Invalid(String),
}

/// Appends points to a text of line protocol.
///
/// Tags are sorted by the caller or not, InfluxDB takes both.
#[derive(Debug, Default)]
pub struct LineWriter {
    text: String,
}

impl LineWriter {
    /// Appends one point; on an error nothing is appended. Timestamps are in the unit that the caller
    /// will name as the precision.
    pub fn point<'a>(
        &mut self,
        _measurement: &str,
        _tags: impl IntoIterator<Item = (&'a str, &'a str)>,
        _fields: impl IntoIterator<Item = (&'a str, FieldValue<'a>)>,
        _timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        todo!()
    }

    /// The lines so far, each ended by `\n`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Takes the lines and leaves the writer empty.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
