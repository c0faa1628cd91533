//! Runs scripts that callers have written, under a token that may read telemetry and nothing else.
//!
//! So no script reaches the tokens of devices, and none writes. What a script can do without any token is the adapter's matter:
//! [`Scripts::check`]. Time is limited by the caller's [`LIMIT`], size by the adapter, both while the answer streams: memory is
//! needed for a piece of it only.

pub mod token;

use std::time::Duration;

use self::token::KnownToken;
use super::Error as ServiceError;
use crate::model::script::ScriptError;
use crate::server::ports::scripts::{Answer, ReadTokens, ScriptFailure, Scripts};
use crate::server::ports::{Clock, PortError};

/// How long a query may take with its answer, for callers that are no page.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Why scripts are not run.
const CLOSED: &str = "Queries are not answered here, because INFLUX_BUCKET and INFLUX_BUCKET_AUTH are one bucket: a token that \
                      may read what devices measure could read their tokens as well. Set INFLUX_BUCKET_AUTH to a bucket of its own.";

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a script gave no answer, in words for the person who has written it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No script is run here, and why: 403.
    #[error("{0}")]
    Closed(&'static str),
    /// The script is to blame: 400.
    #[error(transparent)]
    Script(#[from] ScriptError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<PortError> for Error {
    fn from(error: PortError) -> Self {
        Self::Service(error.into())
    }
}

impl From<ScriptFailure> for Error {
    fn from(failure: ScriptFailure) -> Self {
        match failure {
            ScriptFailure::Script(error) | ScriptFailure::Denied(error) => Self::Script(error),
            ScriptFailure::Port(error) => error.into(),
        }
    }
}

/// Runs a script. What can be said before the first row is said by the outcome of this function; dropping the answer cancels the
/// query. `ports` say how long all of it may take.
pub async fn run(
    ports: &(impl Scripts + ReadTokens),
    clock: &impl Clock,
    known: &KnownToken,
    script: &str,
) -> Result<Answer> {
    if ports.shares_bucket() {
        return Err(Error::Closed(CLOSED));
    }
    let script = ports.check(script)?;
    let token = known.get(ports, clock).await?;
    let denied = match ports.run(&script, &token.token).await {
        Err(ScriptFailure::Denied(error)) => error,
        outcome => return Ok(outcome?),
    };
    // Somebody may have revoked the token since it was looked at.
    match known.renew(ports, clock, &token).await? {
        Some(token) => Ok(ports.run(&script, &token.token).await?),
        None => Err(denied.into()),
    }
}

#[cfg(test)]
mod tests;
