//! What a device would have measured: the virtual device of IoT Center.
//!
//! Pure: the same minute and the same random numbers give the same reading. Values swing around the middle of their range, with a period
//! of their own and with the time of day (lowest at midnight UTC), plus a little noise. Position follows a closed track that takes
//! thirty days.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::field::Field;
use super::time::Timestamp;

/// The emulator writes a reading a minute.
pub const MINUTE_MS: i64 = 60_000;

/// How far back "Write Missing Data" goes.
pub const WINDOW_MS: i64 = 7 * DAY_MS;

const DAY_MS: i64 = 86_400_000;

/// How long the track takes.
pub const TRACK_MS: i64 = 30 * DAY_MS;

/// Where the track begins and ends: latitude and longitude of a device that does not know its own.
pub const TRACK_CENTRE: (f64, f64) = (50.087_325_4, 14.407_154_3);

/// One reading of the virtual device, with the types in which InfluxDB holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    pub time: Timestamp,
    pub temperature: f64,
    pub humidity: f64,
    pub pressure: f64,
    pub co2: i64,
    pub tvoc: i64,
    pub lat: f64,
    pub lon: f64,
}

/// How a field swings: its period in days and the range that it stays in.
struct Swing {
    period_days: f64,
    min: f64,
    max: f64,
}

const TEMPERATURE: Swing = Swing { period_days: 30.0, min: 0.0, max: 40.0 };
const HUMIDITY: Swing = Swing { period_days: 90.0, min: 0.0, max: 99.0 };
const PRESSURE: Swing = Swing { period_days: 20.0, min: 970.0, max: 1_050.0 };
const CO2: Swing = Swing { period_days: 1.0, min: 400.0, max: 3_000.0 };
const TVOC: Swing = Swing { period_days: 1.0, min: 250.0, max: 2_000.0 };

impl Swing {
    /// The value at a time, cut to one decimal; `daily` is [`time_of_day`] of it, and `noise` lies in `0.0..1.0`.
    fn at(&self, time: Timestamp, daily: f64, noise: f64) -> f64 {
        let days = time.0 as f64 / DAY_MS as f64;
        let span = self.max - self.min;
        let slow =
            span / 4.0 * (TAU * (days.rem_euclid(self.period_days) / self.period_days)).sin();
        let daily = span / 4.0 * daily;
        ((self.min + span / 2.0 + slow + daily + noise) * 10.0).trunc() / 10.0
    }
}

/// How far a day is: -1 at midnight UTC, 1 at noon.
fn time_of_day(time: Timestamp) -> f64 {
    (TAU * (time.0.rem_euclid(DAY_MS) as f64 / DAY_MS as f64) - FRAC_PI_2).sin()
}

/// The reading of a minute. `random` gives numbers in `0.0..1.0`.
pub fn reading(time: Timestamp, mut random: impl FnMut() -> f64) -> Reading {
    let (lat, lon) = position(time);
    let daily = time_of_day(time);
    Reading {
        time,
        temperature: TEMPERATURE.at(time, daily, random()),
        humidity: HUMIDITY.at(time, daily, random()),
        pressure: PRESSURE.at(time, daily, random()),
        co2: CO2.at(time, daily, random()).floor() as i64,
        tvoc: TVOC.at(time, daily, random()).floor() as i64,
        lat,
        lon,
    }
}

/// Latitude and longitude at a time, to six decimals: a round trip through the hills around Prague, made of a few waves so that it
/// crosses itself and never stands still.
pub fn position(time: Timestamp) -> (f64, f64) {
    let turn = TAU * (time.0.rem_euclid(TRACK_MS) as f64 / TRACK_MS as f64);
    let north = 0.9 * turn.sin() + 0.28 * (3.0 * turn).sin() + 0.06 * (11.0 * turn).sin();
    let east = 1.4 * (1.0 - turn.cos()) + 0.33 * (4.0 * turn).sin() + 0.05 * (13.0 * turn).sin();
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    (round(TRACK_CENTRE.0 + north), round(TRACK_CENTRE.1 + east))
}

/// The sensor that the emulator names for a field: `virtual_TemperatureSensor`.
pub fn sensor(field: Field) -> String {
    format!("{SENSOR_PREFIX}{}", field.sensor_tag())
}

/// Sensors whose names begin otherwise are not the emulator's.
pub const SENSOR_PREFIX: &str = "virtual_";

