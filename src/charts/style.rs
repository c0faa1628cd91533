//! What a chart is drawn with.

use plotters::style::RGBColor;

/// The roles that strokes and text play, each with its colour. Drawing names roles only: a backend that writes
/// classes instead of colours gives each role a colour of its own and maps it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Ink {
    /// The series: its line, its band and its lone points.
    pub series: RGBColor,
    /// Lines of the grid and marks of the axis.
    pub grid: RGBColor,
    /// Text.
    pub label: RGBColor,
    /// As in the CSS property `font-family`.
    pub font_family: String,
}
