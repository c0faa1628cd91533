//! Instants as InfluxDB writes them: RFC 3339 with up to nine decimals, trailing zeros cut, `Z`.
//!
//! Answers hold up to three instants in every row, so reading and writing them is done here by hand in a
//! few nanoseconds; the tests hold both against the `jiff` library.

/// An instant that is not RFC 3339, or outside of what 64 bits of nanoseconds hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time between 1677 and 2262")]
pub struct ParseError(pub String);

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Appends nanoseconds since the Unix epoch as RFC 3339 (`2022-02-08T22:39:00Z`, `…00.057014Z`).
pub fn write_rfc3339(out: &mut Vec<u8>, nanoseconds: i64) {
    let seconds = nanoseconds.div_euclid(NANOSECONDS_PER_SECOND);
    let fraction = nanoseconds.rem_euclid(NANOSECONDS_PER_SECOND) as u32;
    let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
    // 64 bits of nanoseconds reach from 1677 to 2262: a year always has four digits.
    let year = year as u32;
    let [y1, y2] = two_digits(year / 100);
    let [y3, y4] = two_digits(year % 100);
    let [o1, o2] = two_digits(month);
    let [d1, d2] = two_digits(day);
    let [h1, h2] = two_digits(second_of_day / 3600);
    let [m1, m2] = two_digits(second_of_day / 60 % 60);
    let [s1, s2] = two_digits(second_of_day % 60);
    out.extend_from_slice(&[
        y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2,
    ]);
    if fraction != 0 {
        let mut decimals = [b'0'; 9];
        let mut rest = fraction;
        for digit in decimals.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let mut decimals: &[u8] = &decimals;
        while let [shorter @ .., b'0'] = decimals {
            decimals = shorter;
        }
        out.push(b'.');
        out.extend_from_slice(decimals);
    }
    out.push(b'Z');
}

/// Nanoseconds since the Unix epoch as RFC 3339.
pub fn format_rfc3339(nanoseconds: i64) -> String {
    let mut out = Vec::with_capacity(30);
    write_rfc3339(&mut out, nanoseconds);
    // Only ASCII was written.
    String::from_utf8(out).unwrap_or_default()
}

/// Reads RFC 3339 with any offset into nanoseconds since the Unix epoch.
///
/// Decimals after the ninth are cut off. `T` and `Z` are upper case, a leap second is refused, as in InfluxDB.
pub fn parse_rfc3339(text: &str) -> Result<i64, ParseError> {
    parse_bytes(text.as_bytes()).ok_or_else(|| ParseError(text.chars().take(64).collect()))
}

/// As [`parse_rfc3339`], from bytes and without a text for the error.
pub(crate) fn parse_bytes(text: &[u8]) -> Option<i64> {
    let &[
        y1,
        y2,
        y3,
        y4,
        b'-',
        o1,
        o2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        ref rest @ ..,
    ] = text
    else {
        return None;
    };
    let days = days_from_date(number(&[y1, y2, y3, y4])?, number(&[o1, o2])?, number(&[d1, d2])?)?;
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, zone) = match rest {
        [b'.', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, zone) = rest.split_at_checked(digits)?;
            if digits.is_empty() {
                return None;
            }
            let mut fraction = 0;
            let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
            for digit in padded.take(9) {
                fraction = fraction * 10 + i64::from(digit - b'0');
            }
            (fraction, zone)
        }
        _ => (0, rest),
    };
    let offset = match *zone {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 3600 + minutes * 60);
            if sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds = days * SECONDS_PER_DAY + i64::from(hour * 3600 + minute * 60 + second) - offset;
    // In 128 bits, because the seconds of the first instant alone are below the range.
    i64::try_from(i128::from(seconds) * i128::from(NANOSECONDS_PER_SECOND) + i128::from(fraction))
        .ok()
}

