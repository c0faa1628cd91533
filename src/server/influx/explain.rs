//! Errors of InfluxDB in words for the person in front of the page.

use std::time::Duration;

use influx_client::Error;

use crate::server::ports::{Cause, PortError};

/// Words the errors of one backend.
#[derive(Debug, Clone)]
pub struct Explainer {
    /// `InfluxDB at http://localhost:8086`, `The embedded store at http://127.0.0.1:8086`.
    subject: String,
    /// Where its token comes from.
    token: &'static str,
    /// How long calls are waited for.
    limit: Duration,
}

impl Explainer {
    pub fn new(subject: impl Into<String>, token: &'static str) -> Self {
        let limit = influx_client::TimeLimits::default().total;
        Self { subject: subject.into(), token, limit }
    }

    /// The same for calls that are waited for so long.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// What happened, what it means and what to do.
    pub fn explain(&self, error: Error) -> PortError {
        let cause = match &error {
            error if error.is_temporary() => Cause::Temporary,
            Error::Server { .. } | Error::Query { .. } => Cause::Temporary,
            error if error.is_permission() => Cause::Configuration,
            Error::NotFound { .. } | Error::Redirected { .. } | Error::Malformed { .. } => {
                Cause::Configuration
            }
            Error::PartialWrite { message, .. } | Error::Invalid { message }
                if message.contains("field type conflict") =>
            {
                Cause::FieldType
            }
            Error::TooLarge => Cause::TooLarge,
            _ => Cause::Unexpected,
        };
        PortError { sentence: self.sentence(&error), cause }
    }

    /// A call that was not answered within the limit.
    pub fn timed_out(&self) -> PortError {
        self.explain(Error::TimedOut)
    }

    fn sentence(&self, error: &Error) -> String {
        let subject = &self.subject;
        match error {
            Error::TimedOut => {
                let limit = match self.limit.as_secs() {
                    0 | 1 => "a second".to_owned(),
                    seconds => format!("{seconds} seconds"),
                };
                format!(
                    "{subject} did not answer within {limit}. It may be overloaded, or the network slow; try again."
                )
            }
            Error::Unreachable { reason } => {
                format!(
                    "{subject} cannot be reached ({reason}). Check that it is running and that its address is right."
                )
            }
            Error::Unauthorized { .. } => {
                format!(
                    "{subject} does not accept the token. Check {}: it may be mistyped, inactive or deleted.",
                    self.token
                )
            }
            Error::Forbidden { message } => format!(
                "{subject} does not permit this to the token ({message}). Use a token that may read and write both buckets and authorizations."
            ),
            Error::NotFound { message } => {
                format!(
                    "{subject} says: {message}. Check INFLUX_ORG, INFLUX_BUCKET and INFLUX_BUCKET_AUTH."
                )
            }
            Error::TooManyRequests { retry_after } => match retry_after {
                Some(wait) if wait.as_secs() > 0 => {
                    format!("{subject} asks to slow down. Try again in {} seconds.", wait.as_secs())
                }
                _ => format!("{subject} asks to slow down. Try again in a moment."),
            },
            Error::Unavailable { status, message, .. } => format!(
                "{subject} is not available at the moment (HTTP {status}: {message}). It may be starting, stopping or overloaded; try again in a moment."
            ),
            error => format!("{subject}: {error}. {}", error.help()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_the_backend_and_what_to_do() {
        let explainer = Explainer::new("InfluxDB at http://localhost:8086", "INFLUX_TOKEN")
            .within(Duration::from_secs(1));
        for (error, part, cause) in [
            (Error::TimedOut, "did not answer within a second", Cause::Temporary),
            (
                Error::Unreachable { reason: "refused".into() },
                "cannot be reached (refused)",
                Cause::Temporary,
            ),
            (
                Error::Unauthorized { message: "unauthorized access".into() },
                "INFLUX_TOKEN",
                Cause::Configuration,
            ),
            (
                Error::NotFound { message: "bucket \"x\" not found".into() },
                "bucket \"x\" not found",
                Cause::Configuration,
            ),
            (
                Error::TooManyRequests { retry_after: Some(Duration::from_secs(7)) },
                "in 7 seconds",
                Cause::Temporary,
            ),
            (
                Error::Unavailable { status: 503, message: "busy".into(), retry_after: None },
                "not available at the moment (HTTP 503: busy)",
                Cause::Temporary,
            ),
            (
                Error::PartialWrite {
                    message: "partial write: field type conflict: CO2".into(),
                    dropped: Some(1),
                },
                "CO2",
                Cause::FieldType,
            ),
        ] {
            let found = explainer.explain(error);
            assert!(found.sentence.starts_with("InfluxDB at http://localhost:8086"), "{found}");
            assert!(found.sentence.contains(part) && found.sentence.ends_with('.'), "{found}");
            assert_eq!(found.cause, cause);
        }
    }
}
