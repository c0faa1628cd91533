//! The InfluxDB behind the application: how it is reached, set up and watched.
//!
//! A task in the background connects, tries again for as long as that fails, and then looks every few seconds whether InfluxDB still
//! answers. Requests take the connection from here, and pages what is wrong with it.

mod bootstrap;

use std::sync::Arc;
use std::time::Duration;

use influx_client::{Client, SecretString};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::config::{BucketNames, DeviceTag, InfluxConfig};
use super::influx::{Connection, Explainer, TimeLimit};
use super::ports::{Cause, PortError, Result};
use crate::model::status::BackendState;

/// Between two probes.
const PROBE_EVERY: Duration = Duration::from_secs(3);

/// A probe that takes longer makes the backend "delayed"…
const SLOW: Duration = Duration::from_secs(1);

/// …and one that takes so long failing.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Waits between two attempts to connect.
const BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// A token that is refused is not tried more often than this.
const REFUSED_BACKOFF: Duration = Duration::from_secs(30);

/// What the task in the background needs to know.
#[derive(Debug, Clone)]
pub struct Target {
    pub url: String,
    pub token: SecretString,
    /// Name or id.
    pub organization: String,
    pub username: String,
    pub password: Option<SecretString>,
    pub buckets: BucketNames,
    pub device_tag: DeviceTag,
    pub is_embedded: bool,
}

impl Target {
    /// An InfluxDB of its own.
    pub fn influx(config: InfluxConfig, buckets: BucketNames, device_tag: DeviceTag) -> Self {
        let InfluxConfig { url, token, organization, username, password } = config;
        Self {
            url,
            token,
            organization,
            username,
            password,
            buckets,
            device_tag,
            is_embedded: false,
        }
    }

    fn explainer(&self) -> Explainer {
        let (name, token) = if self.is_embedded {
            ("The embedded store", "the file operator-token in IOT_CENTER_DATA_DIR")
        } else {
            ("InfluxDB", "INFLUX_TOKEN")
        };
        Explainer::new(format!("{name} at {}", self.url), token)
    }
}

/// How far connecting has come.
#[derive(Debug, Clone)]
enum Phase {
    Connecting,
    Failing(PortError),
    Ready(Arc<Connection>),
}

/// What the last probe found.
#[derive(Debug, Clone)]
struct Probe {
    name: String,
    state: BackendState,
}

/// The backend as requests see it. Clones share it.
#[derive(Debug, Clone)]
pub struct Backend {
    phase: watch::Receiver<Phase>,
    probe: watch::Receiver<Probe>,
    explainer: Explainer,
}

