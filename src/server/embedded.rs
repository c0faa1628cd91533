//! The embedded store: opened in this process, set up on first start, and then talked to over HTTP like any other InfluxDB.
//!
//! **Invariant: the operator token is on disk before the store knows it.** Whenever the process is killed, the next start finds either
//! a store that is not set up, or one whose token it can read.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use influx_client::SecretString;
use influx_store::catalog::{CatalogError, Setup};
use influx_store::http::Limits;
use influx_store::storage::{OpenError, Options, Store};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::backend::Target;
use super::config::{BucketNames, DeviceTag, StoreConfig};
use super::listen::{self, ListenError};

const ORGANIZATION: &str = "iot-center";
const USERNAME: &str = "admin";
const TOKEN_FILE: &str = "operator-token";

/// Where its address comes from.
const SETTING: &str = "IOT_CENTER_STORE_ADDR";

/// Why the embedded store did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("The embedded store did not start: {0}")]
    Listen(#[from] ListenError),
    #[error("The embedded store did not start: {0}")]
    Open(#[from] OpenError),
    #[error("The embedded store could not be set up: {0}")]
    SetUp(#[from] CatalogError),
    #[error("{path} cannot be read or written: {source}", path = path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    #[error(
        "The embedded store was set up by somebody else, so its operator token is not known. Write it into {path}, or set \
         IOT_CENTER_DATA_DIR to another directory.",
        path = path.display()
    )]
    UnknownToken { path: PathBuf },
    #[error("The system gives no random numbers for the operator token: {0}")]
    Random(getrandom::Error),
}

/// An embedded store that serves its API.
#[derive(Debug)]
pub struct Embedded {
    /// What its API is reached at.
    pub address: SocketAddr,
    store: Store,
    servers: JoinSet<io::Result<()>>,
    stop: CancellationToken,
}

impl Embedded {
    /// Opens the store and serves it, not set up if it is new.
    pub async fn start(config: &StoreConfig, insecure_lan: bool) -> Result<Self, EmbeddedError> {
        let listeners = listen::bind(config.address, insecure_lan, SETTING).await?;
        let store = open(config.data_directory.clone()).await?;
        Ok(Self::serve(store, listeners))
    }

    /// Opens the store, sets it up if it is new, and serves it. The second value is what to connect to.
    pub async fn start_set_up(
        config: &StoreConfig,
        insecure_lan: bool,
        buckets: BucketNames,
        device_tag: DeviceTag,
    ) -> Result<(Self, Target), EmbeddedError> {
        let listeners = listen::bind(config.address, insecure_lan, SETTING).await?;
        let store = open(config.data_directory.clone()).await?;
        let token = set_up(&store, &config.data_directory, &buckets.telemetry).await?;
        let embedded = Self::serve(store, listeners);
        let target = target(embedded.address, token, buckets, device_tag);
        Ok((embedded, target))
    }

    /// What to connect to where another process serves the store; `None` if there has never been one.
    pub fn elsewhere(
        config: &StoreConfig,
        buckets: BucketNames,
        device_tag: DeviceTag,
    ) -> Result<Option<Target>, EmbeddedError> {
        let path = config.data_directory.join(TOKEN_FILE);
        let token =
            read_token(&path).map_err(|source| EmbeddedError::TokenFile { path, source })?;
        Ok(token.map(|token| target(reachable(config.address), token, buckets, device_tag)))
    }

    fn serve(store: Store, listeners: Vec<TcpListener>) -> Self {
        let bound = listeners.first().and_then(|listener| listener.local_addr().ok());
        let address = reachable(bound.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))));
        let stop = CancellationToken::new();
        let mut servers = JoinSet::new();
        for listener in listeners {
            let (store, stop) = (store.clone(), stop.clone());
            servers.spawn(async move {
                influx_store::http::serve(
                    listener,
                    store,
                    Limits::default(),
                    stop.cancelled_owned(),
                )
                .await
            });
        }
        Self { address, store, servers, stop }
    }

    /// Lets requests that have begun end, and closes the store. What was acknowledged is on disk already.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.servers.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::error!(%error, "the embedded store did not end well");
            }
        }
        // Waits for the writer's thread, which may not happen on a thread of the runtime.
        let store = self.store;
        let _ = tokio::task::spawn_blocking(move || drop(store)).await;
    }
}

