//! Pictures of all charts, also of those that nobody sees at the moment: as a PNG file, and on paper.

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Document, Event, HtmlCanvasElement, HtmlElement};

use super::canvas::Palette;
use super::handle::Stage;
use super::listener::Listener;
use super::state::State;

/// The button that asks for it. It stands outside of the section of the charts.
const BUTTON: &str = "[data-export=png]";
/// Around the charts and above each, in CSS pixels.
const MARGIN: f64 = 16.0;
const TITLE_HEIGHT: f64 = 28.0;

pub(super) fn listeners(stage: &Stage) -> Vec<Listener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let weak = stage.weak();
    let print = weak.on(&window, "beforeprint", |stage: &Stage, _: Event| stage.catch_up());
    let save = weak.on(&window, "click", |stage: &Stage, event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if target.is_some_and(|target| target.closest(BUTTON).is_ok_and(|button| button.is_some()))
        {
            stage.catch_up();
            // Nothing to save where nothing is drawn.
            let _ = stage.with(State::save);
        }
    });
    vec![print, save]
}

impl State {
    fn save(&self) -> Option<()> {
        let document = web_sys::window()?.document()?;
        let (elements, size) = (self.elements.as_ref()?, self.chart_size?);
        let pixels = |css: f64| css * size.pixel_ratio;
        let sheet = create::<HtmlCanvasElement>(&document, "canvas")?;
        let step = f64::from(size.height) + pixels(TITLE_HEIGHT);
        let height = step * elements.charts.len() as f64 + f64::from(elements.axis.height());
        sheet.set_width((f64::from(size.width) + pixels(2.0 * MARGIN)) as u32);
        sheet.set_height((height + pixels(2.0 * MARGIN)) as u32);
        let context: CanvasRenderingContext2d = sheet.get_context("2d").ok()??.dyn_into().ok()?;
        let section: &web_sys::Element = elements.charts.first()?.layer.as_ref();
        let style = web_sys::window()?.get_computed_style(section).ok()??;
        let color = |name: &str| style.get_property_value(name).unwrap_or_default();
        context.set_fill_style_str(&color("--surface"));
        context.fill_rect(0.0, 0.0, f64::from(sheet.width()), f64::from(sheet.height()));
        context.set_font(&format!(
            "600 {}px {}",
            pixels(14.0),
            Palette::of(section).ink("--text").font_family
        ));
        context.set_fill_style_str(&color("--text"));
        let mut y = pixels(MARGIN);
        for chart in &elements.charts {
            let title =
                format!("{} · {} ({})", self.view.id, chart.field.key(), chart.field.unit());
            context.fill_text(&title, pixels(MARGIN), y + pixels(18.0)).ok()?;
            y += pixels(TITLE_HEIGHT);
            context.draw_image_with_html_canvas_element(&chart.canvas, pixels(MARGIN), y).ok()?;
            y += f64::from(size.height);
        }
        context.draw_image_with_html_canvas_element(&elements.axis, pixels(MARGIN), y).ok()?;
        let link = create::<HtmlElement>(&document, "a")?;
        link.set_attribute("href", &sheet.to_data_url().ok()?).ok()?;
        link.set_attribute("download", &format!("{}.png", self.view.file_name())).ok()?;
        link.click();
        Some(())
    }
}

fn create<E: JsCast>(document: &Document, name: &str) -> Option<E> {
    document.create_element(name).ok()?.dyn_into().ok()
}
