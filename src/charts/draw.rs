//! Drawing one chart, and the time axis that all share, on any plotters backend.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle};
use plotters::prelude::DrawingBackend;
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};
use plotters_backend::DrawingErrorKind;
use plotters_backend::text_anchor::{HPos, Pos, VPos};

use super::columns::{Bar, covered};
use super::decimate::{ColumnSummary, m4};
use super::frame::{
    Frame, LABEL_DISTANCE, Plot, Surface, TEXT_SIZE, TimeScale, UNITS_PER_PIXEL, ValueScale,
};
use super::line::{Line, Segment};
use super::measure::{Measured, text_width};
use super::picture::Chart;
use super::style::Ink;
use super::time_ticks::time_ticks;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;

/// The width of the line, in CSS pixels.
const LINE_WIDTH: f64 = 1.5;

/// The radius of a point that has no neighbours, in CSS pixels.
const LONE_POINT_RADIUS: f64 = 1.5;

/// The opacity of the band between the smallest and the largest value.
const BAND_OPACITY: f64 = 0.2;

/// The length of a dash and of the space behind it, in CSS pixels.
const DASH: f64 = 4.0;

/// The length of the marks of the time axis, in CSS pixels.
const MARK_LENGTH: f64 = 4.0;

/// Between neighbouring labels of the time axis, in CSS pixels.
const TIME_LABEL_DISTANCE: f64 = 24.0;

/// Why drawing failed: what the backend says.
pub type DrawError<B> = DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;

/// What of a chart is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    All,
    /// The labels of the values, in the gutter beside the plot, are there already.
    AllButLabels,
}

/// Draws a chart: its grid, the labels of its values, its line, and below that the one that it is compared with.
pub fn draw_chart<B: DrawingBackend>(
    backend: B,
    surface: &Surface,
    frame: &Frame,
    chart: &Chart,
    ink: &Ink,
    parts: Parts,
) -> Result<(), DrawError<B>> {
    let paper = Paper::new(backend, surface, ink);
    let plot = Plot::new(surface, frame);
    if plot.columns() == 0 {
        return Ok(());
    }
    let scales = Scales {
        plot,
        times: TimeScale::new(frame, &plot),
        values: ValueScale::new(&chart.axis, &plot),
    };
    for tick in &chart.axis.ticks {
        let y = scales.values.y(tick.value);
        paper.bar((plot.left, y), (plot.right, y + surface.hairline()))?;
        if parts == Parts::All {
            let anchor = Pos::new(HPos::Right, VPos::Center);
            paper.text(&tick.label, (plot.left - surface.length(LABEL_DISTANCE), y), anchor)?;
        }
    }
    if let Some(compared) = &chart.compared {
        for corners in outlines(compared, frame, &scales) {
            paper.dashed(&corners)?;
        }
    }
    if chart.line.is_decimated(plot.columns()) {
        for columns in summaries(&chart.line, frame, &scales) {
            if ink.draws_pixels {
                paper.columns(&columns, &scales)?;
            } else {
                paper.band(&columns, &scales)?;
            }
        }
        if ink.draws_pixels {
            return Ok(());
        }
    }
    for corners in outlines(&chart.line, frame, &scales) {
        paper.stroke(corners, ink.series)?;
    }
    Ok(())
}

/// From time and value to coordinates of a plot.
struct Scales {
    plot: Plot,
    times: TimeScale,
    values: ValueScale,
}

/// What is shown of a line by pixel column, one list a stretch without gaps.
fn summaries(line: &Line, frame: &Frame, scales: &Scales) -> Vec<Vec<ColumnSummary>> {
    let shown = line.segments_within(frame.from, frame.to);
    shown.map(|segment| m4(segment, |time| scales.times.column(time))).collect()
}

