//! The span of time that a dashboard shows, as it stands in the URL.

use serde::{Deserialize, Serialize};

use super::device::DeviceId;
use super::time::Timestamp;

/// The shortest and the longest span that can be zoomed to, in milliseconds: a second and a year.
pub const SHORTEST_MS: f64 = 1e3;
pub const LONGEST_MS: f64 = 366.0 * 86_400e3;

/// One of the ranges that end now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum RelativeRange {
    FiveMinutes,
    FifteenMinutes,
    OneHour,
    SixHours,
    #[default]
    OneDay,
    ThreeDays,
    SevenDays,
    ThirtyDays,
}

impl RelativeRange {
    pub const ALL: [Self; 8] = [
        Self::FiveMinutes,
        Self::FifteenMinutes,
        Self::OneHour,
        Self::SixHours,
        Self::OneDay,
        Self::ThreeDays,
        Self::SevenDays,
        Self::ThirtyDays,
    ];

    /// As in the URL: `5m 15m 1h 6h 1d 3d 7d 30d`.
    pub fn code(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::FifteenMinutes => "15m",
            Self::OneHour => "1h",
            Self::SixHours => "6h",
            Self::OneDay => "1d",
            Self::ThreeDays => "3d",
            Self::SevenDays => "7d",
            Self::ThirtyDays => "30d",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.code() == code)
    }

    pub fn milliseconds(self) -> i64 {
        const MINUTE: i64 = 60_000;
        const DAY: i64 = 24 * 60 * MINUTE;
        match self {
            Self::FiveMinutes => 5 * MINUTE,
            Self::FifteenMinutes => 15 * MINUTE,
            Self::OneHour => 60 * MINUTE,
            Self::SixHours => 360 * MINUTE,
            Self::OneDay => DAY,
            Self::ThreeDays => 3 * DAY,
            Self::SevenDays => 7 * DAY,
            Self::ThirtyDays => 30 * DAY,
        }
    }

    /// In words: `the last 5 minutes`.
    pub fn label(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5 minutes",
            Self::FifteenMinutes => "15 minutes",
            Self::OneHour => "1 hour",
            Self::SixHours => "6 hours",
            Self::OneDay => "1 day",
            Self::ThreeDays => "3 days",
            Self::SevenDays => "7 days",
            Self::ThirtyDays => "30 days",
        }
    }
}

/// What is asked for: `?range=7d` or `?from=…&to=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeRange {
    Relative(RelativeRange),
    /// Half open, `from < to`.
    Absolute {
        from: Timestamp,
        to: Timestamp,
    },
}

impl Default for TimeRange {
    fn default() -> Self {
        Self::Relative(RelativeRange::default())
    }
}

/// Parameters of a URL that name no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{0}")]
pub struct InvalidRange(pub String);

impl TimeRange {
    /// Reads the parameters `range`, `from` and `to` of a URL; without any of them the default.
    pub fn from_parameters(
        range: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, InvalidRange> {
        match (range, from, to) {
            (None, None, None) => Ok(Self::default()),
            (Some(code), None, None) => {
                RelativeRange::from_code(code).map(Self::Relative).ok_or_else(|| {
                    let codes: Vec<&str> =
                        RelativeRange::ALL.into_iter().map(RelativeRange::code).collect();
                    InvalidRange(format!("the range is one of {}", codes.join(", ")))
                })
            }
            (None, Some(from), Some(to)) => {
                let read = |name: &str, text: &str| {
                    Timestamp::parse_rfc3339(text).ok_or_else(|| {
                        InvalidRange(format!("`{name}` is not a time like 2026-01-31T12:00:00Z"))
                    })
                };
                let (from, to) = (read("from", from)?, read("to", to)?);
                if from < to {
                    Ok(Self::Absolute { from, to })
                } else {
                    Err(InvalidRange("`from` must lie before `to`".to_owned()))
                }
            }
            _ => Err(InvalidRange("give either `range`, or `from` and `to`".to_owned())),
        }
    }

    /// Start and end, half open, when it is `now`.
    pub fn bounds(self, now: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            Self::Relative(range) => (Timestamp(now.0 - range.milliseconds()), now),
            Self::Absolute { from, to } => (from, to),
        }
    }

    /// The span that is so many of its lengths later and so many times as long, ending at `now` at the latest; `None`
    /// where nothing would change.
    pub fn moved(self, now: Timestamp, by: f64, zoom: f64) -> Option<Self> {
        let (from, to) = self.bounds(now);
        let length = (to.0 - from.0) as f64;
        let longer = (length * zoom).clamp(SHORTEST_MS, LONGEST_MS);
        let middle = from.0 as f64 + length * (0.5 + by);
        let end = ((middle + longer / 2.0).round() as i64).min(now.0.max(to.0));
        let moved =
            Self::Absolute { from: Timestamp(end - longer.round() as i64), to: Timestamp(end) };
        (moved.bounds(now) != (from, to)).then_some(moved)
    }

