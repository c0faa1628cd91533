//! Whether messages find their way from the broker to InfluxDB.

use super::{advised, check};
use crate::model::mqtt::{LinkState, MqttStatus};
use crate::model::status::{Check, Verdict};

const SUBJECT: &str = "MQTT";

/// One check for each thing that is wrong, or one that says that all is well.
pub(super) fn broker(status: &MqttStatus) -> Vec<Check> {
    let MqttStatus { broker, topic, written_lines, held_messages, .. } = status;
    let mut checks = Vec::new();
    for (link, purpose) in
        [(&status.consumer, "receives messages"), (&status.publisher, "publishes messages")]
    {
        match link {
            LinkState::Connected => {}
            LinkState::Connecting => checks.push(check(
                SUBJECT,
                Verdict::Unknown,
                format!("The connection to {broker} that {purpose} is being made."),
            )),
            LinkState::Failing(sentence) => {
                checks.push(check(SUBJECT, Verdict::Bad, sentence.as_str()));
            }
        }
    }
    if let Some(reason) = &status.held_up_by {
        checks.push(advised(
            SUBJECT,
            Verdict::Bad,
            format!("{held_messages} messages wait to be written: {reason}"),
            "Nothing is lost: the broker keeps them until they are written.",
        ));
    }
    if let Some(reason) = &status.last_rejection {
        checks.push(advised(
            SUBJECT,
            Verdict::Warning,
            format!("{} messages or lines could not be written, the last one because: {reason}", status.rejected),
            "Look at what the devices publish: it must be line protocol that fits the types of the fields in the bucket.",
        ));
    }
    if checks.is_empty() {
        let finding = format!(
            "Connected to {broker}; what arrives on {topic} is written, {written_lines} lines since the start."
        );
        checks.push(check(SUBJECT, Verdict::Good, finding));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> MqttStatus {
        MqttStatus {
            broker: "mqtt://broker:1883".to_owned(),
            topic: "iot_center".to_owned(),
            consumer: LinkState::Connected,
            publisher: LinkState::Connected,
            held_up_by: None,
            held_messages: 0,
            written_lines: 7,
            rejected: 0,
            last_rejection: None,
        }
    }

    fn verdicts(status: &MqttStatus) -> Vec<Verdict> {
        broker(status).into_iter().map(|check| check.verdict).collect()
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(verdicts(&status()), [Verdict::Good]);
        let failing = LinkState::Failing("The broker is away.".to_owned());
        let broken = MqttStatus {
            consumer: failing.clone(),
            publisher: LinkState::Connecting,
            held_up_by: Some("InfluxDB is down.".to_owned()),
            held_messages: 3,
            rejected: 1,
            last_rejection: Some("no line protocol".to_owned()),
            ..status()
        };
        assert_eq!(
            verdicts(&broken),
            [Verdict::Bad, Verdict::Unknown, Verdict::Bad, Verdict::Warning]
        );
        assert!(broker(&broken)[2].finding.contains("3 messages"));
    }
}