/// What is bound to all addresses is reached at this machine's own.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}

fn target(
    address: SocketAddr,
    token: SecretString,
    buckets: BucketNames,
    device_tag: DeviceTag,
) -> Target {
    Target {
        url: format!("http://{address}"),
        token,
        organization: ORGANIZATION.to_owned(),
        username: USERNAME.to_owned(),
        password: None,
        buckets,
        device_tag,
        is_embedded: true,
    }
}

async fn open(directory: PathBuf) -> Result<Store, EmbeddedError> {
    let opened =
        tokio::task::spawn_blocking(move || Store::open(&directory, Options::default())).await;
    match opened {
        Ok(opened) => Ok(opened?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Sets a new store up. Gives the operator token in either case.
async fn set_up(
    store: &Store,
    directory: &Path,
    bucket: &str,
) -> Result<SecretString, EmbeddedError> {
    let path = directory.join(TOKEN_FILE);
    let failed = |source| EmbeddedError::TokenFile { path: path.clone(), source };
    let known = read_token(&path).map_err(failed)?;
    if !store.catalog().is_setup_allowed() {
        return known.ok_or(EmbeddedError::UnknownToken { path });
    }
    let token = if let Some(token) = known {
        // A start before this one was killed before it could go on.
        token
    } else {
        let token = new_token()?;
        write_token(directory, &path, &token).map_err(failed)?;
        token
    };
    let setup = Setup {
        username: USERNAME.to_owned(),
        organization: ORGANIZATION.to_owned(),
        bucket: bucket.to_owned(),
        token: Some(token.expose_secret().to_owned()),
        ..Setup::default()
    };
    store.set_up(setup).await?;
    tracing::info!(path = %path.display(), "the embedded store is new; its operator token is in a file");
    Ok(token)
}

fn read_token(path: &Path) -> io::Result<Option<SecretString>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(SecretString::from(text.trim()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the token so that the file is either whole and on disk, or not there.
fn write_token(directory: &Path, path: &Path, token: &SecretString) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let unfinished = path.with_extension("unfinished");
    if let Err(error) = fs::remove_file(&unfinished)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{}", token.expose_secret())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(directory)?.sync_all()
}

/// 256 random bits as hexadecimal digits.
fn new_token() -> Result<SecretString, EmbeddedError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(EmbeddedError::Random)?;
    let text = bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open_in(directory: &Path) -> Store {
        Store::open(directory, Options::default()).unwrap()
    }

    #[tokio::test]
    async fn the_second_start_finds_the_token_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let first = set_up(&open_in(&path), &path, "iot_center").await.unwrap();
        let mode = fs::metadata(path.join(TOKEN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = set_up(&open_in(&path), &path, "iot_center").await.unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert_eq!(first.expose_secret().len(), 64);
    }

    #[tokio::test]
    async fn a_start_that_was_killed_after_the_token_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let token = new_token().unwrap();
        write_token(directory.path(), &directory.path().join(TOKEN_FILE), &token).unwrap();
        let store = open_in(directory.path());
        let found = set_up(&store, directory.path(), "iot_center").await.unwrap();
        assert_eq!(found.expose_secret(), token.expose_secret());
        assert!(!store.catalog().is_setup_allowed());
    }

    #[tokio::test]
    async fn a_start_that_was_killed_while_it_wrote_the_token_begins_again() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("operator-token.unfinished"), "ab").unwrap();
        let token =
            set_up(&open_in(directory.path()), directory.path(), "iot_center").await.unwrap();
        assert_eq!(token.expose_secret().len(), 64);
    }

    #[tokio::test]
    async fn a_store_of_somebody_else_is_not_guessed_at() {
        let directory = tempfile::tempdir().unwrap();
        let store = open_in(directory.path());
        let setup = Setup {
            username: "u".into(),
            organization: "o".into(),
            bucket: "b".into(),
            ..Setup::default()
        };
        store.set_up(setup).await.unwrap();
        let error = set_up(&store, directory.path(), "iot_center").await.unwrap_err();
        assert!(error.to_string().contains("operator-token"), "{error}");
    }
}
