//! Why a connection to the broker ended or did not begin, in words for the person who has to do something about it.

use std::io::ErrorKind;

use rumqttc::{
    ConnectReturnCode, ConnectionError, DisconnectReasonCode, Error as ProtocolError, StateError,
    TlsError,
};

use crate::server::config::MqttConfig;
use crate::server::config::mqtt::Broker;

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

/// Why a connection failed, in words.
pub(super) fn explain(error: &ConnectionError, config: &MqttConfig, client_id: &str) -> Ended {
    let address = &config.broker;
    let broker = format!("The MQTT broker at {address}");
    let temporary = |sentence| Ended { sentence, cause: Cause::Temporary };
    match error {
        ConnectionError::Timeout(_) => temporary(format!(
            "{broker} did not answer within {} seconds. Check that it is running and that MQTT_URL is its address.",
            config.options.connect_timeout.as_secs_f64()
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
            } => taken_over(address, client_id),
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
pub(super) fn taken_over(address: &Broker, client_id: &str) -> Ended {
    Ended {
        sentence: format!(
            "Another program is connected to the MQTT broker at {address} as {client_id}: another instance of this server, perhaps, which then does its work. If not, set another clientId in MQTT_OPTIONS."
        ),
        cause: Cause::TakenOver,
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

    #[test]
    fn failures_name_the_broker_and_what_to_do() {
        let settings = [("MQTT_URL", "mqtts://broker.example"), ("MQTT_TOPIC", "t")];
        let config = Config::read(&Environment::of(settings)).mqtt.unwrap();
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
            let ended = explain(&error, &config, "iotc-1");
            assert!(ended.sentence.contains("mqtts://broker.example:8883"), "{ended:?}");
            assert!(ended.sentence.contains(part) && ended.sentence.ends_with('.'), "{ended:?}");
            assert_eq!(ended.cause, cause, "{ended:?}");
        }
    }
}
