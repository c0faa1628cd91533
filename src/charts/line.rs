//! The points of one chart, split where there are gaps.

use std::num::NonZeroU64;
use std::ops::Range;

use crate::model::field::Field;
use crate::model::resolution::POINTS_PER_COLUMN;
use crate::model::series::{Column, Row, Series};
use crate::model::spark::{Extremes, Spark};

/// Neighbours nearer than this never have a gap between them, however dense the other points are: 3 min.
const SHORTEST_GAP: u64 = 180_000_000_000;

/// What counts as a gap, in multiples of the usual distance.
const GAP_FACTOR: u64 = 3;

/// The points of one field, or windows of them: finite values only, times ascending.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Nanoseconds since the Unix epoch; of windows, their middles, see [`Self::read`].
    times: Vec<i64>,
    rows: Vec<Row>,
    window: Option<NonZeroU64>,
    segments: Vec<Range<usize>>,
    /// The smallest and the largest value; `None` without points.
    extremes: Option<(f64, f64)>,
}

/// Neighbouring points without a gap between them; never empty, times and rows equally long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment<'a> {
    pub times: &'a [i64],
    pub rows: &'a [Row],
}

impl Line {
    /// Takes the rows of a series that have finite values of a field.
    pub fn new(series: &Series, field: Field) -> Self {
        let mut line = Self { window: series.window, ..Self::default() };
        let Some(column) = series.columns.iter().find(|column| column.field == field) else {
            return line;
        };
        for (index, time) in series.times.iter().enumerate() {
            if let Some(row) = column.row(index) {
                line.push(*time, row);
            }
        }
        line.segments = segments(&line.times);
        line
    }

    /// Takes the windows of a spark line. Of their values only the extremes are known, which stand for the first and the
    /// last ones, too.
    pub fn of_spark(spark: &Spark) -> Self {
        let nanoseconds = spark.span.window_ms.unsigned_abs().saturating_mul(1_000_000);
        let mut line = Self { window: NonZeroU64::new(nanoseconds), ..Self::default() };
        for Extremes { start, low, high } in &spark.windows {
            let row = Row { first: *low, low: *low, high: *high, last: *high };
            line.push(start.to_nanoseconds(), row);
        }
        line.segments = segments(&line.times);
        line
    }

    /// Takes a row if its values are finite; `time` is that of the point, or of the window's start.
    fn push(&mut self, time: i64, row: Row) {
        if !is_finite(&row) {
            return;
        }
        let half = self.window.map_or(0, |window| (window.get() / 2).cast_signed());
        self.times.push(time.saturating_add(half));
        let (low, high) = self.extremes.unwrap_or((row.low, row.high));
        self.extremes = Some((low.min(row.low), high.max(row.high)));
        self.rows.push(row);
    }

    /// A line through points. `times` in nanoseconds, ascending.
    pub fn through(times: &[i64], values: &[f64]) -> Self {
        // Any field will do.
        let field = Field::Temperature;
        let columns = vec![Column::new(field, values.to_vec())];
        Self::new(&Series { window: None, times: times.to_vec(), columns }, field)
    }

    /// The same at times that are later by so many nanoseconds.
    #[must_use]
    pub fn moved(mut self, by: i64) -> Self {
        for time in &mut self.times {
            *time = time.saturating_add(by);
        }
        self
    }

    /// The same, if what was read begins and ends at such times, in nanoseconds, both included: a window that is cut there
    /// stands in the middle of what is left of it. Otherwise it could stand before the first point or after the last one of
    /// what is shown, and if these were the only ones, nothing would be seen of them.
    #[must_use]
    pub fn read(mut self, from: i64, to: i64) -> Self {
        let Some(window) = self.window.map(|window| window.get().cast_signed()) else {
            return self;
        };
        for time in &mut self.times {
            let start = time.saturating_sub(window / 2);
            let end = start.saturating_add(window);
            if start <= to && from < end {
                *time = start.max(from).midpoint(end.min(to));
            }
        }
        self
    }

    /// Whether the smallest and the largest value of each pixel column are drawn instead of every point: where the line has
    /// windows, or more points than could be seen in so many columns.
    pub fn is_decimated(&self, columns: i32) -> bool {
        let columns = usize::try_from(columns).unwrap_or(0);
        self.window().is_some() || self.times().len() >= columns.saturating_mul(POINTS_PER_COLUMN)
    }

    /// How long the windows are that rows stand for, in nanoseconds; `None` if a row is a point.
    pub fn window(&self) -> Option<NonZeroU64> {
        self.window
    }

