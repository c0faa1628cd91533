//! Rows as CSV, by RFC 4180: lines end with CRLF. Nothing needs quotes, as there are numbers and times only.

use std::fmt::Write as _;

use crate::model::field::Field;
use crate::model::series::Series;
use crate::model::time::{Civil, Timestamp};
use crate::model::zone::LocalTime;

/// Bytes of a line, more or less.
const LINE: usize = 88;

/// The names of the columns.
pub(super) fn header() -> String {
    let names = Field::ALL.map(Field::key).join(",");
    format!("time,{names}\r\n")
}

/// Appends one line a row.
///
/// Values are the shortest decimals that are read back as the same number, so those of integer fields have no point. They are
/// floats on the way, as in [`Series`]: integers beyond 2^53, which no sensor measures, would be rounded.
pub(super) fn append(text: &mut String, rows: &Series) {
    let columns = Field::ALL.map(|field| rows.column(field).unwrap_or_default());
    text.reserve(rows.times.len() * LINE);
    for (row, time) in rows.times.iter().enumerate() {
        append_time(text, *time);
        for column in columns {
            text.push(',');
            if let Some(value) = column.get(row).filter(|value| !value.is_nan()) {
                // Writing to a string cannot fail.
                let _ = write!(text, "{value}");
            }
        }
        text.push_str("\r\n");
    }
}

/// Appends nanoseconds since the Unix epoch as RFC 3339, with as many decimals as are needed.
fn append_time(text: &mut String, nanoseconds: i64) {
    const SECOND: i64 = 1_000_000_000;
    let Civil { year, month, day, hour, minute, second, .. } =
        LocalTime::new(Timestamp::from_nanoseconds(nanoseconds), 0).civil();
    let _ = write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let fraction = nanoseconds.rem_euclid(SECOND);
    if fraction != 0 {
        let _ = write!(text, ".{fraction:09}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('Z');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::Column;

    #[test]
    fn times_have_the_decimals_that_they_need() {
        for (nanoseconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_644_359_940_000_000_000, "2022-02-08T22:39:00Z"),
            (1_644_359_940_057_014_000, "2022-02-08T22:39:00.057014Z"),
            (1_644_359_940_500_000_000, "2022-02-08T22:39:00.5Z"),
            (1, "1970-01-01T00:00:00.000000001Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            let mut text = String::new();
            append_time(&mut text, nanoseconds);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn values_are_the_shortest_that_are_read_back() {
        let column = |field, values: &[f64]| Column::new(field, values.to_vec());
        let mut rows = Series::default();
        rows.times.extend([0, 1_500_000_000]);
        rows.columns.extend([
            column(Field::Lat, &[50.126_144, 0.1 + 0.2]),
            column(Field::Co2, &[400.0, f64::NAN]),
            column(Field::Temperature, &[-21.5, 20.0]),
        ]);
        let mut text = header();
        append(&mut text, &rows);
        assert_eq!(
            text,
            "time,Temperature,Humidity,Pressure,CO2,TVOC,Lat,Lon\r\n\
             1970-01-01T00:00:00Z,-21.5,,,400,,50.126144,\r\n\
             1970-01-01T00:00:01.5Z,20,,,,,0.30000000000000004,\r\n"
        );
    }
}
