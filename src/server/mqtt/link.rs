//! What the two connections have in common: how they are made, when they are tried again, and what is said when they fail.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{
    ConnectReturnCode, ConnectionError, DisconnectReasonCode, Error as ProtocolError, MqttOptions,
    NetworkOptions, StateError, TlsError, Transport,
};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::Stages;
use super::state::{Role, State};
use super::tls;
use crate::server::config::MqttConfig;
use crate::server::config::mqtt::Broker;

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

/// Why a connection ended or did not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// What is wrong and what to do about it.
    pub(super) sentence: String,
    pub(super) cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It may work the next time.
    Temporary,
    /// Something must be changed first.
    Refused,
    TakenOver,
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
                ended = self.taken_over(client_id);
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

    /// Why a connection failed, in words.
    pub(super) fn explain(&self, error: &ConnectionError, client_id: &str) -> Ended {
        let address = &self.config.broker;
        let broker = format!("The MQTT broker at {address}");
        let temporary = |sentence| Ended { sentence, cause: Cause::Temporary };
        match error {
            ConnectionError::Timeout(_) => temporary(format!(
                "{broker} did not answer within {} seconds. Check that it is running and that MQTT_URL is its address.",
                self.config.options.connect_timeout.as_secs_f64()
            )),
            ConnectionError::Io(error) => temporary(format!(
                "{broker} cannot be reached ({error}). Check that it is running and that MQTT_URL is its address."
            )),
            ConnectionError::Tls(TlsError::Io(error)) => explain_tls(address, error),
            ConnectionError::Tls(error) => Ended {
                sentence: format!("TLS with the MQTT broker at {address} failed ({error})."),
                cause: Cause::Refused,
            },
            ConnectionError::ConnectionRefused(code) => explain_refusal(&broker, *code, client_id),
            ConnectionError::NotConnAck(_) => no_broker(address),
            ConnectionError::MqttState(error) => match error {
                StateError::Io(error) | StateError::Deserialization(ProtocolError::Io(error)) => {
                    // A broker finds fault with a certificate after the handshake is over.
                    if address.is_encrypted && error.kind() == ErrorKind::InvalidData {
                        explain_tls(address, error)
                    } else {
                        temporary(format!("The connection to {broker} was lost ({error})."))
                    }
                }
                StateError::ConnectionAborted | StateError::AwaitPingResp => {
                    temporary(format!("{broker} has closed the connection, or went silent."))
                }
                StateError::ConnFail { reason } => explain_refusal(&broker, *reason, client_id),
                StateError::ServerDisconnect {
                    reason_code: DisconnectReasonCode::SessionTakenOver,
                    ..
                } => self.taken_over(client_id),
                StateError::ServerDisconnect { reason_code, .. } => {
                    temporary(format!("{broker} has closed the connection ({reason_code:?})."))
                }
                StateError::Deserialization(_) => no_broker(address),
                error => temporary(format!("{broker}: {error}.")),
            },
            error => temporary(format!("{broker}: {error}.")),
        }
    }

    /// Another connection has the same name, and the broker keeps one of them.
    fn taken_over(&self, client_id: &str) -> Ended {
        Ended {
            sentence: format!(
                "Another program is connected to the MQTT broker at {} as {client_id}: another instance of this server, perhaps, which then does its work. If not, set another clientId in MQTT_OPTIONS.",
                self.config.broker
            ),
            cause: Cause::TakenOver,
        }
    }
}

fn no_broker(address: &Broker) -> Ended {
    Ended {
        sentence: format!("What answers at {address} is no MQTT 5 broker. Check MQTT_URL."),
        cause: Cause::Refused,
    }
}

/// A failure of TLS: one of the two sides finds fault with the other, or the network with both.
fn explain_tls(address: &Broker, error: &std::io::Error) -> Ended {
    if error.kind() != ErrorKind::InvalidData {
        let sentence = format!("TLS with the MQTT broker at {address} failed ({error}).");
        return Ended { sentence, cause: Cause::Temporary };
    }
    Ended {
        sentence: format!(
            "TLS with the MQTT broker at {address} failed ({error}). If an authority of your own vouches for its certificate, name that in MQTT_OPTIONS as ca; if it asks for a certificate, give cert and key there."
        ),
        cause: Cause::Refused,
    }
}

