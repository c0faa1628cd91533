//! The fields of the measurement `environment`, with their units and the ranges that are usual for them.

use serde::{Deserialize, Serialize};

/// The measurement that devices write.
pub const MEASUREMENT: &str = "environment";

/// A field that devices of IoT Center measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    Temperature,
    Humidity,
    Pressure,
    #[serde(rename = "CO2")]
    Co2,
    #[serde(rename = "TVOC")]
    Tvoc,
    Lat,
    Lon,
}

impl Field {
    pub const ALL: [Self; 7] = [
        Self::Temperature,
        Self::Humidity,
        Self::Pressure,
        Self::Co2,
        Self::Tvoc,
        Self::Lat,
        Self::Lon,
    ];

    /// Those that the dashboard charts.
    pub const CHARTED: [Self; 5] =
        [Self::Temperature, Self::Humidity, Self::Pressure, Self::Co2, Self::Tvoc];

    /// The field key in InfluxDB.
    pub fn key(self) -> &'static str {
        match self {
            Self::Temperature => "Temperature",
            Self::Humidity => "Humidity",
            Self::Pressure => "Pressure",
            Self::Co2 => "CO2",
            Self::Tvoc => "TVOC",
            Self::Lat => "Lat",
            Self::Lon => "Lon",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.key() == key)
    }

    /// The tag that names the sensor behind the field.
    pub fn sensor_tag(self) -> &'static str {
        match self {
            Self::Temperature => "TemperatureSensor",
            Self::Humidity => "HumiditySensor",
            Self::Pressure => "PressureSensor",
            Self::Co2 => "CO2Sensor",
            Self::Tvoc => "TVOCSensor",
            Self::Lat | Self::Lon => "GPSSensor",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Self::Temperature => "°C",
            Self::Humidity => "%",
            Self::Pressure => "hPa",
            Self::Co2 => "ppm",
            Self::Tvoc => "ppb",
            Self::Lat | Self::Lon => "°",
        }
    }

    /// The ends of its gauge.
    pub fn usual_range(self) -> (f64, f64) {
        match self {
            Self::Temperature => (0.0, 40.0),
            Self::Humidity => (0.0, 100.0),
            Self::Pressure => (970.0, 1_050.0),
            Self::Co2 => (400.0, 3_000.0),
            Self::Tvoc => (250.0, 2_000.0),
            Self::Lat => (-90.0, 90.0),
            Self::Lon => (-180.0, 180.0),
        }
    }

    /// Digits behind the point that mean something.
    pub fn decimals(self) -> usize {
        match self {
            Self::Temperature | Self::Humidity | Self::Pressure => 1,
            Self::Co2 | Self::Tvoc => 0,
            Self::Lat | Self::Lon => 5,
        }
    }

    /// Whether InfluxDB holds it as an integer; the others are floats.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Co2 | Self::Tvoc)
    }

    /// A value with as many decimals as mean something, without its unit.
    pub fn format(self, value: f64) -> String {
        format!("{value:.*}", self.decimals())
    }

    /// A short lower-case name for class names: `temperature`, `co2`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::Humidity => "humidity",
            Self::Pressure => "pressure",
            Self::Co2 => "co2",
            Self::Tvoc => "tvoc",
            Self::Lat => "lat",
            Self::Lon => "lon",
        }
    }
}
