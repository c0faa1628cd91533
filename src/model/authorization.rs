//! Authorizations in InfluxDB that belong to no registered device, one by one.

use serde::{Deserialize, Serialize};

use super::device::HowItWorks;
use super::time::Timestamp;

/// All of them, for a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftoverList {
    pub former: Vec<Leftover>,
    pub orphans: Vec<Leftover>,
    /// Ids of registered devices whose authorization InfluxDB does not have any more.
    pub without_authorization: Vec<String>,
    pub how: Vec<HowItWorks>,
}

/// One authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    pub authorization_id: String,
    /// As in its description: it need not be a device id.
    pub device: String,
    pub created_at: Option<Timestamp>,
    pub is_active: bool,
    /// Whether it permits more or less than a device may do.
    pub is_out_of_scope: bool,
    /// Whether its device can be registered: its name is a device id.
    pub can_be_adopted: bool,
}
