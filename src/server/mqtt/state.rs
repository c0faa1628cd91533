//! What everybody may know of MQTT's state, and the log of its changes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::mqtt::{LinkState, MqttStatus};
use crate::server::config::MqttConfig;
use crate::server::ports::PortError;

/// Rejections are logged so often at most: a device that sends nonsense does so for ever.
const LOG_REJECTIONS_EVERY: Duration = Duration::from_secs(10);

/// The two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Consumer,
    Publisher,
}

#[derive(Debug)]
pub(super) struct State {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    status: MqttStatus,
    /// The consumer has subscribed since the start, so the broker keeps messages for it.
    has_subscribed: bool,
    last_logged: Option<Instant>,
    not_logged: u64,
}

impl State {
    pub(super) fn new(config: &MqttConfig) -> Self {
        let status = MqttStatus {
            broker: config.broker.to_string(),
            topic: config.topic.clone(),
            consumer: LinkState::Connecting,
            publisher: LinkState::Connecting,
            held_up_by: None,
            held_messages: 0,
            written_lines: 0,
            rejected: 0,
            last_rejection: None,
        };
        Self {
            inner: Mutex::new(Inner {
                status,
                has_subscribed: false,
                last_logged: None,
                not_logged: 0,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> MqttStatus {
        self.inner().status.clone()
    }

    /// A connection is up and does its work.
    pub(super) fn connected(&self, role: Role) {
        let mut inner = self.inner();
        inner.has_subscribed |= role == Role::Consumer;
        if *inner.link(role) != LinkState::Connected {
            *inner.link(role) = LinkState::Connected;
            let broker = &inner.status.broker;
            match role {
                Role::Consumer => {
                    tracing::info!(topic = inner.status.topic, "subscribed at {broker}");
                }
                Role::Publisher => tracing::debug!("ready to publish at {broker}"),
            }
        }
    }

    /// A connection is not there, and why.
    pub(super) fn fail(&self, role: Role, sentence: String) {
        let mut inner = self.inner();
        let failing = LinkState::Failing(sentence);
        if *inner.link(role) != failing {
            if let LinkState::Failing(sentence) = &failing {
                // Both connections mostly fail for the same reason.
                let (consumer, publisher) = (&inner.status.consumer, &inner.status.publisher);
                if *consumer != failing && *publisher != failing {
                    tracing::warn!("MQTT: {sentence}");
                }
            }
            *inner.link(role) = failing;
        }
    }

    pub(super) fn is_connected(&self, role: Role) -> bool {
        *self.inner().link(role) == LinkState::Connected
    }

    pub(super) fn has_subscribed(&self) -> bool {
        self.inner().has_subscribed
    }

    pub(super) fn holds(&self, messages: usize) {
        self.inner().status.held_messages = messages as u64;
    }

    /// InfluxDB does not take what has arrived.
    pub(super) fn held_up(&self, error: &PortError) {
        let mut inner = self.inner();
        if inner.status.held_up_by.as_ref() != Some(&error.sentence) {
            tracing::warn!(
                messages = inner.status.held_messages,
                "MQTT: what has arrived cannot be written at the moment. {error}"
            );
            inner.status.held_up_by = Some(error.sentence.clone());
        }
    }

    /// InfluxDB has taken so many lines.
    pub(super) fn wrote(&self, lines: u64) {
        let mut inner = self.inner();
        inner.status.written_lines += lines;
        if inner.status.held_up_by.take().is_some() {
            tracing::info!("MQTT: what has arrived is written again");
        }
    }

    /// So many lines, or a message, will never be written.
    pub(super) fn rejected(&self, count: u64, reason: &str) {
        let mut inner = self.inner();
        inner.status.rejected += count;
        inner.status.last_rejection = Some(reason.to_owned());
        let is_early = inner.last_logged.is_some_and(|at| at.elapsed() < LOG_REJECTIONS_EVERY);
        if is_early {
            inner.not_logged += count;
            return;
        }
        let others = std::mem::take(&mut inner.not_logged);
        inner.last_logged = Some(Instant::now());
        tracing::warn!(
            count,
            others_since_the_last_line = others,
            topic = inner.status.topic,
            "MQTT: rejected: {reason}"
        );
    }
}

impl Inner {
    fn link(&mut self, role: Role) -> &mut LinkState {
        match role {
            Role::Consumer => &mut self.status.consumer,
            Role::Publisher => &mut self.status.publisher,
        }
    }
}
