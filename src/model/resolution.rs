//! How finely a range is read: what fits the pixels that show it.

use std::num::NonZeroU64;

use super::time::Timestamp;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Lengths of windows in nanoseconds: round ones that divide a day, a third longer than the one before at most, save
/// where no round one lies between.
const WINDOWS: [u64; 42] = [
    SECOND,
    2 * SECOND,
    3 * SECOND,
    4 * SECOND,
    5 * SECOND,
    6 * SECOND,
    8 * SECOND,
    10 * SECOND,
    12 * SECOND,
    15 * SECOND,
    20 * SECOND,
    24 * SECOND,
    30 * SECOND,
    40 * SECOND,
    MINUTE,
    2 * MINUTE,
    3 * MINUTE,
    4 * MINUTE,
    5 * MINUTE,
    6 * MINUTE,
    8 * MINUTE,
    10 * MINUTE,
    12 * MINUTE,
    15 * MINUTE,
    20 * MINUTE,
    24 * MINUTE,
    30 * MINUTE,
    36 * MINUTE,
    40 * MINUTE,
    48 * MINUTE,
    HOUR,
    72 * MINUTE,
    90 * MINUTE,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
];

/// So many points to a pixel column are drawn as they are: they cost no more than first, smallest, largest and last.
pub const POINTS_PER_COLUMN: usize = 4;

/// A range that is longer is read in windows, which InfluxDB's storage engine makes by itself. In a shorter one the points
/// of usual devices, one a minute, are fewer than the pixels.
const LONGEST_IN_POINTS: u64 = 2 * DAY;

/// The fewest and the most pixel columns that anybody may ask for.
const COLUMNS: std::ops::RangeInclusive<u32> = 16..=8_192;

/// What is asked of InfluxDB for a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Every point.
    Points,
    /// First, smallest, largest and last value of windows of so many nanoseconds.
    Windows(NonZeroU64),
}

impl Resolution {
    /// What fits a range that is shown in so many pixel columns: at most one window a column.
    pub fn fitting(from: Timestamp, to: Timestamp, columns: u32) -> Self {
        let length = nanoseconds(from, to);
        if length <= LONGEST_IN_POINTS {
            return Self::Points;
        }
        Self::Windows(window_fitting(length, columns))
    }
}

/// The shortest window of which a range has at most one to a pixel column.
pub fn window_for(from: Timestamp, to: Timestamp, columns: u32) -> NonZeroU64 {
    window_fitting(nanoseconds(from, to), columns)
}

/// Whether a range has so many points that a picture of so many pixel columns does not need all of them.
pub fn is_too_fine(points: usize, columns: u32) -> bool {
    points > bounded(columns) as usize * POINTS_PER_COLUMN
}

fn nanoseconds(from: Timestamp, to: Timestamp) -> u64 {
    to.0.abs_diff(from.0).saturating_mul(1_000_000)
}

fn window_fitting(length: u64, columns: u32) -> NonZeroU64 {
    let shortest = length.div_ceil(u64::from(bounded(columns)));
    let round = WINDOWS.into_iter().find(|window| *window >= shortest);
    // Beyond the list, so many whole days.
    let window = round.unwrap_or_else(|| shortest.div_ceil(DAY).saturating_mul(DAY));
    NonZeroU64::new(window).unwrap_or(NonZeroU64::MIN)
}

fn bounded(columns: u32) -> u32 {
    columns.clamp(*COLUMNS.start(), *COLUMNS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(days: i64, columns: u32) -> Resolution {
        Resolution::fitting(Timestamp(0), Timestamp(days * 86_400_000), columns)
    }

    fn minutes(count: u64) -> Resolution {
        Resolution::Windows(NonZeroU64::new(count * MINUTE).expect("is not 0"))
    }

    #[test]
    fn long_ranges_have_a_round_window_to_a_column() {
        assert_eq!(windows(1, 1_200), Resolution::Points);
        assert_eq!(windows(2, 100), Resolution::Points);
        assert_eq!(windows(7, 1_200), minutes(10));
        assert_eq!(windows(30, 1_200), minutes(36));
        assert_eq!(windows(30, 1_100), minutes(40));
        assert_eq!(windows(365, 1_200), minutes(480));
        assert_eq!(windows(36_500, 16), minutes(2_282 * 1_440));
    }

    #[test]
    fn whoever_asks_for_absurd_widths_gets_what_is_possible() {
        assert_eq!(windows(30, 0), windows(30, 16));
        assert_eq!(windows(30, u32::MAX), windows(30, 8_192));
        let all = Resolution::fitting(Timestamp(i64::MIN), Timestamp(i64::MAX), 1);
        assert!(matches!(all, Resolution::Windows(_)));
    }

    #[test]
    fn windows_ascend_and_divide_days() {
        assert!(WINDOWS.is_sorted_by(|a, b| a < b));
        assert!(
            WINDOWS.iter().all(|window| DAY.is_multiple_of(*window) || window.is_multiple_of(DAY))
        );
    }

    #[test]
    fn dense_points_are_too_fine() {
        assert!(!is_too_fine(4_800, 1_200));
        assert!(is_too_fine(4_801, 1_200));
    }
}
