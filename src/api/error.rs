//! What goes wrong between a page and the server, in words for the person in front of the page.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};

use super::encoding::Text;
use crate::model::answer::AnswerError;

/// Why a server function gave no result. Never holds a token or a cause that only the log should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

impl ApiError {
    /// As the body of an answer: `conflict|The device "x" is already registered.`
    pub fn to_text(&self) -> String {
        match self {
            Self::NotFound(message) => format!("not-found|{message}"),
            Self::Invalid { field, message } => format!("invalid|{field}|{message}"),
            Self::Conflict(message) => format!("conflict|{message}"),
            Self::Unavailable(message) => format!("unavailable|{message}"),
            Self::Internal { request_id } => format!("internal|{request_id}"),
            Self::Transport(cause) => format!("transport|{cause}"),
        }
    }

    /// Reads what [`Self::to_text`] makes. Anything else comes from between the two: a proxy, another version.
    pub fn from_text(text: &str) -> Self {
        let (kind, rest) = text.split_once('|').unwrap_or_default();
        let all = rest.to_owned();
        match (kind, rest.split_once('|')) {
            ("not-found", _) => Self::NotFound(all),
            ("invalid", Some((field, message))) => {
                Self::Invalid { field: field.to_owned(), message: message.to_owned() }
            }
            ("conflict", _) => Self::Conflict(all),
            ("unavailable", _) => Self::Unavailable(all),
            ("internal", _) => Self::Internal { request_id: all },
            ("transport", _) => Self::Transport(all),
            _ => Self::Transport(text.to_owned()),
        }
    }
}

impl From<AnswerError> for ApiError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Refused(body) => Self::from_text(&body),
            AnswerError::Lost(cause) => Self::Transport(cause),
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = Text;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(message) | ServerFnErrorErr::MissingArg(message) => {
                Self::Invalid { field: String::new(), message }
            }
            other => Self::Transport(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_survive_their_text() {
        let words = || "the token | is\n\"wrong\"".to_owned();
        for error in [
            ApiError::NotFound(words()),
            ApiError::Invalid { field: String::new(), message: words() },
            ApiError::Invalid { field: "device_id".to_owned(), message: words() },
            ApiError::Conflict(words()),
            ApiError::Unavailable(words()),
            ApiError::Internal { request_id: "1f".to_owned() },
            ApiError::Transport(words()),
        ] {
            assert_eq!(ApiError::from_text(&error.to_text()), error);
        }
    }

    #[test]
    fn what_others_answer_is_shown_as_it_is() {
        for body in ["", "502 Bad Gateway", "invalid|device_id", "<html>a|b</html>"] {
            assert_eq!(ApiError::from_text(body), ApiError::Transport(body.to_owned()));
        }
    }
}
