//! From the queue into InfluxDB, one batch after the other: whatever has arrived while the last one was written is the next one.

use std::sync::Arc;

use super::Stages;
use super::link::Link;
use super::message::{Message, Nonsense, describe_refusal};
use super::queue::Queue;
use super::state::State;
use crate::server::influx::{Connection, Session};
use crate::server::ports::Clock;
use crate::server::ports::intake::Lines;
use crate::server::services::intake::take;

/// Writes until it is told to stop, then what is left in the queue, as long as there is time for that.
pub(super) async fn run(
    queue: Arc<Queue>,
    connection: Arc<Connection>,
    clock: impl Clock,
    link: Link,
) {
    let Stages { stop, drained, .. } = link.stages;
    loop {
        let batch = tokio::select! {
            biased;
            batch = queue.batch() => batch,
            () = stop.cancelled() => break,
        };
        let messages = batch.len();
        tokio::select! {
            () = write(batch, &connection, &clock, &link.state) => queue.done(messages),
            () = drained.cancelled() => return,
        }
    }
    drained.cancel();
}

/// Writes messages; returns when InfluxDB has all that it will ever take of them.
async fn write(
    batch: Vec<Message>,
    connection: &Arc<Connection>,
    clock: &impl Clock,
    state: &State,
) {
    // A message may have megabytes, and be packed.
    let read = tokio::task::spawn_blocking(move || read(&batch)).await;
    let (lines, nonsense) =
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    for Nonsense { count, reason } in nonsense {
        state.rejected(count, &reason);
    }
    let session = Session::new(Arc::clone(connection), None, clock.now());
    let mut written = lines.len() as u64;
    for refusal in take(&session, &lines, |error| state.held_up(error)).await {
        let example = refusal.example.map(|line| lines.text(line..line + 1));
        state.rejected(refusal.lines, &describe_refusal(&refusal.sentence, example));
        written = written.saturating_sub(refusal.lines);
    }
    state.wrote(written);
}

fn read(batch: &[Message]) -> (Lines, Vec<Nonsense>) {
    let (mut lines, mut nonsense) = (Lines::default(), Vec::new());
    for message in batch {
        let (of_message, bad) = message.read();
        lines.append(&of_message);
        nonsense.extend(bad);
    }
    (lines, nonsense)
}