fn explain_refusal(broker: &str, code: ConnectReturnCode, client_id: &str) -> Ended {
    use ConnectReturnCode as Code;

    let (sentence, cause) = match code {
        Code::BadUserNamePassword | Code::NotAuthorized | Code::BadAuthenticationMethod => (
            format!("{broker} does not let this server in. Check MQTT_USERNAME and MQTT_PASSWORD."),
            Cause::Refused,
        ),
        Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => {
            (format!("{broker} does not speak MQTT 5. Use one that does."), Cause::Refused)
        }
        Code::BadClientId | Code::ClientIdentifierNotValid => (
            format!(
                "{broker} does not accept the client id {client_id}. Set clientId in MQTT_OPTIONS."
            ),
            Cause::Refused,
        ),
        Code::ServiceUnavailable
        | Code::ServerUnavailable
        | Code::ServerBusy
        | Code::ConnectionRateExceeded => {
            (format!("{broker} is too busy at the moment."), Cause::Temporary)
        }
        code => (format!("{broker} refuses the connection ({code:?})."), Cause::Refused),
    };
    Ended { sentence, cause }
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

    #[test]
    fn failures_name_the_broker_and_what_to_do() {
        let io = |kind| std::io::Error::new(kind, "why");
        let state = ConnectionError::MqttState;
        let closed =
            |reason_code| state(StateError::ServerDisconnect { reason_code, reason_string: None });
        for (error, part, cause) in [
            (ConnectionError::Io(io(ErrorKind::ConnectionRefused)), "(why)", Cause::Temporary),
            (state(StateError::ConnectionAborted), "closed the connection", Cause::Temporary),
            (state(StateError::Io(io(ErrorKind::ConnectionReset))), "was lost", Cause::Temporary),
            (state(StateError::Io(io(ErrorKind::InvalidData))), "MQTT_OPTIONS", Cause::Refused),
            (
                ConnectionError::Tls(TlsError::Io(io(ErrorKind::InvalidData))),
                "MQTT_OPTIONS as ca",
                Cause::Refused,
            ),
            (
                ConnectionError::Tls(TlsError::Io(io(ErrorKind::ConnectionReset))),
                "TLS",
                Cause::Temporary,
            ),
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword),
                "MQTT_PASSWORD",
                Cause::Refused,
            ),
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::UnsupportedProtocolVersion),
                "MQTT 5",
                Cause::Refused,
            ),
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::ClientIdentifierNotValid),
                "clientId",
                Cause::Refused,
            ),
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::ServerBusy),
                "too busy",
                Cause::Temporary,
            ),
            (
                closed(DisconnectReasonCode::SessionTakenOver),
                "another instance of this server",
                Cause::TakenOver,
            ),
            (closed(DisconnectReasonCode::ServerShuttingDown), "ServerShutting", Cause::Temporary),
        ] {
            let ended = link().explain(&error, "iotc-1");
            assert!(ended.sentence.contains("mqtts://broker.example:8883"), "{ended:?}");
            assert!(ended.sentence.contains(part) && ended.sentence.ends_with('.'), "{ended:?}");
            assert_eq!(ended.cause, cause, "{ended:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_is_taken_over_again_and_again_says_so_and_waits() {
        let link = link();
        let attempts = std::cell::Cell::new(0);
        let keep = link.keep("iotc-1", || {
            attempts.set(attempts.get() + 1);
            link.state.connected(Role::Consumer);
            std::future::ready(Err(
                link.explain(&ConnectionError::MqttState(StateError::ConnectionAborted), "iotc-1")
            ))
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
        link.keep("iotc-1", || std::future::ready(Err(no_broker(&link.config.broker)))).await;
    }
}
