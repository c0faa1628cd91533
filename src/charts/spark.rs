//! Spark lines: a line without axis, grid and labels, as the least markup that shows its shape.
//!
//! A page may have a thousand of them, so these are not drawn by plotters: an element or two each, and so few columns
//! that their number does not depend on that of the points. Where a column has several values, what is drawn is the
//! ribbon from the smallest to the largest of each, as the charts look where points are many.

use std::fmt::Write;

use super::decimate::{ColumnSummary, m4};
use super::line::Line;
use super::svg::{Drawing, path_data};

/// Columns at most. A spark line is about a hundred CSS pixels wide.
const MOST_COLUMNS: i64 = 32;

/// The width of a column in units: even, so that its middle is a whole number.
const COLUMN_WIDTH: i32 = 4;

/// The height in units. It takes two digits, as the steps along the path mostly take one.
const HEIGHT: i32 = 32;

/// So far from the edges the line stays, in units: half of it would stick out.
const MARGIN: i32 = 2;

/// Draws what a line shows from `from` up to `to` (nanoseconds), stretched to the height that there is. `None` where
/// it has no points.
///
/// The paths have the classes `band` for what is to be filled, `line`, and `line dot`.
pub fn draw(line: &Line, from: i64, to: i64) -> Option<Drawing> {
    let scale = Scale::new(line, from, to)?;
    let mut paths = Paths::default();
    for segment in line.segments_within(from, to) {
        let mut columns = m4(segment, |time| scale.column(time));
        // The neighbours on both sides are beyond the edges.
        columns.retain(|summary| (0..scale.columns).contains(&summary.column));
        paths.add(&columns, &scale);
    }
    Some(Drawing {
        view_box: format!("0 0 {} {HEIGHT}", scale.columns * COLUMN_WIDTH),
        shapes: paths.markup(),
        texts: Vec::new(),
    })
    .filter(|drawing| !drawing.shapes.is_empty())
}

/// From time and value to units.
struct Scale {
    from: i64,
    column_duration: i64,
    columns: i32,
    low: f64,
    high: f64,
}

impl Scale {
    /// A column is a window, or several where there are many; of points, there are as many as there may be.
    fn new(line: &Line, from: i64, to: i64) -> Option<Self> {
        let (low, high) = line.extremes()?;
        let length = to.checked_sub(from).filter(|length| *length > 0)?;
        let window = line.window().and_then(|window| i64::try_from(window.get()).ok());
        let shortest = window.unwrap_or(1);
        let windows = length / shortest + i64::from(length % shortest > 0);
        let per_column = windows / MOST_COLUMNS + i64::from(windows % MOST_COLUMNS > 0);
        let column_duration = per_column.checked_mul(shortest)?;
        let columns = length / column_duration + i64::from(length % column_duration > 0);
        Some(Self { from, column_duration, columns: i32::try_from(columns).ok()?, low, high })
    }

    /// The column that a time is in; below 0 if it is before all of them.
    fn column(&self, time: i64) -> i32 {
        let column = time.saturating_sub(self.from).div_euclid(self.column_duration);
        i32::try_from(column).unwrap_or(if column < 0 { i32::MIN } else { i32::MAX })
    }

    fn x(summary: &ColumnSummary) -> i32 {
        summary.column * COLUMN_WIDTH + COLUMN_WIDTH / 2
    }

    /// The largest value is at the top; where all are the same, they are in the middle.
    fn y(&self, value: f64) -> i32 {
        let share = if self.low < self.high {
            // By halves, because the difference of the largest numbers is none.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        } else {
            0.5
        };
        HEIGHT - MARGIN - (share * f64::from(HEIGHT - 2 * MARGIN)).round() as i32
    }
}

/// The data of the paths of each kind: gaps need no elements of their own.
#[derive(Default)]
struct Paths {
    bands: String,
    lines: String,
    dots: String,
}

impl Paths {
    /// Adds the columns between two gaps.
    fn add(&mut self, columns: &[ColumnSummary], scale: &Scale) {
        let upper = || columns.iter().map(|summary| (Scale::x(summary), scale.y(summary.high)));
        let lower = || columns.iter().map(|summary| (Scale::x(summary), scale.y(summary.low)));
        match (columns.len(), upper().eq(lower())) {
            (0, _) => {}
            (1, true) => {
                self.dots.push_str(&path_data(upper()));
                // A line without length, of which only the round ends are seen.
                self.dots.push_str("h0");
            }
            (1, false) => self.lines.push_str(&path_data(upper().chain(lower()))),
            (_, true) => self.lines.push_str(&path_data(upper())),
            (_, false) => {
                self.bands.push_str(&path_data(upper().chain(lower().rev())));
                self.bands.push('z');
            }
        }
    }

