//! Where a device is.

use serde::{Deserialize, Serialize};

/// A place on the globe, in degrees: north and east are positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub lat: f64,
    pub lon: f64,
}

impl Place {
    /// A place that can be on the globe.
    pub fn new(lat: f64, lon: f64) -> Option<Self> {
        let is_there = lat.abs() <= 90.0 && lon.abs() <= 180.0;
        is_there.then_some(Self { lat, lon })
    }
}
