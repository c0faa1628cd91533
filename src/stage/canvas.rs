//! Canvases: their size on the screen, their colours, and drawing on them, crisp at any pixel ratio.

use plotters::style::RGBColor;
use plotters_canvas::CanvasBackend;
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Array, Reflect};
use web_sys::{
    CanvasRenderingContext2d, CssStyleDeclaration, Element, HtmlCanvasElement, MediaQueryList,
    MutationObserver, MutationObserverInit, ResizeObserver, ResizeObserverBoxOptions,
    ResizeObserverEntry, ResizeObserverOptions, ResizeObserverSize,
};

use super::brush::Brush;
use super::listener::Listener;
use crate::charts::frame::{Surface, UNITS_PER_PIXEL};
use crate::charts::style::{Ink, parse_color};

/// More than any screen has. Where the style sheet does not say how large a canvas is, it is as large as its drawing, which is made
/// as large as it: without a limit both would grow from report to report.
const MOST_PIXELS: u32 = 16_384;

/// The size of a canvas on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CanvasSize {
    /// Device pixels.
    pub(super) width: u32,
    /// Device pixels.
    pub(super) height: u32,
    /// Device pixels to a CSS pixel.
    pub(super) pixel_ratio: f64,
}

impl CanvasSize {
    /// What is drawn on.
    pub(super) fn surface(self) -> Surface {
        Surface::new(self.width, self.height, self.pixel_ratio)
    }
}

/// Reports the size of a canvas, now and whenever it changes, until it is dropped.
pub(super) struct SizeObserver {
    observer: ResizeObserver,
    _callback: Closure<dyn FnMut(Vec<ResizeObserverEntry>)>,
}

impl SizeObserver {
    pub(super) fn new(
        canvas: &HtmlCanvasElement,
        report: impl Fn(CanvasSize) + 'static,
    ) -> Option<Self> {
        let callback = Closure::new(move |entries: Vec<ResizeObserverEntry>| {
            let size = entries.last().and_then(measure);
            if let Some(size) = size.filter(|size| size.width.max(size.height) <= MOST_PIXELS) {
                report(size);
            }
        });
        let observer = ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
        if knows_device_pixels() {
            // Told also when the page moves to a screen of another pixel ratio.
            let options = ResizeObserverOptions::new();
            options.set_box(ResizeObserverBoxOptions::DevicePixelContentBox);
            observer.observe_with_options(canvas, &options);
        } else {
            observer.observe(canvas);
        }
        Some(Self { observer, _callback: callback })
    }
}

impl Drop for SizeObserver {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn knows_device_pixels() -> bool {
    let entry = web_sys::js_sys::global();
    let prototype = Reflect::get(&entry, &"ResizeObserverEntry".into())
        .and_then(|class| Reflect::get(&class, &"prototype".into()));
    prototype.is_ok_and(|prototype| {
        Reflect::has(&prototype, &"devicePixelContentBoxSize".into()).unwrap_or(false)
    })
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
    let size: ResizeObserverSize = entry.device_pixel_content_box_size().get(0).dyn_into().ok()?;
    Some((size.inline_size(), size.block_size()))
}

/// Clears a canvas, but for so many units at the left if it has its size already, and gives a backend that draws on it in units.
pub(super) fn prepare(canvas: &HtmlCanvasElement, size: CanvasSize, kept: i32) -> Option<Brush> {
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    if (canvas.width(), canvas.height()) == (size.width, size.height) {
        context.reset_transform().ok()?;
        let left = f64::from(kept / UNITS_PER_PIXEL);
        context.clear_rect(left, 0.0, f64::from(size.width) - left, f64::from(size.height));
    } else {
        // Clears it as well.
        canvas.set_width(size.width);
        canvas.set_height(size.height);
    }
    let pixels = 1.0 / f64::from(UNITS_PER_PIXEL);
    context.set_transform(pixels, 0.0, 0.0, pixels, 0.0, 0.0).ok()?;
    Some(Brush::new(CanvasBackend::with_canvas_object(canvas.clone())?, context))
}

/// The colours that the style sheet has for an element at this moment.
pub(super) struct Palette {
    style: Option<CssStyleDeclaration>,
}

impl Palette {
    pub(super) fn of(element: &Element) -> Self {
        let style = web_sys::window().and_then(|window| window.get_computed_style(element).ok()?);
        Self { style }
    }

    fn value(&self, property: &str) -> Option<String> {
        let value = self.style.as_ref()?.get_property_value(property).ok()?;
        Some(value).filter(|value| !value.is_empty())
    }

    /// Grey where the style sheet has not arrived: visible on any background.
    pub(super) fn color(&self, property: &str) -> RGBColor {
        self.value(property).as_deref().and_then(parse_color).unwrap_or(RGBColor(128, 128, 128))
    }

    /// For a chart whose line has the colour that a property names.
    pub(super) fn ink(&self, series: &str) -> Ink {
        let (series, surface) = (self.color(series), self.color("--surface"));
        Ink {
            series,
            compared: mixed(series, surface),
            grid: self.color("--line"),
            label: self.color("--muted"),
            draws_pixels: true,
            font_family: self.value("font-family").unwrap_or_else(|| "sans-serif".to_owned()),
        }
    }
}

/// What a colour looks like at 55 % opacity.
fn mixed(color: RGBColor, background: RGBColor) -> RGBColor {
    let mix = |one: u8, other: u8| ((u32::from(one) * 55 + u32::from(other) * 45) / 100) as u8;
    RGBColor(mix(color.0, background.0), mix(color.1, background.1), mix(color.2, background.2))
}

/// Reports that colours may have changed, by the system's preference or the theme chosen here, until it is dropped.
pub(super) struct AppearanceWatch {
    _preference: Option<(MediaQueryList, Listener)>,
    theme: Option<MutationObserver>,
    _callback: Closure<dyn FnMut()>,
}

impl AppearanceWatch {
    pub(super) fn new(report: impl Fn() + Clone + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let query = window.match_media("(prefers-color-scheme: dark)").ok().flatten();
        let preference = query.map(|query| {
            let report = report.clone();
            let listener = Listener::new(&query, "change", move |_: web_sys::Event| report());
            (query, listener)
        });
        let callback = Closure::<dyn FnMut()>::new(report);
        let theme = MutationObserver::new(callback.as_ref().unchecked_ref()).ok();
        if let (Some(theme), Some(root)) = (&theme, window.document()?.document_element()) {
            let options = MutationObserverInit::new();
            options.set_attributes(true);
            options.set_attribute_filter(&Array::of1(&"data-theme".into()));
            let _ = theme.observe_with_options(&root, &options);
        }
        Some(Self { _preference: preference, theme, _callback: callback })
    }
}

impl Drop for AppearanceWatch {
    fn drop(&mut self) {
        if let Some(theme) = &self.theme {
            theme.disconnect();
        }
    }
}
