//! The InfluxDB behind the application: how it is reached, set up and watched.
//!
//! A task in the background connects, tries again for as long as that fails, and then looks every few seconds whether InfluxDB still
//! answers. Requests take the connection from here, and pages what is wrong with it.

mod bootstrap;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use influx_client::{Client, Greeting, SecretString};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::config::{BucketNames, DeviceTag, InfluxConfig};
use super::influx::{Connection, Explainer, TimeLimit};
use super::ports::{Cause, Clock, PortError, Result};
use super::state::SystemClock;
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
    /// When that was, in nanoseconds since the Unix epoch; `None` before the first one.
    at: Option<i64>,
    /// How far its clock is ahead of ours, in milliseconds, give or take a second.
    ahead_ms: Option<i64>,
}

/// The backend as requests see it. Clones share it.
#[derive(Debug, Clone)]
pub struct Backend {
    phase: watch::Receiver<Phase>,
    probe: watch::Receiver<Probe>,
    explainer: Explainer,
    url: Option<String>,
}

impl Backend {
    /// Starts the task that connects and watches, until `shutdown`.
    pub fn start(target: Target, shutdown: CancellationToken) -> Self {
        let name = if target.is_embedded { "embedded store" } else { "InfluxDB" };
        let explainer = target.explainer();
        let (phase, phase_receiver) = watch::channel(Phase::Connecting);
        let connecting = BackendState::Failing(format!("Connecting to {}…", target.url));
        let url = Some(target.url.clone());
        let (probe, probe_receiver) = watch::channel(Probe {
            name: name.to_owned(),
            state: connecting,
            at: None,
            ahead_ms: None,
        });
        tokio::spawn(async move {
            let watching = run(target, phase, probe);
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = watching => {}
            }
        });
        Self { phase: phase_receiver, probe: probe_receiver, explainer, url }
    }

    /// A backend that cannot be used, because the configuration is wrong.
    pub fn misconfigured(problems: &[String]) -> Self {
        let sentence = problems.join(" ");
        let error = PortError { sentence: sentence.clone(), cause: Cause::Configuration };
        let probe = Probe {
            name: "no backend".to_owned(),
            state: BackendState::Failing(sentence),
            at: None,
            ahead_ms: None,
        };
        // The senders are dropped: the receivers keep the last value.
        Self {
            phase: watch::channel(Phase::Failing(error)).1,
            probe: watch::channel(probe).1,
            explainer: Explainer::new("InfluxDB", "INFLUX_TOKEN"),
            url: None,
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
        let Probe { name, state, .. } = self.probe.borrow().clone();
        (name, state)
    }

    /// When that probe was, in nanoseconds since the Unix epoch; `None` before the first one.
    pub fn last_probe(&self) -> Option<i64> {
        self.probe.borrow().at
    }

    /// How far its clock was ahead of ours then, in milliseconds, give or take a second.
    pub fn clock_ahead_ms(&self) -> Option<i64> {
        self.probe.borrow().ahead_ms
    }

    /// Its address as this server uses it; `None` if the configuration names none.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// Connects, then probes for ever.
async fn run(target: Target, phase: watch::Sender<Phase>, probe: watch::Sender<Probe>) {
    let connection = connect(&target, &phase, &probe).await;
    let client = connection.client.clone();
    phase.send_replace(Phase::Ready(Arc::new(connection)));
    loop {
        let (greeting, state) = look(&client, &target).await;
        let now = SystemClock.now();
        probe.send_if_modified(|probe| {
            let Greeting { version, date } = greeting;
            let name = match version {
                _ if target.is_embedded => "embedded store".to_owned(),
                Some(version) => format!("InfluxDB {}", version.trim_start_matches('v')),
                None => probe.name.clone(),
            };
            let is_new = probe.state != state || probe.name != name;
            if is_new && probe.state != state {
                tracing::info!(state = state.label(), "the state of the backend has changed");
            }
            let ahead_ms = date.map(|date| ahead_ms(date, now));
            *probe = Probe { name, state, at: Some(now), ahead_ms };
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
        probe.send_modify(|probe| {
            probe.state = BackendState::Failing(error.sentence.clone());
            probe.at = Some(SystemClock.now());
        });
        let wait = if error.cause == Cause::Configuration { REFUSED_BACKOFF } else { backoff };
        phase.send_replace(Phase::Failing(error));
        sleep(wait).await;
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}

/// How far a clock that shows whole seconds is ahead of one that shows nanoseconds.
fn ahead_ms(date: SystemTime, now: i64) -> i64 {
    let seconds = date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // On the average half of its second is over.
    let shown = i64::try_from(seconds).unwrap_or_default().saturating_mul(1_000) + 500;
    shown.saturating_sub(now / 1_000_000)
}

/// One probe: what it says of itself, and the state.
async fn look(client: &Client, target: &Target) -> (Greeting, BackendState) {
    let begin = Instant::now();
    let client = client.with_deadline(begin + PROBE_LIMIT);
    let explainer = target.explainer().within(PROBE_LIMIT);
    match timeout(PROBE_LIMIT, client.ping()).await {
        Ok(Ok(greeting)) if begin.elapsed() <= SLOW => (greeting, BackendState::Ready),
        // What was its clock's time when it answered is not known.
        Ok(Ok(greeting)) => (Greeting { date: None, ..greeting }, BackendState::Delayed),
        Ok(Err(error)) => {
            (Greeting::default(), BackendState::Failing(explainer.explain(error).sentence))
        }
        Err(_) => (Greeting::default(), BackendState::Failing(explainer.timed_out().sentence)),
    }
}
