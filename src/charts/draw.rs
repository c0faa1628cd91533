//! Drawing one chart, and the time axis that all share, on any plotters backend.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::DrawingBackend;
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};
use plotters_backend::text_anchor::{HPos, Pos, VPos};

use super::decimate::{ColumnSummary, m4};
use super::frame::{Frame, LABEL_DISTANCE, Plot, Surface, TEXT_SIZE, TimeScale, ValueScale};
use super::line::{Line, Segment};
use super::measure::{Measured, text_width};
use super::style::Ink;
use super::time_ticks::time_ticks;
use super::value_axis::ValueAxis;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;

/// The width of the line, in CSS pixels.
const LINE_WIDTH: f64 = 1.5;

/// The radius of a point that has no neighbours, in CSS pixels.
const LONE_POINT_RADIUS: f64 = 1.5;

/// The opacity of the band between the smallest and the largest value.
const BAND_OPACITY: f64 = 0.2;

/// With fewer points to a pixel column all of them are drawn: they cost little, and have their exact place.
const DECIMATE_FROM: usize = 4;

/// The length of the marks of the time axis, in CSS pixels.
const MARK_LENGTH: f64 = 4.0;

/// Between neighbouring labels of the time axis, in CSS pixels.
const TIME_LABEL_DISTANCE: f64 = 24.0;

/// Why drawing failed: what the backend says.
pub type DrawError<B> = DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;

/// Whether a line has so many points that what is drawn is the smallest and the largest of each pixel column.
pub fn is_decimated(line: &Line, plot: &Plot) -> bool {
    let columns = usize::try_from(plot.columns()).unwrap_or(0);
    line.times().len() >= columns.saturating_mul(DECIMATE_FROM)
}

/// Draws a line with its grid and the labels of its values.
pub fn draw_line<B: DrawingBackend>(
    backend: B,
    surface: &Surface,
    frame: &Frame,
    line: &Line,
    axis: &ValueAxis,
    ink: &Ink,
) -> Result<(), DrawError<B>> {
    let paper = Paper::new(backend, surface, ink);
    let plot = Plot::new(surface, frame);
    if plot.columns() == 0 {
        return Ok(());
    }
    let times = TimeScale::new(frame, &plot);
    let values = ValueScale::new(axis, &plot);

    for tick in &axis.ticks {
        let y = values.y(tick.value);
        paper.bar((plot.left, y), (plot.right, y + surface.hairline()))?;
        let anchor = Pos::new(HPos::Right, VPos::Center);
        paper.text(&tick.label, (plot.left - surface.length(LABEL_DISTANCE), y), anchor)?;
    }
    if is_decimated(line, &plot) {
        let segments: Vec<Vec<ColumnSummary>> =
            line.segments().map(|segment| m4(segment, |time| times.column(time))).collect();
        for columns in &segments {
            paper.band(columns, &times, &values)?;
        }
        for columns in &segments {
            paper.stroke(columns.iter().flat_map(|summary| {
                let x = times.column_middle(summary.column);
                summary.values().map(|value| (x, values.y(value)))
            }))?;
        }
    } else {
        for Segment { times: segment_times, values: segment_values } in line.segments() {
            let points = segment_times.iter().zip(segment_values);
            paper.stroke(points.map(|(time, value)| (times.x(*time), values.y(*value))))?;
        }
    }
    Ok(())
}

