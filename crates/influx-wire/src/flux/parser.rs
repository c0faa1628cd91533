//! Flux tokens into a syntax tree.

use super::ast::File;

/// Why a script is not Flux: one or more places, as InfluxDB words them (`error @1:4-1:4: …`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("compilation failed: {message}")]
pub struct Error {
    pub message: String,
}

/// Parses a script.
pub fn parse(_script: &str) -> Result<File, Error> {
    todo!()
}
