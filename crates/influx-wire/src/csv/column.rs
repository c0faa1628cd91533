//! Cells of one column into values.

use super::{ColumnData, DataType};
use crate::number::Decimal;
use crate::time;

/// The type that an annotation names, if a stream of InfluxDB may have it.
pub(super) fn data_type(annotation: &str) -> Option<DataType> {
    Some(match annotation {
        "string" => DataType::String,
        "long" => DataType::Long,
        "unsignedLong" => DataType::UnsignedLong,
        "double" => DataType::Double,
        "boolean" => DataType::Boolean,
        "dateTime" | "dateTime:RFC3339" | "dateTime:RFC3339Nano" => DataType::Time,
        _ => return None,
    })
}

/// A value cannot be read as one of the column's type.
#[derive(Debug)]
pub(super) struct Mismatch;

impl ColumnData {
    pub(super) fn empty(data_type: DataType) -> Self {
        match data_type {
            DataType::String => Self::String(Vec::new()),
            DataType::Long => Self::Long(Vec::new()),
            DataType::UnsignedLong => Self::UnsignedLong(Vec::new()),
            DataType::Double => Self::Double(Vec::new()),
            DataType::Boolean => Self::Boolean(Vec::new()),
            DataType::Time => Self::Time(Vec::new()),
        }
    }

    /// Takes the values and leaves a column of the same type without any.
    pub(super) fn take(&mut self) -> Self {
        match self {
            Self::String(values) => Self::String(std::mem::take(values)),
            Self::Long(values) => Self::Long(std::mem::take(values)),
            Self::UnsignedLong(values) => Self::UnsignedLong(std::mem::take(values)),
            Self::Double(values) => Self::Double(std::mem::take(values)),
            Self::Boolean(values) => Self::Boolean(std::mem::take(values)),
            Self::Time(values) => Self::Time(std::mem::take(values)),
        }
    }

    /// Appends the value of a cell; an empty one is null.
    pub(super) fn push(&mut self, cell: &[u8]) -> Result<(), Mismatch> {
        match self {
            Self::String(values) => {
                push(values, cell, |cell| std::str::from_utf8(cell).ok().map(str::to_owned))
            }
            Self::Long(values) => push(values, cell, parse_long),
            Self::UnsignedLong(values) => {
                push(values, cell, |cell| std::str::from_utf8(cell).ok()?.parse().ok())
            }
            Self::Double(values) => push(values, cell, parse_double),
            Self::Boolean(values) => push(values, cell, |cell| match cell {
                b"true" => Some(true),
                b"false" => Some(false),
                _ => None,
            }),
            Self::Time(values) => push(values, cell, time::parse_bytes),
        }
    }
}

fn push<T>(
    values: &mut Vec<Option<T>>,
    cell: &[u8],
    parse: impl Fn(&[u8]) -> Option<T>,
) -> Result<(), Mismatch> {
    values.push(if cell.is_empty() { None } else { Some(parse(cell).ok_or(Mismatch)?) });
    Ok(())
}

pub(super) fn parse_long(cell: &[u8]) -> Option<i64> {
    match Decimal::read(cell) {
        Some(decimal) if decimal.length == cell.len() => decimal.integer(),
        _ => std::str::from_utf8(cell).ok()?.parse().ok(),
    }
}

fn parse_double(cell: &[u8]) -> Option<f64> {
    match Decimal::read(cell) {
        Some(decimal) if decimal.length == cell.len() => Some(decimal.float()),
        // The standard library knows `+Inf`, `-Inf` and `NaN`, too.
        _ => std::str::from_utf8(cell).ok()?.parse().ok(),
    }
}