/// The minutes that "Write Missing Data" is about when it is `now`: from the first, up to the last, which is not over yet and not
/// among them.
pub fn window(now: Timestamp) -> (Timestamp, Timestamp) {
    let end = now.0.div_euclid(MINUTE_MS) * MINUTE_MS;
    (Timestamp(end - WINDOW_MS), Timestamp(end))
}

/// The minutes of a window without a point; `present` are the beginnings of those with one, in any order.
pub fn missing_minutes(from: Timestamp, to: Timestamp, present: &[Timestamp]) -> Vec<Timestamp> {
    let count = usize::try_from((to.0 - from.0) / MINUTE_MS).unwrap_or(0);
    let mut is_present = vec![false; count];
    for minute in present {
        let index = (minute.0 - from.0).div_euclid(MINUTE_MS);
        if let Some(slot) = usize::try_from(index).ok().and_then(|index| is_present.get_mut(index))
        {
            *slot = true;
        }
    }
    let minutes = is_present.iter().zip(0..).filter(|(present, _)| !**present);
    minutes.map(|(_, index)| Timestamp(from.0 + index * MINUTE_MS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2022-02-08T22:39:00Z
    const EVENING: Timestamp = Timestamp(1_644_359_940_000);

    #[test]
    fn a_known_minute() {
        let reading = reading(EVENING, || 0.0);
        // By hand from the formula, for 19,031.94375 days.
        let expected = |period: f64, min: f64, max: f64| {
            let days: f64 = 19_031.943_75;
            let span = max - min;
            let value = min
                + span / 2.0
                + span / 4.0 * (TAU * (days % period) / period).sin()
                + span / 4.0 * (TAU * 0.943_75 - FRAC_PI_2).sin();
            (value * 10.0).trunc() / 10.0
        };
        assert!((reading.temperature - expected(30.0, 0.0, 40.0)).abs() < 0.11);
        assert!((reading.humidity - expected(90.0, 0.0, 99.0)).abs() < 0.11);
        assert!((reading.pressure - expected(20.0, 970.0, 1_050.0)).abs() < 0.11);
        // The reference system wrote CO2=865i and TVOC=564i for this minute, with noise below one.
        assert!((864..=865).contains(&reading.co2), "{}", reading.co2);
        assert!((563..=564).contains(&reading.tvoc), "{}", reading.tvoc);
    }

    #[test]
    fn values_of_a_year_stay_in_their_ranges_and_have_one_decimal() {
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for minute in (0..365 * 1_440).step_by(7) {
            let reading = reading(Timestamp(EVENING.0 + minute * MINUTE_MS), &mut random);
            assert!((0.0..=41.0).contains(&reading.temperature), "{reading:?}");
            assert!((0.0..=100.0).contains(&reading.humidity), "{reading:?}");
            assert!((970.0..=1_051.0).contains(&reading.pressure), "{reading:?}");
            assert!((400..=3_001).contains(&reading.co2), "{reading:?}");
            assert!((250..=2_001).contains(&reading.tvoc), "{reading:?}");
            assert!(
                (reading.temperature * 10.0 - (reading.temperature * 10.0).round()).abs() < 1e-9
            );
            assert!(
                (-90.0..=90.0).contains(&reading.lat) && (-180.0..=180.0).contains(&reading.lon)
            );
        }
    }

    #[test]
    fn the_track_is_closed_and_has_no_jumps() {
        let mut before = position(Timestamp(0));
        assert_eq!(before, position(Timestamp(TRACK_MS)));
        for minute in 1..=TRACK_MS / MINUTE_MS {
            let here = position(Timestamp(minute * MINUTE_MS));
            let step = (here.0 - before.0).hypot(here.1 - before.1);
            assert!(step < 0.001, "{step} degrees in a minute");
            before = here;
        }
    }

    #[test]
    fn the_window_ends_with_the_last_full_minute() {
        let (from, to) = window(Timestamp(EVENING.0 + 59_999));
        assert_eq!(to, EVENING);
        assert_eq!(missing_minutes(from, to, &[]).len(), 10_080);
    }

    #[test]
    fn only_minutes_without_points_are_missing() {
        let (from, to) = window(EVENING);
        let missing = missing_minutes(
            from,
            to,
            &[from, Timestamp(from.0 + 2 * MINUTE_MS), Timestamp(to.0), Timestamp(from.0 - 1)],
        );
        assert_eq!(missing.len(), 10_078);
        assert_eq!(missing.first(), Some(&Timestamp(from.0 + MINUTE_MS)));
        assert_eq!(missing_minutes(from, to, &missing_minutes(from, to, &[])), Vec::new());
    }
}
