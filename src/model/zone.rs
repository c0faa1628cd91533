//! Time zones, and times as the clocks of a zone show them.
//!
//! The rules of zones are known to the server only (`hooks::zone`). What it hands on is how clocks are set within a span of time:
//! plain numbers, so that the browser needs no calendar library and both sides write the same. This is also the only way to
//! write a time for people: a bare [`Timestamp`] cannot be displayed, so that no page forgets the zone.

use std::fmt;
use std::iter;

use serde::{Deserialize, Serialize};

use super::time::{Civil, Timestamp};

/// How the clocks of a zone are set, in seconds ahead of UTC, within a span of time. Beyond it they stay as they are at its ends.
///
/// Written as a flat list, as which it takes the least code to read: the first offset, then time and offset of each change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<i64>", into = "Vec<i64>")]
pub struct Zone {
    /// At the beginning.
    first: i32,
    /// From when on they are set anew, ascending.
    changes: Vec<(Timestamp, i32)>,
}

/// A time in which the clocks of a zone are not set anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Milliseconds since the Unix epoch, half open.
    pub from: i64,
    pub end: i64,
    offset_seconds: i32,
}

impl Zone {
    pub fn utc() -> Self {
        Self::new(0, Vec::new())
    }

    /// `changes` ascend; those that change nothing are left out.
    pub fn new(first: i32, mut changes: Vec<(Timestamp, i32)>) -> Self {
        let mut newest = first;
        changes.retain(|(_, offset)| std::mem::replace(&mut newest, *offset) != *offset);
        Self { first, changes }
    }

    /// The time as the clocks show it.
    pub fn at(&self, time: Timestamp) -> LocalTime {
        let newest = self.changes.iter().rev().find(|(from, _)| *from <= time);
        LocalTime::new(time, newest.map_or(self.first, |(_, offset)| *offset))
    }

    /// The first time at which the clocks show this reading, or, where they skip it, the time at which they do.
    pub fn first_time_of(&self, reading: i64) -> LocalTime {
        for period in self.periods() {
            let time = period.time_of(reading).time.0;
            if time < period.end {
                return period.at(time.max(period.from));
            }
        }
        // At the very end of time only.
        self.at(Timestamp(reading))
    }

    /// The periods from the beginning to the end of time, ascending and without gaps.
    pub fn periods(&self) -> Vec<Period> {
        let mut period = Period { from: i64::MIN, end: i64::MAX, offset_seconds: self.first };
        let mut periods = Vec::new();
        for (from, offset_seconds) in &self.changes {
            periods.push(Period { end: from.0, ..period });
            period = Period { from: from.0, offset_seconds: *offset_seconds, ..period };
        }
        periods.push(period);
        periods
    }
}

impl From<Vec<i64>> for Zone {
    /// What is no list of a zone is UTC.
    fn from(list: Vec<i64>) -> Self {
        let Some((first, changes)) = list.split_first() else { return Self::utc() };
        let changes = changes.as_chunks::<2>().0.iter();
        let change = |[time, offset]: &[i64; 2]| (Timestamp(*time), *offset as i32);
        Self::new(*first as i32, changes.map(change).collect())
    }
}

impl From<Zone> for Vec<i64> {
    fn from(zone: Zone) -> Self {
        let changes = zone.changes.into_iter();
        let numbers = changes.flat_map(|(time, offset)| [time.0, i64::from(offset)]);
        iter::once(i64::from(zone.first)).chain(numbers).collect()
    }
}

impl Period {
    /// The time as the clocks of this period show it.
    pub fn at(self, time: i64) -> LocalTime {
        LocalTime::new(Timestamp(time), self.offset_seconds)
    }

    /// When clocks that are set as in this period show a reading.
    pub fn time_of(self, reading: i64) -> LocalTime {
        self.at(reading.saturating_sub(i64::from(self.offset_seconds) * 1_000))
    }
}

/// A time as the clocks of a zone show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    pub time: Timestamp,
    offset_seconds: i32,
}

impl LocalTime {
    /// `offset_seconds` is how far the clocks are ahead of UTC.
    pub fn new(time: Timestamp, offset_seconds: i32) -> Self {
        Self { time, offset_seconds }
    }

    /// What the clocks show, in milliseconds since they showed 1970-01-01 00:00.
    pub fn reading(self) -> i64 {
        self.time.0.saturating_add(i64::from(self.offset_seconds) * 1_000)
    }

    /// How far these clocks are ahead of others, in milliseconds.
    pub fn ahead_of(self, other: Self) -> i64 {
        i64::from(self.offset_seconds - other.offset_seconds) * 1_000
    }

    /// Date and time of day.
    pub fn civil(self) -> Civil {
        Timestamp(self.reading()).civil()
    }

