//! Many rows into few: points into windows, short windows into longer ones, newer rows after older ones.

use std::num::NonZeroU64;

use super::{Column, Series, Spread};

impl Series {
    /// Sums up the rows by window. No extreme is lost, and a window without points has no row.
    ///
    /// `window` in nanoseconds; a multiple of the windows that the series has already.
    #[must_use]
    pub fn folded(&self, window: NonZeroU64) -> Self {
        let mut folded = Self {
            window: Some(window),
            times: Vec::new(),
            columns: self
                .columns
                .iter()
                .map(|column| Column {
                    field: column.field,
                    values: Vec::new(),
                    spread: Some(Spread::default()),
                })
                .collect(),
        };
        folded.fold_in(self);
        folded
    }

    /// Appends what is newer than the last row; with windows, what is in the last one is added to it. A field that only
    /// `newer` has is left out. Rows that are older than the last one are ignored.
    pub fn append(&mut self, newer: &Self) {
        if self.window.is_some() {
            self.fold_in(newer);
            return;
        }
        let last = self.times.last().copied();
        let start = newer.times.partition_point(|time| last.is_some_and(|last| *time <= last));
        self.times.extend(newer.times.iter().skip(start));
        for column in &mut self.columns {
            let values = newer.column(column.field).unwrap_or_default();
            column.values.extend(values.iter().skip(start));
            column.values.resize(self.times.len(), f64::NAN);
        }
    }

    /// Lets go of the rows before `time`, but for the one right before it: the line begins there.
    pub fn forget_before(&mut self, time: i64) {
        let start = self.times.partition_point(|row| *row < time).saturating_sub(1);
        self.times.drain(..start);
        for column in &mut self.columns {
            column.values.drain(..start.min(column.values.len()));
            if let Some(Spread { first, low, high }) = &mut column.spread {
                for values in [first, low, high] {
                    values.drain(..start.min(values.len()));
                }
            }
        }
    }

    fn fold_in(&mut self, newer: &Self) {
        let Some(window) = self.window.and_then(|window| i64::try_from(window.get()).ok()) else {
            return;
        };
        let sources: Vec<Option<&Column>> = self
            .columns
            .iter()
            .map(|column| newer.columns.iter().find(|other| other.field == column.field))
            .collect();
        for (row, time) in newer.times.iter().enumerate() {
            // The first window of all time may begin before what 64 bits hold.
            let start = time.saturating_sub(time.rem_euclid(window));
            match self.times.last() {
                Some(last) if *last > start => continue,
                Some(last) if *last == start => {}
                _ => {
                    self.times.push(start);
                    for column in &mut self.columns {
                        column.push_empty();
                    }
                }
            }
            for (column, source) in self.columns.iter_mut().zip(&sources) {
                if let Some(row) = source.and_then(|source| source.row(row)) {
                    column.add_to_last(row);
                }
            }
        }
    }
}

/// One row of a column that has a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    pub first: f64,
    pub low: f64,
    pub high: f64,
    pub last: f64,
}

impl Column {
    /// A row; `None` where there is no value. Of a point, all four values are the same.
    pub fn row(&self, index: usize) -> Option<Row> {
        let last = self.values.get(index).copied().filter(|value| !value.is_nan())?;
        let of = |values: &[f64]| values.get(index).copied().filter(|value| !value.is_nan());
        Some(match &self.spread {
            None => Row { first: last, low: last, high: last, last },
            Some(Spread { first, low, high }) => Row {
                first: of(first).unwrap_or(last),
                low: of(low).unwrap_or(last),
                high: of(high).unwrap_or(last),
                last,
            },
        })
    }

    fn push_empty(&mut self) {
        self.values.push(f64::NAN);
        if let Some(Spread { first, low, high }) = &mut self.spread {
            for values in [first, low, high] {
                values.push(f64::NAN);
            }
        }
    }

