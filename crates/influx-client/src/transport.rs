//! One request after another: addresses, headers, time limits, tries, bounded answers.
//!
//! Everything that leaves this crate goes through [`Client::send`] or [`Client::open`], so the rules hold
//! everywhere: no redirect, no proxy from the environment, no answer larger than its bound.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::config::{self, Config, ConfigError, TimeLimits};
use crate::error::{Error, Result};
use crate::retry::{self, Budget, Failure, Repeating};

/// The largest answer that is read whole: a list of some 50,000 authorizations.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// How much of an error's body is read.
const LARGEST_ERROR: usize = 64 * 1024;

/// A connection to InfluxDB, or rather a pool of them. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    token: Option<Token>,
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    base: Url,
    loopback: bool,
    organization: String,
    limits: TimeLimits,
    budget: Budget,
}

#[derive(Debug, Clone)]
struct Token {
    secret: SecretString,
    /// `Token …`, marked as sensitive.
    header: HeaderValue,
}

impl Token {
    fn new(secret: SecretString) -> Result<Self, ConfigError> {
        let mut header = HeaderValue::try_from(format!("Token {}", secret.expose_secret()))
            .map_err(|_| ConfigError::Token)?;
        header.set_sensitive(true);
        Ok(Self { secret, header })
    }
}

/// What is sent, as often as needed.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below the base address, without a slash in front.
    pub(crate) path: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) repeating: Repeating,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) gzip: bool,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>, repeating: Repeating) -> Self {
        Self { method, path: path.into(), parameters: Vec::new(), body: None, repeating }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Repeating::Harmless)
    }

    pub(crate) fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    pub(crate) fn json(mut self, value: &impl serde::Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|_| Error::Invalid {
            message: "the request cannot be written as JSON".to_owned(),
        })?;
        self.body = Some(Body {
            bytes: bytes.into(),
            content_type: "application/json; charset=utf-8",
            gzip: false,
        });
        Ok(self)
    }
}

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads the body as JSON. The error names the place only: the body may hold a token.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Malformed {
            reason: format!(
                "not the expected JSON (line {}, column {})",
                error.line(),
                error.column()
            ),
        })
    }
}

