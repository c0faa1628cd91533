//! The connection on which messages arrive: into the queue, and acknowledged from there.

use std::convert::Infallible;
use std::sync::Arc;

use rumqttc::{
    AckMode, AsyncClient, ClientError, Event, MqttOptions, Packet, Publish, QoS, RetainForwardRule,
    SubAck, SubscribeFilterInput, SubscribeReasonCode,
};
use tokio_util::sync::CancellationToken;

use self::session::Blank;
use super::failure::{Cause, Ended, explain};
use super::link::Link;
use super::message::Message;
use super::queue::{Acknowledge, Queue};
use super::state::Role;
use crate::model::mqtt::TimestampUnit;
use crate::server::ports::Clock;

mod session;

/// So many messages may be on their way without an acknowledgement, if the broker does not allow less.
const RECEIVE_MAXIMUM: u16 = 1_000;

/// The broker keeps messages for a server that is away for so long: 30 days.
const SESSION_EXPIRY_SECONDS: u32 = 30 * 86_400;

/// A property of messages that tells the unit of their timestamps.
pub(super) const UNIT_PROPERTY: &str = "precision";

/// Receives until the server stops.
pub(super) async fn run(queue: Arc<Queue>, clock: impl Clock, link: Link, client_id: String) {
    link.keep(&client_id, || connect(&queue, &clock, &link, &client_id)).await;
}

/// One connection, from its beginning to its end.
async fn connect(
    queue: &Arc<Queue>,
    clock: &impl Clock,
    link: &Link,
    client_id: &str,
) -> Result<Infallible, Ended> {
    let options = options(link, client_id)?;
    // Room for all acknowledgements that there can be, and the three requests of this module: none of them ever waits.
    let capacity = usize::from(RECEIVE_MAXIMUM) + 3;
    // A new one for each connection: it would send acknowledgements of the last connection over the next, where they may mean others.
    let (client, mut events) = AsyncClient::builder(options).capacity(capacity).build();
    subscribe(&client, link).map_err(|error| Ended {
        sentence: format!("MQTT_TOPIC cannot be subscribed to: {error}."),
        cause: Cause::Refused,
    })?;
    let _farewell = say_goodbye_later(&client, link);
    loop {
        match events.poll().await.map_err(|error| explain(&error, &link.config, client_id))? {
            Event::Incoming(Packet::SubAck(answer)) => {
                check_subscription(&answer, link)?;
                link.state.connected(Role::Consumer);
            }
            Event::Incoming(Packet::Publish(publish)) => {
                hold(publish, &client, queue, clock, link).await;
            }
            _ => {}
        }
    }
}

fn options(link: &Link, client_id: &str) -> Result<MqttOptions, Ended> {
    let mut options = link.options(client_id)?;
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(SESSION_EXPIRY_SECONDS))
        .set_receive_maximum(Some(RECEIVE_MAXIMUM))
        .set_ack_mode(AckMode::Manual)
        .set_session_store(Blank { client_id: client_id.to_owned() });
    Ok(options)
}

fn subscribe(client: &AsyncClient, link: &Link) -> Result<(), ClientError> {
    let filter = SubscribeFilterInput::new(link.config.topic.as_str(), QoS::AtLeastOnce)
        .retain_forward_rule(RetainForwardRule::OnNewSubscribe);
    client.try_subscribe_many([filter])
}

/// Says goodbye when everything is written, behind the acknowledgements. Ends with the connection, when the result is dropped.
fn say_goodbye_later(client: &AsyncClient, link: &Link) -> impl Drop + use<> {
    let (client, link) = (client.clone(), link.clone());
    let closed = CancellationToken::new();
    let guard = closed.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            () = link.stages.drained.cancelled() => {
                // Subscribing once more changes nothing, but the goodbye waits for the answer, and when that is there, the broker has
                // read all acknowledgements. Otherwise it might deliver again what a server that is started at once has then twice.
                // Where it fails the connection is gone, which needs no goodbye.
                let _ = subscribe(&client, &link).and_then(|()| client.try_disconnect());
            }
            () = closed.cancelled() => {}
        }
    });
    guard
}

fn check_subscription(answer: &SubAck, link: &Link) -> Result<(), Ended> {
    let broker = &link.config.broker;
    match answer.return_codes.first() {
        Some(SubscribeReasonCode::Success(QoS::AtMostOnce)) => {
            tracing::warn!(
                "The MQTT broker at {broker} grants quality of service 0 only: what it sends while this server is away is lost."
            );
            Ok(())
        }
        Some(SubscribeReasonCode::Success(_)) => Ok(()),
        code => Err(Ended {
            sentence: format!(
                "The MQTT broker at {broker} does not let this server subscribe to the topic ({code:?}). Check its access rules and MQTT_TOPIC."
            ),
            cause: Cause::Refused,
        }),
    }
}

/// Puts a message into the queue. Waits while that is full: nothing more is read meanwhile, and a broker that is then not answered for
/// too long closes the connection and delivers again later.
async fn hold(
    publish: Publish,
    client: &AsyncClient,
    queue: &Arc<Queue>,
    clock: &impl Clock,
    link: &Link,
) {
    if link.stages.stop.is_cancelled() {
        // The broker keeps it for the next time.
        return;
    }
    let mut acknowledge = client.prepare_ack(&publish).map(|ack| -> Acknowledge {
        let client = client.clone();
        Box::new(move || {
            // It fails if the connection is gone, and then the broker delivers the message again.
            let _ = client.try_manual_ack(ack);
        })
    });
    if publish.dup
        && let Some(again) = acknowledge.take()
    {
        acknowledge = queue.readopt(publish.pkid, &publish.payload, again);
        if acknowledge.is_none() {
            return;
        }
    }
    let room = tokio::select! {
        room = queue.room(publish.payload.len()) => room,
        () = link.stages.stop.cancelled() => None,
    };
    let Some(room) = room else { return };
    let unit = unit(&publish).unwrap_or(link.config.timestamps);
    let message = Message { payload: publish.payload, unit, arrived: clock.now() };
    queue.push(message, publish.pkid, acknowledge, room);
}

/// The unit that a message names.
fn unit(publish: &Publish) -> Option<TimestampUnit> {
    let properties = &publish.properties.as_ref()?.user_properties;
    let (_, unit) = properties.iter().find(|(name, _)| name == UNIT_PROPERTY)?;
    TimestampUnit::from_name(unit)
}
