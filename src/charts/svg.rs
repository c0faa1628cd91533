//! A plotters backend that writes SVG with classes in the place of colours, so that style sheets decide about the theme.
//!
//! The server does not know how wide a chart will be. So shapes go into a `viewBox` that is stretched to whatever width
//! there is (`preserveAspectRatio="none"`, lines keep their width by `vector-effect`), and text, which must not be
//! stretched, is placed by shares of width and height.

use std::convert::Infallible;
use std::fmt::Write;

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;
use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

use super::frame::{Plot, Surface};
use super::style::Ink;

type Result<T = ()> = std::result::Result<T, DrawingErrorKind<Infallible>>;

/// The colours that stand for roles while this backend draws.
const SERIES: RGBColor = RGBColor(1, 0, 0);
const COMPARED: RGBColor = RGBColor(2, 0, 0);
const GRID: RGBColor = RGBColor(3, 0, 0);
const LABEL: RGBColor = RGBColor(4, 0, 0);

/// What to draw with on this backend.
pub fn ink() -> Ink {
    Ink {
        series: SERIES,
        compared: COMPARED,
        grid: GRID,
        label: LABEL,
        draws_pixels: false,
        font_family: String::new(),
    }
}

/// A drawing as markup.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    /// The `viewBox` of the shapes: the plot, in units.
    pub view_box: String,
    /// `<path>`, `<rect>` elements with classes.
    pub shapes: String,
    pub texts: Vec<Text>,
}

/// Text that stands at shares of the plot's width and the surface's height.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    pub text: String,
    /// Percent, from the left edge of the plot.
    pub x: f64,
    /// Percent, from the upper edge of the surface.
    pub y: f64,
    /// `start`, `middle` or `end`.
    pub anchor: &'static str,
}

/// Draws by `draw` and gives what came of it.
pub fn drawn(
    surface: &Surface,
    plot: &Plot,
    draw: impl FnOnce(SvgBackend<'_>) -> bool,
) -> Option<Drawing> {
    let (width, height) = (plot.right - plot.left, surface.height);
    let mut drawing =
        Drawing { view_box: format!("{} 0 {width} {height}", plot.left), ..Drawing::default() };
    draw(SvgBackend { drawing: &mut drawing, surface: *surface, plot: *plot }).then_some(drawing)
}

/// Writes into a [`Drawing`].
#[derive(Debug)]
pub struct SvgBackend<'a> {
    drawing: &'a mut Drawing,
    surface: Surface,
    plot: Plot,
}

impl SvgBackend<'_> {
    fn shape(&mut self, markup: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = self.drawing.shapes.write_fmt(markup);
    }
}

/// The class of a role.
fn class(color: BackendColor) -> &'static str {
    let (red, ..) = color.rgb;
    match red {
        1 if color.alpha < 1.0 => "band",
        1 => "line",
        2 => "line line--compared",
        3 => "grid",
        _ => "label",
    }
}