/// The corners of a line in the plot, one list a stretch without gaps.
fn outlines(line: &Line, frame: &Frame, scales: &Scales) -> Vec<Vec<(i32, i32)>> {
    let Scales { plot, times, values } = scales;
    let clipped = |corners: &mut dyn Iterator<Item = (i32, i32)>| {
        let mut corners = clipped(corners, plot.left, plot.right);
        corners.dedup();
        corners
    };
    let stretches: Vec<Vec<(i32, i32)>> = if line.is_decimated(plot.columns()) {
        let corners = |columns: Vec<ColumnSummary>| {
            clipped(&mut columns.iter().flat_map(|summary| {
                let corners = corners_of(summary, times);
                corners
                    .map(|corner| corner.map(|(x, value)| (x, values.y(value))))
                    .into_iter()
                    .flatten()
            }))
        };
        summaries(line, frame, scales).into_iter().map(corners).collect()
    } else {
        let corners = |Segment { times: at, rows }: Segment<'_>| {
            let points = at.iter().zip(rows);
            clipped(&mut points.map(|(time, row)| (times.x(*time), values.y(row.last))))
        };
        line.segments_within(frame.from, frame.to).map(corners).collect()
    };
    stretches.into_iter().filter(|corners| !corners.is_empty()).collect()
}

/// The corners of a line in a pixel column, which may be wide: it enters at the left edge, has its extremes in the middle and
/// leaves at the right edge. So what rises or falls steadily has no steps. A single value stands in the middle.
fn corners_of(summary: &ColumnSummary, times: &TimeScale) -> [Option<(i32, f64)>; 4] {
    let [first, earlier, later, last] = summary.values();
    let left = times.column_left(summary.column);
    let middle = times.column_middle(summary.column);
    let right = times.column_left(summary.column + 1);
    if summary.low >= summary.high {
        return [Some((middle, first)), None, None, None];
    }
    let is_extreme = |value: f64| (value - first).abs() > 0.0 && (value - last).abs() > 0.0;
    let extreme = |value: f64| is_extreme(value).then_some((middle, value));
    [Some((left, first)), extreme(earlier), extreme(later), Some((right, last))]
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
    fn band(&self, columns: &[ColumnSummary], scales: &Scales) -> Result<(), DrawError<B>> {
        let edge = |summary: &ColumnSummary, value: f64| {
            (scales.times.column_middle(summary.column), scales.values.y(value))
        };
        let inside = 0..scales.plot.columns();
        let shown = columns.iter().filter(|summary| inside.contains(&summary.column));
        let upper = shown.clone().map(|summary| edge(summary, summary.high));
        let lower = shown.rev().map(|summary| edge(summary, summary.low));
        let corners: Vec<(i32, i32)> = upper.chain(lower).collect();
        // A window stands in its middle, which may be yet to come.
        if corners.is_empty() {
            return Ok(());
        }
        self.area.draw(&Polygon::new(corners, filled(self.ink.series, BAND_OPACITY)))
    }

    /// A line of more points than pixels.
    fn columns(&self, columns: &[ColumnSummary], scales: &Scales) -> Result<(), DrawError<B>> {
        let thickness = self.surface.stroke(LINE_WIDTH).cast_signed();
        let bars = covered(columns, 0..scales.plot.columns());
        if let [Bar { column, low, high }] = bars.as_slice()
            && low >= high
        {
            let place = (scales.times.column_middle(*column), scales.values.y(*low));
            return self.stroke(vec![place], self.ink.series);
        }
        let corners = bars.iter().flat_map(|bar| {
            let left = scales.times.column_left(bar.column);
            let top = scales.values.y(bar.high) - thickness / 2;
            [(left, top), (left + UNITS_PER_PIXEL, scales.values.y(bar.low) + thickness / 2)]
        });
        self.area.draw(&Bars { corners: corners.collect(), style: filled(self.ink.series, 1.0) })
    }

    /// A line through points; a dot where there is but one.
    fn stroke(&self, points: Vec<(i32, i32)>, color: RGBColor) -> Result<(), DrawError<B>> {
        if let [point] = points.as_slice() {
            let radius = (LONE_POINT_RADIUS * self.surface.scale).round() as i32;
            return self.area.draw(&Circle::new(*point, radius, filled(color, 1.0)));
        }
        let style = ShapeStyle {
            color: color.to_rgba(),
            filled: false,
            stroke_width: self.surface.stroke(LINE_WIDTH),
        };
        self.area.draw(&PathElement::new(points, style))
    }

    /// A dashed line through points. A backend whose style sheet makes the dashes gets it whole.
    fn dashed(&self, points: &[(i32, i32)]) -> Result<(), DrawError<B>> {
        if !self.ink.draws_pixels || points.len() == 1 {
            return self.stroke(points.to_vec(), self.ink.compared);
        }
        for dash in dashes(points, DASH * self.surface.scale) {
            self.stroke(dash, self.ink.compared)?;
        }
        Ok(())
    }
}

