//! Times and durations: relative times, and the windows into which time is cut.
//!
//! Months have no fixed length, so everything that involves them goes over the calendar (UTC); everything else
//! is arithmetic on nanoseconds since the epoch. Results outside of what 64 bits hold stop at the last instant.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::error::Failure;
use super::value::Duration;

/// `time + duration`.
pub(crate) fn add(time: i64, duration: Duration) -> i64 {
    let sign = if duration.negative { -1 } else { 1 };
    let time = if duration.months == 0 { time } else { add_months(time, sign * duration.months) };
    time.saturating_add(sign.saturating_mul(duration.nanoseconds))
}

/// `time - duration`.
pub(crate) fn subtract(time: i64, duration: Duration) -> i64 {
    add(time, negate(duration))
}

pub(crate) fn negate(duration: Duration) -> Duration {
    Duration { negative: !duration.negative, ..duration }
}

pub(crate) fn is_zero(duration: Duration) -> bool {
    duration.months == 0 && duration.nanoseconds == 0
}

fn add_months(time: i64, months: i64) -> i64 {
    let end = if months < 0 { i64::MIN } else { i64::MAX };
    let shifted = || {
        let date =
            Timestamp::from_nanosecond(i128::from(time)).ok()?.to_zoned(TimeZone::UTC).datetime();
        let date = date.checked_add(Span::new().try_months(months).ok()?).ok()?;
        nanoseconds(date)
    };
    shifted().unwrap_or(end)
}

fn nanoseconds(date: jiff::civil::DateTime) -> Option<i64> {
    let timestamp = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    i64::try_from(timestamp.as_nanosecond()).ok()
}

/// The date and time of day of an instant, in UTC.
pub(crate) fn civil(time: i64) -> Result<jiff::civil::DateTime, Failure> {
    let timestamp = Timestamp::from_nanosecond(i128::from(time))
        .map_err(|error| Failure::new(error.to_string()))?;
    Ok(timestamp.to_zoned(TimeZone::UTC).datetime())
}

/// How time is cut: windows start at the multiples of `every` since the epoch (plus `offset`) and last `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    every: Duration,
    period: Duration,
    offset: Duration,
}

impl Windows {
    /// # Errors
    ///
    /// If `every` or `period` is no positive length, or mixes months with shorter units.
    pub(crate) fn new(
        every: Duration,
        period: Duration,
        offset: Duration,
    ) -> Result<Self, Failure> {
        for (name, length) in [("every", every), ("period", period)] {
            if is_zero(length) {
                return Err(Failure::new(
                    "window function requires at least one of \"every\" or \"period\" to be set and non-zero",
                ));
            }
            if length.negative {
                return Err(Failure::new(format!("parameter {name:?} must be non-negative")));
            }
        }
        if every.months != 0 && every.nanoseconds != 0 {
            return Err(Failure::new(
                "duration used as an interval cannot mix month and nanosecond units",
            ));
        }
        Ok(Self { every, period, offset })
    }

    /// Whether every instant lies in exactly one window.
    pub(crate) fn is_partition(&self) -> bool {
        self.every == self.period
    }

    /// Whether windows have one length in nanoseconds.
    pub(crate) fn fixed_length(&self) -> Option<i64> {
        (self.every.months == 0).then_some(self.every.nanoseconds)
    }

    /// The start of the last window that starts at or before `time`.
    pub(crate) fn start_at(&self, time: i64) -> i64 {
        let shifted = subtract(time, self.offset);
        let start = if self.every.months == 0 {
            // Toward the earliest instant: the first window of all may start before what 64 bits hold.
            shifted.saturating_sub(shifted.rem_euclid(self.every.nanoseconds.max(1)))
        } else {
            self.month_start(shifted).unwrap_or(shifted)
        };
        add(start, self.offset)
    }

    fn month_start(&self, time: i64) -> Option<i64> {
        let date = civil(time).ok()?.date();
        let months = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
        let start = months - months.rem_euclid(self.every.months.max(1));
        let year = i16::try_from(1970 + start.div_euclid(12)).ok()?;
        let month = i8::try_from(start.rem_euclid(12) + 1).ok()?;
        nanoseconds(jiff::civil::Date::new(year, month, 1).ok()?.at(0, 0, 0, 0))
    }

