//! The way of the device on a canvas: the line that the server has drawn, at the canvas' own resolution.

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Path2d};

use super::canvas::{CanvasSize, Palette};
use super::elements::TrackElements;
use crate::charts::track::{HEIGHT, WIDTH};

/// In units of the drawing.
const LINE_WIDTH: f64 = 3.0;
const END_RADIUS: f64 = 6.0;

/// Draws the track when it is another one than before.
#[derive(Debug, Default)]
pub(super) struct TrackPainter {
    /// Of the canvas; `None` until it is known.
    pub(super) size: Option<CanvasSize>,
    /// What is drawn: path data, and the size of the canvas.
    drawn: Option<(String, CanvasSize)>,
}

impl TrackPainter {
    /// Without a canvas that can be drawn on, what the server has drawn stays.
    pub(super) fn paint(&mut self, track: &TrackElements) {
        let Some(size) = self.size else { return };
        let wanted = Some((track.line.get_attribute("d").unwrap_or_default(), size));
        if self.drawn != wanted && paint(track, size).is_some() {
            self.drawn = wanted;
        }
    }

    /// The colours are others.
    pub(super) fn forget(&mut self) {
        self.drawn = None;
    }
}

fn paint(track: &TrackElements, size: CanvasSize) -> Option<()> {
    let TrackElements { canvas, line, end } = track;
    // Clears it as well.
    canvas.set_width(size.width);
    canvas.set_height(size.height);
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    // As SVG does by default: as large as fits, in the middle.
    let scale = (width / WIDTH).min(height / HEIGHT);
    let (left, top) = ((width - WIDTH * scale) / 2.0, (height - HEIGHT * scale) / 2.0);
    context.set_transform(scale, 0.0, 0.0, scale, left, top).ok()?;
    let color = Palette::of(canvas).color("--accent");
    let color = format!("rgb({}, {}, {})", color.0, color.1, color.2);
    context.set_stroke_style_str(&color);
    context.set_fill_style_str(&color);
    context.set_line_width(LINE_WIDTH);
    context.set_line_join("round");
    context.set_line_cap("round");
    let path = Path2d::new_with_path_string(&line.get_attribute("d")?).ok()?;
    context.stroke_with_path(&path);
    // Whole numbers: to read others is 13 KB of code.
    let coordinate = |name: &str| end.get_attribute(name)?.parse::<i32>().ok().map(f64::from);
    context.begin_path();
    context
        .arc(coordinate("cx")?, coordinate("cy")?, END_RADIUS, 0.0, std::f64::consts::TAU)
        .ok()?;
    context.fill();
    canvas.toggle_attribute_with_force("data-drawn", true).ok()?;
    Some(())
}