/// Filled rectangles of one style, each given by its upper left and its lower right corner.
struct Bars {
    corners: Vec<(i32, i32)>,
    style: ShapeStyle,
}

impl<'a> PointCollection<'a, (i32, i32)> for &'a Bars {
    type Point = &'a (i32, i32);
    type IntoIter = &'a [(i32, i32)];

    fn point_iter(self) -> Self::IntoIter {
        &self.corners
    }
}

impl<B: DrawingBackend> Drawable<B> for Bars {
    fn draw<I: Iterator<Item = (i32, i32)>>(
        &self,
        mut corners: I,
        backend: &mut B,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<B::ErrorType>> {
        while let (Some(upper_left), Some(bottom_right)) = (corners.next(), corners.next()) {
            backend.draw_rect(upper_left, bottom_right, &self.style, true)?;
        }
        Ok(())
    }
}

/// Every other stretch of a line, each so long.
fn dashes(points: &[(i32, i32)], length: f64) -> Vec<Vec<(i32, i32)>> {
    let mut dashes = Vec::new();
    let mut dash: Vec<(i32, i32)> = points.first().copied().into_iter().collect();
    let (mut is_drawn, mut left) = (true, length);
    for (one, other) in points.iter().zip(points.iter().skip(1)) {
        let (dx, dy) = (f64::from(other.0 - one.0), f64::from(other.1 - one.1));
        let whole = dx.hypot(dy);
        let mut done = 0.0;
        while whole - done > left {
            done += left;
            let share = done / whole;
            let border = (one.0 + (dx * share).round() as i32, one.1 + (dy * share).round() as i32);
            if is_drawn {
                dash.push(border);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash.push(border);
            }
            (is_drawn, left) = (!is_drawn, length);
        }
        left -= whole - done;
        if is_drawn {
            dash.push(*other);
        }
    }
    if dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

/// The part of a line between two verticals. The points must go from left to right.
fn clipped(points: impl Iterator<Item = (i32, i32)>, left: i32, right: i32) -> Vec<(i32, i32)> {
    let mut inside = Vec::new();
    let mut before: Option<(i32, i32)> = None;
    for point in points {
        if let Some(before) = before {
            for edge in [left, right] {
                if before.0 < edge && edge < point.0 {
                    inside.push((edge, between(before, point, edge)));
                }
            }
        }
        if (left..=right).contains(&point.0) {
            inside.push(point);
        }
        before = Some(point);
    }
    inside
}

/// The height of the line through two points at `x` between them.
fn between(one: (i32, i32), other: (i32, i32), x: i32) -> i32 {
    let share = f64::from(x - one.0) / f64::from(other.0 - one.0);
    one.1 + (share * f64::from(other.1 - one.1)).round() as i32
}

fn filled(color: RGBColor, opacity: f64) -> ShapeStyle {
    ShapeStyle { color: color.mix(opacity), filled: true, stroke_width: 0 }
}

#[cfg(test)]
mod tests;
