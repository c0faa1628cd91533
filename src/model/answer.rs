//! Why the answer of a server function could not be read to its end.

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The server has refused; the body says why.
    #[error("{0}")]
    Refused(String),
    /// There was no answer, or it broke off.
    #[error("{0}")]
    Lost(String),
}
