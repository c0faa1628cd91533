//! What the two connections have in common: how they are made, when they are tried again, and what is said when they fail.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{
    ConnectReturnCode, ConnectionError, DisconnectReasonCode, MqttOptions, NetworkOptions,
    StateError, Transport,
};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::Stages;
use super::state::{Role, State};
use super::tls;
use crate::server::config::MqttConfig;

/// Larger packets are not taken from the broker, which is told so.
pub(super) const LARGEST_PACKET: u32 = 16 << 20;

/// The first wait between two attempts, and the longest.
const BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// Somebody has to change something first, so there is no hurry.
const REFUSED_BACKOFF: Duration = Duration::from_secs(30);

/// Another server has the session, and would lose it in turn.
const TAKEN_OVER_BACKOFF: Duration = Duration::from_secs(60);

/// A connection that held so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(10);

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
    pub(super) async fn keep<F>(&self, mut connect: impl FnMut() -> F)
    where
        F: Future<Output = Result<Infallible, Ended>>,
    {
        let mut backoff = BACKOFF;
        loop {
            let begin = Instant::now();
            let Err(ended) = tokio::select! {
                ended = connect() => ended,
                () = self.stages.end.cancelled() => return,
            };
            if self.stages.stop.is_cancelled() {
                return;
            }
            self.state.fail(self.role, ended.sentence);
            if begin.elapsed() > GOOD_AFTER {
                backoff = BACKOFF;
            }
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
        let broker = format!("The MQTT broker at {}", self.config.broker);
        let temporary = |sentence| Ended { sentence, cause: Cause::Temporary };
        let refused = |sentence| Ended { sentence, cause: Cause::Refused };
        match error {
            ConnectionError::Timeout(_) => temporary(format!(
                "{broker} did not answer within {} seconds. Check that it is running and that MQTT_URL is its address.",
                self.config.options.connect_timeout.as_secs_f64()
            )),
            ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error)) => {
                temporary(format!(
                    "{broker} cannot be reached ({error}). Check that it is running and that MQTT_URL is its address."
                ))
            }
            ConnectionError::MqttState(
                StateError::ConnectionAborted | StateError::AwaitPingResp,
            ) => temporary(format!("{broker} has closed the connection, or went silent.")),
            ConnectionError::Tls(error) => refused(format!(
                "TLS with the MQTT broker at {} failed ({}). If an authority of your own vouches for its certificate, name that in MQTT_OPTIONS as ca.",
                self.config.broker,
                innermost(error),
            )),
            ConnectionError::ConnectionRefused(code)
            | ConnectionError::MqttState(StateError::ConnFail { reason: code }) => {
                explain_refusal(&broker, *code, client_id)
            }
            ConnectionError::MqttState(StateError::ServerDisconnect {
                reason_code: DisconnectReasonCode::SessionTakenOver,
                ..
            }) => Ended {
                sentence: format!(
                    "Another program has connected to {} as {client_id}: another instance of this server, perhaps, which then does its work. If not, set another clientId in MQTT_OPTIONS.",
                    self.config.broker
                ),
                cause: Cause::TakenOver,
            },
            ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) => {
                temporary(format!("{broker} has closed the connection ({reason_code:?})."))
            }
            ConnectionError::NotConnAck(_)
            | ConnectionError::MqttState(StateError::Deserialization(_)) => refused(format!(
                "What answers at {} is no MQTT 5 broker. Check MQTT_URL.",
                self.config.broker
            )),
            error => temporary(format!("{broker}: {error}.")),
        }
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

/// The cause of an error in its own words.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