    /// `2022-02-08`
    pub fn date(self) -> String {
        let mut text = String::new();
        self.civil().push_date(&mut text);
        text
    }

    /// Adds `2022-02-08 23:39:00 UTC+01:00` to a text.
    pub fn push_text(self, text: &mut String) {
        if self.offset_seconds == 0 {
            return self.civil().push_second(b' ', *b" UTC", text);
        }
        self.civil().push_second(b' ', *b" ", text);
        text.push_str(&self.offset());
    }

    /// Adds [`Self::push_text`]'s text to one and [`Timestamp::rfc3339`] to another, both empty: where clocks show UTC, the first
    /// is made of the second, which takes half the time.
    pub fn push_both(self, text: &mut String, rfc3339: &mut String) {
        self.time.push_rfc3339(rfc3339);
        let parts = rfc3339
            .split_once('T')
            .and_then(|(date, behind)| Some((date, behind.get(..8)?)))
            .filter(|_| self.offset_seconds == 0);
        match parts {
            Some((date, time_of_day)) => {
                text.push_str(date);
                text.push(' ');
                text.push_str(time_of_day);
                text.push_str(" UTC");
            }
            None => self.push_text(text),
        }
    }

    /// `2022-02-08 23:39`
    pub fn minute(self) -> String {
        let Civil { hour, minute, .. } = self.civil();
        format!("{} {hour:02}:{minute:02}", self.date())
    }

    /// How the clocks are set: `UTC`, `UTC+01:00`, `UTC-03:30`. Unlike abbreviations of zones it means one thing everywhere.
    pub fn offset(self) -> String {
        let sign = match self.offset_seconds {
            0 => return "UTC".to_owned(),
            ..0 => '-',
            _ => '+',
        };
        let seconds = self.offset_seconds.unsigned_abs();
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let minute = format!("UTC{sign}{hours:02}:{minutes:02}");
        // Before there were zones, each place went by its own sun.
        if seconds == 0 { minute } else { format!("{minute}:{seconds:02}") }
    }
}

