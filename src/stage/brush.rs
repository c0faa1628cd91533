//! plotters' canvas, faster at what a chart has thousands of.

use plotters::prelude::DrawingBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};
use plotters_canvas::CanvasBackend;
use web_sys::CanvasRenderingContext2d;

type Result<T> =
    std::result::Result<T, DrawingErrorKind<<CanvasBackend as DrawingBackend>::ErrorType>>;

/// The canvas of plotters-canvas, but for filled rectangles: those of one colour after another do not name it again, which
/// takes a browser longer than to fill them.
pub(super) struct Brush {
    canvas: CanvasBackend,
    /// That of the canvas.
    context: CanvasRenderingContext2d,
    /// What the context fills with, if a rectangle was filled last.
    fill: Option<BackendColor>,
}

impl Brush {
    /// `context` is that of the canvas.
    pub(super) fn new(canvas: CanvasBackend, context: CanvasRenderingContext2d) -> Self {
        Self { canvas, context, fill: None }
    }
}

impl DrawingBackend for Brush {
    type ErrorType = <CanvasBackend as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.canvas.get_size()
    }

    fn ensure_prepared(&mut self) -> Result<()> {
        self.canvas.ensure_prepared()
    }

    fn present(&mut self) -> Result<()> {
        self.canvas.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Result<()> {
        self.fill = None;
        self.canvas.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<()> {
        self.canvas.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<()> {
        let is_same = self.fill.is_some_and(|BackendColor { alpha, rgb }| {
            let color = style.color();
            color.rgb == rgb && color.alpha.to_bits() == alpha.to_bits()
        });
        if fill && is_same {
            let ((left, top), (right, bottom)) = (upper_left, bottom_right);
            let (width, height) = (f64::from(right - left), f64::from(bottom - top));
            self.context.fill_rect(f64::from(left), f64::from(top), width, height);
            return Ok(());
        }
        self.fill = fill.then(|| style.color());
        self.canvas.draw_rect(upper_left, bottom_right, style, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<()> {
        self.canvas.draw_path(path, style)
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Result<()> {
        self.fill = None;
        self.canvas.draw_circle(center, radius, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Result<()> {
        self.fill = None;
        self.canvas.fill_polygon(corners, style)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        position: BackendCoord,
    ) -> Result<()> {
        self.fill = None;
        self.canvas.draw_text(text, style, position)
    }
}
