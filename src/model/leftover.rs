//! How many authorizations in InfluxDB belong to no registered device.

use serde::{Deserialize, Serialize};

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Leftovers {
    /// Devices that a former IoT Center knew by an authorization only.
    pub former: u32,
    /// Authorizations that open the telemetry for nobody.
    pub orphans: u32,
    /// Registered devices whose authorization is gone.
    pub without_authorization: u32,
}

impl Leftovers {
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}
