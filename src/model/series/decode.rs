//! Reading the binary form, whatever the bytes are.
//!
//! Total: every input gives a series or an error. A row takes at least one byte and a field comes once at most, so
//! that memory is bounded by a small multiple of the input's length.

use std::num::NonZeroU64;

use super::{
    COMPLETE, Column, DECIMAL, HEADER, MAX_INTEGER, POWERS_OF_TEN, RAW, RUNS, Series, Spread,
};
use crate::model::field::Field;

/// Why bytes are no encoded series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    #[error("this is no series of this version")]
    Header,
    #[error("the series is cut off")]
    Truncated,
    #[error("a number has more than 64 bits")]
    Number,
    #[error("the times do not ascend or leave the range of 64 bits")]
    Time,
    #[error("a column has an unknown or repeated field")]
    Field,
    #[error("the rows with a value do not fit the number of rows")]
    Validity,
    #[error("the values are in an unknown form or too large")]
    Value,
    #[error("something follows the last column")]
    Trailing,
}

impl Series {
    /// Reads what [`Series::encode`] wrote; never panics, and never allocates more than about 256 times the length
    /// of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader { rest: bytes };
        if reader.take(HEADER.len())? != HEADER {
            return Err(DecodeError::Header);
        }
        let window = NonZeroU64::new(reader.varint()?);
        let rows = usize::try_from(reader.varint()?).map_err(|_| DecodeError::Truncated)?;
        let column_count = reader.byte()?;
        if rows > reader.rest.len() {
            return Err(DecodeError::Truncated);
        }
        let times = read_times(&mut reader, rows)?;
        let mut columns: Vec<Column> = Vec::new();
        for _ in 0..column_count {
            let column = read_column(&mut reader, rows, window.is_some())?;
            if columns.iter().any(|other| other.field == column.field) {
                return Err(DecodeError::Field);
            }
            columns.push(column);
        }
        if reader.rest.is_empty() {
            Ok(Self { window, times, columns })
        } else {
            Err(DecodeError::Trailing)
        }
    }
}

fn read_times(reader: &mut Reader<'_>, rows: usize) -> Result<Vec<i64>, DecodeError> {
    let mut times = Vec::with_capacity(rows);
    if rows == 0 {
        return Ok(times);
    }
    let divisor = reader.varint()?;
    let mut time = reader.signed_varint()?;
    times.push(time);
    for _ in 1..rows {
        let difference = reader.varint()?.checked_mul(divisor).ok_or(DecodeError::Time)?;
        let next = time.checked_add_unsigned(difference).ok_or(DecodeError::Time)?;
        if next == time {
            return Err(DecodeError::Time);
        }
        time = next;
        times.push(time);
    }
    Ok(times)
}

fn read_column(
    reader: &mut Reader<'_>,
    rows: usize,
    has_windows: bool,
) -> Result<Column, DecodeError> {
    let key_length = reader.byte()?;
    let key = std::str::from_utf8(reader.take(usize::from(key_length))?)
        .map_err(|_| DecodeError::Field)?;
    let field = Field::from_key(key).ok_or(DecodeError::Field)?;

    let runs = match reader.byte()? {
        COMPLETE => vec![rows],
        RUNS => {
            let mut runs = Vec::new();
            let mut left = rows;
            while left > 0 {
                let length =
                    usize::try_from(reader.varint()?).map_err(|_| DecodeError::Validity)?;
                left = left.checked_sub(length).ok_or(DecodeError::Validity)?;
                // Only the first may be empty: where the first row has no value.
                if length == 0 && !runs.is_empty() {
                    return Err(DecodeError::Validity);
                }
                runs.push(length);
            }
            runs
        }
        _ => return Err(DecodeError::Validity),
    };

    let values = read_values(reader, rows, &runs)?;
    let spread = if has_windows {
        let mut read = || read_values(reader, rows, &runs);
        Some(Spread { first: read()?, low: read()?, high: read()? })
    } else {
        None
    };
    Ok(Column { field, values, spread })
}

fn read_values(
    reader: &mut Reader<'_>,
    rows: usize,
    runs: &[usize],
) -> Result<Vec<f64>, DecodeError> {
    let mut values = Vec::with_capacity(rows);
    let mut form = match reader.byte()? {
        RAW => Form::Raw,
        DECIMAL => {
            let decimals = usize::from(reader.byte()?);
            Form::Decimal {
                power: *POWERS_OF_TEN.get(decimals).ok_or(DecodeError::Value)?,
                previous: 0,
            }
        }
        _ => return Err(DecodeError::Value),
    };
    for (index, length) in runs.iter().enumerate() {
        if index % 2 == 0 {
            for _ in 0..*length {
                values.push(form.read(reader)?);
            }
        } else {
            values.resize(values.len() + length, f64::NAN);
        }
    }
    Ok(values)
}

/// How the values of a column are written.
enum Form {
    Raw,
    /// As integers times 1 / `power`, each relative to the previous one.
    Decimal {
        power: f64,
        previous: i64,
    },
}

impl Form {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<f64, DecodeError> {
        match self {
            Self::Raw => reader.float(),
            Self::Decimal { power, previous } => {
                let integer =
                    previous.checked_add(reader.signed_varint()?).ok_or(DecodeError::Value)?;
                if integer.unsigned_abs() > MAX_INTEGER.unsigned_abs() {
                    return Err(DecodeError::Value);
                }
                *previous = integer;
                Ok(integer as f64 / *power)
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn float(&mut self) -> Result<f64, DecodeError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(f64::from_le_bytes(*bytes))
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Number);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Number)
    }

    fn signed_varint(&mut self) -> Result<i64, DecodeError> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}