/// Midnight UTC of a date `2021-01-01`, in nanoseconds since the Unix epoch.
pub(crate) fn parse_date(text: &[u8]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2] = text else { return None };
    days_from_date(number(&[y1, y2, y3, y4])?, number(&[o1, o2])?, number(&[d1, d2])?)?
        .checked_mul(SECONDS_PER_DAY * NANOSECONDS_PER_SECOND)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    })
}

fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Days since the Unix epoch of a date that exists.
///
/// This and [`civil_from_days`] are Howard Hinnant's algorithms for the Gregorian calendar: the year is
/// made to begin in March, so that the leap day is its last, and is counted in eras of 400 years.
/// <https://howardhinnant.github.io/date_algorithms.html>
fn days_from_date(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > days_in_month {
        return None;
    }
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(nanoseconds: i64, text: &str) {
        assert_eq!(format_rfc3339(nanoseconds), text);
        assert_eq!(parse_rfc3339(text), Ok(nanoseconds));
    }

    #[test]
    fn trailing_zeros_are_cut() {
        check(0, "1970-01-01T00:00:00Z");
        check(1_644_359_940_000_000_000, "2022-02-08T22:39:00Z");
        check(1_651_771_548_057_014_000, "2022-05-05T17:25:48.057014Z");
        check(120_000_000, "1970-01-01T00:00:00.12Z");
        check(-1, "1969-12-31T23:59:59.999999999Z");
        check(i64::MIN, "1677-09-21T00:12:43.145224192Z");
        check(i64::MAX, "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn offsets_are_applied() {
        assert_eq!(
            parse_rfc3339("2021-01-01T01:00:00+01:00"),
            parse_rfc3339("2021-01-01T00:00:00Z")
        );
        assert_eq!(
            parse_rfc3339("2020-12-31T18:29:59.5-05:30"),
            parse_rfc3339("2020-12-31T23:59:59.5Z")
        );
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00.1234567899Z"), Ok(123_456_789));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2021-01-01",
            "2021-01-01T00:00:00",
            "2021-01-01T00:00:00z",
            "2021-01-01 00:00:00Z",
            "2021-02-29T00:00:00Z",
            "2021-13-01T00:00:00Z",
            "2021-01-00T00:00:00Z",
            "2021-01-01T24:00:00Z",
            "2021-01-01T00:60:00Z",
            "2021-01-01T00:00:60Z",
            "2021-01-01T00:00:00.Z",
            "2021-01-01T00:00:00+1:00",
            "2021-01-01T00:00:00+24:00",
            "2021-01-01T00:00:00ZZ",
            "+021-01-01T00:00:00Z",
            "1677-09-21T00:12:43.145224191Z",
            "2262-04-11T23:47:16.854775808Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(parse_rfc3339(text), Err(ParseError(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date(b"1970-01-02"), Some(86_400_000_000_000));
        assert_eq!(parse_date(b"2021-02-29"), None);
        assert_eq!(parse_date(b"2021-2-01"), None);
        assert_eq!(parse_date(b"1500-01-01"), None);
    }

    proptest! {
        #[test]
        fn equal_to_jiff(nanoseconds: i64) {
            let expected = jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap();
            let text = format_rfc3339(nanoseconds);
            prop_assert_eq!(&text, &expected.to_string());
            prop_assert_eq!(parse_rfc3339(&text), Ok(nanoseconds));
        }

        #[test]
        fn whole_seconds_are_equal_to_jiff(seconds in -9_000_000_000_i64..9_000_000_000) {
            let expected = jiff::Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(format_rfc3339(seconds * 1_000_000_000), expected.to_string());
        }

        #[test]
        fn never_panics(text in "[-0-9TZ:.+]{0,40}") {
            if let Ok(nanoseconds) = parse_rfc3339(&text) {
                prop_assert_eq!(parse_rfc3339(&format_rfc3339(nanoseconds)), Ok(nanoseconds));
            }
        }
    }
}
