//! What the charts of a dashboard show: the state that the address names.

use serde::{Deserialize, Serialize};

use super::device::DeviceId;
use super::range::{Comparison, TimeRange};
use super::time::Timestamp;
use super::zone::Zone;

/// What is shown. `now` is part of it: the same bounds asked for again later may hold new points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub id: DeviceId,
    pub range: TimeRange,
    /// Bounds of the range, half open.
    pub from: Timestamp,
    pub to: Timestamp,
    pub now: Timestamp,
    /// For all times of this view.
    pub zone: Zone,
    pub comparison: Option<Comparison>,
}

impl View {
    /// Whether it ends now, wherever now is.
    pub fn is_live(&self) -> bool {
        matches!(self.range, TimeRange::Relative(_))
    }

    /// Where another range of the same is shown.
    pub fn address(&self, range: TimeRange) -> String {
        let address = format!("/dashboard/{}?{}", self.id, range.query_string());
        match &self.comparison {
            Some(comparison) => format!("{address}&compare={}", comparison.code()),
            None => address,
        }
    }

    /// The same without what changes from moment to moment.
    #[must_use]
    pub fn without_now(&self) -> Self {
        let zero = Timestamp(0);
        Self { from: zero, to: zero, now: zero, zone: Zone::utc(), ..self.clone() }
    }

    /// A name for files of what is shown, without extension.
    pub fn file_name(&self) -> String {
        let name = format!("{}_{}_{}", self.id, self.from.rfc3339(), self.to.rfc3339());
        name.replace(':', "-")
    }
}
