//! The connection on which lines are published.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rumqttc::{
    AsyncClient, Event, Packet, PubAckReason, PublishNotice, PublishOptions, PublishProperties,
    PublishResult,
};
use tokio::time::timeout;

use super::consumer::UNIT_PROPERTY;
use super::failure::{Ended, explain};
use super::link::Link;
use super::state::{Role, State};
use crate::model::mqtt::{LinkState, TimestampUnit};
use crate::server::config::MqttConfig;
use crate::server::ports::intake::Lines;

/// One message holds so many bytes of lines at most, or one line: some brokers take packets of 128 KiB only.
const MESSAGE_BYTES: usize = 100 << 10;

/// What a packet holds besides its payload and its topic, at most.
const PACKET_OVERHEAD: usize = 128;

/// So many messages may wait for the connection.
const CAPACITY: usize = 100;

/// The broker has so long to say that it has all messages.
const LIMIT: Duration = Duration::from_secs(10);

/// Why lines were not published, or perhaps not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// What is wrong and what to do about it. The same lines may be published later.
    #[error("{0}")]
    Unavailable(String),
    #[error("The broker takes messages of at most {most} bytes, and one line has more.")]
    TooLarge { most: usize },
}

/// Publishes lines. Clones share the connection.
#[derive(Debug, Clone)]
pub(super) struct Publisher {
    config: Arc<MqttConfig>,
    state: Arc<State>,
    open: Arc<Mutex<Option<Open>>>,
}

/// A connection that is up.
#[derive(Debug, Clone)]
struct Open {
    client: AsyncClient,
    /// The largest packet that the broker takes.
    most: usize,
}

impl Publisher {
    pub(super) fn new(config: &Arc<MqttConfig>, state: &Arc<State>) -> Self {
        Self { config: Arc::clone(config), state: Arc::clone(state), open: Arc::default() }
    }

    /// Keeps the connection up until the server stops.
    pub(super) async fn run(self, link: Link) {
        // Nothing is kept for it, so it may have another name after every start, and never takes the place of another one.
        let client_id = format!("iotc-{:016x}", fastrand::u64(..));
        tokio::select! {
            () = link.keep(&client_id, || self.connect(&link, &client_id)) => {}
            // Requests end before MQTT does, so nobody waits for an answer of the broker any more.
            () = link.stages.stop.cancelled() => {}
        }
        self.set(None);
    }

    async fn connect(&self, link: &Link, client_id: &str) -> Result<Infallible, Ended> {
        let options = link.options(client_id)?;
        let (client, mut events) = AsyncClient::builder(options).capacity(CAPACITY).build();
        loop {
            let event = events.poll().await.map_err(|error| {
                self.set(None);
                explain(&error, &link.config, client_id)
            })?;
            if let Event::Incoming(Packet::ConnAck(answer)) = event {
                let most = answer.properties.and_then(|properties| properties.max_packet_size);
                let most = most.map_or(usize::MAX, |most| most as usize);
                self.set(Some(Open { client: client.clone(), most }));
                link.state.connected(Role::Publisher);
            }
        }
    }

    fn set(&self, open: Option<Open>) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
    }

    /// Publishes lines and waits until the broker has them. After an error some of them may be published all the same.
    pub(super) async fn publish(&self, lines: &Lines) -> Result<(), PublishError> {
        if !self.state.has_subscribed() {
            let reason = match self.state.status().consumer {
                LinkState::Failing(sentence) => sentence,
                LinkState::Connecting | LinkState::Connected => String::new(),
            };
            return Err(PublishError::Unavailable(format!(
                "This server has not subscribed to the topic yet, so nobody would store the lines. {reason}"
            )));
        }
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(open) = open else {
            return Err(PublishError::Unavailable(match self.state.status().publisher {
                LinkState::Failing(sentence) => sentence,
                LinkState::Connecting | LinkState::Connected => {
                    "There is no connection to the MQTT broker yet.".to_owned()
                }
            }));
        };
        match timeout(LIMIT, self.publish_over(&open, lines)).await {
            Ok(published) => published,
            Err(_) => Err(PublishError::Unavailable(format!(
                "The MQTT broker at {} did not acknowledge the message within {} seconds.",
                self.config.broker,
                LIMIT.as_secs()
            ))),
        }
    }

    async fn publish_over(&self, open: &Open, lines: &Lines) -> Result<(), PublishError> {
        let most = open.most.saturating_sub(PACKET_OVERHEAD + self.config.topic.len());
        let mut notices: Vec<PublishNotice> = Vec::new();
        for range in lines.ranges(MESSAGE_BYTES.min(most), usize::MAX) {
            let payload = lines.text(range);
            if payload.len() > most {
                return Err(PublishError::TooLarge { most });
            }
            let options = PublishOptions::at_least_once().properties(properties());
            let topic = self.config.topic.as_str();
            let queued = open.client.publish_tracked(topic, payload.to_owned(), options).await;
            notices.push(queued.map_err(|_| self.lost())?);
        }
        for notice in notices {
            self.check(notice.wait_async().await.map_err(|_| self.lost())?)?;
        }
        Ok(())
    }

    /// What the broker said.
    fn check(&self, result: PublishResult) -> Result<(), PublishError> {
        let PublishResult::Qos1(answer) = result else {
            return Err(self.lost());
        };
        let broker = &self.config.broker;
        let sentence = match answer.reason {
            PubAckReason::Success => return Ok(()),
            PubAckReason::NoMatchingSubscribers => {
                "Nobody has subscribed to the topic at the MQTT broker, so nobody would store the lines.".to_owned()
            }
            PubAckReason::NotAuthorized => format!(
                "The MQTT broker at {broker} does not let this server publish to the topic. Check its access rules."
            ),
            PubAckReason::QuotaExceeded => {
                format!("The MQTT broker at {broker} keeps as many messages as it may.")
            }
            reason => format!("The MQTT broker at {broker} refuses the message ({reason:?})."),
        };
        Err(PublishError::Unavailable(sentence))
    }

    fn lost(&self) -> PublishError {
        PublishError::Unavailable(format!(
            "The connection to the MQTT broker at {} was lost before it had the message.",
            self.config.broker
        ))
    }
}

/// Text, with timestamps in nanoseconds.
fn properties() -> PublishProperties {
    let unit = TimestampUnit::Nanoseconds.name();
    PublishProperties {
        payload_format_indicator: Some(1),
        user_properties: vec![(UNIT_PROPERTY.to_owned(), unit.to_owned())],
        ..PublishProperties::default()
    }
}
