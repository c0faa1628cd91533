//! Where things stand: the surface, the plot on it, and how time and value become coordinates.
//!
//! Backends count in whole numbers, and a line of 1.5 CSS pixels must be possible on a screen with one pixel each. So
//! the coordinates here are *units*, [`UNITS_PER_PIXEL`] to a device pixel, and the backend is scaled accordingly.

use super::measure::text_width;
use super::value_axis::ValueAxis;

/// Units to a device pixel, in each direction.
pub const UNITS_PER_PIXEL: i32 = 2;

/// Height of all text, in CSS pixels.
pub const TEXT_SIZE: f64 = 12.0;

/// Between the labels of the values and the plot, in CSS pixels.
pub const LABEL_DISTANCE: f64 = 8.0;

/// Above and below the plot, so that a label at its edge has room, in CSS pixels.
const VERTICAL_MARGIN: f64 = 8.0;

/// Right of the plot, in CSS pixels.
const RIGHT_MARGIN: f64 = 8.0;

/// The narrowest room for labels of values, in CSS pixels: most charts have it, whatever their values are, so that
/// plots keep their place when values change.
const NARROWEST_GUTTER: f64 = 44.0;

/// Coordinates beyond the plot end here, so that computing with them cannot overflow.
const FARTHEST: f64 = 1e8;

/// What is drawn on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// In units.
    pub width: i32,
    /// In units.
    pub height: i32,
    /// Units to a CSS pixel.
    pub scale: f64,
}

impl Surface {
    /// A surface of so many device pixels, of which `pixel_ratio` make a CSS pixel.
    pub fn new(width_pixels: u32, height_pixels: u32, pixel_ratio: f64) -> Self {
        let units =
            |pixels: u32| i32::try_from(pixels).unwrap_or(0).saturating_mul(UNITS_PER_PIXEL);
        Self {
            width: units(width_pixels),
            height: units(height_pixels),
            scale: pixel_ratio * f64::from(UNITS_PER_PIXEL),
        }
    }

    /// A length in units, on the border between two device pixels.
    pub fn length(&self, css_pixels: f64) -> i32 {
        let pixels = css_pixels * self.scale / f64::from(UNITS_PER_PIXEL);
        pixels.round() as i32 * UNITS_PER_PIXEL
    }

    /// The width of a line in units, at least half a device pixel.
    pub fn stroke(&self, css_pixels: f64) -> u32 {
        (css_pixels * self.scale).round().max(1.0) as u32
    }

    /// A hairline: as thin as stays crisp, in units.
    pub fn hairline(&self) -> i32 {
        self.length(1.0).max(UNITS_PER_PIXEL)
    }
}

/// What all charts of a page have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Nanoseconds since the Unix epoch, at the left edge of the plots.
    pub from: i64,
    /// At the right edge.
    pub to: i64,
    /// From the left edge of the surface to the plot, in CSS pixels.
    pub gutter: f64,
}

impl Frame {
    /// A frame whose gutter has room for the labels of all these axes.
    pub fn new<'a>(from: i64, to: i64, axes: impl IntoIterator<Item = &'a ValueAxis>) -> Self {
        let labels = axes.into_iter().flat_map(|axis| &axis.ticks);
        let widest = labels.map(|tick| text_width(&tick.label, TEXT_SIZE)).fold(0.0, f64::max);
        Self { from, to, gutter: (widest + LABEL_DISTANCE).ceil().max(NARROWEST_GUTTER) }
    }
}

/// The part of a surface that the line is drawn in, in units; its edges lie between device pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plot {
    pub left: i32,
    pub right: i32,
    pub top: i32,
    pub bottom: i32,
}

impl Plot {
    /// Left and right depend on frame and width only, so that the plots of all charts line up.
    pub fn new(surface: &Surface, frame: &Frame) -> Self {
        let left = surface.length(frame.gutter).min(surface.width);
        let margin = surface.length(VERTICAL_MARGIN);
        Self {
            left,
            right: (surface.width - surface.length(RIGHT_MARGIN)).max(left),
            top: margin,
            bottom: (surface.height - margin).max(margin),
        }
    }

    /// What the surface has to the left and to the right of the plot, in CSS pixels.
    pub fn margins(frame: &Frame) -> u32 {
        (frame.gutter + RIGHT_MARGIN).round() as u32
    }

    /// Device pixels from left to right.
    pub fn columns(&self) -> i32 {
        (self.right - self.left) / UNITS_PER_PIXEL
    }
}

/// From time to horizontal coordinate.
#[derive(Debug, Clone, Copy)]
pub struct TimeScale {
    from: i64,
    to: i64,
    duration: f64,
    left: i32,
    columns: i32,
}

impl TimeScale {
    pub fn new(frame: &Frame, plot: &Plot) -> Self {
        let duration = (i128::from(frame.to) - i128::from(frame.from)).max(1) as f64;
        Self { from: frame.from, to: frame.to, duration, left: plot.left, columns: plot.columns() }
    }

