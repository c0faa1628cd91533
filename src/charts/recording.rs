//! A backend that draws nothing and remembers everything, for tests.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use plotters::prelude::DrawingBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

/// One stroke or text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Rectangle { corners: [BackendCoord; 2], color: Color },
    Path { points: Vec<BackendCoord>, color: Color, width: u32 },
    Polygon { corners: Vec<BackendCoord>, color: Color },
    Dot { center: BackendCoord, color: Color },
    Text { text: String, position: BackendCoord, color: Color },
}

/// Red, green, blue and the opacity in percent.
pub(super) type Color = (u8, u8, u8, u8);

/// Writes into a list that the test keeps.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    pub(super) marks: Rc<RefCell<Vec<Mark>>>,
    pub(super) size: (u32, u32),
}

impl Recording {
    pub(super) fn new() -> Self {
        Self { marks: Rc::default(), size: (0, 0) }
    }

    fn record(&mut self, mark: Mark) {
        self.marks.borrow_mut().push(mark);
    }
}

fn color(color: BackendColor) -> Color {
    let (red, green, blue) = color.rgb;
    (red, green, blue, (color.alpha * 100.0).round() as u8)
}

impl DrawingBackend for Recording {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(
        &mut self,
        _: BackendCoord,
        _: BackendColor,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        unreachable!("charts draw no single pixels")
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        _: BackendCoord,
        _: BackendCoord,
        _: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        unreachable!(
            "the canvas backend moves straight lines by half a pixel: charts draw rectangles instead"
        )
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        assert!(fill);
        self.record(Mark::Rectangle {
            corners: [upper_left, bottom_right],
            color: color(style.color()),
        });
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let points = path.into_iter().collect();
        self.record(Mark::Path {
            points,
            color: color(style.color()),
            width: style.stroke_width(),
        });
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        _: u32,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        assert!(fill);
        self.record(Mark::Dot { center, color: color(style.color()) });
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let corners = corners.into_iter().collect();
        self.record(Mark::Polygon { corners, color: color(style.color()) });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        position: BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.record(Mark::Text { text: text.to_owned(), position, color: color(style.color()) });
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        _: &str,
        _: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        unreachable!("text is measured by the wrapper, never by the backend")
    }
}
