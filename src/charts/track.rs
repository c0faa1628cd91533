//! The way that a device went, as a line: no map, north is up.
//!
//! Places are projected as on a plane that touches the globe in their middle (equirectangular projection): within some hundred
//! kilometres nobody sees the difference.

use std::fmt::Write;

use crate::model::place::Place;

/// Length of a degree of latitude in metres, on a sphere of the earth's mean radius, 6,371,009 m.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Places that are nearer together than this are one: what GPS can tell apart.
const SMALLEST_METRES: f64 = 10.0;

/// The drawing is so large, in units.
pub const WIDTH: f64 = 600.0;
pub const HEIGHT: f64 = 400.0;
const MARGIN: f64 = 24.0;

/// A way on the drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Path data of the line through all places; a dot where there is but one.
    pub path: String,
    /// Where it ends.
    pub end: (i32, i32),
    /// From west to east and from south to north, in metres.
    pub extent: (f64, f64),
}

/// Draws the way through places, in the order in which the device was there; `None` without any.
pub fn track(places: &[Place]) -> Option<Track> {
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(None, |bounds: Option<(f64, f64)>, value| {
            let (low, high) = bounds.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        })
    };
    let (south, north) = bounds(&mut places.iter().map(|place| place.lat))?;
    let (west, east) = bounds(&mut places.iter().map(|place| place.lon))?;
    let (lat, lon) = (f64::midpoint(south, north), f64::midpoint(west, east));
    let east_metres = METRES_PER_DEGREE * lat.to_radians().cos();
    let extent = ((east - west) * east_metres, (north - south) * METRES_PER_DEGREE);
    let scale = ((WIDTH - 2.0 * MARGIN) / extent.0.max(SMALLEST_METRES))
        .min((HEIGHT - 2.0 * MARGIN) / extent.1.max(SMALLEST_METRES));
    let point = |place: &Place| {
        let x = WIDTH / 2.0 + (place.lon - lon) * east_metres * scale;
        let y = HEIGHT / 2.0 - (place.lat - lat) * METRES_PER_DEGREE * scale;
        (x.round() as i32, y.round() as i32)
    };
    let mut points: Vec<(i32, i32)> = places.iter().map(point).collect();
    points.dedup();
    let end = *points.last()?;
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(path, "{}{x} {y}", if index == 0 { 'M' } else { 'L' });
    }
    if points.len() == 1 {
        path.push_str("h0");
    }
    Some(Track { path, end, extent })
}

/// What the track shows: `1.2 km from west to east, 350 m from south to north`.
pub fn description(track: &Track) -> String {
    let (width, height) = track.extent;
    if width < SMALLEST_METRES && height < SMALLEST_METRES {
        return "The device has stayed where it is.".to_owned();
    }
    format!(
        "The device has moved over {} from west to east and {} from south to north.",
        distance(width),
        distance(height)
    )
}

fn distance(metres: f64) -> String {
    if metres >= 1_000.0 { format!("{:.1} km", metres / 1_000.0) } else { format!("{metres:.0} m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(pairs: &[(f64, f64)]) -> Vec<Place> {
        pairs.iter().map(|(lat, lon)| Place { lat: *lat, lon: *lon }).collect()
    }

    #[test]
    fn north_is_up_and_east_is_right() {
        let track =
            track(&places(&[(50.0, 14.0), (50.01, 14.0), (50.01, 14.01)])).expect("has places");
        assert_eq!(track.path.matches('L').count(), 2);
        let (x, y) = track.end;
        assert!(f64::from(x) > WIDTH / 2.0 && f64::from(y) < HEIGHT / 2.0, "{track:?}");
        assert_eq!(
            description(&track),
            "The device has moved over 715 m from west to east and 1.1 km from south to north."
        );
    }

    #[test]
    fn it_fits_the_drawing() {
        for pairs in [
            [(-89.0, -179.0), (89.0, 179.0)],
            [(0.0, 0.0), (0.0, 1e-9)],
            [(10.0, 0.0), (-10.0, 0.0)],
        ] {
            let track = track(&places(&pairs)).expect("has places");
            let (x, y) = track.end;
            assert!((0.0..=WIDTH).contains(&f64::from(x)), "{track:?}");
            assert!((0.0..=HEIGHT).contains(&f64::from(y)), "{track:?}");
        }
    }

    #[test]
    fn who_stays_is_a_dot() {
        let track = track(&places(&[(50.0, 14.0); 5])).expect("has places");
        assert_eq!(track.path, "M300 200h0");
        assert_eq!(description(&track), "The device has stayed where it is.");
        assert_eq!(super::track(&[]), None);
    }
}
