//! What can go wrong between a caller and InfluxDB.

use std::time::Duration;

use http::StatusCode;
use influx_wire::csv;

/// The outcome of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. No text in here ever contains a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No connection, or it broke before there was an answer.
    #[error("InfluxDB cannot be reached: {reason}")]
    Unreachable { reason: String },
    #[error("InfluxDB did not answer in time")]
    TimedOut,
    /// 401
    #[error("InfluxDB does not accept the token: {message}")]
    Unauthorized { message: String },
    /// 403
    #[error("the token does not permit this: {message}")]
    Forbidden { message: String },
    /// 404
    #[error("{message}")]
    NotFound { message: String },
    /// 400, 422 and what else is wrong with a request: sending it again cannot help.
    #[error("InfluxDB refused the request: {message}")]
    Invalid { message: String },
    /// 422 with the code `conflict`: it exists already.
    #[error("{message}")]
    Conflict { message: String },
    /// 413
    #[error("the request is too large for InfluxDB")]
    TooLarge,
    /// 429
    #[error("InfluxDB asks to slow down")]
    TooManyRequests {
        /// How long it asks to wait, at most a minute.
        retry_after: Option<Duration>,
    },
    /// 502, 503, 504
    #[error("InfluxDB is not available at the moment (HTTP {status}): {message}")]
    Unavailable { status: u16, message: String, retry_after: Option<Duration> },
    /// 500 and other answers that blame the server.
    #[error("InfluxDB failed (HTTP {status}): {message}")]
    Server { status: u16, message: String },
    /// 422 to a write: some points were refused, all others are stored.
    #[error("InfluxDB did not take all points: {message}")]
    PartialWrite { message: String, dropped: Option<u64> },
    /// A redirect: it is never followed, because the token would go along.
    #[error("the address answers with a redirect (HTTP {status}) and is not InfluxDB's own")]
    Redirected { status: u16 },
    /// An answer that is not what InfluxDB would say.
    #[error("the answer is not InfluxDB's: {reason}")]
    Malformed { reason: String },
    /// The query was accepted and failed, perhaps after a part of its answer.
    #[error("the query failed: {message}")]
    Query { message: String },
}

impl Error {
    /// One sentence for the person who has to do something about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "Check that InfluxDB is running and that INFLUX_URL is its address."
            }
            Self::TimedOut => {
                "InfluxDB is slow at the moment; try again, or ask for a shorter range."
            }
            Self::Unauthorized { .. } => {
                "Check INFLUX_TOKEN: it may be mistyped, inactive or deleted."
            }
            Self::Forbidden { .. } => {
                "Use a token that may read and write the two buckets and authorizations."
            }
            Self::NotFound { .. } => "Check INFLUX_ORG and the names of the buckets.",
            Self::Invalid { .. } | Self::Conflict { .. } => "Sending the same again will not help.",
            Self::TooLarge => "Send less at a time.",
            Self::TooManyRequests { .. } => "Wait a moment and try again.",
            Self::Unavailable { .. } => {
                "InfluxDB is starting, stopping or overloaded; try again in a moment."
            }
            Self::Server { .. } => "The log of InfluxDB says more.",
            Self::PartialWrite { .. } => "The other points are stored.",
            Self::Redirected { .. } => {
                "Set INFLUX_URL to the address that InfluxDB itself answers at."
            }
            Self::Malformed { .. } => {
                "Check that INFLUX_URL is InfluxDB and not a proxy or a sign-in page."
            }
            Self::Query { .. } => "Try again; if it stays, the log of InfluxDB says more.",
        }
    }

    /// Whether the same call may succeed later without anything being changed.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::TimedOut
                | Self::TooManyRequests { .. }
                | Self::Unavailable { .. }
        )
    }

    /// Whether the token is to blame.
    pub fn is_permission(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Forbidden { .. })
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }

    /// From an answer that is not a success. `body` is the beginning of its body, JSON or anything else.
    pub(crate) fn from_answer(
        status: StatusCode,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> Self {
        let (code, message) = error_body(status, body);
        match status.as_u16() {
            300..=399 => Self::Redirected { status: status.as_u16() },
            401 => Self::Unauthorized { message },
            403 => Self::Forbidden { message },
            404 => Self::NotFound { message },
            413 => Self::TooLarge,
            422 if code == "conflict" => Self::Conflict { message },
            422 if message.contains("partial write: ") => {
                Self::PartialWrite { dropped: dropped_points(&message), message }
            }
            429 => Self::TooManyRequests { retry_after },
            400..=499 => Self::Invalid { message },
            502..=504 => Self::Unavailable { status: status.as_u16(), message, retry_after },
            500..=599 => Self::Server { status: status.as_u16(), message },
            other => Self::Malformed { reason: format!("unexpected HTTP status {other}") },
        }
    }

    /// Takes a secret out of the texts, should a server have repeated it.
    pub(crate) fn without(mut self, secret: &str) -> Self {
        let text = match &mut self {
            Self::Unreachable { reason } | Self::Malformed { reason } => reason,
            Self::Unauthorized { message }
            | Self::Forbidden { message }
            | Self::NotFound { message }
            | Self::Invalid { message }
            | Self::Conflict { message }
            | Self::Unavailable { message, .. }
            | Self::Server { message, .. }
            | Self::PartialWrite { message, .. }
            | Self::Query { message } => message,
            Self::TimedOut
            | Self::TooLarge
            | Self::TooManyRequests { .. }
            | Self::Redirected { .. } => return self,
        };
        if !secret.is_empty() && text.contains(secret) {
            *text = text.replace(secret, "…");
        }
        self
    }
}