    pub fn times(&self) -> &[i64] {
        &self.times
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The smallest and the largest value; `None` without points.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        self.extremes
    }

    /// The row that is nearest to a time, by its index; `None` without rows.
    pub fn nearest(&self, time: i64) -> Option<usize> {
        let after = self.times.partition_point(|row| *row < time);
        let distance = |index: &usize| self.times.get(*index).map(|row| row.abs_diff(time));
        let candidates = [after.checked_sub(1), (after < self.times.len()).then_some(after)];
        candidates.into_iter().flatten().min_by_key(distance)
    }

    /// The row that is nearest to a time, unless it is so far away that a gap lies between.
    pub fn near(&self, time: i64) -> Option<usize> {
        let index = self.nearest(time)?;
        let distance = self.times.get(index)?.abs_diff(time);
        let is_inside = self.segments.iter().any(|range| {
            let ends = (self.times.get(range.start), self.times.get(range.end.saturating_sub(1)));
            matches!(ends, (Some(first), Some(last)) if (*first..=*last).contains(&time))
        });
        (is_inside || distance <= SHORTEST_GAP).then_some(index)
    }

    /// The stretches that are drawn without interruption, in order; together all points.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.segments_within(i64::MIN, i64::MAX)
    }

    /// The same as far as they reach into a span of time, with the point before and the one after it: there the line
    /// leaves what is shown.
    pub fn segments_within(&self, from: i64, to: i64) -> impl Iterator<Item = Segment<'_>> {
        let start = self.times.partition_point(|time| *time < from).saturating_sub(1);
        let end = self.times.partition_point(|time| *time <= to).saturating_add(1);
        self.segments.iter().filter_map(move |range| {
            let range = range.start.max(start)..range.end.min(end);
            Some(Segment {
                times: self.times.get(range.clone()).filter(|times| !times.is_empty())?,
                rows: self.rows.get(range)?,
            })
        })
    }
}

fn is_finite(row: &Row) -> bool {
    [row.first, row.low, row.high, row.last].into_iter().all(f64::is_finite)
}

