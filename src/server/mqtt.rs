//! MQTT: what devices publish on the topic goes to InfluxDB, and what they send to `/mqtt/api/v2/write` goes to the topic.
//!
//! There are two connections to the broker. The consumer's has a session that the broker keeps while this server is away: a message is
//! acknowledged only after InfluxDB has it, so the broker has it until then. The publisher's has none: whoever sends lines is told
//! whether the broker has them, and sends them again if not.
//!
//! **Invariant: no message that the broker delivered with quality of service 1 is acknowledged before InfluxDB has all of its lines, but
//! for those that no InfluxDB would take.** Lines may be written more than once, which leaves the same points, since each has a timestamp.

mod consumer;
mod failure;
pub mod gzip;
mod link;
mod message;
mod publisher;
mod queue;
mod state;
mod tls;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use publisher::PublishError;

use self::link::Link;
use self::publisher::Publisher;
use self::queue::Queue;
use self::state::{Role, State};
use super::backend::Backend;
use super::config::MqttConfig;
use super::influx::Connection;
use super::ports::Clock;
use super::ports::intake::Lines;
use crate::model::mqtt::MqttStatus;

/// How long what has arrived may be written after the server was told to stop. The broker has what is left.
const DRAIN: Duration = Duration::from_secs(5);

/// How long the broker is then told of it.
const FAREWELL: Duration = Duration::from_secs(2);

/// InfluxDB is usually there so soon after the start.
const PATIENCE: Duration = Duration::from_secs(2);

/// MQTT, running. Clones share it.
#[derive(Debug, Clone)]
pub struct Mqtt {
    config: Arc<MqttConfig>,
    state: Arc<State>,
    publisher: Publisher,
    stages: Stages,
    tasks: TaskTracker,
}

/// How far stopping has come.
#[derive(Debug, Clone, Default)]
struct Stages {
    /// No message is taken any more.
    stop: CancellationToken,
    /// All that was taken is written and acknowledged, or the time for that is over: say goodbye.
    drained: CancellationToken,
    /// Goodbye or not.
    end: CancellationToken,
}

impl Mqtt {
    /// Connects, and goes on for ever.
    pub fn start(
        config: MqttConfig,
        backend: Backend,
        clock: impl Clock + Clone + 'static,
    ) -> Self {
        if config.password.is_some() && !config.broker.is_encrypted && !config.broker.is_loopback()
        {
            tracing::warn!(
                "MQTT_PASSWORD goes to {} unencrypted, and so do all messages. Use mqtts:// if the broker can.",
                config.broker
            );
        }
        let state = Arc::new(State::new(&config));
        let config = Arc::new(config);
        let stages = Stages::default();
        let tasks = TaskTracker::new();
        let publisher = Publisher::new(&config, &state);
        let link = |role| Link {
            config: Arc::clone(&config),
            state: Arc::clone(&state),
            role,
            stages: stages.clone(),
        };
        tasks.spawn(publisher.clone().run(link(Role::Publisher)));
        tasks.spawn(consume(backend, clock, link(Role::Consumer)));
        tasks.close();
        Self { config, state, publisher, stages, tasks }
    }

    pub fn config(&self) -> &MqttConfig {
        &self.config
    }

    pub fn status(&self) -> MqttStatus {
        self.state.status()
    }

    /// Publishes lines to the topic. `Ok` means that the broker has them and keeps them for the consumer.
    pub async fn publish(&self, lines: &Lines) -> Result<(), PublishError> {
        self.publisher.publish(lines).await
    }

    /// Takes no more messages, writes and acknowledges those that were taken, and says goodbye to the broker; all of it within seconds.
    pub async fn stop(&self) {
        self.stages.stop.cancel();
        if timeout(DRAIN, self.stages.drained.cancelled()).await.is_err() {
            tracing::warn!(
                messages = self.state.status().held_messages,
                "messages could not be written before the end; the broker has them still"
            );
            self.stages.drained.cancel();
        }
        if timeout(FAREWELL, self.tasks.wait()).await.is_err() {
            self.stages.end.cancel();
            self.tasks.wait().await;
        }
    }
}

/// The way from the broker to InfluxDB.
async fn consume(backend: Backend, clock: impl Clock + Clone + 'static, link: Link) {
    let Stages { stop, drained, end } = link.stages.clone();
    let connected = async {
        if let Ok(connection) = timeout(PATIENCE, backend.connected()).await {
            return connection;
        }
        let sentence = "Nothing is received before there is an InfluxDB to write it to.";
        link.state.fail(Role::Consumer, sentence.to_owned());
        backend.connected().await
    };
    let connection = tokio::select! {
        connection = connected => connection,
        () = stop.cancelled() => None,
    };
    // Without one this server is misconfigured, or stopping.
    let Some(connection) = connection else {
        drained.cancel();
        return;
    };
    let client_id = link.config.options.client_id.clone();
    let client_id = client_id.unwrap_or_else(|| session_name(&connection, &link.config.topic));
    let queue = Arc::new(Queue::new(Arc::clone(&link.state)));
    let writer = writer::run(Arc::clone(&queue), connection, clock.clone(), link.clone());
    let consumer = consumer::run(queue, clock, link, client_id);
    tokio::select! {
        ((), ()) = async { tokio::join!(writer, consumer) } => {}
        () = end.cancelled() => {}
    }
}

/// The name of the session at the broker: the same after every start, and another one for every bucket and topic, so that no two servers
/// take each other's messages. 21 characters; brokers need not take more than 23.
fn session_name(connection: &Connection, topic: &str) -> String {
    use std::fmt::Write as _;

    let digest = Sha256::digest(format!("{}\n{topic}", connection.telemetry.id));
    let mut name = "iotc-".to_owned();
    for byte in digest.iter().take(8) {
        // Writing into a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}
