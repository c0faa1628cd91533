//! A line of more points than pixels, as the pixels that it covers: one bar a pixel column.
//!
//! Many points within a column are a vertical stroke that goes over itself. To stroke it as a path costs a browser several
//! times as much as to fill the bar that comes out.

use std::ops::Range;

use super::decimate::ColumnSummary;

/// What a line covers in a pixel column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub column: i32,
    pub low: f64,
    pub high: f64,
}

/// What the line through `summaries`, which go from left to right, covers in each of `columns`: all values within a column,
/// and of the way from one column's last value to the next one's first what lies in the column, as if values were measured in
/// the middle of their columns. Of several summaries of a column the result is the same as of their sum.
pub fn covered(summaries: &[ColumnSummary], columns: Range<i32>) -> Vec<Bar> {
    let mut bars = Bars { columns, bars: Vec::with_capacity(summaries.len()) };
    let mut before: Option<&ColumnSummary> = None;
    for summary in summaries {
        if let Some(before) = before
            && before.column < summary.column
        {
            bars.join((before.column, before.last), (summary.column, summary.first));
        }
        bars.cover(summary.column, summary.low, summary.high);
        before = Some(summary);
    }
    bars.bars
}

struct Bars {
    columns: Range<i32>,
    bars: Vec<Bar>,
}

impl Bars {
    /// Covers the straight way between the middles of two columns.
    fn join(&mut self, (from, first): (i32, f64), (to, last): (i32, f64)) {
        let slope = (last - first) / f64::from(to - from);
        let at_left_edge = |column: i32| first + (f64::from(column - from) - 0.5) * slope;
        for column in from.max(self.columns.start)..=to.min(self.columns.end - 1) {
            let left = if column == from { first } else { at_left_edge(column) };
            let right = if column == to { last } else { at_left_edge(column + 1) };
            self.cover(column, left.min(right), left.max(right));
        }
    }

    fn cover(&mut self, column: i32, low: f64, high: f64) {
        match self.bars.last_mut() {
            Some(bar) if bar.column == column => {
                bar.low = bar.low.min(low);
                bar.high = bar.high.max(high);
            }
            _ if self.columns.contains(&column) => self.bars.push(Bar { column, low, high }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::charts::decimate::m4;
    use crate::charts::line::{Line, Segment};

    fn bar(column: i32, low: f64, high: f64) -> Bar {
        Bar { column, low, high }
    }

    fn point(column: i32, value: f64) -> ColumnSummary {
        ColumnSummary {
            column,
            first: value,
            low: value,
            high: value,
            last: value,
            low_is_first: true,
        }
    }

    /// Points at nanoseconds 0, 1, …, of which `per_column` are a column.
    fn summaries(values: &[f64], per_column: i64) -> Vec<ColumnSummary> {
        let times: Vec<i64> = (0..).take(values.len()).collect();
        let line = Line::through(&times, values);
        m4(Segment { times: line.times(), rows: line.rows() }, |time| (time / per_column) as i32)
    }

    #[test]
    fn a_line_covers_the_way_from_column_to_column() {
        // From 0 to 8 within a column, and back to 4 in the next.
        assert_eq!(
            covered(&summaries(&[0.0, 8.0, 4.0, 4.0], 2), 0..9),
            [bar(0, 0.0, 8.0), bar(1, 4.0, 6.0)]
        );
        let step = [point(0, 0.0), point(4, 8.0)];
        assert_eq!(
            covered(&step, 0..9),
            [
                bar(0, 0.0, 1.0),
                bar(1, 1.0, 3.0),
                bar(2, 3.0, 5.0),
                bar(3, 5.0, 7.0),
                bar(4, 7.0, 8.0)
            ]
        );
        assert_eq!(covered(&step, 1..3), [bar(1, 1.0, 3.0), bar(2, 3.0, 5.0)]);
        assert_eq!(covered(&step, 5..9), []);
        assert_eq!(covered(&[], 0..9), []);
    }

    proptest! {
        /// The picture of 36 points a column is the picture of their first, smallest, largest and last.
        #[test]
        fn nothing_is_lost_by_summing_up(values in prop::collection::vec(-1e3..1e3, 1..400), per_column in 1..40_i64) {
            let all: Vec<ColumnSummary> = values
                .iter()
                .zip(0..)
                .map(|(value, time)| point((time / per_column) as i32, *value))
                .collect();
            prop_assert_eq!(covered(&summaries(&values, per_column), 0..400), covered(&all, 0..400));
        }
    }
}
