//! The labels of a time axis: round times in UTC, and the date only where it changes.

use crate::model::time::{Civil, Timestamp};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances between ticks, in milliseconds, as far as they are of one length.
const STEPS: [i64; 33] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
];

/// Distances in months, for what is longer.
const MONTH_STEPS: [i64; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1_200, 12_000];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One mark on a time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeTick {
    pub time: Timestamp,
    /// The time of day; for steps of a day or more, the date.
    pub label: String,
    /// Where it is another one than at the tick before: the date; for steps of a day or more, the year.
    pub context: Option<String>,
}

/// Marks at round times from `from` to `to`, `most` at most.
pub fn time_ticks(from: Timestamp, to: Timestamp, most: usize) -> Vec<TimeTick> {
    let most = i64::try_from(most).unwrap_or(i64::MAX).max(1);
    let step = STEPS.into_iter().find(|step| {
        let origin = origin(*step);
        (to.0 - origin).div_euclid(*step) - ceil(from.0 - origin, *step) < most
    });
    let (times, precision) = match step {
        Some(step) => {
            let origin = origin(step);
            let first = ceil(from.0 - origin, step);
            let last = (to.0 - origin).div_euclid(step);
            let times = (first..=last).map(|index| Timestamp(origin + index * step)).collect();
            (times, Precision::of(step))
        }
        None => (months(from, to, most), Precision::Month),
    };

    let mut previous = None;
    let tick = |time: Timestamp| {
        let civil = time.civil();
        let context = precision.context(civil);
        let changed = (previous.as_ref() != Some(&context)).then(|| context.clone());
        previous = Some(context);
        TimeTick { time, label: precision.label(civil), context: changed }
    };
    Vec::into_iter(times).map(tick).collect()
}

/// Where ticks are counted from: weeks begin on Mondays, and 1970-01-05 was one.
fn origin(step: i64) -> i64 {
    if step % (7 * DAY) == 0 { 4 * DAY } else { 0 }
}

fn ceil(value: i64, step: i64) -> i64 {
    -(-value).div_euclid(step)
}

/// The first days of months, or of every so many months.
fn months(from: Timestamp, to: Timestamp, most: i64) -> Vec<Timestamp> {
    let month_of = |time: Timestamp| {
        let civil = time.civil();
        civil.year * 12 + i64::from(civil.month) - 1
    };
    let (first, last) = (month_of(from), month_of(to));
    let [.., longest] = MONTH_STEPS;
    let step = MONTH_STEPS.into_iter().find(|step| (last - first) / step < most).unwrap_or(longest);
    let start = |index: i64| {
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        // RFC 3339 ends with the year 9999.
        Timestamp::parse_rfc3339(&format!("{year:04}-{month:02}-01T00:00:00Z"))
    };
    let times = (ceil(first, step)..=last.div_euclid(step)).filter_map(|index| start(index * step));
    times.filter(|time| from <= *time && *time <= to).collect()
}

/// How fine the labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    Millisecond,
    Second,
    Minute,
    Day,
    Month,
}

impl Precision {
    fn of(step: i64) -> Self {
        match step {
            ..SECOND => Self::Millisecond,
            SECOND..MINUTE => Self::Second,
            MINUTE..DAY => Self::Minute,
            _ => Self::Day,
        }
    }

    fn label(self, civil: Civil) -> String {
        let Civil { day, hour, minute, second, millisecond, .. } = civil;
        match self {
            Self::Millisecond => format!("{hour:02}:{minute:02}:{second:02}.{millisecond:03}"),
            Self::Second => format!("{hour:02}:{minute:02}:{second:02}"),
            Self::Minute => format!("{hour:02}:{minute:02}"),
            Self::Day => format!("{day} {}", month_name(civil)),
            Self::Month => month_name(civil).to_owned(),
        }
    }

    fn context(self, civil: Civil) -> String {
        match self {
            Self::Millisecond | Self::Second | Self::Minute => {
                format!("{} {}", civil.day, month_name(civil))
            }
            Self::Day | Self::Month => civil.year.to_string(),
        }
    }
}

fn month_name(civil: Civil) -> &'static str {
    MONTHS.get(civil.month as usize - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ticks as `label` or `label|context`.
    #[track_caller]
    fn check(from: &str, to: &str, most: usize, expected: &[&str]) {
        let parse = |text: &str| Timestamp::parse_rfc3339(text).expect("is a time");
        let ticks: Vec<String> = time_ticks(parse(from), parse(to), most)
            .into_iter()
            .map(|tick| match tick.context {
                Some(context) => format!("{}|{context}", tick.label),
                None => tick.label,
            })
            .collect();
        assert_eq!(ticks, expected);
    }

    #[test]
    fn the_ranges_of_the_toolbar() {
        check(
            "2026-11-21T14:37:12Z",
            "2026-11-21T14:42:12Z",
            6,
            &["14:38|21 Nov", "14:39", "14:40", "14:41", "14:42"],
        );
        check(
            "2026-11-21T14:37:12Z",
            "2026-11-21T15:37:12Z",
            6,
            &["14:40|21 Nov", "14:50", "15:00", "15:10", "15:20", "15:30"],
        );
        check(
            "2026-11-20T14:37:12Z",
            "2026-11-21T14:37:12Z",
            8,
            &["15:00|20 Nov", "18:00", "21:00", "00:00|21 Nov", "03:00", "06:00", "09:00", "12:00"],
        );
        check(
            "2026-11-14T14:37:12Z",
            "2026-11-21T14:37:12Z",
            8,
            &["15 Nov|2026", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov"],
        );
        // Mondays.
        check(
            "2026-10-22T14:37:12Z",
            "2026-11-21T14:37:12Z",
            5,
            &["26 Oct|2026", "2 Nov", "9 Nov", "16 Nov"],
        );
    }

    #[test]
    fn short_and_long_ranges() {
        check(
            "2026-11-21T14:37:59.900Z",
            "2026-11-21T14:38:00.100Z",
            4,
            &["14:37:59.900|21 Nov", "14:38:00.000", "14:38:00.100"],
        );
        check(
            "2026-11-21T23:59:50Z",
            "2026-11-22T00:00:05Z",
            4,
            &["23:59:50|21 Nov", "23:59:55", "00:00:00|22 Nov", "00:00:05"],
        );
        check("2025-11-21T00:00:00Z", "2026-06-21T00:00:00Z", 4, &["Jan|2026", "Mar", "May"]);
        check(
            "2000-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            6,
            &["Jan|2000", "Jan|2005", "Jan|2010", "Jan|2015", "Jan|2020", "Jan|2025"],
        );
        check(
            "2026-12-30T12:00:00Z",
            "2027-01-02T12:00:00Z",
            4,
            &["31 Dec|2026", "1 Jan|2027", "2 Jan"],
        );
    }

    proptest! {
        #[test]
        fn never_more_than_fit_and_always_inside(
            from in -60_000_000_000_000i64..250_000_000_000_000,
            duration in prop_oneof![1i64..10_000, 1i64..4_000_000_000, 1i64..3_000_000_000_000],
            most in 1usize..20,
        ) {
            let (from, to) = (Timestamp(from), Timestamp(from + duration));
            let ticks = time_ticks(from, to, most);
            prop_assert!(ticks.len() <= most, "{} ticks", ticks.len());
            prop_assert!(ticks.iter().all(|tick| from <= tick.time && tick.time <= to));
            prop_assert!(ticks.is_sorted_by(|a, b| a.time < b.time));
        }
    }
}
