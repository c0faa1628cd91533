//! The tokens that a device has and had, by the ids of their authorizations. The tokens themselves are nowhere here.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// One authorization of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// As it stands in the registry: other programs store what is no id.
    pub authorization_id: String,
    /// Since when it has been the device's current one.
    pub since: Timestamp,
    /// When it was replaced; `None` of the current one.
    pub until: Option<Timestamp>,
    pub revealed_at: Option<Timestamp>,
    pub state: TokenLife,
}

/// How an authorization is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenLife {
    Active,
    /// It was replaced and is accepted until this moment, so that the device has time to fetch its new configuration.
    Overlapping {
        until: Timestamp,
    },
    Disabled,
    /// InfluxDB does not have it any more.
    Gone,
    /// InfluxDB was not asked, or did not say.
    Unknown,
}

/// What can be done with the tokens of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenChange {
    Rotate,
    Disable,
    Enable,
}

impl TokenChange {
    /// As a form sends it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Disable => "disable",
            Self::Enable => "enable",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Rotate => "Rotate token",
            Self::Disable => "Disable token",
            Self::Enable => "Enable token",
        }
    }
}