impl From<csv::Error> for Error {
    fn from(error: csv::Error) -> Self {
        match error {
            csv::Error::Query { message, .. } => Self::Query { message },
            csv::Error::Truncated => Self::Query { message: "the answer was cut off".to_owned() },
            other => Self::Malformed { reason: other.to_string() },
        }
    }
}

/// The longest message that is passed on; InfluxDB repeats whole lines of a body in its own.
const LONGEST_MESSAGE: usize = 1_000;

/// Code and message of an error body; of one that is not InfluxDB's, no code and the status in words.
fn error_body(status: StatusCode, body: &[u8]) -> (String, String) {
    let (code, mut message) = match serde_json::from_slice::<influx_wire::api::ErrorBody>(body) {
        Ok(body) if !body.message.is_empty() => (body.code, without_values(body.message)),
        _ => (String::new(), status.canonical_reason().unwrap_or("unknown status").to_owned()),
    };
    if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    (code, message)
}

/// `unable to parse '<line>': …` repeats the line, and the line may carry a device's token as a string field.
fn without_values(message: String) -> String {
    if !message.contains("unable to parse '") {
        return message;
    }
    let mut kept = String::with_capacity(message.len());
    let mut inside = false;
    let mut escaped = false;
    for character in message.chars() {
        match character {
            '"' if !escaped => {
                kept.push_str(if inside { "…\"" } else { "\"" });
                inside = !inside;
            }
            _ if !inside => kept.push(character),
            _ => {}
        }
        escaped = character == '\\' && !escaped;
    }
    kept
}

/// N of `… dropped=N …`.
fn dropped_points(message: &str) -> Option<u64> {
    let (_, tail) = message.rsplit_once("dropped=")?;
    tail.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(status: u16, body: &str) -> Error {
        Error::from_answer(StatusCode::from_u16(status).unwrap(), None, body.as_bytes())
    }

    #[test]
    fn answers_become_typed() {
        let json = r#"{"code":"x","message":"why"}"#;
        let message = "why".to_owned();
        for (status, expected) in [
            (301, Error::Redirected { status: 301 }),
            (400, Error::Invalid { message: message.clone() }),
            (401, Error::Unauthorized { message: message.clone() }),
            (403, Error::Forbidden { message: message.clone() }),
            (404, Error::NotFound { message: message.clone() }),
            (405, Error::Invalid { message: message.clone() }),
            (413, Error::TooLarge),
            (422, Error::Invalid { message: message.clone() }),
            (429, Error::TooManyRequests { retry_after: None }),
            (500, Error::Server { status: 500, message: message.clone() }),
            (501, Error::Server { status: 501, message: message.clone() }),
            (503, Error::Unavailable { status: 503, message: message.clone(), retry_after: None }),
        ] {
            assert_eq!(from(status, json), expected);
        }
        assert_eq!(
            from(422, r#"{"code":"conflict","message":"taken"}"#),
            Error::Conflict { message: "taken".into() }
        );
    }

    #[test]
    fn a_partial_write_says_how_many_points_are_lost() {
        let text =
            "failure writing points to database: partial write: field type conflict: … dropped=12";
        let error = from(422, &format!(r#"{{"code":"unprocessable entity","message":"{text}"}}"#));
        assert_eq!(error, Error::PartialWrite { message: text.to_owned(), dropped: Some(12) });
    }

    #[test]
    fn a_body_that_is_not_json_becomes_the_status_in_words() {
        for body in ["", "<html>Bad Gateway</html>", "null", "[]", "{\"message\":5}", "\u{0}"] {
            assert_eq!(
                from(502, body),
                Error::Unavailable {
                    status: 502,
                    message: "Bad Gateway".to_owned(),
                    retry_after: None
                }
            );
        }
    }

    #[test]
    fn values_of_a_repeated_line_are_left_out() {
        let body = serde_json::json!({
            "code": "invalid",
            "message": r#"unable to parse 'm,t=1 token="se\"cret",n=': missing field value"#,
        });
        assert_eq!(
            from(400, &body.to_string()),
            Error::Invalid {
                message: r#"unable to parse 'm,t=1 token="…",n=': missing field value"#.to_owned()
            }
        );
    }

    #[test]
    fn a_repeated_token_is_left_out() {
        let error = from(401, r#"{"message":"token SECRET== is wrong"}"#).without("SECRET==");
        assert_eq!(error, Error::Unauthorized { message: "token … is wrong".to_owned() });
    }

    #[test]
    fn a_long_message_is_cut() {
        let body = serde_json::json!({ "message": "ä".repeat(5_000) }).to_string();
        let Error::Invalid { message } = from(400, &body) else { panic!("not invalid") };
        assert_eq!(message.chars().count(), LONGEST_MESSAGE + 1);
    }
}
