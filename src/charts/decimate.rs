//! M4: what is left of many points when all that counts is the picture.
//!
//! Of the points in one pixel column the first, the smallest, the largest and the last are enough: lines between
//! columns join the last point of one and the first of the next, and within a column a line covers what lies between
//! the smallest and the largest value. Drawn one pixel wide, the picture is the same as that of all points (Jugel et
//! al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014). LTTB would be smoother and lose
//! peaks, which are what people look for.

use super::line::Segment;
use crate::model::series::Row;

/// What is left of the points in one pixel column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnSummary {
    /// Pixel columns from the left edge of the plot.
    pub column: i32,
    pub first: f64,
    pub low: f64,
    pub high: f64,
    pub last: f64,
    /// Whether the smallest value comes before the largest.
    pub low_is_first: bool,
}

impl ColumnSummary {
    fn of(column: i32, row: &Row) -> Self {
        let Row { first, low, high, last } = *row;
        // A window does not tell which of its extremes came first; within a column it makes no difference.
        Self { column, first, low, high, last, low_is_first: first <= last }
    }

    fn add(&mut self, row: &Row) {
        if row.low < self.low {
            self.low = row.low;
            self.low_is_first = false;
        }
        if row.high > self.high {
            self.high = row.high;
            self.low_is_first = true;
        }
        self.last = row.last;
    }

    /// The values that are drawn, in the order in which they were measured.
    pub fn values(&self) -> [f64; 4] {
        let (earlier, later) =
            if self.low_is_first { (self.low, self.high) } else { (self.high, self.low) };
        [self.first, earlier, later, self.last]
    }
}

/// Sums up a segment by pixel column. `column_of` must not decrease with time.
pub fn m4(segment: Segment<'_>, column_of: impl Fn(i64) -> i32) -> Vec<ColumnSummary> {
    let mut summaries: Vec<ColumnSummary> = Vec::new();
    for (time, row) in segment.times.iter().zip(segment.rows) {
        let column = column_of(*time);
        match summaries.last_mut() {
            Some(summary) if summary.column == column => summary.add(row),
            _ => summaries.push(ColumnSummary::of(column, row)),
        }
    }
    summaries
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::charts::line::Line;

    /// Sums up points as if there was no gap between any.
    fn m4_of(times: &[i64], values: &[f64], column_of: impl Fn(i64) -> i32) -> Vec<ColumnSummary> {
        let line = Line::through(times, values);
        m4(Segment { times: line.times(), rows: line.rows() }, column_of)
    }

    /// Lines one pixel wide between neighbouring points, as the set of the pixels that they cover.
    fn rasterize(points: &[(i32, i32)]) -> BTreeSet<(i32, i32)> {
        let mut pixels: BTreeSet<(i32, i32)> = points.iter().copied().collect();
        for ((x0, y0), (x1, y1)) in points.iter().zip(points.iter().skip(1)) {
            // Bresenham.
            let (dx, dy) = ((x1 - x0).abs(), -(y1 - y0).abs());
            let (mut x, mut y, mut error) = (*x0, *y0, dx + dy);
            while (x, y) != (*x1, *y1) {
                pixels.insert((x, y));
                let doubled = 2 * error;
                if doubled >= dy {
                    error += dy;
                    x += (x1 - x0).signum();
                }
                if doubled <= dx {
                    error += dx;
                    y += (y1 - y0).signum();
                }
            }
        }
        pixels
    }

    fn check_same_picture(times: &[i64], values: &[f64], per_column: i64) {
        let column_of = |time: i64| time.div_euclid(per_column) as i32;
        let y = |value: f64| value.round() as i32;
        let all: Vec<(i32, i32)> =
            times.iter().zip(values).map(|(time, value)| (column_of(*time), y(*value))).collect();
        let kept: Vec<(i32, i32)> = m4_of(times, values, column_of)
            .iter()
            .flat_map(|summary| summary.values().map(|value| (summary.column, y(value))))
            .collect();
        assert_eq!(rasterize(&all), rasterize(&kept));
    }

    proptest! {
        // Comparing pictures takes long.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_picture_is_that_of_all_points(
            steps in prop::collection::vec((1i64..20, -200.0f64..200.0), 1..400),
            per_column in 1i64..80,
        ) {
            let mut time = -500;
            let mut times = Vec::new();
            for (step, _) in &steps {
                time += step;
                times.push(time);
            }
            let values: Vec<f64> = steps.iter().map(|step| step.1).collect();
            check_same_picture(&times, &values, per_column);
        }

        #[test]
        fn no_extreme_is_lost(values in prop::collection::vec(any::<i32>(), 1..300), per_column in 1i64..100) {
            let times: Vec<i64> = (0..values.len() as i64).collect();
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let summaries = m4_of(&times, &values, |time| (time / per_column) as i32);
            for summary in &summaries {
                let column = values.chunks(per_column as usize).nth(summary.column as usize).expect("is there");
                let low = column.iter().copied().fold(f64::INFINITY, f64::min);
                let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let expected = [low, high, column[0], column[column.len() - 1]];
                prop_assert_eq!(vec![summary.low, summary.high, summary.first, summary.last], expected.to_vec());
            }
            prop_assert_eq!(summaries.len(), values.len().div_ceil(per_column as usize));
        }
    }

    #[test]
    fn order_within_a_column_is_kept() {
        let check = |values: &[f64], expected: [f64; 4]| {
            let times: Vec<i64> = (0..values.len() as i64).collect();
            let summaries = m4_of(&times, values, |_| 0);
            assert_eq!(summaries.iter().map(ColumnSummary::values).collect::<Vec<_>>(), [expected]);
        };
        check(&[2.0], [2.0, 2.0, 2.0, 2.0]);
        check(&[2.0, 1.0, 5.0, 3.0], [2.0, 1.0, 5.0, 3.0]);
        check(&[2.0, 5.0, 1.0, 3.0], [2.0, 5.0, 1.0, 3.0]);
        check(&[1.0, 5.0], [1.0, 1.0, 5.0, 5.0]);
        check(&[5.0, 1.0], [5.0, 5.0, 1.0, 1.0]);
    }
}