/// Splits points where two neighbours are farther apart than three times the usual distance, and than 3 min.
fn segments(times: &[i64]) -> Vec<Range<usize>> {
    let distances = || times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.abs_diff(*a));
    let mut sorted: Vec<u64> = distances().collect();
    let middle = sorted.len() / 2;
    let usual = if sorted.is_empty() { 0 } else { *sorted.select_nth_unstable(middle).1 };
    let limit = usual.saturating_mul(GAP_FACTOR).max(SHORTEST_GAP);

    let mut segments = Vec::new();
    let mut start = 0;
    for (index, distance) in distances().enumerate() {
        if distance > limit {
            segments.push(start..index + 1);
            start = index + 1;
        }
    }
    if !times.is_empty() {
        segments.push(start..times.len());
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    /// The numbers of points between gaps.
    fn lengths(times: &[i64]) -> Vec<usize> {
        segments(times).into_iter().map(|range| range.len()).collect()
    }

    #[track_caller]
    fn check(minutes: &[i64], expected: &[usize]) {
        let times: Vec<i64> = minutes.iter().map(|minute| minute * MINUTE).collect();
        assert_eq!(lengths(&times), expected);
    }

    #[test]
    fn splits_at_gaps_only() {
        check(&[], &[]);
        check(&[7], &[1]);
        check(&[0, 1, 2, 3], &[4]);
        // Exactly three minutes are no gap yet.
        check(&[0, 1, 2, 5, 6, 7], &[6]);
        check(&[0, 1, 2, 6, 7, 8], &[3, 3]);
        // What is usual is what is shown: every ten minutes, every hour.
        check(&[0, 10, 20, 50, 60], &[5]);
        check(&[0, 10, 20, 51, 61], &[3, 2]);
        check(&[0, 60, 120, 180, 361], &[4, 1]);
        check(&[0, 100], &[2]);
        check(&[-20, -1, 0, 1], &[1, 3]);
    }

    #[test]
    fn dense_points_have_no_gap_below_three_minutes() {
        let mut times: Vec<i64> = (0..100).map(|second| second * 1_000_000_000).collect();
        times.push(99_000_000_000 + 3 * MINUTE);
        assert_eq!(lengths(&times), [101]);
        times.push(99_000_000_000 + 6 * MINUTE + 1);
        assert_eq!(lengths(&times), [101, 1]);
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        assert_eq!(lengths(&[i64::MIN, i64::MAX]), [2]);
    }

    #[test]
    fn rows_without_a_value_are_no_points_and_make_gaps_when_there_are_many() {
        let times: Vec<i64> = (0..8).map(|minute| minute * MINUTE).collect();
        let nan = f64::NAN;
        let line = Line::through(&times, &[1.0, 2.0, nan, 4.0, f64::INFINITY, -6.5, nan, nan]);
        let values: Vec<f64> = line.rows().iter().map(|row| row.last).collect();
        assert_eq!(values, [1.0, 2.0, 4.0, -6.5]);
        assert_eq!(line.extremes(), Some((-6.5, 4.0)));
        assert_eq!(line.segments().count(), 1);

        let times: Vec<i64> = (0..12).map(|minute| minute * MINUTE).collect();
        let line =
            Line::through(&times, &[1.0, 1.0, 1.0, 1.0, 1.0, nan, nan, nan, nan, nan, 2.0, 2.0]);
        let lengths: Vec<usize> = line.segments().map(|segment| segment.times.len()).collect();
        assert_eq!(lengths, [5, 2]);
    }

    #[test]
    fn what_is_shown_begins_and_ends_with_a_neighbour() {
        let times: Vec<i64> = (0..10).map(|minute| minute * MINUTE).collect();
        let line = Line::through(&times, &[1.0; 10]);
        let shown = |from: i64, to: i64| {
            let segment = line.segments_within(from, to).next()?;
            Some((segment.times[0] / MINUTE, segment.times.len()))
        };
        assert_eq!(shown(3 * MINUTE, 5 * MINUTE), Some((2, 5)));
        assert_eq!(shown(3 * MINUTE + 1, 3 * MINUTE + 2), Some((3, 2)));
        assert_eq!(shown(-MINUTE, -1), Some((0, 1)));
        assert_eq!(shown(20 * MINUTE, 21 * MINUTE), Some((9, 1)));
        assert_eq!(Line::default().segments_within(0, 1).count(), 0);
    }

    #[test]
    fn windows_stand_in_their_middle_and_keep_their_extremes() {
        let times: Vec<i64> = (0..10).map(|minute| minute * MINUTE).collect();
        let values = (0..10).map(f64::from).collect();
        let columns = vec![Column::new(Field::Co2, values)];
        let series = Series { window: None, times, columns };
        let window = NonZeroU64::new(5 * MINUTE.unsigned_abs()).expect("is not 0");
        let line = Line::new(&series.folded(window), Field::Co2);
        assert_eq!(line.times(), [5 * MINUTE / 2, 15 * MINUTE / 2]);
        assert_eq!(line.rows()[1], Row { first: 5.0, low: 5.0, high: 9.0, last: 9.0 });
        assert_eq!(line.extremes(), Some((0.0, 9.0)));
    }

    #[test]
    fn windows_that_are_cut_stand_in_the_middle_of_what_is_left() {
        let times: Vec<i64> = (0..12).map(|minute| minute * MINUTE).collect();
        let columns = vec![Column::new(Field::Co2, vec![1.0; 12])];
        let series = Series { window: None, times, columns };
        let read = |minutes: u64, from: i64, to: i64| {
            let window = NonZeroU64::new(minutes * MINUTE.unsigned_abs()).expect("is not 0");
            let line = Line::new(&series.folded(window), Field::Co2).read(from, to);
            line.times().iter().map(|time| time / 1_000_000_000).collect::<Vec<_>>()
        };
        // Whole ones, and those that lie outside, stay in their middles.
        assert_eq!(read(4, 0, 12 * MINUTE), [120, 360, 600]);
        assert_eq!(read(4, 4 * MINUTE, 8 * MINUTE - 1_000_000_000), [120, 359, 600]);
        // The last point that was heard may be the first one of a window.
        assert_eq!(read(4, 4 * MINUTE, 8 * MINUTE), [120, 360, 480]);
        assert_eq!(read(4, 3 * MINUTE, 9 * MINUTE), [210, 360, 510]);
        // A single one, cut at both ends.
        assert_eq!(read(60, 2 * MINUTE, 12 * MINUTE), [420]);
        // Points are where they are.
        let line = Line::new(&series, Field::Co2);
        assert_eq!(line.clone().read(30_000_000_000, 5 * MINUTE), line);
    }

    #[test]
    fn the_nearest_row_is_found() {
        let line = Line::through(&[10, 20, 40], &[1.0; 3]);
        let found: Vec<_> = [0, 14, 16, 31, 99].map(|time| line.nearest(time)).into();
        assert_eq!(found, [Some(0), Some(0), Some(1), Some(2), Some(2)]);
        assert_eq!(Line::default().nearest(0), None);
    }
}
