//! Why a call was refused, as the API says it: a status and `{"error": "…"}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use crate::server::rate::RetryAfter;
use crate::server::routes::failure::Failure;
use crate::server::services::Error;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Refused {
    /// What is wrong and what to do about it.
    pub(super) error: String,
}

/// Marks an error that is text on purpose.
#[derive(Debug, Clone, Copy)]
pub(super) struct InWords;

/// A status and a sentence.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) sentence: String,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into(), retry_after: None }
    }

    /// Of a use-case; logs what is not the caller's own doing.
    pub(super) fn of(error: Error, caller: &Caller) -> Self {
        let Failure { status, sentence } = Failure::new(error, &caller.request_id);
        Self::new(status, sentence)
    }

    /// The same as lines of `key: value`, for devices that read nothing else.
    pub(super) fn into_words(self) -> Response {
        let text = format!("error: {}\n", self.sentence.replace('\n', " "));
        let mut response = (self.status, text).into_response();
        self.add_wait(&mut response);
        response.extensions_mut().insert(InWords);
        response
    }

    fn add_wait(&self, response: &mut Response) {
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

impl From<RetryAfter> for Refusal {
    fn from(wait: RetryAfter) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            sentence: wait.to_string(),
            retry_after: Some(wait.seconds()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response =
            (self.status, Json(Refused { error: self.sentence.clone() })).into_response();
        self.add_wait(&mut response);
        response
    }
}
