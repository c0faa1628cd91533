//! Starts a real InfluxDB for a test, when there is one.
//!
//! `INFLUX_TEST_URL` (with `INFLUX_TEST_TOKEN` and `INFLUX_TEST_ORG`) names one that runs already;
//! otherwise the one that `make influxd` has built is started in a temporary directory. Where there is none, a
//! test is skipped, and [`skipped`] makes sure that somebody hears of it.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use influx_wire::api::SetupRequest;
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::{Client, Config};

/// Names an InfluxDB that runs already.
pub const URL: &str = "INFLUX_TEST_URL";
/// Its operator token.
pub const TOKEN: &str = "INFLUX_TEST_TOKEN";
/// The name of an organization in it.
pub const ORGANIZATION: &str = "INFLUX_TEST_ORG";
/// An `influxd` to start, in place of the one in the cache.
pub const BINARY: &str = "IOT_CENTER_INFLUXD";
/// A file that collects what was skipped, to be printed at the end of all tests.
pub const SKIP_NOTES: &str = "IOT_CENTER_SKIP_NOTES";

/// Why a test against InfluxDB is skipped where [`binary`] finds none.
pub const NO_BINARY: &str =
    "influxd is not there; `make influxd` builds it where Go and rustup are installed";

/// The version that `make influxd` builds.
const VERSION: &str = "2.9.1";

/// Something that went wrong before the test could begin.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A server that speaks the InfluxDB API, set up, and what opens it.
#[derive(Debug, Clone)]
pub struct Target {
    pub url: String,
    pub token: String,
    pub organization: String,
}

impl Target {
    /// A client with the operator token.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(Client::new(Config::new(&self.url, &self.token, &self.organization))?)
    }

    /// Sets up a fresh server: organization `contract`, bucket `first`, user `admin`, a token as given.
    pub async fn onboard(url: &str, token: &str) -> Result<Self, Error> {
        let request = SetupRequest {
            username: "admin".to_owned(),
            password: Some("long enough".to_owned()),
            org: "contract".to_owned(),
            bucket: "first".to_owned(),
            token: Some(token.to_owned()),
            ..SetupRequest::default()
        };
        let response = Client::new(Config::anonymous(url))?.setup(&request).await?;
        Ok(Self {
            url: url.to_owned(),
            token: response.auth.token,
            organization: response.org.name,
        })
    }
}

/// The InfluxDB that `INFLUX_TEST_URL` names. Set and not reachable is an error, not a reason to skip.
pub async fn external() -> Result<Option<Target>, Error> {
    let Ok(url) = std::env::var(URL) else { return Ok(None) };
    let (Ok(token), Ok(organization)) = (std::env::var(TOKEN), std::env::var(ORGANIZATION)) else {
        return Err(format!("{URL} is set, {TOKEN} and {ORGANIZATION} must be too").into());
    };
    let target = Target { url, token, organization };
    target.client()?.ping().await.map_err(|error| format!("{URL} is set, but {error}"))?;
    Ok(Some(target))
}

/// The `influxd` to start, if there is one.
pub fn binary() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(BINARY).filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("IOT_CENTER_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("iot-center")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/iot-center")))?;
    Some(cache.join(format!("influxd-{VERSION}")).join("influxd")).filter(|path| path.is_file())
}

/// A port on 127.0.0.1 that nobody listens on, for a program that has to be told. Not one that the system gives to whoever asks for any,
/// and to connections that go out: somebody else could have that before the program takes it.
///
/// # Errors
///
/// If all ports that belong to this process are taken.
pub fn free_port() -> Result<u16, Error> {
    // The browser tests' end below. The ids of processes keep those apart that run at the same time.
    const LOWEST: u32 = 30_000;
    const PORTS_A_PROCESS: u32 = 100;
    const PROCESSES: u32 = 27;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = LOWEST + std::process::id() % PROCESSES * PORTS_A_PROCESS;
    (0..PORTS_A_PROCESS)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS_A_PROCESS)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| format!("no port from {first} on is free").into())
}

/// An address of 127.0.0.1 at which connections are refused, as long as the socket is there: nobody else gets the port.
pub fn closed_address() -> std::io::Result<(TcpSocket, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// A real InfluxDB in a directory of its own. Ends with its last owner.
#[derive(Debug)]
pub struct Influxd {
    process: Child,
    directory: TempDir,
    url: String,
}

impl Influxd {
    /// Starts `binary` on a port that it chooses itself, and waits until it answers. It is not set up.
    ///
    /// A port chosen here would be free for whatever else asks for one until influxd takes it: a test that runs beside this one
    /// would then answer in its place.
    pub async fn start(binary: &std::path::Path, hashed_tokens: bool) -> Result<Self, Error> {
        let directory = tempfile::tempdir()?;
        let log = std::fs::File::create(directory.path().join("log"))?;
        let process = Command::new(binary)
            .arg("run")
            .arg("--bolt-path")
            .arg(directory.path().join("influxd.bolt"))
            .arg("--sqlite-path")
            .arg(directory.path().join("influxd.sqlite"))
            .arg("--engine-path")
            .arg(directory.path().join("engine"))
            .arg("--http-bind-address=127.0.0.1:0")
            .arg(format!("--use-hashed-tokens={hashed_tokens}"))
            // The level at which it says what it listens on.
            .args(["--reporting-disabled", "--ui-disabled", "--no-tasks", "--log-level=info"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        let mut influxd = Self { process, directory, url: String::new() };
        influxd.wait().await?;
        Ok(influxd)
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    async fn wait(&mut self) -> Result<(), Error> {
        for _ in 0..600 {
            let log =
                std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("influxd ended with {status}: {log}").into());
            }
            if let Some(port) = listening_port(&log) {
                self.url = format!("http://127.0.0.1:{port}");
                let client = Client::new(Config::anonymous(&self.url))?;
                if client.health().await.is_ok_and(|health| health.status == "pass") {
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("influxd did not answer within a minute".into())
    }
}

/// The port that influxd says it listens on, once it does.
fn listening_port(log: &str) -> Option<u16> {
    // The line may not be complete yet.
    let lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let (_, port) = lines.rev().find(|line| line.contains("Listening"))?.split_once(" port=")?;
    port.split_whitespace().next()?.parse().ok()
}

impl Drop for Influxd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says that something was not tested, now and at the end of all tests.
pub fn skipped(what: &str, why: &str) {
    let line = format!("SKIPPED: {what}: {why}");
    // Not `eprintln!`, which a passing test swallows.
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "{line}");
    if let Some(path) = std::env::var_os(SKIP_NOTES) {
        let notes = std::fs::OpenOptions::new().create(true).append(true).open(path);
        if let Err(error) = notes.and_then(|mut notes| writeln!(notes, "{line}")) {
            let _ = writeln!(stderr, "{SKIP_NOTES} cannot be written: {error}");
        }
    }
}
