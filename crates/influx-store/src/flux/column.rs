//! The values of one column of a table: typed, shared, each possibly null.
//!
//! A value that all rows have is kept once. That is how tags and other group-key columns cost nothing.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::error::Failure;
use super::value::{Value, type_name};

#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// All rows have this value, which may be null.
    Constant {
        data_type: DataType,
        value: Value,
    },
    Boolean(Arc<Vec<Option<bool>>>),
    Long(Arc<Vec<Option<i64>>>),
    UnsignedLong(Arc<Vec<Option<u64>>>),
    Double(Arc<Vec<Option<f64>>>),
    String(Arc<Vec<Option<Arc<str>>>>),
    Time(Arc<Vec<Option<i64>>>),
}

impl Values {
    pub(crate) fn constant(data_type: DataType, value: Value) -> Self {
        Self::Constant { data_type, value }
    }

    pub(crate) fn null(data_type: DataType) -> Self {
        Self::Constant { data_type, value: Value::Null }
    }

    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Constant { data_type, .. } => *data_type,
            Self::Boolean(_) => DataType::Boolean,
            Self::Long(_) => DataType::Long,
            Self::UnsignedLong(_) => DataType::UnsignedLong,
            Self::Double(_) => DataType::Double,
            Self::String(_) => DataType::String,
            Self::Time(_) => DataType::Time,
        }
    }

    /// The value of a row; null for rows that are not there.
    pub(crate) fn get(&self, row: usize) -> Value {
        match self {
            Self::Constant { value, .. } => value.clone(),
            Self::Boolean(values) => at(values, row).map_or(Value::Null, Value::Bool),
            Self::Long(values) => at(values, row).map_or(Value::Null, Value::Int),
            Self::UnsignedLong(values) => at(values, row).map_or(Value::Null, Value::UInt),
            Self::Double(values) => at(values, row).map_or(Value::Null, Value::Float),
            Self::String(values) => values
                .get(row)
                .and_then(Option::as_ref)
                .map_or(Value::Null, |text| Value::String(Arc::clone(text))),
            Self::Time(values) => at(values, row).map_or(Value::Null, Value::Time),
        }
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Constant { value, .. } => value.is_null(),
            Self::Boolean(values) => at(values, row).is_none(),
            Self::Long(values) | Self::Time(values) => at(values, row).is_none(),
            Self::UnsignedLong(values) => at(values, row).is_none(),
            Self::Double(values) => at(values, row).is_none(),
            Self::String(values) => values.get(row).is_none_or(Option::is_none),
        }
    }

    /// A time, for columns of times.
    pub(crate) fn time(&self, row: usize) -> Option<i64> {
        match self {
            Self::Time(values) => at(values, row),
            Self::Constant { value: Value::Time(time), .. } => Some(*time),
            _ => None,
        }
    }

    /// A number as a float, for columns of numbers.
    pub(crate) fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Double(values) => at(values, row),
            Self::Long(values) => at(values, row).map(|value| value as f64),
            Self::UnsignedLong(values) => at(values, row).map(|value| value as f64),
            Self::Constant { value, .. } => value.as_number(),
            _ => None,
        }
    }

    /// The rows that `rows` names, in that order.
    pub(crate) fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Constant { .. } => self.clone(),
            Self::Boolean(values) => Self::Boolean(gather(values, rows)),
            Self::Long(values) => Self::Long(gather(values, rows)),
            Self::UnsignedLong(values) => Self::UnsignedLong(gather(values, rows)),
            Self::Double(values) => Self::Double(gather(values, rows)),
            Self::String(values) => Self::String(gather(values, rows)),
            Self::Time(values) => Self::Time(gather(values, rows)),
        }
    }

    /// About how many bytes of memory the column takes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Constant { .. } => 64,
            Self::Boolean(values) => values.len() * 2,
            Self::Long(values) | Self::Time(values) => values.len() * 16,
            Self::UnsignedLong(values) => values.len() * 16,
            Self::Double(values) => values.len() * 16,
            Self::String(values) => values
                .iter()
                .map(|value| 16 + value.as_ref().map_or(0, |text| text.len() + 16))
                .sum(),
        }
    }
}

fn at<T: Copy>(values: &[Option<T>], row: usize) -> Option<T> {
    values.get(row).copied().flatten()
}

fn gather<T: Clone>(values: &[Option<T>], rows: &[usize]) -> Arc<Vec<Option<T>>> {
    Arc::new(rows.iter().map(|&row| values.get(row).cloned().flatten()).collect())
}

/// Makes a column value by value.
#[derive(Debug)]
pub(crate) enum Builder {
    Boolean(Vec<Option<bool>>),
    Long(Vec<Option<i64>>),
    UnsignedLong(Vec<Option<u64>>),
    Double(Vec<Option<f64>>),
    String(Vec<Option<Arc<str>>>),
    Time(Vec<Option<i64>>),
}

