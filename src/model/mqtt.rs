//! MQTT as people see it: the unit of timestamps on the topic, and how the way from broker to InfluxDB is.

/// In which unit the timestamps of messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampUnit {
    /// Their size says it: see [`guessed_nanoseconds`].
    #[default]
    Auto,
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
}

impl TimestampUnit {
    pub const ALL: [Self; 5] =
        [Self::Auto, Self::Nanoseconds, Self::Microseconds, Self::Milliseconds, Self::Seconds];

    /// As settings and InfluxDB's parameter `precision` name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// A timestamp of unknown unit in nanoseconds: the smallest number that could be seconds, milliseconds or microseconds of an instant that
/// nanoseconds can express is taken as that.
///
/// So 1644359970, 1644359970000, 1644359970000000 and 1644359970000000000 are the same instant. It is wrong for instants before May 1970
/// only.
pub fn guessed_nanoseconds(timestamp: i64) -> i64 {
    const LAST: u64 = i64::MAX as u64;
    let factor = match timestamp.unsigned_abs() {
        size if size <= LAST / 1_000_000_000 => 1_000_000_000,
        size if size <= LAST / 1_000_000 => 1_000_000,
        size if size <= LAST / 1_000 => 1_000,
        _ => 1,
    };
    timestamp.saturating_mul(factor)
}

/// How the way from the broker to InfluxDB is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttStatus {
    /// `mqtts://broker.example:8883`.
    pub broker: String,
    pub topic: String,
    /// The connection on which messages arrive.
    pub consumer: LinkState,
    /// The connection on which `/mqtt/api/v2/write` publishes.
    pub publisher: LinkState,
    /// Why what has arrived cannot be written at the moment, if so.
    pub held_up_by: Option<String>,
    /// Messages that have arrived and are not written yet. The broker has them too, until they are.
    pub held_messages: u64,
    /// Since the server started.
    pub written_lines: u64,
    /// Lines and messages that nobody could write, since the server started.
    pub rejected: u64,
    /// Why the last one was rejected.
    pub last_rejection: Option<String>,
}

/// How a connection to the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Connecting,
    Connected,
    /// What is wrong and what to do about it.
    Failing(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_timestamp_tells_its_unit() {
        // 8 February 2022, 26 May 1970, and the last second that nanoseconds can express.
        for seconds in [1_644_359_970_i64, 12_528_000, i64::MAX / 1_000_000_000] {
            let expected = seconds * 1_000_000_000;
            for units in [1, 1_000, 1_000_000, 1_000_000_000] {
                let timestamp = seconds * units;
                assert_eq!(guessed_nanoseconds(timestamp), expected, "{timestamp}");
                assert_eq!(guessed_nanoseconds(-timestamp), -expected, "{timestamp}");
            }
        }
    }

    #[test]
    fn every_number_is_some_instant() {
        for timestamp in [0, i64::MIN, i64::MAX, i64::MAX / 1_000, i64::MAX / 1_000 + 1] {
            let nanoseconds = guessed_nanoseconds(timestamp);
            assert_eq!(nanoseconds.signum(), timestamp.signum(), "{timestamp}");
        }
    }

    #[test]
    fn names_are_those_of_influxdb() {
        for unit in TimestampUnit::ALL {
            assert_eq!(TimestampUnit::from_name(unit.name()), Some(unit));
        }
        assert_eq!(TimestampUnit::from_name("n"), None);
    }
}
