//! The one reading that "Send one reading" has sent, on its way back to the device's page: `?sent=21.5_40.2_…`.

use super::emulator::Reading;
use super::field::Field;

/// Between the values in the address.
const SEPARATOR: char = '_';

/// The values of a reading in the order of [`Field::ALL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent([f64; Field::ALL.len()]);

impl From<Reading> for Sent {
    fn from(reading: Reading) -> Self {
        let Reading { temperature, humidity, pressure, co2, tvoc, lat, lon, .. } = reading;
        Self([temperature, humidity, pressure, co2 as f64, tvoc as f64, lat, lon])
    }
}

impl Sent {
    /// As it stands in the address.
    pub fn code(&self) -> String {
        let values: Vec<String> = self.values().map(|(field, value)| field.format(value)).collect();
        values.join(&SEPARATOR.to_string())
    }

    /// Reads what [`Self::code`] makes; `None` for anything else.
    pub fn from_code(code: &str) -> Option<Self> {
        let mut values = code
            .split(SEPARATOR)
            .map(|value| value.parse().ok().filter(|value: &f64| value.is_finite()));
        let mut read = [0.0; Field::ALL.len()];
        for value in &mut read {
            *value = values.next()??;
        }
        values.next().is_none().then_some(Self(read))
    }

    fn values(&self) -> impl Iterator<Item = (Field, f64)> {
        Field::ALL.into_iter().zip(self.0)
    }
}

/// `One reading was sent: Temperature 21.5 °C, …`
impl std::fmt::Display for Sent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("One reading was sent: ")?;
        for (index, (field, value)) in self.values().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Degrees of an arc stand at their number.
            let space = if matches!(field, Field::Lat | Field::Lon) { "" } else { " " };
            write!(
                formatter,
                "{comma}{} {}{space}{}",
                field.key(),
                field.format(value),
                field.unit()
            )?;
        }
        formatter.write_str(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::emulator;
    use crate::model::time::Timestamp;

    #[test]
    fn a_reading_comes_back_in_words() {
        let sent = Sent([21.5, 40.0, 1_003.1, 865.0, 564.0, 50.087_33, -14.407_15]);
        assert_eq!(sent.code(), "21.5_40.0_1003.1_865_564_50.08733_-14.40715");
        assert_eq!(Sent::from_code(&sent.code()), Some(sent));
        assert_eq!(
            sent.to_string(),
            "One reading was sent: Temperature 21.5 °C, Humidity 40.0 %, Pressure 1003.1 hPa, CO2 865 ppm, \
             TVOC 564 ppb, Lat 50.08733°, Lon -14.40715°."
        );
    }

    #[test]
    fn every_reading_can_be_told() {
        for minute in 0..1_000 {
            let reading = emulator::reading(Timestamp(minute * 7 * emulator::MINUTE_MS), || 0.5);
            let sent = Sent::from(reading);
            assert_eq!(
                Sent::from_code(&sent.code()).map(|sent| sent.to_string()),
                Some(sent.to_string())
            );
        }
    }

    #[test]
    fn other_texts_are_no_reading() {
        for code in [
            "",
            "1",
            "1_2_3_4_5_6",
            "1_2_3_4_5_6_7_8",
            "1_2_3_4_5_6_x",
            "1_2_3_4_5_6_inf",
            "1_2_3_4_5_6_",
        ] {
            assert_eq!(Sent::from_code(code), None, "{code}");
        }
    }
}
