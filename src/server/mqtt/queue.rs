//! Messages that have arrived and are not written yet, in order.
//!
//! A message stays here until it is written, also while it is being written: should the broker deliver it once more meanwhile, over a new
//! connection, then the message that is here already gets the new acknowledgement, and keeps the time of its arrival.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::message::Message;
use super::state::State;

/// All messages together have so many bytes at most; then no more are read from the connection.
const MOST_BYTES: usize = 64 << 20;

/// Room is counted in pieces of so many bytes.
const PIECE: usize = 1 << 10;

/// What a message takes besides its payload, more or less.
const OVERHEAD: usize = 512;

/// One batch holds so many bytes and messages, or one message.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_MESSAGES: usize = 1_000;

/// Tells the broker that a message is done with. Does nothing where the connection that it came over is gone.
pub(super) type Acknowledge = Box<dyn FnOnce() + Send>;

pub(super) struct Queue {
    held: Mutex<VecDeque<Held>>,
    arrived: Notify,
    room: Arc<Semaphore>,
    state: Arc<State>,
}

struct Held {
    message: Message,
    /// The number under which the broker waits for the acknowledgement.
    packet: u16,
    /// `None` for a message that the broker forgets as soon as it is sent.
    acknowledge: Option<Acknowledge>,
    _room: OwnedSemaphorePermit,
}

