//! Where InfluxDB is and how long to wait for it.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

/// What a [`Client`](crate::Client) needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// `http://host:8086`, or with `https`, or with a path in front of the API.
    pub url: String,
    /// The API token. Without one only health and setup can be asked.
    pub token: Option<SecretString>,
    /// The organization in which queries, writes and deletes happen: its name or its id.
    pub organization: String,
    pub limits: TimeLimits,
}

impl Config {
    /// A configuration with the usual time limits.
    pub fn new(
        url: impl Into<String>,
        token: impl Into<String>,
        organization: impl Into<String>,
    ) -> Self {
        Self {
            url: url.into(),
            token: Some(SecretString::from(token.into())),
            organization: organization.into(),
            limits: TimeLimits::default(),
        }
    }

    /// A configuration without a token, for a server that may not be set up yet.
    pub fn anonymous(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
            organization: String::new(),
            limits: TimeLimits::default(),
        }
    }
}

/// How long to wait for what, and how often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// To connect.
    pub connect: Duration,
    /// Between two pieces of an answer, and until its first one.
    pub read_idle: Duration,
    /// For a whole call with all its tries, unless [`Client::with_deadline`](crate::Client::with_deadline) says
    /// otherwise. A streamed answer may take longer, as long as it keeps coming.
    pub total: Duration,
    /// How often a call is sent at most.
    pub tries: u32,
    /// The first wait between two tries is at most this long, the next twice as long, and so on.
    pub backoff: Duration,
    /// No wait is longer than this, unless the server names one.
    pub longest_backoff: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            read_idle: Duration::from_secs(10),
            total: Duration::from_secs(15),
            tries: 3,
            backoff: Duration::from_millis(200),
            longest_backoff: Duration::from_secs(5),
        }
    }
}

/// A configuration with which no call could ever succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("the InfluxDB address is not a URL such as http://localhost:8086: {reason}")]
    Url { reason: String },
    #[error("the InfluxDB address must start with http:// or https://, not {scheme}:")]
    Scheme { scheme: String },
    #[error("the InfluxDB address must not contain a user name, a password, `?` or `#`")]
    Decorated,
    #[error("the token contains characters that cannot be sent (a line break, perhaps)")]
    Token,
    #[error("the HTTP client could not be started: {reason}")]
    Start { reason: String },
}

/// Checks the address and makes it a base for [`Url::join`]: it ends with a slash.
pub(crate) fn base_url(text: &str) -> Result<Url, ConfigError> {
    let mut url =
        Url::parse(text.trim()).map_err(|error| ConfigError::Url { reason: error.to_string() })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ConfigError::Scheme { scheme: url.scheme().to_owned() });
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(ConfigError::Decorated);
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether the address is this machine, where compressing costs more than it saves.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_accepted_end_with_a_slash() {
        for (text, expected) in [
            ("http://localhost:8086", "http://localhost:8086/"),
            (" https://example.com/influx ", "https://example.com/influx/"),
            ("http://[::1]:8086/", "http://[::1]:8086/"),
        ] {
            assert_eq!(base_url(text).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        for text in
            ["", "localhost", "localhost:8086", "file:///etc/passwd", "ftp://host", "http://"]
        {
            assert!(base_url(text).is_err(), "{text}");
        }
        for text in ["http://user:secret@host", "http://host?token=secret", "http://host#part"] {
            let error = base_url(text).unwrap_err();
            assert!(matches!(error, ConfigError::Decorated), "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn loopback_is_recognized() {
        for (text, expected) in [
            ("http://localhost:8086", true),
            ("http://127.0.0.9", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&base_url(text).unwrap()), expected, "{text}");
        }
    }
}
