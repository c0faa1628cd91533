//! The REST API as its page shows it.

use serde::{Deserialize, Serialize};

/// One thing that other programs can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Upper case.
    pub method: String,
    /// `/api/devices/{id}`
    pub path: String,
    /// Of the operations that belong together: `devices`.
    pub tag: String,
    pub summary: String,
    pub description: String,
    pub parameters: Vec<Parameter>,
    /// An example of the body, if it has one.
    pub body: Option<String>,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    /// `path` or `query`.
    pub place: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub status: String,
    pub description: String,
}
