//! What a dashboard shows besides its charts.

use serde::{Deserialize, Serialize};

use super::device::{DeviceId, HowItWorks, LatestValue, Liveness};
use super::time::Timestamp;

/// A dashboard without the points of its charts, which travel in binary (`series`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dashboard {
    pub id: DeviceId,
    pub is_registered: bool,
    pub liveness: Liveness,
    pub last_seen: Option<Timestamp>,
    /// The newest value of each field that the device has sent in the last year.
    pub latest: Vec<LatestValue>,
    /// Ids to choose another device from: registered devices that have pages, sorted.
    pub devices: Vec<DeviceId>,
    /// Bounds of the range that is shown, half open.
    pub from: Timestamp,
    pub to: Timestamp,
    pub now: Timestamp,
    pub how: Vec<HowItWorks>,
}
