//! The InfluxDB behind the application: how it is reached, set up and watched.
//!
//! A task in the background connects, tries again for as long as that fails, and then looks every few seconds whether InfluxDB still
//! answers. Requests take the connection from here, and pages what is wrong with it.

mod bootstrap;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use influx_client::SecretString;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::bootstrap::Intent;
use self::probe::Probe;
use super::config::{BucketNames, DeviceTag, InfluxConfig};
use super::influx::{Connection, Explainer, TimeLimit};
use super::ports::{Cause, PortError, Result};
use crate::model::status::{BackendState, BackendStatus};

/// Between two probes.
const PROBE_EVERY: Duration = Duration::from_secs(3);

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

/// The backend as requests see it. Clones share it.
#[derive(Debug, Clone)]
pub struct Backend {
    phase: watch::Receiver<Phase>,
    probe: watch::Receiver<Probe>,
    explainer: Explainer,
    url: Option<String>,
    is_embedded: bool,
}

impl Backend {
    /// Starts the task that connects and watches, until `shutdown`.
    pub fn start(target: Target, shutdown: CancellationToken) -> Self {
        let explainer = target.explainer();
        let (phase, phase_receiver) = watch::channel(Phase::Connecting);
        let connecting = Probe::failed(&target, format!("Connecting to {}…", target.url));
        let (url, is_embedded) = (Some(target.url.clone()), target.is_embedded);
        let (probe, probe_receiver) = watch::channel(connecting);
        tokio::spawn(async move {
            let watching = run(target, phase, probe);
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = watching => {}
            }
        });
        Self { phase: phase_receiver, probe: probe_receiver, explainer, url, is_embedded }
    }

    /// What can be seen of it now. It is neither changed nor watched.
    pub async fn seen(target: &Target) -> Self {
        let connected = bootstrap::connect(target, Intent::Look).await;
        let probe = match &connected {
            Ok(connection) => Probe::of(&connection.client, target).await,
            Err(error) => Probe::failed(target, error.sentence.clone()),
        };
        let phase = match connected {
            Ok(connection) => Phase::Ready(Arc::new(connection)),
            Err(error) => Phase::Failing(error),
        };
        Self {
            phase: watch::channel(phase).1,
            probe: watch::channel(probe).1,
            explainer: target.explainer(),
            url: Some(target.url.clone()),
            is_embedded: target.is_embedded,
        }
    }

    /// The embedded store while no server runs it.
    pub fn stopped(url: String) -> Self {
        let sentence = format!("The embedded store does not run at {url}.");
        let error = PortError { sentence, cause: Cause::Temporary };
        Self { url: Some(url), is_embedded: true, ..Self::unusable("embedded store", error) }
    }

    /// A backend that cannot be used, because the configuration is wrong.
    pub fn misconfigured(problems: &[String]) -> Self {
        let error = PortError { sentence: problems.join(" "), cause: Cause::Configuration };
        Self::unusable(BackendStatus::NO_BACKEND, error)
    }

    fn unusable(name: &str, error: PortError) -> Self {
        let probe = Probe::unusable(name, error.sentence.clone());
        // The senders are dropped: the receivers keep the last value.
        Self {
            phase: watch::channel(Phase::Failing(error)).1,
            probe: watch::channel(probe).1,
            explainer: Explainer::new("InfluxDB", "INFLUX_TOKEN"),
            url: None,
            is_embedded: false,
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

    /// Whether it is the embedded store.
    pub fn is_embedded(&self) -> bool {
        self.is_embedded
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
        let seen = Probe::of(&client, &target).await;
        probe.send_if_modified(|probe| {
            // One that does not answer is called as before.
            let name = seen.version.as_ref().map_or(&probe.name, |_| &seen.name).clone();
            let is_new = probe.state != seen.state || probe.name != name;
            if probe.state != seen.state {
                tracing::info!(state = seen.state.label(), "the state of the backend has changed");
            }
            *probe = Probe { name, ..seen };
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
        let error = match bootstrap::connect(target, Intent::Prepare).await {
            Ok(connection) => return connection,
            Err(error) => error,
        };
        if error.sentence != last_sentence {
            tracing::warn!("{error}");
            last_sentence.clone_from(&error.sentence);
        }
        probe.send_modify(|probe| probe.fail(&error.sentence));
        let wait = if error.cause == Cause::Configuration { REFUSED_BACKOFF } else { backoff };
        phase.send_replace(Phase::Failing(error));
        sleep(wait).await;
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}
