//! The points of a dashboard as columns, and the compact binary form in which they travel to the browser.
//!
//! A row is a point, or what is left of the points of a window of time: the first, the smallest, the largest and the last
//! value (M4, see [`charts::decimate`](crate::charts::decimate)). Windows begin at the multiples of their length since the
//! epoch, so that a newer point belongs to the same window whatever range is shown.
//!
//! [`Series::encode`] and [`Series::decode`] are inverse for every finite and infinite value, bit by bit; NaN means
//! that there is no value. The form is described in [`encode`](self::encode); it is no archive format: server and
//! browser are built together, and an unknown version is refused.

mod decode;
mod encode;
mod fold;
#[cfg(test)]
mod tests;

pub use decode::DecodeError;
pub use fold::Row;

use std::num::NonZeroU64;

use super::field::Field;

/// Several fields on one time axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// How long the windows are that rows stand for, in nanoseconds; `None` if a row is a point.
    pub window: Option<NonZeroU64>,
    /// Nanoseconds since the Unix epoch, ascending, none twice: of the point, or of the window's start.
    pub times: Vec<i64>,
    /// Each as long as `times`, no field twice.
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub field: Field,
    /// NaN where the field has no value at that time; of a window, the last value.
    pub values: Vec<f64>,
    /// What else a window has; there if and only if the series has windows.
    pub spread: Option<Spread>,
}

/// How the values of windows spread, each as long as the column and NaN where the column is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spread {
    pub first: Vec<f64>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
}

impl Column {
    /// A column of points.
    pub fn new(field: Field, values: Vec<f64>) -> Self {
        Self { field, values, spread: None }
    }
}

impl Series {
    /// The values of a field; `None` if the series has no such column.
    pub fn column(&self, field: Field) -> Option<&[f64]> {
        self.columns
            .iter()
            .find(|column| column.field == field)
            .map(|column| column.values.as_slice())
    }
}

/// What stands first in every encoded series: four letters and the version of the form.
const HEADER: [u8; 5] = *b"IoTS\x02";

/// All rows of a column have a value.
const COMPLETE: u8 = 0;
/// Runs of rows with and without a value follow.
const RUNS: u8 = 1;

/// Values as little-endian f64.
const RAW: u8 = 0;
/// Values as differences of decimal-scaled integers; the number of decimals follows.
const DECIMAL: u8 = 1;

/// More decimals than this are no rounded measurement; the powers of ten up to here are exact as f64.
const MAX_DECIMALS: usize = 15;

/// Integers up to here are exact as f64.
const MAX_INTEGER: i64 = 1 << 53;

/// 10^0 to 10^15, all exact.
const POWERS_OF_TEN: [f64; MAX_DECIMALS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