impl fmt::Display for LocalTime {
    /// `2022-02-08 23:39:00 UTC+01:00`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.push_text(&mut text);
        formatter.write_str(&text)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) const HOUR: i32 = 3_600;

    /// A zone that begins with an offset and changes it at these times in RFC 3339.
    pub(crate) fn zone(first: i32, changes: &[(&str, i32)]) -> Zone {
        let parse = |text: &str| Timestamp::parse_rfc3339(text).expect("is a time");
        Zone::new(first, changes.iter().map(|(time, offset)| (parse(time), *offset)).collect())
    }

    /// Summer and winter of 2026 in Berlin.
    pub(crate) fn berlin() -> Zone {
        zone(HOUR, &[("2026-03-29T01:00:00Z", 2 * HOUR), ("2026-10-25T01:00:00Z", HOUR)])
    }

    /// Half an hour off the hour, and set at one minute past midnight, as in 2010.
    pub(crate) fn st_johns() -> Zone {
        let winter = -3 * HOUR - HOUR / 2;
        zone(winter, &[("2010-03-14T03:31:00Z", winter + HOUR), ("2010-11-07T02:31:00Z", winter)])
    }

    /// Clocks are put forward by half an hour only.
    pub(crate) fn lord_howe() -> Zone {
        let winter = 10 * HOUR + HOUR / 2;
        zone(11 * HOUR, &[("2026-04-04T15:00:00Z", winter), ("2026-10-03T15:30:00Z", 11 * HOUR)])
    }

    /// Where midnight did not exist on the day on which summer began.
    pub(crate) fn sao_paulo() -> Zone {
        zone(-3 * HOUR, &[("2018-11-04T03:00:00Z", -2 * HOUR), ("2019-02-17T02:00:00Z", -3 * HOUR)])
    }

    /// Where there was no 2011-12-30.
    pub(crate) fn apia() -> Zone {
        zone(-10 * HOUR, &[("2011-12-30T10:00:00Z", 14 * HOUR)])
    }

    /// All of these, and UTC.
    pub(crate) fn zones() -> [Zone; 6] {
        [Zone::utc(), berlin(), st_johns(), lord_howe(), sao_paulo(), apia()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::*;
    use super::*;

    fn parse(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("is a time")
    }

    #[track_caller]
    fn check(zone: &Zone, time: &str, expected: &str) {
        assert_eq!(zone.at(parse(time)).to_string(), expected);
    }

    #[test]
    fn clocks_are_set_at_the_very_second() {
        check(&Zone::utc(), "2026-03-29T00:59:59Z", "2026-03-29 00:59:59 UTC");
        check(&berlin(), "2026-01-01T00:00:00Z", "2026-01-01 01:00:00 UTC+01:00");
        check(&berlin(), "2026-03-29T00:59:59Z", "2026-03-29 01:59:59 UTC+01:00");
        check(&berlin(), "2026-03-29T01:00:00Z", "2026-03-29 03:00:00 UTC+02:00");
        check(&berlin(), "2026-10-25T00:59:59Z", "2026-10-25 02:59:59 UTC+02:00");
        check(&berlin(), "2026-10-25T01:00:00Z", "2026-10-25 02:00:00 UTC+01:00");
        check(&st_johns(), "2010-11-07T02:30:59Z", "2010-11-07 00:00:59 UTC-02:30");
        check(&st_johns(), "2010-11-07T02:31:00Z", "2010-11-06 23:01:00 UTC-03:30");
        check(&lord_howe(), "2026-04-04T14:59:59Z", "2026-04-05 01:59:59 UTC+11:00");
        check(&lord_howe(), "2026-04-04T15:00:00Z", "2026-04-05 01:30:00 UTC+10:30");
        check(&apia(), "2011-12-30T10:00:00Z", "2011-12-31 00:00:00 UTC+14:00");
    }

    #[test]
    fn offsets_are_written_as_short_as_they_are_exact() {
        for (seconds, text) in [
            (0, "UTC"),
            (2 * HOUR, "UTC+02:00"),
            (-12_600, "UTC-03:30"),
            (45_900, "UTC+12:45"),
            (3_208, "UTC+00:53:28"),
            (-1, "UTC-00:00:01"),
        ] {
            assert_eq!(LocalTime::new(Timestamp(0), seconds).offset(), text);
        }
    }

    #[test]
    fn a_reading_that_comes_twice_is_the_first_and_one_that_is_skipped_the_end_of_the_gap() {
        let first = |zone: &Zone, reading: &str| zone.first_time_of(parse(reading).0).to_string();
        assert_eq!(first(&berlin(), "2026-10-25T02:30:00Z"), "2026-10-25 02:30:00 UTC+02:00");
        assert_eq!(first(&berlin(), "2026-10-25T03:00:00Z"), "2026-10-25 03:00:00 UTC+01:00");
        assert_eq!(first(&berlin(), "2026-03-29T02:30:00Z"), "2026-03-29 03:00:00 UTC+02:00");
        assert_eq!(first(&sao_paulo(), "2018-11-04T00:00:00Z"), "2018-11-04 01:00:00 UTC-02:00");
        assert_eq!(first(&apia(), "2011-12-30T00:00:00Z"), "2011-12-31 00:00:00 UTC+14:00");
    }

    #[test]
    fn changes_that_change_nothing_are_left_out() {
        let times = |seconds: [i32; 4]| (0..).map(Timestamp).zip(seconds).collect::<Vec<_>>();
        assert_eq!(
            Zone::new(1, times([1, 2, 2, 1])),
            Zone::new(1, vec![(Timestamp(1), 2), (Timestamp(3), 1)])
        );
    }

    #[test]
    fn what_is_handed_on_comes_back() {
        for zone in zones() {
            let text = serde_json::to_string(&zone).expect("is written");
            assert_eq!(serde_json::from_str::<Zone>(&text).expect("is read"), zone);
        }
        let text = serde_json::to_string(&apia()).expect("is written");
        assert_eq!(text, "[-36000,1325239200000,50400]");
        assert_eq!(Zone::from(Vec::new()), Zone::utc());
        assert_eq!(Zone::from(vec![3_600, 1]), Zone::new(3_600, Vec::new()));
    }

    proptest! {
        /// Years 1678 to 2262, and the ends of time.
        #[test]
        fn any_time_has_a_reading_that_leads_back_to_it_or_to_an_earlier_one(
            zone in proptest::sample::select(zones().to_vec()),
            time in prop_oneof![
                -9_214_646_400_000i64..9_246_182_400_000,
                1_260_000_000_000i64..1_330_000_000_000,
                1_540_000_000_000i64..1_800_000_000_000,
                Just(i64::MIN),
                Just(i64::MAX),
            ],
        ) {
            let local = zone.at(Timestamp(time));
            let (mut text, mut rfc3339) = (String::new(), String::new());
            local.push_both(&mut text, &mut rfc3339);
            prop_assert_eq!((text, rfc3339), (local.to_string(), local.time.rfc3339()));
            let first = zone.first_time_of(local.reading());
            if time != i64::MIN && time != i64::MAX {
                prop_assert_eq!(first.reading(), local.reading());
                let earlier = local.time.0 - first.time.0;
                prop_assert!((0..=3_600_000).contains(&earlier), "{} ms earlier", earlier);
            }
        }
    }
}
