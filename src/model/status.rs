//! What the header says about the backend.

use serde::{Deserialize, Serialize};

/// The backend and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendStatus {
    /// `embedded store` or `InfluxDB 2.9.1`.
    pub name: String,
    pub state: BackendState,
    /// A warning that stands on every page, such as the server being reachable without sign-in.
    pub banner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackendState {
    Ready,
    /// It answered, but took longer than a second.
    Delayed,
    /// What is wrong and what to do about it.
    Failing(String),
}

impl BackendState {
    /// The word beside the dot.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Delayed => "delayed",
            Self::Failing(_) => "failing",
        }
    }
}
