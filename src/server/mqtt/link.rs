//! What the two connections have in common: how they are made, and when they are tried again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{MqttOptions, NetworkOptions, Transport};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::Stages;
use super::failure::{Cause, Ended, taken_over};
use super::state::{Role, State};
use super::tls;
use crate::server::config::MqttConfig;

/// Larger packets are not taken from the broker, which is told so.
pub(super) const LARGEST_PACKET: u32 = 16 << 20;

/// So many packets are sent at once, if there are so many.
const REQUEST_BATCH: usize = 100;

/// The first wait between two attempts, and the longest.
const BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// Somebody has to change something first, so there is no hurry.
const REFUSED_BACKOFF: Duration = Duration::from_secs(30);

/// Another server has the session, and would lose it in turn.
const TAKEN_OVER_BACKOFF: Duration = Duration::from_secs(60);

/// A connection that held so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// So many connections one after the other that were not: somebody else takes them over, and the broker does not say so.
const SHORT_ONES: u32 = 5;

/// One of the two connections.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) config: Arc<MqttConfig>,
    pub(super) state: Arc<State>,
    pub(super) role: Role,
    pub(super) stages: Stages,
}

impl Link {
    /// Connects again and again, until the server stops. `connect` makes one connection and returns when it has ended.
    pub(super) async fn keep<F>(&self, client_id: &str, mut connect: impl FnMut() -> F)
    where
        F: Future<Output = Result<Infallible, Ended>>,
    {
        let (mut backoff, mut short_ones) = (BACKOFF, 0);
        loop {
            let begin = Instant::now();
            let Err(mut ended) = tokio::select! {
                ended = connect() => ended,
                () = self.stages.end.cancelled() => return,
            };
            if self.stages.stop.is_cancelled() {
                return;
            }
            if begin.elapsed() > GOOD_AFTER {
                (backoff, short_ones) = (BACKOFF, 0);
            } else if self.state.is_connected(self.role) {
                short_ones += 1;
            }
            if short_ones >= SHORT_ONES && self.role == Role::Consumer {
                ended = taken_over(&self.config.broker, client_id);
                short_ones = 0;
            }
            self.state.fail(self.role, ended.sentence);
            let wait = match ended.cause {
                Cause::Temporary => backoff,
                Cause::Refused => REFUSED_BACKOFF,
                Cause::TakenOver => TAKEN_OVER_BACKOFF,
            };
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
            // Somewhere in the upper half, so that not all clients come back to a broker at the same moment.
            let wait = wait.mul_f64(0.5 + fastrand::f64() / 2.0);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stages.stop.cancelled() => return,
            }
        }
    }

    /// The options of a connection, without those that differ between the two.
    pub(super) fn options(&self, client_id: &str) -> Result<MqttOptions, Ended> {
        let MqttConfig { broker, username, password, options: given, .. } = self.config.as_ref();
        let mut options = MqttOptions::new(client_id, (broker.host.clone(), broker.port));
        options
            .set_keep_alive(u16::try_from(given.keep_alive.as_secs()).unwrap_or(u16::MAX))
            .set_connect_timeout(given.connect_timeout)
            .set_max_request_batch(REQUEST_BATCH)
            .set_max_packet_size(Some(LARGEST_PACKET));
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        match (username, password) {
            (Some(username), Some(password)) => {
                let password = Bytes::copy_from_slice(password.expose_secret().as_bytes());
                options.set_credentials(username, password);
            }
            (Some(username), None) => {
                options.set_username(username);
            }
            (None, _) => {}
        }
        if broker.is_encrypted {
            let tls = tls::configuration(given).map_err(|error| Ended {
                sentence: format!(
                    "TLS with the MQTT broker at {broker} is not possible: {error}. Check ca, cert and key in MQTT_OPTIONS."
                ),
                cause: Cause::Refused,
            })?;
            options.set_transport(Transport::tls_with_config(tls));
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::{Config, Environment};

    fn link() -> Link {
        let settings = [("MQTT_URL", "mqtts://broker.example"), ("MQTT_TOPIC", "t")];
        let config = Config::read(&Environment::of(settings)).mqtt.unwrap();
        let state = Arc::new(State::new(&config));
        Link { config: Arc::new(config), state, role: Role::Consumer, stages: Stages::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_is_taken_over_again_and_again_says_so_and_waits() {
        let link = link();
        let closed = || Ended { sentence: "Closed.".to_owned(), cause: Cause::Temporary };
        let attempts = std::cell::Cell::new(0);
        let keep = link.keep("iotc-1", || {
            attempts.set(attempts.get() + 1);
            link.state.connected(Role::Consumer);
            std::future::ready(Err(closed()))
        });
        let watch = async {
            while attempts.get() < SHORT_ONES {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let sentence = format!("{:?}", link.state.status().consumer);
            assert!(sentence.contains("another instance"), "{sentence}");
            tokio::time::sleep(TAKEN_OVER_BACKOFF / 3).await;
            assert_eq!(attempts.get(), SHORT_ONES);
        };
        tokio::select! {
            () = keep => panic!("nobody has stopped it"),
            () = watch => {}
        }
        link.stages.stop.cancel();
        link.keep("iotc-1", || std::future::ready(Err(closed()))).await;
    }
}
