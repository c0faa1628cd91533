//! Decimal numbers as they mostly are in sensor data: a sign, few digits, perhaps a point.
//!
//! They are read here in a few nanoseconds and exactly; every other number is left to the standard library.

/// Whole numbers of so many digits, and powers of ten up to it, are exact as floats and fit into 64 bits.
const EXACT_DIGITS: usize = 15;

const POWERS_OF_TEN: [f64; EXACT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number that a text begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    is_negative: bool,
    mantissa: u64,
    /// Digits behind the point, if there is a point.
    decimals: Option<usize>,
    /// In bytes.
    pub(crate) length: usize,
}

impl Decimal {
    /// `None` if the text begins otherwise, or with more digits than are exact.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let is_negative = bytes.first() == Some(&b'-');
        let mut length = usize::from(is_negative);
        let mut mantissa = 0_u64;
        let mut digits = 0;
        let mut digits_before_point = None;
        loop {
            match bytes.get(length) {
                Some(digit @ b'0'..=b'9') => {
                    mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
                    digits += 1;
                }
                Some(b'.') if digits_before_point.is_none() => digits_before_point = Some(digits),
                _ => break,
            }
            length += 1;
        }
        if digits == 0 || digits > EXACT_DIGITS {
            return None;
        }
        let decimals = digits_before_point.map(|before| digits - before);
        Some(Self { is_negative, mantissa, decimals, length })
    }

    /// Exact: both numbers of the division are, and a division rounds once.
    pub(crate) fn float(self) -> f64 {
        let power = POWERS_OF_TEN.get(self.decimals.unwrap_or(0)).copied().unwrap_or(1.0);
        let value = self.mantissa as f64 / power;
        if self.is_negative { -value } else { value }
    }

    /// `None` if there is a point.
    pub(crate) fn integer(self) -> Option<i64> {
        let value = self.mantissa as i64;
        self.decimals.is_none().then_some(if self.is_negative { -value } else { value })
    }
}