/// Path data through points, relative to one another, which is shortest.
pub(super) fn path_data(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut data = String::new();
    let mut previous: Option<BackendCoord> = None;
    for (x, y) in points {
        let _ = match previous {
            None => write!(data, "M{x} {y}"),
            Some((before_x, before_y)) => match (x - before_x, y - before_y) {
                (dx, 0) => write!(data, "h{dx}"),
                (0, dy) => write!(data, "v{dy}"),
                (dx, dy @ ..0) => write!(data, "l{dx}{dy}"),
                (dx, dy) => write!(data, "l{dx} {dy}"),
            },
        };
        previous = Some((x, y));
    }
    data
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.surface.width.unsigned_abs(), self.surface.height.unsigned_abs())
    }

    fn ensure_prepared(&mut self) -> Result {
        Ok(())
    }

    fn present(&mut self) -> Result {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Result {
        self.shape(format_args!(
            r#"<rect class="{}" x="{x}" y="{y}" width="1" height="1"/>"#,
            class(color)
        ));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Result {
        let (width, height) = (right - left, bottom - top);
        let class = class(style.color());
        self.shape(format_args!(
            r#"<rect class="{class}" x="{left}" y="{top}" width="{width}" height="{height}"/>"#
        ));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result {
        let (class, data) = (class(style.color()), path_data(path));
        self.shape(format_args!(r#"<path class="{class}" d="{data}"/>"#));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        _radius: u32,
        style: &S,
        _fill: bool,
    ) -> Result {
        // A circle would be stretched; the round end of a line without length is not.
        let class = class(style.color());
        self.shape(format_args!(r#"<path class="{class} dot" d="M{x} {y}h0"/>"#));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Result {
        let (class, data) = (class(style.color()), path_data(corners));
        self.shape(format_args!(r#"<path class="{class}" d="{data}z"/>"#));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Result {
        let share = |part: i32, whole: i32| {
            // As many digits as there are pixels.
            (f64::from(part) / f64::from(whole.max(1)) * 1e4).round() / 100.0
        };
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        self.drawing.texts.push(Text {
            text: text.to_owned(),
            x: share(x - self.plot.left, self.plot.right - self.plot.left),
            y: share(y, self.surface.height),
            anchor,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::draw::{Parts, draw_chart, draw_time_axis};
    use crate::charts::frame::Frame;
    use crate::charts::line::Line;
    use crate::charts::picture::Chart;
    use crate::charts::value_axis::ValueAxis;
    use crate::model::field::Field;
    use crate::model::zone::Zone;

    const MINUTE: i64 = 60_000_000_000;

    fn draw(times: &[i64], values: &[f64]) -> Drawing {
        let chart = Chart {
            field: Field::Co2,
            line: Line::through(times, values),
            compared: Some(Line::through(&[0, 100 * MINUTE], &[1.0, 2.0])),
            axis: ValueAxis::new(0.0, 10.0),
        };
        let frame = Frame::new(0, 100 * MINUTE, [&chart.axis]);
        let surface = Surface::new(152, 100, 1.0);
        let plot = Plot::new(&surface, &frame);
        drawn(&surface, &plot, |backend| {
            draw_chart(backend, &surface, &frame, &chart, &ink(), Parts::All).is_ok()
        })
        .expect("draws")
    }

    #[test]
    fn shapes_have_classes_and_no_colours() {
        let drawing = draw(&[0, 50 * MINUTE, 100 * MINUTE], &[0.0, 10.0, 10.0]);
        assert_eq!(drawing.view_box, "88 0 200 200");
        assert!(drawing.shapes.contains(r#"<path class="line" d="M88 "#), "{}", drawing.shapes);
        assert!(drawing.shapes.contains(r#"h100""#), "{}", drawing.shapes);
        assert_eq!(drawing.shapes.matches(r#"class="line line--compared""#).count(), 1);
        assert!(drawing.shapes.contains(r#"<rect class="grid" x="88""#), "{}", drawing.shapes);
        for never in ["style", "fill", "stroke", "rgb", "#"] {
            assert!(!drawing.shapes.contains(never), "{never}: {}", drawing.shapes);
        }
    }

    #[test]
    fn labels_are_left_of_the_plot_at_shares_of_its_height() {
        let drawing = draw(&[0], &[5.0]);
        let labels: Vec<&str> = drawing.texts.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(labels, ["0", "5", "10"]);
        for text in &drawing.texts {
            assert!(text.x < 0.0 && text.anchor == "end", "{text:?}");
            assert!((0.0..=100.0).contains(&text.y), "{text:?}");
        }
        assert!(drawing.shapes.contains(r#"<path class="line dot" d="M88 "#));
    }

    #[test]
    fn a_time_axis_has_its_labels_by_shares_of_the_width() {
        let frame = Frame { from: 0, to: 100 * MINUTE, gutter: 44.0 };
        let surface = Surface::new(452, 44, 1.0);
        let plot = Plot::new(&surface, &frame);
        let drawing = drawn(&surface, &plot, |backend| {
            draw_time_axis(backend, &surface, &frame, &Zone::utc(), &ink()).is_ok()
        })
        .expect("draws");
        let labels: Vec<(&str, f64)> =
            drawing.texts.iter().map(|text| (text.text.as_str(), text.x)).collect();
        assert!(labels.contains(&("00:30", 30.0)), "{labels:?}");
    }

    #[test]
    fn path_data_is_relative() {
        assert_eq!(path_data([(1, 2), (3, 2), (3, 5), (4, 1), (5, 9)]), "M1 2h2v3l1-4l1 8");
    }
}
