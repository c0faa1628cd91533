//! What goes wrong between a page and the server, in words for the person in front of the page.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use super::json::JsonText;
use crate::model::answer::AnswerError;

/// Why a server function gave no result. Never holds a token or a cause that only the log should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    /// There is no such thing: `The device "x" is not registered and has no data.`
    #[error("{0}")]
    NotFound(String),
    /// An argument is not acceptable; `field` names the input that it came from.
    #[error("{message}")]
    Invalid { field: String, message: String },
    /// The state does not allow it: `The device "x" is already registered.`
    #[error("{0}")]
    Conflict(String),
    /// InfluxDB is down, slow, full, refuses the token…: what happened, what it means and what to do.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of this program; the log has the cause under this id.
    #[error("Something went wrong on the server. Its log says more under the id {request_id}.")]
    Internal { request_id: String },
    /// The server function itself could not be called or answered.
    #[error(
        "The server could not be reached or gave an answer that this page does not understand: {0}"
    )]
    Transport(String),
}

impl From<AnswerError> for ApiError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Refused(body) => {
                serde_json::from_str(&body).unwrap_or(Self::Transport(body))
            }
            AnswerError::Lost(cause) => Self::Transport(cause),
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(message) | ServerFnErrorErr::MissingArg(message) => {
                Self::Invalid { field: String::new(), message }
            }
            other => Self::Transport(other.to_string()),
        }
    }
}
