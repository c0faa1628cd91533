//! What can go wrong with a query, and how it is told.
//!
//! Inside the evaluator a [`Failure`] collects what is known on its way out (message, place, phase); at the edge
//! it becomes a [`QueryError`] with the text that InfluxDB words for that phase.

use influx_wire::flux::ast::Span;

/// Why a query has no answer, or not a whole one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    pub code: ErrorCode,
    pub message: String,
}

/// The kind of an error, as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The query is wrong, or asks for more than the limits permit.
    Invalid,
    /// A bucket or table that the query names is not there, or not for the caller.
    NotFound,
    /// The query was stopped: it took too long, or the caller has gone.
    Unavailable,
    /// The storage failed.
    Internal,
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::NotFound => 404,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// The `code` of the API's error body.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not found",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal error",
        }
    }
}

/// The phase in which a query failed; it decides what stands before the message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// Not known yet, or said by the message itself.
    Bare,
    /// Names, arguments and types.
    Check,
    /// While a function was called.
    Call(String),
    /// Before the first table is read.
    Planning,
    Start,
    /// While tables flowed through a function.
    Run(String),
}

/// An error inside of the evaluator.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    phase: Phase,
    span: Option<Span>,
    code: ErrorCode,
    message: String,
}

impl Failure {
    /// An error whose place and phase the caller adds.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { phase: Phase::Bare, span: None, code: ErrorCode::Invalid, message: message.into() }
    }

    /// Wrong names, arguments or types.
    pub(crate) fn check(span: Span, message: impl Into<String>) -> Self {
        Self { phase: Phase::Check, span: Some(span), ..Self::new(message) }
    }

    pub(crate) fn planning(message: impl Into<String>) -> Self {
        Self { phase: Phase::Planning, ..Self::new(message) }
    }

    pub(crate) fn start(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { phase: Phase::Start, code, ..Self::new(message) }
    }

    /// More than a limit permits.
    pub(crate) fn limit(what: impl std::fmt::Display) -> Self {
        // A phase of its own, so that nobody puts a place before it: no place is to blame.
        Self { phase: Phase::Check, ..Self::new(format!("query exceeds limit: {what}")) }
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { phase: Phase::Check, code: ErrorCode::Unavailable, ..Self::new(message) }
    }

    pub(crate) fn storage(message: impl Into<String>) -> Self {
        Self { phase: Phase::Check, code: ErrorCode::Internal, ..Self::new(message) }
    }

    pub(crate) fn with_code(self, code: ErrorCode) -> Self {
        Self { code, ..self }
    }

    /// Says that the error arose in a call of `function`, unless more is known already.
    pub(crate) fn in_call(self, function: &str, span: Span) -> Self {
        match self.phase {
            Phase::Bare => {
                Self { phase: Phase::Call(function.to_owned()), span: Some(span), ..self }
            }
            _ => self,
        }
    }

    /// Says that the error arose where `function` worked on tables, unless more is known already.
    pub(crate) fn in_run(self, function: &str, span: Span) -> Self {
        match self.phase {
            Phase::Bare => {
                Self { phase: Phase::Run(function.to_owned()), span: Some(span), ..self }
            }
            _ => self,
        }
    }

    /// Forgets the place inside of a function of rows: the step that calls it is to be named.
    pub(crate) fn in_row(self) -> Self {
        match (&self.phase, self.span) {
            (Phase::Check | Phase::Call(_), Some(_)) => {
                Self { phase: Phase::Bare, span: None, ..self }
            }
            _ => self,
        }
    }

    /// Gives an error of the language itself (an operator, a member) its place.
    pub(crate) fn at(self, span: Span) -> Self {
        match self.phase {
            Phase::Bare => Self { phase: Phase::Check, span: Some(span), ..self },
            _ => self,
        }
    }

    /// The same error, whose message `change` rewrites.
    pub(crate) fn map_message(self, change: impl FnOnce(String) -> String) -> Self {
        Self { message: change(self.message), ..self }
    }

    /// The error as the caller sees it; `script` is the text that spans refer to.
    pub(crate) fn report(&self, script: &str) -> QueryError {
        let place = self.span.map(|span| span.locate(script));
        let message = &self.message;
        let message = match (&self.phase, place) {
            (Phase::Check, Some(place)) => format!("error {place}: {message}"),
            (Phase::Bare | Phase::Check, _) => message.clone(),
            (Phase::Call(function), Some(place)) => {
                format!("error calling function {function:?} {place}: {message}")
            }
            (Phase::Call(function), None) => {
                format!("error calling function {function:?}: {message}")
            }
            (Phase::Planning, _) => {
                format!("error in building plan while starting program: {message}")
            }
            (Phase::Start, _) => format!("failed to initialize execute state: {message}"),
            (Phase::Run(function), Some(place)) => {
                format!("runtime error {place}: {function}: {message}")
            }
            (Phase::Run(function), None) => format!("runtime error: {function}: {message}"),
        };
        QueryError { code: self.code, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_place_and_phase() {
        let script = "a = 1\nfoo()";
        let span = Span { start: 6, end: 9 };
        let check =
            |failure: Failure, expected: &str| assert_eq!(failure.report(script).message, expected);
        check(
            Failure::check(span, "undefined identifier foo"),
            "error @2:1-2:4: undefined identifier foo",
        );
        check(
            Failure::new("bad").in_call("limit", span),
            "error calling function \"limit\" @2:1-2:4: bad",
        );
        check(
            Failure::new("bad").in_run("limit", span).in_call("x", span),
            "runtime error @2:1-2:4: limit: bad",
        );
        check(Failure::limit("memory").in_run("sort", span), "query exceeds limit: memory");
        check(Failure::check(Span { start: 90, end: 99 }, "x"), "error @2:6-2:6: x");
    }
}
