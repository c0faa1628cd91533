//! The charts by keyboard: each is a slider along time whose value a screen reader speaks.

use wasm_bindgen::prelude::*;
use web_sys::{Element, KeyboardEvent};

use super::cursor::words_at;
use super::elements::{Elements, LAYER};
use super::handle::Stage;
use super::listener::Listener;
use super::state::State;
use crate::model::time::Timestamp;

/// What a key moves or zooms at once: by rows, by a share of what is shown, by a factor.
const LEAP: i64 = 10;
const SHARE: f64 = 0.25;
const FACTOR: f64 = 0.5;

/// Makes each chart a stop of the Tab key. Its name is the chart's, its value is what the cursor stands on.
pub(super) fn make_focusable(elements: &Elements, section: &Element) {
    for chart in &elements.charts {
        let slug = chart.field.slug();
        let attributes = [
            ("tabindex", "0"),
            ("role", "slider"),
            ("aria-orientation", "horizontal"),
            ("aria-roledescription", "chart"),
            ("aria-labelledby", &format!("chart-{slug}")),
            ("aria-describedby", &format!("chart-{slug}-description charts-keys")),
            ("aria-valuemin", "0"),
            ("aria-valuemax", "0"),
            ("aria-valuenow", "0"),
            ("aria-valuetext", "no value chosen"),
        ];
        for (name, value) in attributes {
            // Fails for names that are none.
            let _ = chart.layer.set_attribute(name, value);
        }
    }
    let _ = section.set_attribute("data-stage", "");
}

pub(super) fn listeners(stage: &Stage) -> Vec<Listener> {
    let weak = stage.weak();
    vec![
        weak.on(stage.section(), "keydown", Stage::key_down),
        weak.on(stage.section(), "focusout", |stage: &Stage, event: web_sys::FocusEvent| {
            if layer_of(&event).is_some() {
                stage.point_at(None);
            }
        }),
    ]
}

fn layer_of(event: &web_sys::Event) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.matches(LAYER).unwrap_or(false).then_some(target)
}

impl Stage {
    fn key_down(&self, event: KeyboardEvent) {
        let Some(layer) = layer_of(&event) else { return };
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let is_shifted = event.shift_key();
        match event.key().as_str() {
            "ArrowLeft" if is_shifted => self.pan(-SHARE),
            "ArrowRight" if is_shifted => self.pan(SHARE),
            "ArrowLeft" => self.step(&layer, |index, _| index - 1),
            "ArrowRight" => self.step(&layer, |index, _| index + 1),
            "PageUp" => self.step(&layer, |index, _| index - LEAP),
            "PageDown" => self.step(&layer, |index, _| index + LEAP),
            "Home" => self.step(&layer, |_, _| 0),
            "End" => self.step(&layer, |_, last| last),
            "+" | "=" => self.zoom(FACTOR),
            "-" => self.zoom(1.0 / FACTOR),
            "0" => self.reset(),
            "Escape" => self.point_at(None),
            _ => return,
        }
        event.prevent_default();
    }

    /// Moves the cursor to another row of the chart that has the focus, and says what is there.
    fn step(&self, layer: &Element, next: impl Fn(i64, i64) -> i64) {
        let time = self.with(|state| {
            let (times, index) = state.row_under_cursor(layer)?;
            let last = i64::try_from(times.len()).ok()? - 1;
            // The first key shows where the cursor is: at the end.
            let index = index.and_then(|index| i64::try_from(index).ok());
            let index = index.map_or(last, |index| next(index, last).clamp(0, last));
            times.get(usize::try_from(index).ok()?).copied()
        });
        self.point_at(time);
        self.with(|state| state.say(layer));
    }

    fn pan(&self, share: f64) {
        let span = self.with(|state| {
            let (from, to) = (state.from.0 as f64, state.to.0 as f64);
            let by = (to - from) * share;
            (from + by, to + by)
        });
        self.show_span_bounded(span.0, span.1);
    }

    fn zoom(&self, factor: f64) {
        let span = self.with(|state| {
            let middle = f64::midpoint(state.from.0 as f64, state.to.0 as f64);
            let center = state.cursor.map_or(middle, |time| time as f64 / 1e6);
            state.zoomed(factor, center)
        });
        self.show_span_bounded(span.0, span.1);
    }
}

impl State {
    /// The times of a chart's rows that are shown, and which of them the cursor is at.
    fn row_under_cursor(&self, layer: &Element) -> Option<(&[i64], Option<usize>)> {
        let field = self.elements.as_ref()?.chart_of(layer)?.field;
        let picture = self.picture.as_ref()?;
        let times = picture.chart(field)?.line.times();
        let start = times.partition_point(|time| *time < picture.frame.from);
        let end = times.partition_point(|time| *time <= picture.frame.to);
        let shown = times.get(start..end).filter(|times| !times.is_empty())?;
        let index = self.cursor.map(|cursor| {
            shown.partition_point(|time| *time < cursor).min(shown.len().saturating_sub(1))
        });
        Some((shown, index))
    }

    /// Tells assistive technology what the cursor stands on.
    fn say(&self, layer: &Element) {
        let words = || {
            let chart = self.elements.as_ref()?.chart_of(layer)?;
            let data = self.picture.as_ref()?.chart(chart.field)?;
            let (times, index) = self.row_under_cursor(layer)?;
            let index = index?;
            let time = *times.get(index)?;
            let value = words_at(chart.field, data, time)?;
            let time = self.view.zone.at(Timestamp::from_nanoseconds(time));
            Some((times.len() - 1, index, format!("{value}, {time}")))
        };
        let Some((last, index, text)) = words() else { return };
        for (name, value) in [
            ("aria-valuemax", last.to_string()),
            ("aria-valuenow", index.to_string()),
            ("aria-valuetext", text),
        ] {
            let _ = layer.set_attribute(name, &value);
        }
    }
}
