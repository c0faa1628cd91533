//! Drawing on `<canvas>` elements, crisp at any pixel ratio.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Canvas;
use leptos::prelude::*;

/// The size of a canvas on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CanvasSize {
    /// Device pixels.
    pub width: u32,
    /// Device pixels.
    pub height: u32,
    /// Device pixels to a CSS pixel.
    pub pixel_ratio: f64,
}

/// The plotters backend that draws on a canvas.
///
/// ## Server-Side Rendering
///
/// A type without values: the code that draws compiles, and cannot run.
#[cfg(feature = "hydrate")]
pub use plotters_canvas::CanvasBackend;
#[cfg(not(feature = "hydrate"))]
pub use server::CanvasBackend;

/// The size of a canvas, followed as layout, zoom and screen change; `None` until it is laid out.
///
/// ## Server-Side Rendering
///
/// Stays `None`.
pub fn use_canvas_size(canvas: NodeRef<Canvas>) -> ReadSignal<Option<CanvasSize>> {
    let (size, set_size) = signal(None);
    #[cfg(feature = "hydrate")]
    {
        let pixel_ratio = super::media::use_pixel_ratio();
        Effect::new(move |_: Option<Option<browser::SizeObserver>>| {
            // What an effect returns lives until it runs again or its component is gone. A new observer reports at once.
            pixel_ratio.track();
            browser::SizeObserver::new(&canvas.get()?, move |size| set_size.set(Some(size)))
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (canvas, set_size);
    size
}

/// Calls `draw` with what `subject` says is to be drawn: now and whenever that changes, at most once a frame, with
/// the newest.
///
/// ## Server-Side Rendering
///
/// Does nothing.
pub fn use_drawing<T: 'static>(
    subject: impl Fn() -> T + 'static,
    draw: impl Fn(T) + Clone + 'static,
) {
    // No stored value of leptos: on the server, where it may be dropped on another thread, it would have to be `Send`.
    let waiting = Rc::new(RefCell::new(None));
    Effect::new(move |_| {
        let is_requested = waiting.replace(Some(subject())).is_some();
        if !is_requested {
            let (waiting, draw) = (Rc::clone(&waiting), draw.clone());
            request_animation_frame(move || {
                if let Some(subject) = waiting.take() {
                    draw(subject);
                }
            });
        }
    });
}

/// Clears the canvas, gives it a pixel to each pixel of the screen and calls `draw` with a backend that has
/// `units_per_pixel` units to a pixel.
///
/// ## Server-Side Rendering
///
/// Does nothing.
pub fn draw_on(
    canvas: NodeRef<Canvas>,
    size: CanvasSize,
    units_per_pixel: i32,
    draw: impl FnOnce(CanvasBackend),
) {
    #[cfg(feature = "hydrate")]
    if let Some(canvas) = canvas.try_get_untracked().flatten()
        && let Some(backend) = browser::prepare(&canvas, size, units_per_pixel)
    {
        draw(backend);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (canvas, size, units_per_pixel, draw);
}

#[cfg(feature = "hydrate")]
mod browser {
    use wasm_bindgen::prelude::*;
    use web_sys::js_sys::Reflect;
    use web_sys::{
        CanvasRenderingContext2d, HtmlCanvasElement, ResizeObserver, ResizeObserverEntry,
        ResizeObserverSize,
    };

    use super::{CanvasBackend, CanvasSize};

    type Callback = Closure<dyn FnMut(Vec<ResizeObserverEntry>)>;

    /// Observes until it is dropped.
    pub(super) struct SizeObserver {
        observer: ResizeObserver,
        _callback: Callback,
    }

    impl SizeObserver {
        pub(super) fn new(
            canvas: &HtmlCanvasElement,
            report: impl Fn(CanvasSize) + 'static,
        ) -> Option<Self> {
            let callback = Callback::new(move |entries: Vec<ResizeObserverEntry>| {
                if let Some(size) = entries.last().and_then(measure) {
                    report(size);
                }
            });
            let observer = ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
            observer.observe(canvas);
            Some(Self { observer, _callback: callback })
        }
    }

    impl Drop for SizeObserver {
        fn drop(&mut self) {
            self.observer.disconnect();
        }
    }

    fn measure(entry: &ResizeObserverEntry) -> Option<CanvasSize> {
        let pixel_ratio = web_sys::window()?.device_pixel_ratio();
        let css = entry.content_rect();
        let (width, height) = (css.width() * pixel_ratio, css.height() * pixel_ratio);
        // Where an edge lies between two pixels, only the browser knows to which side it went. Safari does not tell,
        // and an emulated pixel ratio (developer tools) is not what it tells of.
        let told = device_pixels(entry).filter(|(told_width, told_height)| {
            (told_width - width).abs() < 1.5 && (told_height - height).abs() < 1.5
        });
        let (width, height) = told.unwrap_or((width, height));
        Some(CanvasSize { width: width.round() as u32, height: height.round() as u32, pixel_ratio })
    }

    fn device_pixels(entry: &ResizeObserverEntry) -> Option<(f64, f64)> {
        if !Reflect::has(entry, &"devicePixelContentBoxSize".into()).unwrap_or(false) {
            return None;
        }
        let size: ResizeObserverSize =
            entry.device_pixel_content_box_size().get(0).dyn_into().ok()?;
        Some((size.inline_size(), size.block_size()))
    }

    pub(super) fn prepare(
        canvas: &HtmlCanvasElement,
        size: CanvasSize,
        units_per_pixel: i32,
    ) -> Option<CanvasBackend> {
        // Setting the size clears the canvas and resets its state, also when the size stays the same.
        canvas.set_width(size.width);
        canvas.set_height(size.height);
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let pixels = 1.0 / f64::from(units_per_pixel);
        context.scale(pixels, pixels).ok()?;
        CanvasBackend::with_canvas_object(canvas.clone())
    }
}

#[cfg(not(feature = "hydrate"))]
mod server {
    use std::convert::Infallible;

    use plotters::prelude::DrawingBackend;
    use plotters_backend::{BackendColor, BackendCoord, DrawingErrorKind};

    /// What would draw on a canvas in a browser; there is none on the server.
    #[derive(Debug)]
    pub enum CanvasBackend {}

    impl DrawingBackend for CanvasBackend {
        type ErrorType = Infallible;

        fn get_size(&self) -> (u32, u32) {
            match *self {}
        }

        fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
            match *self {}
        }

        fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
            match *self {}
        }

        fn draw_pixel(
            &mut self,
            _: BackendCoord,
            _: BackendColor,
        ) -> Result<(), DrawingErrorKind<Infallible>> {
            match *self {}
        }
    }
}