    /// The start of the window after the one that starts at `start`.
    pub(crate) fn next(&self, start: i64) -> i64 {
        add(start, self.every)
    }

    /// The start of the window before the one that starts at `start`.
    pub(crate) fn previous(&self, start: i64) -> i64 {
        subtract(start, self.every)
    }

    /// The end, exclusive, of the window that starts at `start`.
    pub(crate) fn stop(&self, start: i64) -> i64 {
        add(start, self.period)
    }

    /// The start of the first window that reaches into what begins at `time`.
    pub(crate) fn first_reaching(&self, time: i64, most: usize) -> Result<i64, Failure> {
        let mut start = self.start_at(time);
        for _ in 0..most {
            let previous = self.previous(start);
            if previous >= start || self.stop(previous) <= time {
                return Ok(start);
            }
            start = previous;
        }
        Err(Failure::limit(format!("more than {most} windows")))
    }
}

/// Finds the window of one instant after the other, where windows are a partition of time. Instants mostly come in
/// order, so the window of the one before is mostly that of the next.
#[derive(Debug)]
pub(crate) struct Steps {
    windows: Windows,
    present: Option<(i64, i64)>,
}

impl Steps {
    pub(crate) fn new(windows: Windows) -> Self {
        Self { windows, present: None }
    }

    /// The start of the window of `time`.
    pub(crate) fn start_of(&mut self, time: i64) -> i64 {
        match self.present {
            Some((start, stop)) if start <= time && time < stop => start,
            _ => {
                let start = self.windows.start_at(time);
                self.present = Some((start, self.windows.next(start)));
                start
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn time(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_nanosecond().try_into().unwrap()
    }

    fn duration(months: i64, nanoseconds: i64) -> Duration {
        Duration { months, nanoseconds, negative: false }
    }

    #[test]
    fn a_month_is_as_long_as_the_calendar_says() {
        let check = |from: &str, months: i64, to: &str| {
            let amount = Duration { months: months.abs(), nanoseconds: 0, negative: months < 0 };
            assert_eq!(add(time(from), amount), time(to));
        };
        check("2022-02-15T22:38:31.329Z", -12, "2021-02-15T22:38:31.329Z");
        check("2022-03-31T00:00:00Z", -1, "2022-02-28T00:00:00Z");
        assert_eq!(add(0, duration(i64::MAX, 0)), i64::MAX);
        assert_eq!(subtract(0, duration(i64::MAX, 0)), i64::MIN);
        assert_eq!(subtract(i64::MIN, duration(0, 1)), i64::MIN);
    }

    #[test]
    fn windows_start_at_multiples_since_the_epoch() {
        let hours = Windows::new(duration(0, HOUR), duration(0, HOUR), duration(0, 0)).unwrap();
        assert_eq!(hours.start_at(time("2022-05-05T18:40:48.057Z")), time("2022-05-05T18:00:00Z"));
        assert_eq!(hours.start_at(-1), -HOUR);
        let weeks =
            Windows::new(duration(0, 168 * HOUR), duration(0, 168 * HOUR), duration(0, 0)).unwrap();
        assert_eq!(
            weeks.start_at(time("2022-05-08T00:00:00Z")),
            time("2022-05-05T00:00:00Z"),
            "a Thursday"
        );
        let quarters = Windows::new(duration(3, 0), duration(3, 0), duration(0, 0)).unwrap();
        assert_eq!(quarters.start_at(time("2022-05-08T00:00:00Z")), time("2022-04-01T00:00:00Z"));
        assert_eq!(quarters.stop(time("2022-04-01T00:00:00Z")), time("2022-07-01T00:00:00Z"));
    }

    #[test]
    fn windows_longer_than_their_distance_overlap() {
        let windows =
            Windows::new(duration(0, HOUR), duration(0, 3 * HOUR), duration(0, 0)).unwrap();
        assert_eq!(windows.first_reaching(10 * HOUR, 100).unwrap(), 8 * HOUR);
        assert!(windows.first_reaching(10 * HOUR, 1).is_err());
    }
}