impl Client {
    /// Checks the configuration; connects with the first call.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let base = config::base_url(&config.url)?;
        let http = connections(&base, &config.limits)?;
        let token = config.token.map(Token::new).transpose()?;
        let shared = Shared {
            http,
            loopback: config::is_loopback(&base),
            base,
            organization: config.organization,
            limits: config.limits,
            budget: Budget::new(),
        };
        Ok(Self { shared: Arc::new(shared), token, deadline: None })
    }

    /// The same connections with another token, such as a device's.
    pub fn with_token(&self, token: SecretString) -> Result<Self, ConfigError> {
        Ok(Self { token: Some(Token::new(token)?), ..self.clone() })
    }

    /// The same client with connections of its own, over which answers may let themselves be waited for so long.
    pub fn with_read_idle(&self, read_idle: Duration) -> Result<Self, ConfigError> {
        let Shared { base, loopback, organization, limits, .. } = &*self.shared;
        let limits = TimeLimits { read_idle, ..*limits };
        let shared = Shared {
            http: connections(base, &limits)?,
            base: base.clone(),
            loopback: *loopback,
            organization: organization.clone(),
            limits,
            budget: Budget::new(),
        };
        Ok(Self { shared: Arc::new(shared), ..self.clone() })
    }

    /// The same client, whose calls and streams all end at `deadline` at the latest, instead of after the usual
    /// total time.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// The organization of the configuration, a name or an id.
    pub fn organization(&self) -> &str {
        &self.shared.organization
    }

    /// The address of the configuration, with a slash at its end.
    pub fn url(&self) -> &str {
        self.shared.base.as_str()
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.shared.loopback
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sends a call, again if need be, and reads the answer whole. Anything but 2xx is an error.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer> {
        self.repeat(call, || self.try_whole(call)).await
    }

    /// Sends a call, again if need be, until an answer has begun. Anything but 2xx is an error.
    pub(crate) async fn open(&self, call: &Call) -> Result<reqwest::Response> {
        self.repeat(call, || self.try_head(call)).await
    }

    async fn repeat<T, F>(&self, call: &Call, attempt: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let limits = &self.shared.limits;
        let deadline = self.deadline.unwrap_or_else(|| Instant::now() + limits.total);
        self.shared.budget.deposit();
        let mut tries = 0;
        loop {
            tries += 1;
            let Ok(outcome) = tokio::time::timeout_at(deadline, attempt()).await else {
                return Err(Error::TimedOut);
            };
            let failure = match outcome {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let wait = retry::wait(limits, &failure.error, tries);
            let again = tries < limits.tries
                && retry::may_repeat(call.repeating, &failure, tries)
                && Instant::now() + wait < deadline
                && self.shared.budget.withdraw();
            if !again {
                return Err(self.cleaned(failure.error));
            }
            tracing::debug!(path = call.path, tries, ?wait, error = %failure.error, "InfluxDB: trying again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Nothing that a server says may carry the token further.
    fn cleaned(&self, error: Error) -> Error {
        match &self.token {
            Some(token) => error.without(token.secret.expose_secret()),
            None => error,
        }
    }

    async fn try_whole(&self, call: &Call) -> Result<Answer, Failure> {
        let mut response = self.try_head(call).await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_ANSWER => {
                    let error = Error::Malformed { reason: "it is too large".to_owned() };
                    return Err(Failure { error, never_sent: false });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Answer { status, headers, body }),
                Err(error) => {
                    let error = match from_reqwest(error) {
                        Error::Unreachable { reason } => {
                            Error::Unreachable { reason: format!("the answer broke off: {reason}") }
                        }
                        error => error,
                    };
                    return Err(Failure { error, never_sent: false });
                }
            }
        }
    }

    async fn try_head(&self, call: &Call) -> Result<reqwest::Response, Failure> {
        let response = self.request(call).send().await.map_err(|error| {
            let never_sent = error.is_connect();
            Failure { error: from_reqwest(error), never_sent }
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry::retry_after(value, SystemTime::now()));
        let body = beginning(response).await;
        Err(Failure { error: Error::from_answer(status, retry_after, &body), never_sent: false })
    }

    fn request(&self, call: &Call) -> reqwest::RequestBuilder {
        let mut url = self.shared.base.clone();
        let path = format!("{}{}", url.path(), call.path);
        url.set_path(&path);
        if !call.parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.parameters);
        }
        let mut request = self.shared.http.request(call.method.clone(), url);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token.header.clone());
        }
        if let Some(body) = &call.body {
            request =
                request.header(header::CONTENT_TYPE, body.content_type).body(body.bytes.clone());
            if body.gzip {
                request = request.header(header::CONTENT_ENCODING, "gzip");
            }
        }
        request
    }
}

/// A pool of connections that keeps the rules of this crate.
fn connections(base: &Url, limits: &TimeLimits) -> Result<reqwest::Client, ConfigError> {
    // Another part of the program may have chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent("iot-center influx-client")
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(limits.connect)
        .read_timeout(limits.read_idle)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(16)
        .gzip(!config::is_loopback(base));
    if base.scheme() == "http" {
        // Without TLS there is no need for the system's certificates, which a small container may not have.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    builder.build().map_err(|error| ConfigError::Start { reason: error.to_string() })
}

/// The beginning of an error's body; a body that breaks off is as good as its beginning.
async fn beginning(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = LARGEST_ERROR - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= LARGEST_ERROR {
            break;
        }
    }
    body
}

/// The cause in its own words, without the address: its parameters are nobody's business.
pub(crate) fn from_reqwest(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TimedOut;
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
        // So says the decompressor; a connection that breaks is an error of another kind.
        let kind = source.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput))
        {
            return Error::Malformed { reason: "it cannot be decompressed".to_owned() };
        }
    }
    Error::Unreachable { reason: cause.to_string() }
}
