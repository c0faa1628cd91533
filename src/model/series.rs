//! The points of a dashboard as columns, and the compact binary form in which they travel to the browser.
//!
//! [`Series::encode`] and [`Series::decode`] are inverse for every finite and infinite value, bit by bit; NaN means
//! that there is no value. The form is described in [`encode`](self::encode); it is no archive format: server and
//! browser are built together, and an unknown version is refused.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::DecodeError;

use super::field::Field;

/// Several fields on one time axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Nanoseconds since the Unix epoch, ascending, none twice.
    pub times: Vec<i64>,
    /// Each as long as `times`, no field twice.
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub field: Field,
    /// NaN where the field has no value at that time.
    pub values: Vec<f64>,
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
const HEADER: [u8; 5] = *b"IoTS\x01";

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