    /// 0 at the left edge, 1 at the right one.
    fn share(&self, time: i64) -> f64 {
        (i128::from(time) - i128::from(self.from)) as f64 / self.duration
    }

    /// The coordinate in units; beyond the edges for times that are not shown.
    pub fn x(&self, time: i64) -> i32 {
        let x = (self.share(time) * f64::from(self.columns * UNITS_PER_PIXEL)).round();
        self.left + x.clamp(-FARTHEST, FARTHEST) as i32
    }

    /// The pixel column, counted from the left edge of the plot; beyond the edges for times that are not shown.
    pub fn column(&self, time: i64) -> i32 {
        if time == self.to {
            return self.columns - 1;
        }
        let column = (self.share(time) * f64::from(self.columns)).floor();
        column.clamp(-FARTHEST, FARTHEST) as i32
    }

    /// The time at a coordinate in units; the inverse of [`x`](Self::x).
    pub fn time(&self, x: i32) -> i64 {
        let width = f64::from((self.columns * UNITS_PER_PIXEL).max(1));
        let share = f64::from(x - self.left) / width;
        let time = i128::from(self.from) + (share * self.duration) as i128;
        time.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// The left edge of a pixel column, in units.
    pub fn column_left(&self, column: i32) -> i32 {
        self.left + column * UNITS_PER_PIXEL
    }

    /// The middle of a pixel column, in units.
    pub fn column_middle(&self, column: i32) -> i32 {
        self.column_left(column) + UNITS_PER_PIXEL / 2
    }

    /// The time that one pixel column stands for, in nanoseconds.
    pub fn column_duration(&self) -> f64 {
        self.duration / f64::from(self.columns.max(1))
    }
}

/// From value to vertical coordinate.
#[derive(Debug, Clone, Copy)]
pub struct ValueScale {
    low: f64,
    high: f64,
    plot: Plot,
}

impl ValueScale {
    pub fn new(axis: &ValueAxis, plot: &Plot) -> Self {
        Self { low: axis.low, high: axis.high, plot: *plot }
    }

    /// The coordinate in units; greater values lie higher.
    pub fn y(&self, value: f64) -> i32 {
        // Beyond the axis lie only values that no axis has room for.
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.plot.bottom - (share * f64::from(self.plot.bottom - self.plot.top)).round() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { from: 1_000, to: 2_000, gutter: 44.0 };

    #[test]
    fn plots_of_one_width_line_up_whatever_their_height() {
        for ratio in [1.0, 1.25, 1.5, 2.0, 3.0] {
            let low = Plot::new(&Surface::new(1_237, 160, ratio), &FRAME);
            let high = Plot::new(&Surface::new(1_237, 331, ratio), &FRAME);
            assert_eq!((low.left, low.right), (high.left, high.right));
            for edge in [low.left, low.right, low.top, low.bottom] {
                assert_eq!(edge % UNITS_PER_PIXEL, 0, "edges lie between pixels");
            }
        }
    }

    #[test]
    fn times_map_to_the_edges_of_the_plot() {
        let plot = Plot::new(&Surface::new(400, 160, 1.0), &FRAME);
        let scale = TimeScale::new(&FRAME, &plot);
        assert_eq!(scale.x(1_000), plot.left);
        assert_eq!(scale.x(2_000), plot.right);
        assert_eq!(scale.column(1_000), 0);
        assert_eq!(scale.time(scale.x(1_500)), 1_500);
        // The end itself belongs to no column; it is drawn in the last one.
        assert_eq!(scale.column(2_000), plot.columns() - 1);
        assert!(
            plot.left < scale.column_middle(0)
                && scale.column_middle(plot.columns() - 1) < plot.right
        );
    }

    #[test]
    fn a_surface_without_size_is_no_trouble() {
        let plot = Plot::new(&Surface::new(0, 0, 1.0), &FRAME);
        let scale = TimeScale::new(&FRAME, &plot);
        assert_eq!(plot.columns(), 0);
        assert!(scale.column_duration().is_finite());
        assert_eq!(scale.x(1_500), plot.left);
    }

    #[test]
    fn all_of_time_fits() {
        let frame = Frame { from: i64::MIN, to: i64::MAX, gutter: 44.0 };
        let plot = Plot::new(&Surface::new(400, 160, 1.0), &frame);
        let scale = TimeScale::new(&frame, &plot);
        assert_eq!(scale.x(i64::MIN), plot.left);
        assert_eq!(scale.x(i64::MAX), plot.right);
    }

    #[test]
    fn lines_of_one_and_a_half_pixels_are_possible() {
        assert_eq!(Surface::new(100, 100, 1.0).stroke(1.5), 3);
        assert_eq!(Surface::new(100, 100, 2.0).stroke(1.5), 6);
        assert_eq!(Surface::new(100, 100, 1.0).hairline(), 2);
    }
}
