//! Instants, and dates of the proleptic Gregorian calendar. How people read them depends on a zone: `model::zone`.
//!
//! Own code, because a calendar library would be a tenth of the WebAssembly that a first visit loads.
//! Nothing here reads a clock: the server's `now` travels with the data, so that both sides render the same.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A date and time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub millisecond: u32,
}

const DAY: i64 = 86_400_000;

impl Timestamp {
    pub fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds.div_euclid(1_000_000))
    }

    /// Nanoseconds since the Unix epoch, at the ends of the range where they do not fit 64 bits.
    pub fn to_nanoseconds(self) -> i64 {
        self.0.saturating_mul(1_000_000)
    }

    /// Date and time of day in UTC.
    ///
    /// The days-to-date algorithm is Howard Hinnant's `civil_from_days`,
    /// <https://howardhinnant.github.io/date_algorithms.html>.
    pub(super) fn civil(self) -> Civil {
        let day_number = self.0.div_euclid(DAY);
        let time_of_day = self.0.rem_euclid(DAY);
        let shifted = day_number + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Civil {
            year,
            month: month as u32,
            day: day as u32,
            hour: (time_of_day / 3_600_000) as u32,
            minute: (time_of_day / 60_000 % 60) as u32,
            second: (time_of_day / 1_000 % 60) as u32,
            millisecond: (time_of_day % 1_000) as u32,
        }
    }

    /// `2022-02-08T22:39:00Z`, with milliseconds where there are any: for `datetime` attributes and URLs.
    pub fn rfc3339(self) -> String {
        let mut text = String::new();
        self.push_rfc3339(&mut text);
        text
    }

    /// The same always with milliseconds, for programs that cut it up: `2022-02-08T22:39:00.000Z`.
    pub fn rfc3339_milliseconds(self) -> String {
        let mut text = self.rfc3339();
        if self.0.rem_euclid(1_000) == 0 {
            text.pop();
            text.push_str(".000Z");
        }
        text
    }

    /// Adds [`Self::rfc3339`] to a text.
    pub fn push_rfc3339(self, text: &mut String) {
        let civil = self.civil();
        if civil.millisecond == 0 {
            civil.push_second(b'T', *b"Z", text);
        } else {
            let [tens, ones] = two_digits(civil.millisecond);
            let hundreds = b'0' + (civil.millisecond / 100) as u8;
            civil.push_second(b'T', [b'.', hundreds, tens, ones, b'Z'], text);
        }
    }

    /// Reads RFC 3339 with any offset; decimals beyond milliseconds are cut.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |range: std::ops::Range<usize>| -> Option<i64> {
            let digits = bytes.get(range)?;
            digits.iter().try_fold(0, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
            })
        };
        let separator = |index: usize, allowed: &[u8]| {
            bytes.get(index).is_some_and(|byte| allowed.contains(byte))
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let separators = separator(4, b"-")
            && separator(7, b"-")
            && separator(10, b"Tt ")
            && separator(13, b":")
            && separator(16, b":");
        if !separators || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut rest = bytes.get(19..)?;
        let mut millisecond = 0;
        if let Some(decimals) = rest.strip_prefix(b".") {
            let length = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            for place in 0..3 {
                let digit = if place < length { i64::from(decimals.get(place)? - b'0') } else { 0 };
                millisecond = millisecond * 10 + digit;
            }
            rest = decimals.get(length..)?;
        }
        let offset_minutes = match rest {
            b"Z" | b"z" => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
                let minutes = (digit(h1)? * 10 + digit(h2)?) * 60 + digit(m1)? * 10 + digit(m2)?;
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        let days = days_from_civil(year, month, day)?;
        let milliseconds =
            ((hour * 60 + minute - offset_minutes) * 60 + second) * 1_000 + millisecond;
        Some(Self(days * DAY + milliseconds))
    }

    /// How long before `now`, in words: `just now`, `12 min ago`, `3 h ago`, `5 days ago`.
    pub fn ago(self, now: Self) -> String {
        let mut text = String::new();
        self.push_ago(now, &mut text);
        text
    }

    /// How long after `earlier`, in words: `less than a minute`, `12 min`, `3 h`, `5 days`.
    pub fn since(self, earlier: Self) -> String {
        let seconds = (self.0 - earlier.0).max(0) / 1_000;
        match seconds {
            0..60 => "less than a minute".to_owned(),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..86_400 => format!("{} h", seconds / 3_600),
            86_400..172_800 => "a day".to_owned(),
            _ => format!("{} days", seconds / 86_400),
        }
    }

    /// Adds [`Self::ago`] to a text.
    pub fn push_ago(self, now: Self, text: &mut String) {
        let seconds = (now.0 - self.0).max(0) / 1_000;
        let (number, unit) = match seconds {
            0..60 => return text.push_str("just now"),
            60..3_600 => (seconds / 60, " min ago"),
            3_600..86_400 => (seconds / 3_600, " h ago"),
            86_400..172_800 => (1, " day ago"),
            _ => (seconds / 86_400, " days ago"),
        };
        text.push_str(&number.to_string());
        text.push_str(unit);
    }
}

