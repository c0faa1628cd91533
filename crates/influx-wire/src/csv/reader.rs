//! Annotated CSV into typed columns, as the bytes arrive.

use super::Batch;

/// Why an answer could not be read, or what InfluxDB said in its error table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error table inside an answer that began well: the query failed half-way.
    #[error("{message}")]
    Query { message: String, reference: String },
    #[error("line {line} of the answer: {reason}")]
    Malformed { line: u64, reason: String },
    #[error("the answer is too large: {0}")]
    TooLarge(String),
    #[error("the answer ended in the middle of a row")]
    Truncated,
}

/// Push bytes in, take batches out.
///
/// Needs the annotations `datatype`, `group` and `default` in the answer.
#[derive(Debug)]
pub struct Reader {}

impl Reader {
    /// Keeps every column.
    pub fn new() -> Self {
        todo!()
    }

    /// Keeps only these columns; the others are skipped without being converted.
    pub fn with_columns(_labels: &[&str]) -> Self {
        todo!()
    }

    /// Reads the next bytes of the answer. After an error the reader stays failed.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        todo!()
    }

    /// The rows that are complete so far.
    pub fn take(&mut self) -> Vec<Batch> {
        todo!()
    }

    /// Says that the answer is over and gives the rest.
    pub fn finish(self) -> Result<Vec<Batch>, Error> {
        todo!()
    }
}