    fn markup(&self) -> String {
        let mut markup = String::new();
        let paths = [("band", &self.bands), ("line", &self.lines), ("line dot", &self.dots)];
        for (class, data) in paths.into_iter().filter(|(_, data)| !data.is_empty()) {
            // Writing into a string cannot fail.
            let _ = write!(markup, r#"<path class="{class}" d="{data}"/>"#);
        }
        markup
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::model::field::Field;
    use crate::model::series::{Column, Series};
    use crate::model::spark::{Extremes, Span, Spark};
    use crate::model::time::Timestamp;

    const HOUR: i64 = 3_600_000_000_000;

    /// The shapes of hours of a day, by their numbers, with their smallest and largest values.
    #[track_caller]
    fn check(hours: &[(i64, f64, f64)], expected: &str) {
        let drawing = day(hours).expect("has points");
        assert_eq!(drawing.view_box, "0 0 100 32");
        assert_eq!(drawing.shapes, expected);
    }

    fn day(hours: &[(i64, f64, f64)]) -> Option<Drawing> {
        let span = Span { from: Timestamp(0), to: Timestamp(25 * 3_600_000), window_ms: 3_600_000 };
        let extremes = |(hour, low, high): &(i64, f64, f64)| Extremes {
            start: Timestamp(hour * 3_600_000),
            low: *low,
            high: *high,
        };
        let windows = hours.iter().map(extremes).collect();
        let line = Line::of_spark(&Spark { field: Field::Co2, span, windows });
        draw(&line, 0, 25 * HOUR)
    }

    #[test]
    fn windows_with_one_value_each_make_a_line() {
        check(
            &[(0, 1.0, 1.0), (1, 2.0, 2.0), (2, 2.0, 2.0), (3, 0.0, 0.0)],
            r#"<path class="line" d="M2 16l4-14h4l4 28"/>"#,
        );
    }

    #[test]
    fn windows_with_several_values_make_a_ribbon() {
        check(
            &[(0, 0.0, 5.0), (1, 5.0, 10.0), (2, 10.0, 10.0)],
            r#"<path class="band" d="M2 16l4-14h4h0l-4 14l-4 14z"/>"#,
        );
    }

    #[test]
    fn nothing_is_drawn_across_a_gap() {
        check(
            &[(0, 0.0, 0.0), (1, 0.0, 0.0), (2, 0.0, 0.0), (23, 1.0, 1.0), (24, 1.0, 1.0)],
            r#"<path class="line" d="M2 30h4h4M94 2h4"/>"#,
        );
    }

    #[test]
    fn a_lone_window_is_a_dot_or_a_stroke() {
        check(&[(12, 7.0, 7.0)], r#"<path class="line dot" d="M50 16h0"/>"#);
        check(&[(12, 7.0, 8.0)], r#"<path class="line" d="M50 2v28"/>"#);
        check(
            &[(0, 0.0, 1.0), (1, 0.0, 1.0), (2, 0.0, 0.0), (24, 1.0, 1.0)],
            concat!(
                r#"<path class="band" d="M2 2h4l4 28h0h-4h-4z"/>"#,
                r#"<path class="line dot" d="M98 2h0"/>"#
            ),
        );
    }

    #[test]
    fn a_constant_value_is_a_line_in_the_middle() {
        check(&[(0, 20.5, 20.5), (1, 20.5, 20.5)], r#"<path class="line" d="M2 16h4"/>"#);
    }

    #[test]
    fn where_there_are_no_values_there_is_no_drawing() {
        assert_eq!(day(&[]), None);
        assert_eq!(day(&[(0, f64::NAN, f64::INFINITY)]), None);
        assert_eq!(draw(&Line::through(&[0], &[1.0]), HOUR, 2 * HOUR), None);
        assert_eq!(draw(&Line::through(&[0], &[1.0]), 0, 0), None);
    }

    #[test]
    fn the_ends_of_numbers_and_time_do_not_overflow() {
        check(
            &[(0, f64::MIN, f64::MIN), (1, f64::MAX, f64::MAX)],
            r#"<path class="line" d="M2 30l4-28"/>"#,
        );
        let line = Line::through(&[i64::MIN, 0, i64::MAX], &[1.0, 2.0, 3.0]);
        assert!(draw(&line, i64::MIN, i64::MAX).is_none(), "no length");
        assert!(draw(&line, 0, i64::MAX).is_some());
    }

    #[test]
    fn it_stays_small_however_many_points_there_are() {
        let times: Vec<i64> = (0..86_400).map(|second| second * 1_000_000_000).collect();
        let values: Vec<f64> = times
            .iter()
            .map(|time| (*time as f64 / 9e12).sin() + (*time % 7) as f64 / 9.0)
            .collect();
        let points = draw(&Line::through(&times, &values), 0, 24 * HOUR).expect("has points");
        assert_eq!(points.view_box, "0 0 128 32");
        assert!(points.shapes.len() < 400, "{} bytes", points.shapes.len());

        let columns = vec![Column::new(Field::Co2, values)];
        let series = Series { window: None, times, columns };
        let window = NonZeroU64::new(600_000_000_000).expect("is not 0");
        let line = Line::new(&series.folded(window), Field::Co2);
        let windows = draw(&line, 0, 24 * HOUR).expect("has points");
        // 144 windows, five to a column.
        assert_eq!(windows.view_box, "0 0 116 32");
        assert!(windows.shapes.len() < 400, "{} bytes", windows.shapes.len());
    }
}
