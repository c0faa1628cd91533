//! The points of one chart, split where there are gaps.

use std::ops::Range;

/// Neighbours nearer than this never have a gap between them, however dense the other points are: 3 min.
const SHORTEST_GAP: u64 = 180_000_000_000;

/// What counts as a gap, in multiples of the usual distance.
const GAP_FACTOR: u64 = 3;

/// The points of one field: finite values only, times ascending.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Nanoseconds since the Unix epoch.
    times: Vec<i64>,
    values: Vec<f64>,
    segments: Vec<Range<usize>>,
    /// The smallest and the largest value; `None` without points.
    extremes: Option<(f64, f64)>,
}

/// Neighbouring points without a gap between them; never empty, times and values equally long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment<'a> {
    pub times: &'a [i64],
    pub values: &'a [f64],
}

impl Line {
    /// Takes the rows that have a finite value. `times` in nanoseconds, ascending.
    pub fn new(times: &[i64], values: &[f64]) -> Self {
        let mut line = Self::default();
        for (time, value) in times.iter().zip(values).filter(|(_, value)| value.is_finite()) {
            line.times.push(*time);
            line.values.push(*value);
            let (low, high) = line.extremes.unwrap_or((*value, *value));
            line.extremes = Some((low.min(*value), high.max(*value)));
        }
        line.segments = segments(&line.times);
        line
    }

    pub fn times(&self) -> &[i64] {
        &self.times
    }

    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The smallest and the largest value; `None` without points.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        self.extremes
    }

    /// The stretches that are drawn without interruption, in order; together all points.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.segments.iter().filter_map(|range| {
            Some(Segment {
                times: self.times.get(range.clone())?,
                values: self.values.get(range.clone())?,
            })
        })
    }
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
        let line = Line::new(&times, &[1.0, 2.0, nan, 4.0, f64::INFINITY, -6.5, nan, nan]);
        assert_eq!(line.values(), [1.0, 2.0, 4.0, -6.5]);
        assert_eq!(line.extremes(), Some((-6.5, 4.0)));
        assert_eq!(line.segments().count(), 1);

        let times: Vec<i64> = (0..12).map(|minute| minute * MINUTE).collect();
        let line = Line::new(&times, &[1.0, 1.0, 1.0, 1.0, 1.0, nan, nan, nan, nan, nan, 2.0, 2.0]);
        let lengths: Vec<usize> = line.segments().map(|segment| segment.times.len()).collect();
        assert_eq!(lengths, [5, 2]);
    }
}
