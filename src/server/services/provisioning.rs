//! Many devices at once: registering them, and revealing their tokens.
//!
//! Both are what happens to one device, a few at a time: each under its own lock, by the rules of [`registration`](super::registration)
//! and [`reveal`](super::reveal), so nothing here can leave a token that nobody knows of.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::{Stream, StreamExt, stream};
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::locks::DeviceLocks;
use super::registration::register;
use super::registry::EntryState;
use super::{Error, Result, reveal};
use crate::model::device::{DeviceId, Reveal};
use crate::model::time::Timestamp;
use crate::server::ports::{Authorizations, Cause, Clock, PortError, Registry};

/// Devices in work at once: while InfluxDB stores one, others are asked about.
const IN_FLIGHT: usize = 4;

/// After so many failures in a row the others are not tried: each of them may take until its time is over.
const GIVE_UP_AFTER: usize = 2 * IN_FLIGHT;

/// What became of one device of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// It is registered now.
    Now,
    /// It was before. `has_token`: nobody has seen its token yet, and there is time left to.
    Already { has_token: bool },
    /// It is not; a sentence says why.
    Failed(String),
    /// InfluxDB has failed for so many before it that it was not asked.
    NotTried,
}

/// A list that may begin: the devices, and what is known of those that need nothing.
#[derive(Debug)]
pub struct List {
    devices: Vec<(DeviceId, Option<Registered>)>,
}

/// Finds out which of these devices are registered already; changes nothing.
pub async fn look(
    ports: &impl Registry,
    clock: &impl Clock,
    devices: Vec<DeviceId>,
) -> Result<List> {
    let entries = ports.entries(None).await?;
    let now = Timestamp::from_nanoseconds(clock.now());
    let registered: HashMap<&str, Registered> = entries
        .iter()
        .filter(|entry| entry.state() == EntryState::Registered)
        .map(|entry| {
            let is_shown_once = matches!(entry.reveal(now), Reveal::Available { .. });
            let has_token = is_shown_once && !entry.is_rotating();
            (entry.device.as_str(), Registered::Already { has_token })
        })
        .collect();
    let with_state = |device: DeviceId| {
        let state = registered.get(device.as_str()).cloned();
        (device, state)
    };
    Ok(List { devices: devices.into_iter().map(with_state).collect() })
}

/// Registers the devices of a list and tells what became of each, in their order. `ports` makes what one device is registered with.
///
/// The reader drives the work: when it is gone, the devices in hand are finished and no others begun.
pub fn register_all<P, C>(
    ports: impl Fn() -> P + Send + Sync + 'static,
    clock: C,
    locks: DeviceLocks,
    list: List,
) -> impl Stream<Item = (DeviceId, Registered)> + Send + 'static
where
    P: Registry + Authorizations + 'static,
    C: Clock + 'static,
{
    // One outcome waits while others are made; work that nobody reads is never much further ahead than that.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let work = Work {
            ports,
            clock,
            locks,
            is_wanted: AtomicBool::new(true),
            failures: AtomicUsize::new(0),
        };
        work.through(list, &sender).await;
    });
    stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) })
}

struct Work<F, C> {
    ports: F,
    clock: C,
    locks: DeviceLocks,
    /// Somebody still reads what becomes of the devices.
    is_wanted: AtomicBool,
    /// In a row, and none of them the device's own.
    failures: AtomicUsize,
}

impl<F, P, C> Work<F, C>
where
    F: Fn() -> P + Send + Sync + 'static,
    P: Registry + Authorizations + 'static,
    C: Clock + 'static,
{
    async fn through(self, list: List, sender: &mpsc::Sender<(DeviceId, Registered)>) {
        let work = Arc::new(self);
        let mut outcomes = stream::iter(list.devices)
            .take_while(|_| std::future::ready(work.is_wanted.load(Ordering::Relaxed)))
            .map(|(device, known)| Arc::clone(&work).one(device, known))
            .buffered(IN_FLIGHT);
        // Those in hand are waited for even when nobody reads: a registration that is broken off has to be cleaned up after.
        while let Some(outcome) = outcomes.next().await {
            if sender.send(outcome).await.is_err() && work.is_wanted.swap(false, Ordering::Relaxed)
            {
                tracing::info!("registering several devices was broken off");
            }
        }
    }

    async fn one(
        self: Arc<Self>,
        device: DeviceId,
        known: Option<Registered>,
    ) -> (DeviceId, Registered) {
        if let Some(known) = known {
            return (device, known);
        }
        if self.failures.load(Ordering::Relaxed) >= GIVE_UP_AFTER {
            return (device, Registered::NotTried);
        }
        let outcome = {
            let _lock = self.locks.lock(device.as_str()).await;
            register(&(self.ports)(), &self.clock, &device, false).await
        };
        let outcome = match outcome {
            Ok(_) => {
                self.failures.store(0, Ordering::Relaxed);
                Registered::Now
            }
            Err(error) => {
                if matches!(error, Error::Port(_)) {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                }
                Registered::Failed(sentence(&device, error))
            }
        };
        (device, outcome)
    }
}

/// Reveals the tokens of these devices, each once and within its time, and tells in their order which were refused and why. After
/// `deadline` no other is begun, so that what was revealed is delivered.
pub async fn reveal_all(
    ports: &impl Registry,
    clock: &impl Clock,
    locks: &DeviceLocks,
    devices: &[DeviceId],
    deadline: Instant,
) -> Vec<(DeviceId, Result<SecretString>)> {
    let one = async |device: &DeviceId| {
        if Instant::now() >= deadline {
            return Err(Error::Port(PortError {
                sentence: "There was no time left for it. Ask for it again.".to_owned(),
                cause: Cause::Temporary,
            }));
        }
        let _lock = locks.lock(device.as_str()).await;
        reveal::reveal(ports, clock, device).await
    };
    let work: Vec<_> =
        devices.iter().map(async |device| (device.clone(), one(device).await)).collect();
    stream::iter(work).buffered(IN_FLIGHT).collect().await
}

/// What went wrong, for the person who asked; the log has what is not for them.
fn sentence(device: &DeviceId, error: Error) -> String {
    match error {
        Error::Internal(cause) => {
            tracing::error!(device.id = %device, "{cause}");
            "Something went wrong on the server. Its log says more under the ID of the device."
                .to_owned()
        }
        Error::Port(error) => {
            tracing::warn!(device.id = %device, cause = ?error.cause, "InfluxDB: {error}");
            error.sentence
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
