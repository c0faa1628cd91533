//! What a spark line shows: the extremes of one field, window by window. No more than that, so that a thousand of
//! them are one small answer.

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::time::Timestamp;

/// One field of one device over a span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spark {
    pub field: Field,
    pub span: Span,
    /// The windows within the span that have points, ascending; never none.
    pub windows: Vec<Extremes>,
}

/// The smallest and the largest value of a window; both finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extremes {
    /// When the window begins.
    pub start: Timestamp,
    pub low: f64,
    pub high: f64,
}

/// A span of time that is made of whole windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: Timestamp,
    /// Does not belong to it any more.
    pub to: Timestamp,
    /// The length of a window.
    pub window_ms: i64,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl Span {
    /// The hours that the last 24 hours are in, 25 of them: from the one that was not over yet a day ago to the one that
    /// is not over yet now.
    pub fn last_day(now: Timestamp) -> Self {
        let from = now.0.saturating_sub(DAY_MS).div_euclid(HOUR_MS).saturating_mul(HOUR_MS);
        let to = from.saturating_add(DAY_MS + HOUR_MS);
        Self { from: Timestamp(from), to: Timestamp(to), window_ms: HOUR_MS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_made_of_whole_hours() {
        let hours = |now: i64| {
            let Span { from, to, window_ms } = Span::last_day(Timestamp(now));
            (from.0 / HOUR_MS, to.0 / HOUR_MS, from.0 % window_ms, to.0 % window_ms)
        };
        assert_eq!(hours(100 * HOUR_MS), (76, 101, 0, 0));
        assert_eq!(hours(101 * HOUR_MS - 1), (76, 101, 0, 0));
        assert_eq!(hours(101 * HOUR_MS), (77, 102, 0, 0));
        assert_eq!(hours(-1), (-25, 0, 0, 0));
    }
}
