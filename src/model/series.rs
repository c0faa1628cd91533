//! The points of a dashboard as columns, and the compact binary form in which they travel to the browser.

use super::field::Field;

/// Several fields on one time axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Nanoseconds since the Unix epoch, ascending, none twice.
    pub times: Vec<i64>,
    /// Each as long as `times`.
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub field: Field,
    /// NaN where the field has no value at that time.
    pub values: Vec<f64>,
}
