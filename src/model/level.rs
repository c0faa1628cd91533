//! How a value is to be judged: comfortable, remarkable, alarming.
//!
//! The limits for air are those of the German Environment Agency (CO2: 1,000 and 2,000 ppm) and of its scale for
//! volatile compounds (TVOC: 660 and 2,200 ppb); those for climate are usual recommendations for living rooms.

use super::field::Field;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Good,
    Remarkable,
    Alarming,
}

/// A stretch of values that are judged alike; it ends where the next one starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub from: f64,
    pub level: Level,
    /// The judgement in a word or two.
    pub word: &'static str,
}

const fn band(from: f64, level: Level, word: &'static str) -> Band {
    Band { from, level, word }
}

const TEMPERATURE: &[Band] = &[
    band(f64::NEG_INFINITY, Level::Alarming, "cold"),
    band(10.0, Level::Remarkable, "cool"),
    band(18.0, Level::Good, "comfortable"),
    band(26.0, Level::Remarkable, "warm"),
    band(32.0, Level::Alarming, "hot"),
];

const HUMIDITY: &[Band] = &[
    band(f64::NEG_INFINITY, Level::Alarming, "very dry"),
    band(20.0, Level::Remarkable, "dry"),
    band(30.0, Level::Good, "comfortable"),
    band(60.0, Level::Remarkable, "humid"),
    band(80.0, Level::Alarming, "very humid"),
];

const PRESSURE: &[Band] = &[
    band(f64::NEG_INFINITY, Level::Remarkable, "low"),
    band(985.0, Level::Good, "normal"),
    band(1_035.0, Level::Remarkable, "high"),
];

const CO2: &[Band] = &[
    band(f64::NEG_INFINITY, Level::Good, "fresh"),
    band(1_000.0, Level::Remarkable, "high"),
    band(2_000.0, Level::Alarming, "very high"),
];

const TVOC: &[Band] = &[
    band(f64::NEG_INFINITY, Level::Good, "normal"),
    band(660.0, Level::Remarkable, "high"),
    band(2_200.0, Level::Alarming, "very high"),
];

impl Field {
    /// The bands of its values, ascending, the first without lower end; none where there is nothing to judge.
    pub fn bands(self) -> &'static [Band] {
        match self {
            Self::Temperature => TEMPERATURE,
            Self::Humidity => HUMIDITY,
            Self::Pressure => PRESSURE,
            Self::Co2 => CO2,
            Self::Tvoc => TVOC,
            Self::Lat | Self::Lon => &[],
        }
    }

    /// The band that a value lies in.
    pub fn judge(self, value: f64) -> Option<Band> {
        self.bands().iter().rev().find(|band| band.from <= value).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_ascend_and_cover_every_value() {
        for field in Field::CHARTED {
            assert!(field.bands().is_sorted_by(|a, b| a.from < b.from));
            assert!(field.judge(f64::MIN).is_some());
        }
        assert_eq!(Field::Lat.judge(50.0), None);
    }

    #[test]
    fn limits_belong_to_the_upper_band() {
        let word = |field: Field, value| field.judge(value).map(|band| band.word);
        assert_eq!(word(Field::Co2, 999.9), Some("fresh"));
        assert_eq!(word(Field::Co2, 1_000.0), Some("high"));
        assert_eq!(word(Field::Temperature, -20.0), Some("cold"));
        assert_eq!(word(Field::Temperature, 45.0), Some("hot"));
    }
}