    /// The query string that names it, without `?`.
    pub fn query_string(self) -> String {
        match self {
            Self::Relative(range) => format!("range={}", range.code()),
            Self::Absolute { from, to } => format!("from={}&to={}", from.rfc3339(), to.rfc3339()),
        }
    }
}

/// What the charts are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// The same device, the same length of time before.
    Previous,
    /// Another device at the same time.
    Device(DeviceId),
}

const PREVIOUS: &str = "previous";
const DEVICE_PREFIX: &str = "device:";

impl Comparison {
    /// Reads the parameter `compare` of a URL: `previous` or `device:<id>`.
    pub fn from_parameter(compare: Option<&str>) -> Result<Option<Self>, InvalidRange> {
        let Some(code) = compare.map(str::trim).filter(|code| !code.is_empty()) else {
            return Ok(None);
        };
        if code == PREVIOUS {
            return Ok(Some(Self::Previous));
        }
        let device = code.strip_prefix(DEVICE_PREFIX).and_then(|id| DeviceId::parse(id).ok());
        device.map(|id| Some(Self::Device(id))).ok_or_else(|| {
            InvalidRange("`compare` is `previous` or `device:` with an id".to_owned())
        })
    }

    /// The value of the parameter that names it.
    pub fn code(&self) -> String {
        match self {
            Self::Previous => PREVIOUS.to_owned(),
            Self::Device(id) => format!("{DEVICE_PREFIX}{id}"),
        }
    }

    /// In words: `the previous period`.
    pub fn label(&self) -> String {
        match self {
            Self::Previous => "the previous period".to_owned(),
            Self::Device(id) => id.to_string(),
        }
    }

    /// Which device and span it is, when `id` is shown from `from` to `to`.
    pub fn subject(
        &self,
        id: &DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> (DeviceId, Timestamp, Timestamp) {
        match self {
            Self::Previous => (id.clone(), Timestamp(from.0.saturating_sub(to.0 - from.0)), from),
            Self::Device(other) => (other.clone(), from, to),
        }
    }

    /// By how many nanoseconds its times are moved to stand at those that are shown.
    pub fn shift(&self, from: Timestamp, to: Timestamp) -> i64 {
        match self {
            Self::Previous => (to.0 - from.0).saturating_mul(1_000_000),
            Self::Device(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_into_the_url_is_read_back() {
        let absolute = TimeRange::Absolute { from: Timestamp(0), to: Timestamp(1_500) };
        assert_eq!(
            absolute.query_string(),
            "from=1970-01-01T00:00:00Z&to=1970-01-01T00:00:01.500Z"
        );
        assert_eq!(
            TimeRange::from_parameters(
                None,
                Some("1970-01-01T00:00:00Z"),
                Some("1970-01-01T00:00:01.500Z")
            ),
            Ok(absolute)
        );
        for range in RelativeRange::ALL {
            assert_eq!(
                TimeRange::from_parameters(Some(range.code()), None, None),
                Ok(TimeRange::Relative(range))
            );
        }
    }

    #[test]
    fn comparisons_are_read_back() {
        let id = DeviceId::parse("a:b").expect("is an id");
        for comparison in [Comparison::Previous, Comparison::Device(id.clone())] {
            let code = comparison.code();
            assert_eq!(Comparison::from_parameter(Some(&code)), Ok(Some(comparison)));
        }
        assert_eq!(Comparison::from_parameter(Some("")), Ok(None));
        assert!(Comparison::from_parameter(Some("device:../x")).is_err());
        let (from, to) = (Timestamp(100), Timestamp(150));
        assert_eq!(
            Comparison::Previous.subject(&id, from, to),
            (id, Timestamp(50), Timestamp(100))
        );
        assert_eq!(Comparison::Previous.shift(from, to), 50_000_000);
    }

    #[test]
    fn refuses_what_is_no_range() {
        assert!(TimeRange::from_parameters(Some("2w"), None, None).is_err());
        assert!(TimeRange::from_parameters(None, Some("1970-01-01T00:00:00Z"), None).is_err());
        assert!(
            TimeRange::from_parameters(
                None,
                Some("1970-01-02T00:00:00Z"),
                Some("1970-01-01T00:00:00Z")
            )
            .is_err()
        );
        assert!(TimeRange::from_parameters(Some("1d"), Some("x"), None).is_err());
    }
}
