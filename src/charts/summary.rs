//! What a chart shows, in words and numbers: for its caption, and for those who cannot see it.

use super::frame::Surface;
use super::line::Line;
use super::picture::Picture;
use crate::model::field::Field;
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;
use crate::model::zone::Zone;

/// A duration in its largest unit, with two digits that mean something: `12 min`, `4.6 min`, `2 h`.
pub fn duration_words(nanoseconds: f64) -> String {
    let seconds = nanoseconds / 1e9;
    let (value, unit) = match seconds {
        ..1.0 => (seconds * 1e3, "ms"),
        ..60.0 => (seconds, "s"),
        ..3_600.0 => (seconds / 60.0, "min"),
        ..86_400.0 => (seconds / 3_600.0, "h"),
        _ => (seconds / 86_400.0, "days"),
    };
    let rounded = (value * 10.0).round() / 10.0;
    if rounded >= 10.0 || rounded.fract() == 0.0 {
        format!("{rounded:.0} {unit}")
    } else {
        format!("{rounded:.1} {unit}")
    }
}

/// How finely a picture is drawn on a surface: `10,080 points`, `one column = 10 min, min to max`.
pub fn resolution(picture: &Picture, surface: &Surface) -> String {
    let points = picture.points().map(|points| match points {
        1 => "1 point".to_owned(),
        points => format!("{} points", group_digits(points as u64)),
    });
    let columns = picture
        .column_duration(surface)
        .map(|duration| format!("one column = {}, min to max", duration_words(duration)));
    points.into_iter().chain(columns).collect::<Vec<_>>().join(" · ")
}

/// `17.9 to 23.4 °C`; nothing without points.
pub fn extent(field: Field, line: &Line) -> Option<String> {
    let (low, high) = line.extremes()?;
    Some(format!("{} to {} {}", field.format(low), field.format(high), field.unit()))
}

/// What a spark line shows, in words: `Temperature over the last day: 17.9 to 23.4 °C`.
pub fn day(field: Field, line: &Line) -> String {
    match extent(field, line) {
        Some(extent) => format!("{} over the last day: {extent}", field.key()),
        None => format!("No values of {} in the last day", field.key()),
    }
}

/// All that the picture of a line tells, as sentences, with times of a zone.
pub fn description(field: Field, line: &Line, zone: &Zone) -> String {
    let (Some((low, high)), Some(first), Some(last), Some(row)) =
        (line.extremes(), line.times().first(), line.times().last(), line.rows().last())
    else {
        return format!("No values of {} in this range.", field.key());
    };
    let gaps = match line.segments().count() {
        0 | 1 => "no gaps".to_owned(),
        2 => "1 gap".to_owned(),
        more => format!("{} gaps", group_digits(more as u64 - 1)),
    };
    let local = |nanoseconds: i64| zone.at(Timestamp::from_nanoseconds(nanoseconds));
    format!(
        "{} {} from {} to {}, {gaps}. Lowest {}, highest {}, last {} {}.",
        group_digits(line.times().len() as u64),
        if line.window().is_some() { "columns" } else { "values" },
        local(*first),
        local(*last),
        field.format(low),
        field.format(high),
        field.format(row.last),
        field.unit(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        for (seconds, text) in [
            (0.25, "250 ms"),
            (1.0, "1 s"),
            (276.0, "4.6 min"),
            (720.0, "12 min"),
            (3_600.0, "1 h"),
            (129_600.0, "1.5 days"),
        ] {
            assert_eq!(duration_words(seconds * 1e9), text);
        }
    }

    #[test]
    fn a_line_in_words() {
        let minute = 60_000_000_000;
        let line = Line::through(&[0, minute, 2 * minute, 9 * minute], &[20.0, 21.55, 19.0, 22.0]);
        assert_eq!(extent(Field::Temperature, &line).as_deref(), Some("19.0 to 22.0 °C"));
        assert_eq!(
            description(Field::Temperature, &line, &Zone::utc()),
            "4 values from 1970-01-01 00:00:00 UTC to 1970-01-01 00:09:00 UTC, 1 gap. \
             Lowest 19.0, highest 22.0, last 22.0 °C."
        );
        let zone = Zone::new(-12_600, Vec::new());
        assert!(
            description(Field::Temperature, &line, &zone)
                .contains("from 1969-12-31 20:30:00 UTC-03:30 to 1969-12-31 20:39:00 UTC-03:30")
        );
        assert_eq!(
            description(Field::Co2, &Line::default(), &zone),
            "No values of CO2 in this range."
        );
        assert_eq!(extent(Field::Co2, &Line::default()), None);
        assert_eq!(
            day(Field::Temperature, &line),
            "Temperature over the last day: 19.0 to 22.0 °C"
        );
        assert_eq!(day(Field::Co2, &Line::default()), "No values of CO2 in the last day");
    }
}