impl Civil {
    /// Adds `2022-02-08` to a text.
    pub(super) fn push_date(&self, text: &mut String) {
        match self.date_digits() {
            Some(date) => push_ascii(text, &date),
            None => self.push_distant_date(text),
        }
    }

    /// Adds `2022-02-08T22:39:00` to a text, with this character between date and time of day, and behind it `end`: ASCII, and no more
    /// than ten bytes.
    ///
    /// In one piece, because a page has thousands of times: each piece takes as long as all digits together.
    pub(super) fn push_second<const END: usize>(
        &self,
        between: u8,
        end: [u8; END],
        text: &mut String,
    ) {
        let [hour, minute, second] = [self.hour, self.minute, self.second].map(two_digits);
        let time_of_day =
            [between, hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]];
        let Some(date) = self.date_digits() else {
            self.push_distant_date(text);
            push_ascii(text, &time_of_day);
            return push_ascii(text, &end);
        };
        let mut line = [0; 32];
        let mut length = 0;
        for part in [&date[..], &time_of_day, &end] {
            if let Some(place) = line.get_mut(length..length + part.len()) {
                place.copy_from_slice(part);
                length += part.len();
            }
        }
        push_ascii(text, line.get(..length).unwrap_or_default());
    }

    /// `2022-02-08`; `None` for a year that is not of four digits.
    fn date_digits(&self) -> Option<[u8; 10]> {
        let year = u32::try_from(self.year).ok().filter(|year| *year <= 9_999)?;
        let [century, year] = [year / 100, year % 100].map(two_digits);
        let [month, day] = [self.month, self.day].map(two_digits);
        Some([
            century[0], century[1], year[0], year[1], b'-', month[0], month[1], b'-', day[0],
            day[1],
        ])
    }

    fn push_distant_date(&self, text: &mut String) {
        let Self { year, month, day, .. } = self;
        let _ = write!(text, "{year:04}-{month:02}-{day:02}");
    }
}

/// A page has thousands of times, and formatting them in the usual way takes ten times as long.
fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

fn push_ascii(text: &mut String, bytes: &[u8]) {
    text.push_str(std::str::from_utf8(bytes).unwrap_or_default());
}

/// Days since the Unix epoch; `None` for a date that does not exist (Hinnant's `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for milliseconds in
            [0, 1, 951_782_400_000, 1_644_359_940_000, 4_102_444_799_999, -1, -62_135_596_800_000]
        {
            let timestamp = Timestamp(milliseconds);
            assert_eq!(Timestamp::parse_rfc3339(&timestamp.rfc3339()), Some(timestamp));
        }
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in -146_097..146_097 {
            let timestamp = Timestamp(day * DAY);
            assert_eq!(Timestamp::parse_rfc3339(&timestamp.rfc3339()), Some(timestamp));
        }
    }

    #[test]
    fn offsets_and_decimals() {
        assert_eq!(
            Timestamp::parse_rfc3339("2022-02-08T23:39:00+01:00"),
            Timestamp::parse_rfc3339("2022-02-08T22:39:00Z")
        );
        assert_eq!(Timestamp::parse_rfc3339("1970-01-01T00:00:00.1234567Z"), Some(Timestamp(123)));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2022-02-30T00:00:00Z",
            "2022-02-08",
            "2022-02-08T24:00:00Z",
            "2022-02-08T22:39:00",
            "٢022-02-08T22:39:00Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn tells_age_in_words() {
        let now = Timestamp(1_000_000_000_000);
        assert_eq!(Timestamp(now.0 - 59_999).ago(now), "just now");
        assert_eq!(Timestamp(now.0 - 12 * 60_000).ago(now), "12 min ago");
        assert_eq!(Timestamp(now.0 - 86_400_000).ago(now), "1 day ago");
        assert_eq!(Timestamp(now.0 + 5_000).ago(now), "just now");
    }
}
