//! Failures as InfluxDB words them: `{"code": …, "message": …}` with a status that the code fixes.
//!
//! The texts are for callers; causes that are none of their business go to the log.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use influx_wire::api::ErrorBody;

use crate::auth::Denied;
use crate::catalog::{CatalogError, ParseIdError};
use crate::storage::StoreError;

/// Repeats the code of an error body.
const ERROR_CODE: HeaderName = HeaderName::from_static("x-platform-error-code");

/// InfluxDB's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Internal,
    NotImplemented,
    Invalid,
    Unprocessable,
    Conflict,
    TooLarge,
    NotFound,
    Unavailable,
    Forbidden,
    TooManyRequests,
    Unauthorized,
    MethodNotAllowed,
}

impl Code {
    fn text(self) -> &'static str {
        match self {
            Self::Internal => "internal error",
            Self::NotImplemented => "not implemented",
            Self::Invalid => "invalid",
            Self::Unprocessable => "unprocessable entity",
            Self::Conflict => "conflict",
            Self::TooLarge => "request too large",
            Self::NotFound => "not found",
            Self::Unavailable => "unavailable",
            Self::Forbidden => "forbidden",
            Self::TooManyRequests => "too many requests",
            Self::Unauthorized => "unauthorized",
            Self::MethodNotAllowed => "method not allowed",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unprocessable | Self::Conflict => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        }
    }
}

/// The outcome of a handler.
pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    code: Code,
    message: String,
    retry_after_seconds: Option<u32>,
    allow: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_seconds: None, allow: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// 401 of a request without a token that is known.
    pub(crate) fn unauthorized() -> Self {
        Self::new(Code::Unauthorized, "unauthorized access")
    }

    pub(crate) fn too_large() -> Self {
        Self::new(Code::TooLarge, "request too large")
    }

    /// 503 that asks to come back in a second.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self { retry_after_seconds: Some(1), ..Self::new(Code::Unavailable, message) }
    }

    /// 429 that asks to come back in a second.
    pub(crate) fn too_many_requests(message: impl Into<String>) -> Self {
        Self { retry_after_seconds: Some(1), ..Self::new(Code::TooManyRequests, message) }
    }

    /// 500: the cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %Chain(cause), "a request failed");
        Self::new(Code::Internal, "An internal error has occurred - check server logs")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::new(Code::MethodNotAllowed, format!("allow: {allow}")) }
    }

    /// The same as 400, if it says that something is not there: that is how a query names its organization.
    pub(crate) fn into_invalid(self) -> Self {
        if self.code == Code::NotFound { Self { code: Code::Invalid, ..self } } else { self }
    }

    /// The same error with a text in front of its message.
    pub(crate) fn within(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }
}

/// On resources a missing permission is 401, not 403.
impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::new(Code::Unauthorized, denied.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull | StoreError::Busy | StoreError::Closed => {
                Self::busy(error.to_string())
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        use CatalogError as E;
        let code = match error {
            E::Store(error) => return error.into(),
            E::SetupDone
            | E::OrganizationExists(_)
            | E::BucketExists(_)
            | E::BucketNameTaken
            | E::TokenExists => Code::Conflict,
            E::SetupIncomplete(_)
            | E::RetentionTooShort
            | E::ShardGroupTooLong
            | E::TooManyBuckets => Code::Unprocessable,
            E::OrganizationNotFound | E::BucketNotFound | E::AuthorizationNotFound => {
                Code::NotFound
            }
            E::PasswordLength
            | E::OrganizationNameEmpty
            | E::BucketNameEmpty
            | E::BucketNameUnderscore(_)
            | E::BucketNameQuote(_)
            | E::SystemBucketDelete
            | E::SystemBucketUpdate
            | E::NoPermissions
            | E::UnknownOwner
            | E::TokenEmpty => Code::Invalid,
            E::NoRandomness => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

impl From<ParseIdError> for ApiError {
    fn from(error: ParseIdError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody { code: self.code.text().to_owned(), message: self.message };
        let mut response = super::json::compact(self.code.status(), &body);
        let headers = response.headers_mut();
        headers.insert(ERROR_CODE, HeaderValue::from_static(self.code.text()));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

/// An error with all its sources, for the log.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(source) = cause {
            write!(formatter, ": {source}")?;
            cause = source.source();
        }
        Ok(())
    }
}
