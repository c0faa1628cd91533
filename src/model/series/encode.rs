//! Writing the binary form.
//!
//! ```text
//! series   "IoTS" version(u8 = 2) window(varint, ns; 0 if rows are points) rows(varint) columns(u8) times column*
//! times    nothing without rows, else divisor(varint, ns) first(zig-zag varint, ns)
//!          then for each further row: difference to the row before, divided by divisor (varint)
//! column   key length(u8) key(ASCII) validity values
//!          of windows then also the first, the smallest and the largest values, each like `values`
//! validity 0: every row has a value
//!          1: lengths of runs (varint), the first with values, the next without, and so on, together `rows`
//! values   of the rows that have one
//!          0: f64, little endian
//!          1: decimals(u8), then value · 10^decimals as integers, each as the difference to the one before
//!             (zig-zag varint)
//! ```
//!
//! A varint is LEB128. What sensors send has few decimals, and a step from minute to minute then fits one byte or
//! two, where XOR of floats (Gorilla) fails: a step of 0.1 turns all bits of the mantissa. A column that is not
//! decimal without loss is written as it is.

use std::num::NonZeroU64;

use super::{
    COMPLETE, Column, DECIMAL, HEADER, MAX_DECIMALS, MAX_INTEGER, POWERS_OF_TEN, RAW, RUNS, Series,
    Spread,
};

impl Series {
    /// The binary form. Values beyond the length of `times` are left out, lacking ones count as missing; a series
    /// whose times do not ascend comes out as bytes that [`Series::decode`] refuses.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.times.len() * (1 + 2 * self.columns.len()));
        bytes.extend_from_slice(&HEADER);
        write_varint(&mut bytes, self.window.map_or(0, NonZeroU64::get));
        write_varint(&mut bytes, self.times.len() as u64);
        bytes.push(self.columns.len() as u8);
        write_times(&mut bytes, &self.times);
        for column in &self.columns {
            write_column(&mut bytes, column, self.times.len(), self.window.is_some());
        }
        bytes
    }
}

fn write_times(bytes: &mut Vec<u8>, times: &[i64]) {
    let Some(&first) = times.first() else { return };
    // Wrapping, because the distance between two i64 needs all 64 bits.
    let differences =
        || times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a) as u64);
    let divisor = differences().fold(0, greatest_common_divisor).max(1);
    write_varint(bytes, divisor);
    write_varint(bytes, zig_zag(first));
    for difference in differences() {
        write_varint(bytes, difference / divisor);
    }
}

fn write_column(bytes: &mut Vec<u8>, column: &Column, rows: usize, has_windows: bool) {
    let key = column.field.key();
    bytes.push(key.len() as u8);
    bytes.extend_from_slice(key.as_bytes());

    let value_at = |values: &[f64], row: usize| values.get(row).copied().unwrap_or(f64::NAN);
    let has_value = |row: usize| !value_at(&column.values, row).is_nan();
    write_validity(bytes, rows, has_value);
    let empty = Spread::default();
    let Spread { first, low, high } = column.spread.as_ref().unwrap_or(&empty);
    let parts: &[&[f64]] =
        if has_windows { &[&column.values, first, low, high] } else { &[&column.values] };
    for values in parts {
        let present: Vec<f64> =
            (0..rows).filter(|row| has_value(*row)).map(|row| value_at(values, row)).collect();
        write_values(bytes, &present);
    }
}

fn write_validity(bytes: &mut Vec<u8>, rows: usize, has_value: impl Fn(usize) -> bool) {
    let mut runs = Vec::new();
    let mut run_has_values = true;
    let mut run_length = 0u64;
    for row in 0..rows {
        if has_value(row) == run_has_values {
            run_length += 1;
        } else {
            runs.push(run_length);
            run_has_values = !run_has_values;
            run_length = 1;
        }
    }
    if runs.is_empty() {
        bytes.push(COMPLETE);
        return;
    }
    bytes.push(RUNS);
    for length in runs.into_iter().chain([run_length]) {
        write_varint(bytes, length);
    }
}

fn write_values(bytes: &mut Vec<u8>, values: &[f64]) {
    let start = bytes.len();
    if !write_decimals(bytes, values) || bytes.len() - start > 1 + 8 * values.len() {
        bytes.truncate(start);
        bytes.push(RAW);
        for value in values {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// Writes the values as scaled integers; false, with nothing written, if that would not be exact.
fn write_decimals(bytes: &mut Vec<u8>, values: &[f64]) -> bool {
    // The first number of decimals that is enough for all. What is not decimal fails at once, each time.
    let exact = (0..=MAX_DECIMALS).find_map(|decimals| {
        let integers: Option<Vec<i64>> =
            values.iter().map(|value| scaled(*value, decimals)).collect();
        Some((decimals, integers?))
    });
    let Some((decimals, integers)) = exact else { return false };
    bytes.push(DECIMAL);
    bytes.push(decimals as u8);
    let mut previous = 0;
    for integer in integers {
        write_varint(bytes, zig_zag(integer - previous));
        previous = integer;
    }
    true
}

/// The integer that gives exactly this value when it is divided by 10^decimals.
fn scaled(value: f64, decimals: usize) -> Option<i64> {
    let power = POWERS_OF_TEN.get(decimals)?;
    let integer = (value * power).round_ties_even();
    if integer.abs() > MAX_INTEGER as f64 {
        return None;
    }
    let integer = integer as i64;
    // Bits, because -0.0 equals 0.0 and would lose its sign.
    (integer as f64 / power).to_bits().eq(&value.to_bits()).then_some(integer)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn zig_zag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
