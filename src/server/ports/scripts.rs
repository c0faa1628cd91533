//! What running scripts of callers needs: a token for it, and somebody who runs them.

use bytes::Bytes;
use futures::stream::BoxStream;
use secrecy::SecretString;

use super::{NewAuthorization, PortError, Result};
use crate::model::data::{QueryAnswer, Selection};
use crate::model::script::ScriptError;

/// The token that callers' scripts run under, as it stands in the registry for all replicas.
#[derive(Debug, Clone)]
pub struct StoredReadToken {
    /// Id of the authorization.
    pub key: String,
    pub token: SecretString,
    /// Of the point, in nanoseconds.
    pub time: i64,
}

/// An authorization for callers' scripts, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAuthorization {
    pub id: String,
    /// Whether this program has made it: its description says so.
    pub is_ours: bool,
    pub active: bool,
    /// Whether it permits to read the telemetry bucket, named by its id, and nothing else.
    pub has_read_scope: bool,
    /// Nanoseconds since the Unix epoch, if InfluxDB says so.
    pub created_at: Option<i64>,
}

/// Where the token is kept that may read telemetry and nothing else: points of measurement `readtoken` in the registry's bucket.
pub trait ReadTokens: Send + Sync {
    /// Whether telemetry and registry are in one bucket: whoever reads the one reads the tokens in the other.
    fn shares_bucket(&self) -> bool;
    /// The newest point.
    fn stored(&self) -> impl Future<Output = Result<Option<StoredReadToken>>> + Send;
    /// Writes a point.
    fn store(&self, token: &StoredReadToken) -> impl Future<Output = Result<()>> + Send;
    /// Deletes the points that are older than `time`.
    fn forget_before(&self, time: i64) -> impl Future<Output = Result<()>> + Send;
    /// Creates an authorization that is not active yet. After an error it may exist all the same.
    fn create_inactive(&self) -> impl Future<Output = Result<NewAuthorization>> + Send;
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<ReadAuthorization>>> + Send;
    /// Those for this telemetry that are kept in this registry.
    fn list(&self) -> impl Future<Output = Result<Vec<ReadAuthorization>>> + Send;
    /// `false` if there is none.
    fn activate(&self, id: &str) -> impl Future<Output = Result<bool>> + Send;
    /// Revokes it for good; `false` if there was none.
    fn delete(&self, id: &str) -> impl Future<Output = Result<bool>> + Send;
}

/// A script that somebody has written, looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedScript {
    /// As it was written; places in errors are in it.
    pub written: String,
    /// What is run.
    pub text: String,
}

/// Why a script gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptFailure {
    /// The script is wrong or asks for too much.
    #[error(transparent)]
    Script(ScriptError),
    /// It reads or does what the token does not permit, or the token is not accepted any more: InfluxDB does not tell them apart.
    #[error(transparent)]
    Denied(ScriptError),
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Annotated CSV, piece by piece. An error ends it, and what came before is then incomplete.
pub type Answer = BoxStream<'static, Result<Bytes, ScriptFailure>>;

/// Runs scripts that somebody has written.
pub trait Scripts: Send + Sync {
    /// The script that asks for what was selected.
    fn build(&self, selection: &Selection) -> String;
    /// Refuses what is no Flux, and what would reach anything but the buckets of this InfluxDB.
    fn check(&self, script: &str) -> Result<CheckedScript, ScriptError>;
    /// Runs a script under this token; its answer is annotated CSV, piece by piece. Dropping it cancels the query.
    fn run(
        &self,
        script: &CheckedScript,
        token: &SecretString,
    ) -> impl Future<Output = Result<Answer, ScriptFailure>> + Send;
    /// Reads as much of an answer as is shown, drops it then, and says what it had.
    fn read(
        &self,
        answer: Answer,
    ) -> impl Future<Output = Result<QueryAnswer, ScriptFailure>> + Send;
}
