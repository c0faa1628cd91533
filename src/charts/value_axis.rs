//! The range and the labels of a vertical axis.

/// More lines would be louder than the data.
const MOST_TICKS: i64 = 5;

/// Room above and below the values, as a share of their range, so that a line of some width stays inside.
const PADDING: f64 = 0.06;

/// Values that differ by less than this share of their size are drawn as constant: labels would need ten digits.
const SMALLEST_SHARE: f64 = 1e-9;

/// A vertical axis: its ends and where its lines are.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueAxis {
    pub low: f64,
    /// Greater than `low`.
    pub high: f64,
    /// Two to five, at multiples of 1, 2 or 5 times a power of ten.
    pub ticks: Vec<ValueTick>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ValueTick {
    pub value: f64,
    pub label: String,
}

impl ValueAxis {
    /// An axis with room for values from `low` to `high`, both finite.
    pub fn new(low: f64, high: f64) -> Self {
        let (low, high) = widen(low, high);
        let padding = (high - low) * PADDING;
        let (low, high) = (low - padding, high + padding);

        let mut exponent = ((high - low) / MOST_TICKS as f64).log10().floor() as i32;
        let mut factors = [1.0, 2.0, 5.0].into_iter().cycle();
        let mut factor = 1.0;
        // Three factors make one power of ten: the second round always finds one.
        for attempt in 0..7 {
            factor = factors.next().unwrap_or(1.0);
            exponent += i32::from(attempt % 3 == 0 && attempt > 0);
            let step = scale(factor, exponent);
            if (high / step).floor() - (low / step).ceil() < MOST_TICKS as f64 {
                break;
            }
        }
        let step = scale(factor, exponent);
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let values: Vec<f64> = (first..=last)
            .take(MOST_TICKS as usize)
            .map(|index| scale(index as f64 * factor, exponent))
            .collect();
        let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let ticks = values
            .into_iter()
            .map(|value| ValueTick { value, label: label(value, exponent, largest) });
        Self { low, high, ticks: ticks.collect() }
    }
}

/// Makes a range out of whatever the values are.
fn widen(low: f64, high: f64) -> (f64, f64) {
    // A range whose length is no number any more is cut.
    let largest = f64::MAX / 16.0;
    let (low, high) = (low.clamp(-largest, largest), high.clamp(-largest, largest));
    let size = low.abs().max(high.abs());
    if high - low > size * SMALLEST_SHARE && high - low > f64::MIN_POSITIVE * 1e9 {
        return (low, high);
    }
    let around = if size < 1e-200 { 1.0 } else { size * 0.05 };
    (low - around, high + around)
}

/// `value` times ten to the power of `exponent`; exact where that is possible.
fn scale(value: f64, exponent: i32) -> f64 {
    // 0.3 is nearer to 3 / 10 than to 3 * 0.1.
    if exponent < 0 { value / 10f64.powi(-exponent) } else { value * 10f64.powi(exponent) }
}

/// As many digits as neighbouring lines differ in.
fn label(value: f64, exponent: i32, largest: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if largest < 1e7 && exponent >= -6 {
        format!("{value:.*}", usize::try_from(-exponent).unwrap_or(0))
    } else {
        let digits = value.abs().log10().floor() as i32 - exponent;
        format!("{value:.*e}", usize::try_from(digits).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(low: f64, high: f64, expected: &[&str]) {
        let axis = ValueAxis::new(low, high);
        assert_eq!(axis.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(), expected);
        assert!(axis.low < low && high < axis.high);
    }

    #[test]
    fn labels_are_round_numbers() {
        check(0.0, 40.0, &["0", "10", "20", "30", "40"]);
        check(18.3, 23.9, &["18", "20", "22", "24"]);
        check(21.31, 21.38, &["21.32", "21.34", "21.36", "21.38"]);
        check(0.02, 0.11, &["0.02", "0.04", "0.06", "0.08", "0.10"]);
        check(970.2, 1_049.8, &["980", "1000", "1020", "1040"]);
        check(400.0, 3_000.0, &["1000", "2000", "3000"]);
        check(-5.0, 5.0, &["-4", "-2", "0", "2", "4"]);
        check(-0.3, 0.1, &["-0.3", "-0.2", "-0.1", "0", "0.1"]);
    }

    #[test]
    fn constant_values_get_a_range_around_them() {
        check(0.0, 0.0, &["-1.0", "-0.5", "0", "0.5", "1.0"]);
        check(21.3, 21.3, &["20.5", "21.0", "21.5", "22.0"]);
        check(-40.0, -40.0, &["-42", "-41", "-40", "-39", "-38"]);
        // They differ, but by less than anybody could read.
        check(21.3, 21.300_000_000_1, &["20.5", "21.0", "21.5", "22.0"]);
    }

    #[test]
    fn very_small_and_very_large_values() {
        check(0.0, 1e-9, &["0", "5e-10", "1.0e-9"]);
        check(-2e9, 3e9, &["-2e9", "0", "2e9"]);
        check(1.5e20, 1.9e20, &["1.5e20", "1.6e20", "1.7e20", "1.8e20", "1.9e20"]);
        check(5e-324, 5e-324, &["-1.0", "-0.5", "0", "0.5", "1.0"]);
    }

    #[test]
    fn the_ends_of_the_numbers_do_not_overflow() {
        let axis = ValueAxis::new(-f64::MAX, f64::MAX);
        assert!(axis.low.is_finite() && axis.high.is_finite() && axis.ticks.len() >= 2);
    }

    proptest! {
        #[test]
        fn every_axis_has_two_to_five_ascending_lines_inside(
            a in prop_oneof![-1e3..1e3f64, any::<f64>().prop_filter("finite", |value| value.is_finite())],
            width in prop_oneof![0.0..1e3f64, 0.0..1e-9f64, 0.0..1e30f64],
        ) {
            let axis = ValueAxis::new(a, a + width);
            prop_assert!((2..=5).contains(&axis.ticks.len()), "{axis:?}");
            prop_assert!(axis.ticks.is_sorted_by(|a, b| a.value < b.value));
            prop_assert!(axis.ticks.iter().all(|tick| axis.low <= tick.value && tick.value <= axis.high));
            prop_assert!(axis.ticks.is_sorted_by(|a, b| a.label != b.label));
        }
    }
}