impl Backend {
    /// Starts the task that connects and watches, until `shutdown`.
    pub fn start(target: Target, shutdown: CancellationToken) -> Self {
        let name = if target.is_embedded { "embedded store" } else { "InfluxDB" };
        let explainer = target.explainer();
        let (phase, phase_receiver) = watch::channel(Phase::Connecting);
        let connecting = BackendState::Failing(format!("Connecting to {}…", target.url));
        let (probe, probe_receiver) =
            watch::channel(Probe { name: name.to_owned(), state: connecting });
        tokio::spawn(async move {
            let watching = run(target, phase, probe);
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = watching => {}
            }
        });
        Self { phase: phase_receiver, probe: probe_receiver, explainer }
    }

    /// A backend that cannot be used, because the configuration is wrong.
    pub fn misconfigured(problems: &[String]) -> Self {
        let sentence = problems.join(" ");
        let error = PortError { sentence: sentence.clone(), cause: Cause::Configuration };
        let probe = Probe { name: "no backend".to_owned(), state: BackendState::Failing(sentence) };
        // The senders are dropped: the receivers keep the last value.
        Self {
            phase: watch::channel(Phase::Failing(error)).1,
            probe: watch::channel(probe).1,
            explainer: Explainer::new("InfluxDB", "INFLUX_TOKEN"),
        }
    }

    /// The connection; waits for the first attempt to connect, and fails with what went wrong in the last one.
    pub async fn connection(&self, limit: Option<TimeLimit>) -> Result<Arc<Connection>> {
        let mut phase = self.phase.clone();
        let deadline =
            limit.map_or_else(|| Instant::now() + Duration::from_secs(10), |limit| limit.deadline);
        let connected = phase.wait_for(|phase| !matches!(phase, Phase::Connecting));
        let explainer = || match limit {
            Some(limit) => self.explainer.clone().within(limit.total),
            None => self.explainer.clone(),
        };
        match tokio::time::timeout_at(deadline, connected).await {
            Ok(Ok(phase)) => match &*phase {
                Phase::Ready(connection) => Ok(Arc::clone(connection)),
                Phase::Failing(error) => Err(error.clone()),
                Phase::Connecting => Err(explainer().timed_out()),
            },
            // The task is gone because the server is stopping, or the time is over.
            Ok(Err(_)) | Err(_) => Err(explainer().timed_out()),
        }
    }

    /// The connection if there is one now.
    pub fn connection_now(&self) -> Option<Arc<Connection>> {
        match &*self.phase.borrow() {
            Phase::Ready(connection) => Some(Arc::clone(connection)),
            Phase::Connecting | Phase::Failing(_) => None,
        }
    }

    /// Returns when there is a connection, or never.
    pub async fn connected(&self) -> Option<Arc<Connection>> {
        let mut phase = self.phase.clone();
        let ready = phase.wait_for(|phase| matches!(phase, Phase::Ready(_))).await.ok()?;
        match &*ready {
            Phase::Ready(connection) => Some(Arc::clone(connection)),
            Phase::Connecting | Phase::Failing(_) => None,
        }
    }

    /// The name of the backend and how it is, as of the last probe.
    pub fn status(&self) -> (String, BackendState) {
        let Probe { name, state } = self.probe.borrow().clone();
        (name, state)
    }
}

/// Connects, then probes for ever.
async fn run(target: Target, phase: watch::Sender<Phase>, probe: watch::Sender<Probe>) {
    let connection = connect(&target, &phase, &probe).await;
    let client = connection.client.clone();
    phase.send_replace(Phase::Ready(Arc::new(connection)));
    loop {
        let (version, state) = look(&client, &target).await;
        probe.send_if_modified(|probe| {
            let name = match version {
                _ if target.is_embedded => "embedded store".to_owned(),
                Some(version) => format!("InfluxDB {}", version.trim_start_matches('v')),
                None => probe.name.clone(),
            };
            let is_new = probe.state != state || probe.name != name;
            if is_new && probe.state != state {
                tracing::info!(state = state.label(), "the state of the backend has changed");
            }
            *probe = Probe { name, state };
            is_new
        });
        sleep(PROBE_EVERY).await;
    }
}

/// Tries to connect until it works.
async fn connect(
    target: &Target,
    phase: &watch::Sender<Phase>,
    probe: &watch::Sender<Probe>,
) -> Connection {
    let mut backoff = BACKOFF;
    let mut last_sentence = String::new();
    loop {
        let error = match bootstrap::connect(target).await {
            Ok(connection) => return connection,
            Err(error) => error,
        };
        if error.sentence != last_sentence {
            tracing::warn!("{error}");
            last_sentence.clone_from(&error.sentence);
        }
        probe.send_modify(|probe| probe.state = BackendState::Failing(error.sentence.clone()));
        let wait = if error.cause == Cause::Configuration { REFUSED_BACKOFF } else { backoff };
        phase.send_replace(Phase::Failing(error));
        sleep(wait).await;
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}

/// One probe: the version, if it says so, and the state.
async fn look(client: &Client, target: &Target) -> (Option<String>, BackendState) {
    let begin = Instant::now();
    let client = client.with_deadline(begin + PROBE_LIMIT);
    let explainer = target.explainer().within(PROBE_LIMIT);
    match timeout(PROBE_LIMIT, client.ping()).await {
        Ok(Ok(version)) if begin.elapsed() <= SLOW => (version, BackendState::Ready),
        Ok(Ok(version)) => (version, BackendState::Delayed),
        Ok(Err(error)) => (None, BackendState::Failing(explainer.explain(error).sentence)),
        Err(_) => (None, BackendState::Failing(explainer.timed_out().sentence)),
    }
}