    fn add_to_last(&mut self, row: Row) {
        let Some(spread) = &mut self.spread else { return };
        let (Some(last), Some(first), Some(low), Some(high)) = (
            self.values.last_mut(),
            spread.first.last_mut(),
            spread.low.last_mut(),
            spread.high.last_mut(),
        ) else {
            return;
        };
        if first.is_nan() {
            *first = row.first;
        }
        // The smaller or larger of a number and NaN is the number.
        *low = low.min(row.low);
        *high = high.max(row.high);
        *last = row.last;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::field::Field;

    fn window(length: u64) -> NonZeroU64 {
        NonZeroU64::new(length).expect("is not 0")
    }

    fn points(times: Vec<i64>, values: Vec<f64>) -> Series {
        Series { window: None, times, columns: vec![Column::new(Field::Co2, values)] }
    }

    #[test]
    fn windows_begin_at_multiples_and_keep_what_counts() {
        let series =
            points(vec![-1, 0, 3, 9, 20, 21], vec![7.0, 1.0, 9.0, 2.0, f64::NAN, f64::NAN]);
        let folded = series.folded(window(10));
        assert_eq!(folded.times, [-10, 0, 20]);
        let rows: Vec<Option<Row>> = (0..3).map(|row| folded.columns[0].row(row)).collect();
        let row = |first, low, high, last| Some(Row { first, low, high, last });
        assert_eq!(rows, [row(7.0, 7.0, 7.0, 7.0), row(1.0, 1.0, 9.0, 2.0), None]);
    }

    #[test]
    fn newer_points_join_the_last_window() {
        let mut folded = points(vec![0, 5], vec![1.0, 2.0]).folded(window(10));
        folded.append(&points(vec![7, 12], vec![0.5, 4.0]));
        assert_eq!(folded, points(vec![0, 5, 7, 12], vec![1.0, 2.0, 0.5, 4.0]).folded(window(10)));
    }

    #[test]
    fn points_that_are_in_the_last_window_already_change_nothing() {
        let all = points(vec![0, 10, 12, 19], vec![1.0, 5.0, 9.0, 2.0]).folded(window(10));
        let mut folded = all.clone();
        folded.append(&points(vec![10, 12, 19], vec![5.0, 9.0, 2.0]));
        assert_eq!(folded, all);
    }

    #[test]
    fn newer_points_follow_older_ones_once() {
        let mut series = points(vec![0, 5], vec![1.0, 2.0]);
        series.append(&points(vec![5, 7], vec![9.0, 3.0]));
        assert_eq!(series, points(vec![0, 5, 7], vec![1.0, 2.0, 3.0]));
        series.append(&Series { times: vec![8], ..Series::default() });
        assert!(series.columns[0].values[3].is_nan());
    }

    #[test]
    fn the_row_before_the_beginning_stays() {
        let mut series = points(vec![0, 5, 10], vec![1.0, 2.0, 3.0]);
        series.forget_before(6);
        assert_eq!(series, points(vec![5, 10], vec![2.0, 3.0]));
        let mut folded = points(vec![0, 15, 20], vec![1.0, 2.0, 3.0]).folded(window(10));
        folded.forget_before(25);
        assert_eq!(folded, points(vec![20], vec![3.0]).folded(window(10)));
    }

    proptest! {
        #[test]
        fn folding_in_steps_is_folding_at_once(
            steps in prop::collection::vec((1i64..50, -9i32..9), 1..200),
            short in 1u64..20,
            factor in 1u64..5,
        ) {
            let times: Vec<i64> = steps.iter().scan(-700, |time, step| { *time += step.0; Some(*time) }).collect();
            let values = steps.iter().map(|step| if step.1 == 0 { f64::NAN } else { f64::from(step.1) }).collect();
            let series = points(times, values);
            let long = series.folded(window(short * factor));
            let stepwise = series.folded(window(short)).folded(window(short * factor));
            prop_assert_eq!(format!("{long:?}"), format!("{stepwise:?}"));
        }
    }
}