impl Queue {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self {
            held: Mutex::default(),
            arrived: Notify::new(),
            room: Arc::new(Semaphore::new(MOST_BYTES / PIECE)),
            state,
        }
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for a payload of so many bytes.
    pub(super) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = (bytes + OVERHEAD).div_ceil(PIECE).min(MOST_BYTES / PIECE);
        // Nobody closes the semaphore.
        Arc::clone(&self.room).acquire_many_owned(pieces as u32).await.ok()
    }

    /// Gives the acknowledgement of a message that was delivered once more to the one that is here already. Gives it back where there is
    /// none.
    pub(super) fn readopt(
        &self,
        packet: u16,
        payload: &Bytes,
        acknowledge: Acknowledge,
    ) -> Option<Acknowledge> {
        let mut held = self.held();
        let known = held.iter_mut().find(|held| {
            held.packet == packet && held.acknowledge.is_some() && held.message.payload == *payload
        });
        match known {
            Some(known) => {
                known.acknowledge = Some(acknowledge);
                None
            }
            None => Some(acknowledge),
        }
    }

    pub(super) fn push(
        &self,
        message: Message,
        packet: u16,
        acknowledge: Option<Acknowledge>,
        room: OwnedSemaphorePermit,
    ) {
        let mut held = self.held();
        held.push_back(Held { message, packet, acknowledge, _room: room });
        self.state.holds(held.len());
        drop(held);
        self.arrived.notify_one();
    }

    /// Waits for messages and gives the oldest ones. They stay here until they are [done](Self::done).
    pub(super) async fn batch(&self) -> Vec<Message> {
        loop {
            let arrived = self.arrived.notified();
            let mut bytes = 0;
            let batch: Vec<Message> = self
                .held()
                .iter()
                .take(BATCH_MESSAGES)
                .take_while(|held| {
                    let is_first = bytes == 0;
                    bytes += held.message.payload.len().max(1);
                    is_first || bytes <= BATCH_BYTES
                })
                .map(|held| held.message.clone())
                .collect();
            if !batch.is_empty() {
                return batch;
            }
            arrived.await;
        }
    }

    /// The oldest messages, so many of them, are written: acknowledges them.
    pub(super) fn done(&self, messages: usize) {
        let done: Vec<Held> = {
            let mut held = self.held();
            let messages = messages.min(held.len());
            let done = held.drain(..messages).collect();
            self.state.holds(held.len());
            done
        };
        for acknowledge in done.into_iter().filter_map(|held| held.acknowledge) {
            acknowledge();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt as _;

    use super::*;
    use crate::model::mqtt::TimestampUnit;
    use crate::server::config::{Config, Environment};

    fn queue() -> Queue {
        let settings = [("MQTT_URL", "mqtt://localhost"), ("MQTT_TOPIC", "t")];
        let config = Config::read(&Environment::of(settings)).mqtt.unwrap();
        Queue::new(Arc::new(State::new(&config)))
    }

    fn message(payload: &'static str) -> Message {
        let payload = Bytes::from_static(payload.as_bytes());
        Message { payload, unit: TimestampUnit::Auto, arrived: 1 }
    }

    /// Puts a message into the queue; the counter counts its acknowledgement.
    async fn push(queue: &Queue, payload: &'static str, packet: u16, counter: &Arc<AtomicUsize>) {
        let room = queue.room(payload.len()).await.unwrap();
        queue.push(message(payload), packet, Some(count(counter)), room);
    }

    fn count(counter: &Arc<AtomicUsize>) -> Acknowledge {
        let counter = Arc::clone(counter);
        Box::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })
    }

    fn payloads(batch: &[Message]) -> Vec<&[u8]> {
        batch.iter().map(|message| message.payload.as_ref()).collect()
    }

    #[tokio::test]
    async fn messages_are_acknowledged_when_they_are_done_and_not_before() {
        let (queue, first, second) = (queue(), Arc::default(), Arc::default());
        push(&queue, "a", 1, &first).await;
        let batch = queue.batch().await;
        push(&queue, "b", 2, &second).await;
        assert_eq!(payloads(&batch), [b"a"]);
        assert_eq!((queue.state.status().held_messages, first.load(Ordering::Relaxed)), (2, 0));
        queue.done(batch.len());
        let seen = (first.load(Ordering::Relaxed), second.load(Ordering::Relaxed));
        assert_eq!((queue.state.status().held_messages, seen), (1, (1, 0)));
        assert_eq!(payloads(&queue.batch().await), [b"b"]);
    }

    #[tokio::test]
    async fn a_message_that_comes_again_is_acknowledged_once_and_over_the_new_connection() {
        let (queue, old, new) = (queue(), Arc::default(), Arc::default());
        push(&queue, "a", 1, &old).await;
        let batch = queue.batch().await;
        let other_payload = Bytes::from_static(b"b");
        assert!(queue.readopt(1, &other_payload, count(&new)).is_some());
        assert!(queue.readopt(2, &batch[0].payload, count(&new)).is_some());
        assert!(queue.readopt(1, &batch[0].payload, count(&new)).is_none());
        queue.done(batch.len());
        assert_eq!((old.load(Ordering::Relaxed), new.load(Ordering::Relaxed)), (0, 1));
        // It is written now; if it comes again, it must be taken again.
        assert!(queue.readopt(1, &batch[0].payload, count(&new)).is_some());
    }

    #[tokio::test]
    async fn batches_are_bounded_but_never_empty() {
        let queue = queue();
        assert!(queue.batch().now_or_never().is_none());
        let large: &'static str = "x".repeat(BATCH_BYTES + 1).leak();
        let counter = Arc::default();
        for payload in ["a", "b", large, "c"] {
            push(&queue, payload, 1, &counter).await;
        }
        for expected in [2, 1, 1] {
            let batch = queue.batch().await;
            assert_eq!(batch.len(), expected);
            queue.done(batch.len());
        }
        for _ in 0..=BATCH_MESSAGES {
            push(&queue, "d", 1, &counter).await;
        }
        assert_eq!(queue.batch().await.len(), BATCH_MESSAGES);
    }

    #[tokio::test]
    async fn there_is_no_room_without_end() {
        let (queue, counter) = (queue(), Arc::default());
        let large: &'static str = "x".repeat(MOST_BYTES / 4).leak();
        for packet in 1..=3 {
            push(&queue, large, packet, &counter).await;
        }
        assert!(queue.room(large.len()).now_or_never().is_none());
        queue.done(1);
        assert!(queue.room(large.len()).now_or_never().is_some());
        // Larger than all room together: it has to wait for all others, and is not stuck.
        queue.done(2);
        assert!(queue.room(MOST_BYTES * 2).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let queue = Arc::new(queue());
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.batch().await.len() }
        });
        tokio::task::yield_now().await;
        push(&queue, "a", 1, &Arc::default()).await;
        assert_eq!(waiting.await.unwrap(), 1);
    }
}
