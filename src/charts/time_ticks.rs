//! The labels of a time axis: times that are round on the clocks of a zone, and the date only where it changes.
//!
//! Where clocks are put forward, the labels that they skip are missing. Where they are put back, a label that would come again is
//! left out; but labels closer to each other than what is repeated do come again, since there would be a hole, and the
//! first of them says how the clocks are set from there on.

use crate::model::time::{Civil, Timestamp};
use crate::model::zone::{LocalTime, Zone};

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
    /// Where it is another one than at the tick before: the date; for steps of a day or more, the year. Where labels come
    /// again, because clocks were put back: how they are set now.
    pub context: Option<String>,
}

/// Marks at times from `from` to `to` that are round in `zone`, `most` at most.
pub fn time_ticks(from: Timestamp, to: Timestamp, most: usize, zone: &Zone) -> Vec<TimeTick> {
    let most = most.max(1);
    let duration = to.0.saturating_sub(from.0);
    let fine = STEPS.into_iter().find_map(|step| {
        // More than can be counted in a moment.
        if duration / step > most as i64 {
            return None;
        }
        let times = match step {
            ..DAY => times_of_day(from, to, step, zone),
            _ => days(from, to, step, zone),
        };
        (times.len() <= most).then(|| (times, Precision::of(step)))
    });
    let (times, precision) =
        fine.unwrap_or_else(|| (months(from, to, most as i64, zone), Precision::Month));

    let mut previous = None;
    let mut reading = i64::MIN;
    let tick = |time: LocalTime| {
        let civil = time.civil();
        let context = precision.context(civil);
        let comes_again = time.reading() <= reading;
        reading = time.reading();
        let is_new = previous.as_ref() != Some(&context);
        let shown = if comes_again { Some(time.offset()) } else { is_new.then(|| context.clone()) };
        previous = Some(context);
        TimeTick { time: time.time, label: precision.label(civil), context: shown }
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

/// Times of day that are multiples of `step`.
fn times_of_day(from: Timestamp, to: Timestamp, step: i64, zone: &Zone) -> Vec<LocalTime> {
    let mut times: Vec<LocalTime> = Vec::new();
    for period in zone.periods() {
        let (first, last) = (period.from.max(from.0), (period.end - 1).min(to.0));
        let indexes =
            ceil(period.at(first).reading(), step)..=period.at(last).reading().div_euclid(step);
        for time in indexes.map(|index| period.time_of(index * step)) {
            let comes_again = times.last().is_some_and(|previous| {
                time.reading() <= previous.reading() && previous.ahead_of(time) <= step
            });
            if !comes_again {
                times.push(time);
            }
        }
    }
    times
}

/// The beginnings of days, or of every so many days.
fn days(from: Timestamp, to: Timestamp, step: i64, zone: &Zone) -> Vec<LocalTime> {
    let origin = origin(step);
    let index = |time: Timestamp| (zone.at(time).reading() - origin).div_euclid(step);
    let starts = (index(from)..=index(to) + 1).map(|index| origin + index * step).collect();
    beginnings(starts, from, to, zone)
}

/// The first days of months, or of every so many months.
fn months(from: Timestamp, to: Timestamp, most: i64, zone: &Zone) -> Vec<LocalTime> {
    let month_of = |time: Timestamp| {
        let civil = zone.at(time).civil();
        civil.year * 12 + i64::from(civil.month) - 1
    };
    let (first, last) = (month_of(from), month_of(to));
    let [.., longest] = MONTH_STEPS;
    let step = MONTH_STEPS.into_iter().find(|step| (last - first) / step < most).unwrap_or(longest);
    let start = |index: i64| {
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        // RFC 3339 ends with the year 9999.
        Some(Timestamp::parse_rfc3339(&format!("{year:04}-{month:02}-01T00:00:00Z"))?.0)
    };
    let indexes = ceil(first, step)..=last.div_euclid(step);
    beginnings(indexes.filter_map(|index| start(index * step)).collect(), from, to, zone)
}

/// The times from `from` to `to` at which clocks show these readings, or at which they skip them: a day begins all the same.
fn beginnings(readings: Vec<i64>, from: Timestamp, to: Timestamp, zone: &Zone) -> Vec<LocalTime> {
    let mut times = Vec::new();
    for reading in readings {
        let time = zone.first_time_of(reading);
        // The same comes again where a whole day was skipped.
        if from <= time.time && time.time <= to && times.last() != Some(&time) {
            times.push(time);
        }
    }
    times
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
    use crate::model::zone::testing::{apia, berlin, lord_howe, sao_paulo, st_johns, zones};

    #[track_caller]
    fn check(from: &str, to: &str, most: usize, expected: &[&str]) {
        check_in(&Zone::utc(), from, to, most, expected);
    }

    /// Ticks as `label` or `label|context`.
    #[track_caller]
    fn check_in(zone: &Zone, from: &str, to: &str, most: usize, expected: &[&str]) {
        let parse = |text: &str| Timestamp::parse_rfc3339(text).expect("is a time");
        let ticks: Vec<String> = time_ticks(parse(from), parse(to), most, zone)
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

    #[test]
    fn round_is_what_clocks_of_the_zone_show() {
        check_in(
            &berlin(),
            "2026-07-01T10:17:00Z",
            "2026-07-02T10:17:00Z",
            8,
            &["15:00|1 Jul", "18:00", "21:00", "00:00|2 Jul", "03:00", "06:00", "09:00", "12:00"],
        );
        check_in(
            &st_johns(),
            "2010-07-01T10:17:00Z",
            "2010-07-01T16:17:00Z",
            6,
            &["08:00|1 Jul", "09:00", "10:00", "11:00", "12:00", "13:00"],
        );
        check_in(
            &berlin(),
            "2025-12-30T12:00:00Z",
            "2026-01-02T12:00:00Z",
            4,
            &["31 Dec|2025", "1 Jan|2026", "2 Jan"],
        );
        check_in(
            &berlin(),
            "2026-02-01T00:00:00Z",
            "2026-12-31T23:00:00Z",
            6,
            &["Mar|2026", "May", "Jul", "Sep", "Nov", "Jan|2027"],
        );
    }

    #[test]
    fn clocks_that_are_put_forward_skip_labels() {
        check_in(
            &berlin(),
            "2026-03-28T23:00:00Z",
            "2026-03-29T03:00:00Z",
            8,
            &["00:00|29 Mar", "01:00", "03:00", "04:00", "05:00"],
        );
        check_in(
            &lord_howe(),
            "2026-10-03T14:30:00Z",
            "2026-10-03T16:00:00Z",
            8,
            &["01:00|4 Oct", "01:15", "01:30", "01:45", "02:30", "02:45", "03:00"],
        );
        // Days are longer or shorter, and begin at midnight all the same.
        check_in(
            &berlin(),
            "2026-03-27T23:00:00Z",
            "2026-03-30T22:00:00Z",
            4,
            &["28 Mar|2026", "29 Mar", "30 Mar", "31 Mar"],
        );
        // One day has no midnight, another does not exist.
        check_in(
            &sao_paulo(),
            "2018-11-03T12:00:00Z",
            "2018-11-06T12:00:00Z",
            4,
            &["4 Nov|2018", "5 Nov", "6 Nov"],
        );
        check_in(
            &apia(),
            "2011-12-28T12:00:00Z",
            "2012-01-01T12:00:00Z",
            5,
            &["29 Dec|2011", "31 Dec", "1 Jan|2012", "2 Jan"],
        );
    }

    #[test]
    fn clocks_that_are_put_back_repeat_labels_only_where_there_would_be_a_hole() {
        check_in(
            &berlin(),
            "2026-10-24T22:00:00Z",
            "2026-10-25T03:00:00Z",
            8,
            &["00:00|25 Oct", "01:00", "02:00", "03:00", "04:00"],
        );
        check_in(
            &berlin(),
            "2026-10-25T00:00:00Z",
            "2026-10-25T02:00:00Z",
            5,
            &["02:00|25 Oct", "02:30", "02:00|UTC+01:00", "02:30", "03:00"],
        );
        // Only one of the two hours is seen.
        check_in(
            &berlin(),
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:10:00Z",
            3,
            &["02:00|25 Oct", "02:05", "02:10"],
        );
        check_in(
            &st_johns(),
            "2010-11-07T01:30:00Z",
            "2010-11-07T05:30:00Z",
            6,
            &["23:00|6 Nov", "00:00|7 Nov", "01:00", "02:00"],
        );
        check_in(
            &lord_howe(),
            "2026-04-04T14:00:00Z",
            "2026-04-04T16:00:00Z",
            8,
            &["01:00|5 Apr", "01:30", "02:00", "02:30"],
        );
    }

    fn steps_across_all_changes() -> impl Strategy<Value = i64> {
        prop_oneof![
            -60_000_000_000_000i64..250_000_000_000_000,
            1_262_304_000_000i64..1_330_000_000_000,
            1_540_000_000_000i64..1_551_000_000_000,
            1_767_225_600_000i64..1_800_000_000_000,
        ]
    }

    proptest! {
        #[test]
        fn never_more_than_fit_always_inside_and_never_the_same_twice(
            zone in proptest::sample::select(zones().to_vec()),
            from in steps_across_all_changes(),
            duration in prop_oneof![
                1i64..10_000,
                1i64..20_000_000,
                1i64..4_000_000_000,
                1i64..3_000_000_000_000,
            ],
            most in 1usize..20,
        ) {
            let (from, to) = (Timestamp(from), Timestamp(from + duration));
            let ticks = time_ticks(from, to, most, &zone);
            prop_assert!(ticks.len() <= most, "{} ticks", ticks.len());
            prop_assert!(ticks.iter().all(|tick| from <= tick.time && tick.time <= to));
            prop_assert!(ticks.is_sorted_by(|a, b| a.time < b.time));
            // Labels come again only behind a tick that says how clocks are set.
            let says_offset = |tick: &TimeTick| {
                tick.context.as_ref().is_some_and(|context| context.starts_with("UTC"))
            };
            let goes_on = |a: &TimeTick, b: &TimeTick| {
                zone.at(a.time).reading() < zone.at(b.time).reading() || says_offset(b)
            };
            prop_assert!(ticks.is_sorted_by(goes_on), "{ticks:?}");
            prop_assert!(ticks.first().is_none_or(|first| !says_offset(first)));
        }

        /// Where clocks are not set anew, a zone is UTC with another midnight.
        #[test]
        fn a_fixed_offset_shifts_the_ticks(
            from in -9_000_000_000_000i64..9_000_000_000_000,
            duration in prop_oneof![1i64..20_000_000, 1i64..4_000_000_000, 1i64..300_000_000_000],
            minutes in -840i32..840,
            most in 1usize..20,
        ) {
            let shift = i64::from(minutes) * MINUTE;
            let zone = Zone::new(minutes * 60, Vec::new());
            let mut ticks = time_ticks(Timestamp(from), Timestamp(from + duration), most, &zone);
            for tick in &mut ticks {
                tick.time.0 += shift;
            }
            let (from, to) = (Timestamp(from + shift), Timestamp(from + shift + duration));
            prop_assert_eq!(ticks, time_ticks(from, to, most, &Zone::utc()));
        }
    }
}
