//! Points that are made when they are read, so that there can be ten million of them, with faults on demand.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::field::Field;
use crate::model::series::{Column, Series};
use crate::server::ports::{Cause, PortError, Result};

/// What a device has measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Times, and the distance of the points in them, in nanoseconds; ascending, none overlap.
    pub(crate) stretches: Vec<(Range<i64>, i64)>,
    /// Every read in order.
    pub(crate) reads: Vec<Read>,
    /// Reads that fail, counted from 0.
    pub(crate) faults: BTreeMap<usize, Cause>,
    /// InfluxDB does not manage to read more points than this in its time.
    pub(crate) overload: Option<usize>,
    /// A read that never ends, counted from 0…
    pub(crate) stalled: Option<usize>,
    /// …and whether nobody waits for it any more.
    pub(crate) is_cancelled: bool,
}

/// One read, and how many rows it gave; `None` if it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) range: Range<i64>,
    pub(crate) rows: Option<usize>,
}

impl Measured {
    pub(crate) fn read(&mut self, range: Range<i64>, most: usize) -> Result<Series> {
        let fails = self.faults.get(&self.reads.len()).copied();
        let count: usize = self.times(&range).map(Iterator::count).sum();
        let outcome = match fails {
            Some(cause) => Err(cause),
            None if self.overload.is_some_and(|overload| count > overload) => Err(Cause::Temporary),
            None if count > most => Err(Cause::TooLarge),
            None => Ok(self.rows(&range)),
        };
        let rows = outcome.as_ref().ok().map(|rows| rows.times.len());
        self.reads.push(Read { range, rows });
        outcome.map_err(|cause| PortError { sentence: format!("{cause:?}."), cause })
    }

    /// The points of a range, stretch by stretch.
    fn times(&self, range: &Range<i64>) -> impl Iterator<Item = impl Iterator<Item = i64>> {
        self.stretches.iter().map(move |(stretch, step)| {
            let skipped = (range.start.max(stretch.start) - stretch.start + step - 1) / step;
            let first = stretch.start + skipped * step;
            (first..range.end.min(stretch.end)).step_by(*step as usize)
        })
    }

    fn rows(&self, range: &Range<i64>) -> Series {
        let mut series = Series::default();
        series.times.extend(self.times(range).flatten());
        series.columns.extend(Field::ALL.map(|field| {
            let values = series.times.iter().map(|time| value(field, *time)).collect();
            Column::new(field, values)
        }));
        series
    }
}

/// What a field is at a time: sevenths have as many digits as there are.
pub(crate) fn value(field: Field, time: i64) -> f64 {
    let milliseconds = (time / 1_000_000 % 10_000) as f64;
    if field.is_integer() { milliseconds } else { milliseconds / 7.0 }
}
