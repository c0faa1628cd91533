//! Why a use-case gave no result.

use crate::server::ports::PortError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use-case gave no result, in words for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    NotFound(String),
    #[error("{message}")]
    Invalid { field: &'static str, message: String },
    #[error("{0}")]
    Conflict(String),
    /// It was there, and is not any more.
    #[error("{0}")]
    Gone(String),
    #[error(transparent)]
    Port(#[from] PortError),
    /// A fault of this program or an answer that nobody foresaw; the text is for the log.
    #[error("{0}")]
    Internal(String),
}