impl Builder {
    pub(crate) fn new(data_type: DataType, capacity: usize) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(Vec::with_capacity(capacity)),
            DataType::Long => Self::Long(Vec::with_capacity(capacity)),
            DataType::UnsignedLong => Self::UnsignedLong(Vec::with_capacity(capacity)),
            DataType::Double => Self::Double(Vec::with_capacity(capacity)),
            DataType::String => Self::String(Vec::with_capacity(capacity)),
            DataType::Time => Self::Time(Vec::with_capacity(capacity)),
        }
    }

    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Boolean(_) => DataType::Boolean,
            Self::Long(_) => DataType::Long,
            Self::UnsignedLong(_) => DataType::UnsignedLong,
            Self::Double(_) => DataType::Double,
            Self::String(_) => DataType::String,
            Self::Time(_) => DataType::Time,
        }
    }

    /// Appends a value or null.
    ///
    /// # Errors
    ///
    /// If the column has another type.
    pub(crate) fn push(&mut self, value: &Value) -> Result<(), Failure> {
        match (self, value) {
            (Self::Boolean(values), Value::Bool(value)) => values.push(Some(*value)),
            (Self::Long(values), Value::Int(value)) | (Self::Time(values), Value::Time(value)) => {
                values.push(Some(*value));
            }
            (Self::UnsignedLong(values), Value::UInt(value)) => values.push(Some(*value)),
            (Self::Double(values), Value::Float(value)) => values.push(Some(*value)),
            (Self::String(values), Value::String(value)) => values.push(Some(Arc::clone(value))),
            (column, Value::Null) => column.push_nulls(1),
            (column, value) => {
                let message = format!(
                    "type conflict: {} != {}",
                    type_name(column.data_type()),
                    value.type_name()
                );
                return Err(Failure::new(message));
            }
        }
        Ok(())
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        match self {
            Self::Boolean(values) => values.extend(std::iter::repeat_n(None, count)),
            Self::Long(values) | Self::Time(values) => {
                values.extend(std::iter::repeat_n(None, count));
            }
            Self::UnsignedLong(values) => values.extend(std::iter::repeat_n(None, count)),
            Self::Double(values) => values.extend(std::iter::repeat_n(None, count)),
            Self::String(values) => values.extend(std::iter::repeat_n(None, count)),
        }
    }

    /// Appends a column of `rows` rows of the same type; the caller has compared the types.
    pub(crate) fn extend(&mut self, column: &Values, rows: usize) {
        match (self, column) {
            (Self::Boolean(values), Values::Boolean(other)) => values.extend_from_slice(other),
            (Self::Long(values), Values::Long(other))
            | (Self::Time(values), Values::Time(other)) => {
                values.extend_from_slice(other);
            }
            (Self::UnsignedLong(values), Values::UnsignedLong(other)) => {
                values.extend_from_slice(other);
            }
            (Self::Double(values), Values::Double(other)) => values.extend_from_slice(other),
            (Self::String(values), Values::String(other)) => values.extend_from_slice(other),
            (Self::Boolean(values), Values::Constant { value: Value::Bool(value), .. }) => {
                values.extend(std::iter::repeat_n(Some(*value), rows));
            }
            (Self::Long(values), Values::Constant { value: Value::Int(value), .. })
            | (Self::Time(values), Values::Constant { value: Value::Time(value), .. }) => {
                values.extend(std::iter::repeat_n(Some(*value), rows));
            }
            (Self::UnsignedLong(values), Values::Constant { value: Value::UInt(value), .. }) => {
                values.extend(std::iter::repeat_n(Some(*value), rows));
            }
            (Self::Double(values), Values::Constant { value: Value::Float(value), .. }) => {
                values.extend(std::iter::repeat_n(Some(*value), rows));
            }
            (Self::String(values), Values::Constant { value: Value::String(value), .. }) => {
                values.extend(std::iter::repeat_n(Some(Arc::clone(value)), rows));
            }
            (column, _) => column.push_nulls(rows),
        }
    }

    pub(crate) fn finish(self) -> Values {
        match self {
            Self::Boolean(values) => Values::Boolean(Arc::new(values)),
            Self::Long(values) => Values::Long(Arc::new(values)),
            Self::UnsignedLong(values) => Values::UnsignedLong(Arc::new(values)),
            Self::Double(values) => Values::Double(Arc::new(values)),
            Self::String(values) => Values::String(Arc::new(values)),
            Self::Time(values) => Values::Time(Arc::new(values)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_takes_its_own_type_and_null() {
        let mut column = Builder::new(DataType::Long, 0);
        column.push(&Value::Int(1)).unwrap();
        column.push(&Value::Null).unwrap();
        assert!(column.push(&Value::Float(1.0)).is_err());
        column.extend(&Values::constant(DataType::Long, Value::Int(7)), 2);
        column.extend(&Values::null(DataType::Long), 1);
        let column = column.finish();
        let Values::Long(values) = column.take(&[4, 3, 0, 9]) else { panic!("another type") };
        assert_eq!(*values, [None, Some(7), Some(1), None]);
    }
}
