//! What can be wrong with an answer.

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