/// Draws the time axis: marks that point up to the charts, times of a zone below them, dates below those.
pub fn draw_time_axis<B: DrawingBackend>(
    backend: B,
    surface: &Surface,
    frame: &Frame,
    zone: &Zone,
    ink: &Ink,
) -> Result<(), DrawError<B>> {
    let paper = Paper::new(backend, surface, ink);
    let plot = Plot::new(surface, frame);
    if plot.columns() == 0 {
        return Ok(());
    }
    let times = TimeScale::new(frame, &plot);
    let (from, to) =
        (Timestamp::from_nanoseconds(frame.from), Timestamp::from_nanoseconds(frame.to));

    let width = f64::from(plot.right - plot.left) / surface.scale;
    let room =
        |label: &str| (width / (text_width(label, TEXT_SIZE) + TIME_LABEL_DISTANCE)) as usize;
    // Labels with seconds are wider: what fits depends on the labels, which depend on what fits.
    let mut ticks = time_ticks(from, to, room("00:00"), zone);
    if let Some(widest) =
        ticks.iter().map(|tick| tick.label.as_str()).max_by_key(|label| label.len())
        && room(widest) < ticks.len()
    {
        ticks = time_ticks(from, to, room(widest), zone);
    }

    let line_height = TEXT_SIZE * 1.4;
    let top = surface.length(MARK_LENGTH + 4.0);
    paper.bar((plot.left, 0), (plot.right, surface.hairline()))?;
    for tick in ticks {
        let x = times.x(tick.time.to_nanoseconds());
        paper.bar((x, 0), (x + surface.hairline(), surface.length(MARK_LENGTH)))?;
        // A label at an edge moves inwards instead of being cut.
        let centered = |text: &str| {
            let half = (text_width(text, TEXT_SIZE) / 2.0 * surface.scale) as i32;
            x.min(surface.width - half).max(half)
        };
        let anchor = Pos::new(HPos::Center, VPos::Top);
        paper.text(&tick.label, (centered(&tick.label), top), anchor)?;
        if let Some(context) = &tick.context {
            paper.text(context, (centered(context), top + surface.length(line_height)), anchor)?;
        }
    }
    Ok(())
}

/// A surface with something to write on it.
struct Paper<'a, B: DrawingBackend> {
    area: DrawingArea<Measured<B>, Shift>,
    surface: &'a Surface,
    ink: &'a Ink,
}

impl<'a, B: DrawingBackend> Paper<'a, B> {
    fn new(backend: B, surface: &'a Surface, ink: &'a Ink) -> Self {
        let size = (surface.width.unsigned_abs(), surface.height.unsigned_abs());
        Self { area: Measured::new(backend, size).into_drawing_area(), surface, ink }
    }

    /// A part of the grid. A filled rectangle, because it lies exactly on pixels.
    fn bar(&self, upper_left: (i32, i32), bottom_right: (i32, i32)) -> Result<(), DrawError<B>> {
        self.area.draw(&Rectangle::new([upper_left, bottom_right], filled(self.ink.grid, 1.0)))
    }

    fn text(&self, text: &str, position: (i32, i32), anchor: Pos) -> Result<(), DrawError<B>> {
        let size = TEXT_SIZE * self.surface.scale;
        let font = FontDesc::new(FontFamily::Name(&self.ink.font_family), size, FontStyle::Normal);
        let style = TextStyle { font, color: self.ink.label.to_backend_color(), pos: anchor };
        self.area.draw_text(text, &style, position)
    }

    /// The area between the smallest and the largest values.
    fn band(
        &self,
        columns: &[ColumnSummary],
        times: &TimeScale,
        values: &ValueScale,
    ) -> Result<(), DrawError<B>> {
        let edge = |summary: &ColumnSummary, value: f64| {
            (times.column_middle(summary.column), values.y(value))
        };
        let upper = columns.iter().map(|summary| edge(summary, summary.high));
        let lower = columns.iter().rev().map(|summary| edge(summary, summary.low));
        let corners: Vec<(i32, i32)> = upper.chain(lower).collect();
        self.area.draw(&Polygon::new(corners, filled(self.ink.series, BAND_OPACITY)))
    }

    /// A line through points; a dot where there is but one.
    fn stroke(&self, points: impl Iterator<Item = (i32, i32)>) -> Result<(), DrawError<B>> {
        let mut points: Vec<(i32, i32)> = points.collect();
        points.dedup();
        if let [point] = points.as_slice() {
            let radius = (LONE_POINT_RADIUS * self.surface.scale).round() as i32;
            return self.area.draw(&Circle::new(*point, radius, filled(self.ink.series, 1.0)));
        }
        let style = ShapeStyle {
            color: self.ink.series.to_rgba(),
            filled: false,
            stroke_width: self.surface.stroke(LINE_WIDTH),
        };
        self.area.draw(&PathElement::new(points, style))
    }
}

fn filled(color: RGBColor, opacity: f64) -> ShapeStyle {
    ShapeStyle { color: color.mix(opacity), filled: true, stroke_width: 0 }
}

#[cfg(test)]
mod tests;
