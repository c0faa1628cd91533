//! What devices are told, and who is told it.

use std::time::Duration;

use super::{Environment, whole_number};

/// Who gets the configuration of a device, which holds its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enrollment {
    /// Programs on this machine.
    #[default]
    Local,
    /// Every device that reaches the server.
    Open,
    /// Nobody.
    Closed,
}

impl Enrollment {
    pub const ALL: [Self; 3] = [Self::Local, Self::Open, Self::Closed];

    pub const fn key(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// How devices are configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceSettings {
    pub enrollment: Enrollment,
    /// How often devices measure.
    pub measurement_interval: Duration,
    /// How often devices fetch their configuration. Decides how long a token that was replaced goes on.
    pub configuration_refresh: Duration,
}

impl DeviceSettings {
    /// Reads the settings; what is wrong is added to `problems` and the default taken.
    pub(super) fn read(environment: &Environment, problems: &mut Vec<String>) -> Self {
        let text = environment.text("IOT_CENTER_ENROLLMENT");
        let enrollment = Enrollment::ALL.into_iter().find(|one| one.key() == text);
        let enrollment = enrollment.unwrap_or_else(|| {
            problems.push(format!(
                "IOT_CENTER_ENROLLMENT is {text:?}; it must be local, open or closed."
            ));
            // Whatever was meant, nobody gets a token by mistake.
            Enrollment::Closed
        });
        let mut seconds =
            |name| Duration::from_secs(u64::from(whole_number(environment, name, problems)));
        Self {
            enrollment,
            measurement_interval: seconds("IOT_CENTER_MEASUREMENT_INTERVAL"),
            configuration_refresh: seconds("IOT_CENTER_CONFIGURATION_REFRESH"),
        }
    }
}
