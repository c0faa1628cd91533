//! Mouse, wheel and touch. A mouse zooms to what is dragged over and moves with Shift; a wheel zooms where the pointer was
//! moved to, never where the page has scrolled under it; one finger moves sideways and leaves scrolling to the page (`touch-action:
//! pan-y`), two zoom; a double click or tap goes back.

use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, MouseEvent, PointerEvent, WheelEvent};

use super::elements::{LAYER, set_style};
use super::gesture::{Action, Pointer, SLACK};
use super::handle::Stage;
use super::listener::Listener;
use super::state::State;
use crate::model::range::{LONGEST_MS, SHORTEST_MS};

/// A second tap must come so soon and so near, in ms and CSS pixels.
const DOUBLE_TAP_MS: f64 = 350.0;
const DOUBLE_TAP_DISTANCE: f64 = 30.0;
/// How far a wheel zooms, for each pixel that it would scroll.
const WHEEL_ZOOM: f64 = 0.0015;
/// What a wheel scrolls when it counts in lines, in CSS pixels.
const LINE_HEIGHT: f64 = 16.0;
/// Some time after the page has scrolled a wheel still belongs to it, in ms.
const SCROLL_PAUSE_MS: f64 = 400.0;

pub(super) fn listeners(stage: &Stage) -> Vec<Listener> {
    let weak = stage.weak();
    let section = stage.section().clone();
    let mut listeners = vec![
        weak.on(&section, "pointerdown", Stage::pointer_down),
        weak.on(&section, "pointermove", Stage::pointer_moves),
        weak.on(&section, "pointerup", |stage: &Stage, event| stage.pointer_up(&event, true)),
        weak.on(&section, "pointercancel", |stage: &Stage, event| stage.pointer_up(&event, false)),
        weak.on(&section, "pointerleave", |stage: &Stage, event: PointerEvent| {
            if event.pointer_type() == "mouse" {
                stage.point_at(None);
            }
        }),
        weak.on(&section, "dblclick", |stage: &Stage, event: MouseEvent| {
            if layer_of(&event).is_some() {
                event.prevent_default();
                stage.reset();
            }
        }),
        weak.on(&section, "wheel", Stage::wheel),
    ];
    if let Some(window) = web_sys::window() {
        listeners.push(weak.on(&window, "scroll", |stage: &Stage, event: Event| {
            stage.with_mut(|state| {
                state.gesture.is_pointed_at = false;
                state.gesture.scrolled_at = event.time_stamp();
            });
        }));
    }
    listeners
}

fn layer_of(event: &Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(LAYER).ok()?
}

/// The place of a pointer in CSS pixels from the left edge of the charts.
fn place(layer: &Element, event: &MouseEvent) -> f64 {
    f64::from(event.client_x()) - layer.get_bounding_client_rect().left()
}

impl Stage {
    fn pointer_down(&self, event: PointerEvent) {
        let Some(layer) = layer_of(&event) else { return };
        let is_touch = event.pointer_type() == "touch";
        let pans = event.shift_key() || event.button() == 1;
        if !is_touch && event.button() != 0 && !pans {
            return;
        }
        let x = place(&layer, &event);
        // Fails for a pointer that is up again.
        let _ = layer.set_pointer_capture(event.pointer_id());
        self.with_mut(|state| {
            let pointer = Pointer { id: event.pointer_id(), x };
            state.gesture.pointers.retain(|other| other.id != pointer.id);
            if state.gesture.pointers.is_empty() {
                state.gesture.before = (state.from.0 as f64, state.to.0 as f64);
                state.gesture.has_moved = false;
            }
            state.gesture.pointers.push(pointer);
            state.gesture.action = match state.gesture.pointers.as_slice() {
                [one, other, ..] => state.pinch(one.x.min(other.x), one.x.max(other.x)),
                _ if is_touch || pans => state.movement(x),
                _ => Action::Select { start: x, now: x },
            };
        });
    }

    fn pointer_moves(&self, event: PointerEvent) {
        let Some(layer) = layer_of(&event) else { return };
        let x = place(&layer, &event);
        let time = self.with_mut(|state| {
            state.gesture.is_pointed_at = true;
            for pointer in &mut state.gesture.pointers {
                if pointer.id == event.pointer_id() {
                    pointer.x = x;
                }
            }
            state.time_at(x)
        });
        let span = self.with_mut(|state| state.act(x));
        if let Some((from, to)) = span {
            self.move_charts(|state| {
                state.gesture.has_moved = true;
                state.show_bounded(from, to);
            });
        }
        if event.pointer_type() == "mouse" {
            self.point_at(time.map(|time| self.with(|state| state.snapped(time, &layer))));
        }
    }

    fn pointer_up(&self, event: &PointerEvent, is_meant: bool) {
        let Some(layer) = layer_of(event) else { return };
        let x = place(&layer, event);
        let action = self.with_mut(|state| {
            state.gesture.pointers.retain(|pointer| pointer.id != event.pointer_id());
            let action = std::mem::take(&mut state.gesture.action);
            state.show_selection(None);
            if let ([left], Action::Pinch { .. }) = (state.gesture.pointers.as_slice(), action) {
                state.gesture.action = state.movement(left.x);
                return Action::None;
            }
            if !is_meant {
                // The browser has taken over, to scroll the page.
                let (from, to) = state.gesture.before;
                state.set_span(from, to);
            }
            action
        });
        if !is_meant {
            self.request_paint();
            return;
        }
        if let Action::Select { start, .. } = action
            && (x - start).abs() > SLACK
        {
            let bounds = self.with(|state| Some((state.ms_at(start)?, state.ms_at(x)?)));
            if let Some((one, other)) = bounds {
                self.change(|state| state.show_bounded(one.min(other), one.max(other)));
                self.end_gesture();
            }
        } else if self.with(|state| state.gesture.has_moved) {
            self.end_gesture();
        } else if event.pointer_type() == "touch" {
            self.tap(event, &layer, x);
        }
    }

    /// One tap shows the values, a second one goes back.
    fn tap(&self, event: &PointerEvent, layer: &Element, x: f64) {
        let now = event.time_stamp();
        let last = self.with_mut(|state| state.gesture.last_tap.replace((now, x)));
        let is_double = last.is_some_and(|(time, place)| {
            now - time < DOUBLE_TAP_MS && (x - place).abs() < DOUBLE_TAP_DISTANCE
        });
        if is_double {
            self.reset();
            return;
        }
        let time = self.with(|state| Some(state.snapped(state.time_at(x)?, layer)));
        self.point_at(time);
    }

    fn wheel(&self, event: WheelEvent) {
        let Some(layer) = layer_of(&event) else { return };
        let is_zoom = event.ctrl_key() || event.meta_key();
        let pixels =
            if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { LINE_HEIGHT } else { 1.0 };
        let (dx, dy) = (event.delta_x() * pixels, event.delta_y() * pixels);
        let is_sideways = event.shift_key() || dx.abs() > dy.abs();
        let is_meant = is_zoom
            || is_sideways
            || self.with(|state| {
                state.gesture.is_pointed_at
                    && event.time_stamp() - state.gesture.scrolled_at > SCROLL_PAUSE_MS
            });
        if !is_meant {
            return;
        }
        event.prevent_default();
        let x = place(&layer, &event);
        let span = self.with(|state| {
            if is_sideways && !is_zoom {
                let distance = if dx.abs() > dy.abs() { dx } else { dy };
                return state.moved(distance);
            }
            Some(state.zoomed((dy * WHEEL_ZOOM).exp(), state.ms_at(x)?))
        });
        if let Some((from, to)) = span {
            self.show_span_bounded(from, to);
        }
    }

    /// Shows a span, within limits, and soon makes it the page's.
    pub(super) fn show_span_bounded(&self, from: f64, to: f64) {
        let (from, to) = self.with(|state| state.bounded(from, to));
        self.show_span(from, to);
    }
}

impl State {
    /// The time at a place of the charts, in nanoseconds.
    fn time_at(&self, x: f64) -> Option<i64> {
        let (scale, units) = self.time_scale()?;
        let time = scale.time((x * units).round() as i32);
        Some(time.clamp(self.from.to_nanoseconds(), self.to.to_nanoseconds()))
    }

    /// The same in milliseconds, also beyond the edges.
    fn ms_at(&self, x: f64) -> Option<f64> {
        let (scale, units) = self.time_scale()?;
        Some(scale.time((x * units).round() as i32) as f64 / 1e6)
    }

    /// The time of the row that is nearest on the chart under the pointer, if it is near at all.
    fn snapped(&self, time: i64, layer: &Element) -> i64 {
        let nearest = || {
            let field = self.elements.as_ref()?.chart_of(layer)?.field;
            let line = &self.picture.as_ref()?.chart(field)?.line;
            line.times().get(line.near(time)?).copied()
        };
        nearest().unwrap_or(time)
    }

    fn movement(&self, start: f64) -> Action {
        Action::Move { start, from: self.from.0 as f64, to: self.to.0 as f64 }
    }

    fn pinch(&self, left: f64, right: f64) -> Action {
        match (self.ms_at(left), self.ms_at(right)) {
            (Some(left), Some(right)) if left < right => Action::Pinch { left, right },
            _ => Action::None,
        }
    }

    /// What a pointer that is now at `x` brings about: the span to be shown.
    fn act(&mut self, x: f64) -> Option<(f64, f64)> {
        match &mut self.gesture.action {
            Action::None => None,
            Action::Select { start, now } => {
                *now = x;
                let selection = (*start, x);
                self.show_selection(Some(selection));
                None
            }
            Action::Move { start, from, to } => {
                let distance = *start - x;
                if distance.abs() <= SLACK {
                    return None;
                }
                let (from, to) = (*from, *to);
                let by = distance * self.ms_per_pixel()?;
                Some((from + by, to + by))
            }
            Action::Pinch { left, right } => {
                let (left, right) = (*left, *right);
                let [one, other, ..] = self.gesture.pointers.as_slice() else { return None };
                let (from_x, to_x) = (one.x.min(other.x), one.x.max(other.x));
                if to_x - from_x < SLACK {
                    return None;
                }
                // Both times stay under their fingers.
                let (edge, width) = self.plot_css()?;
                let ms_per_pixel = (right - left) / (to_x - from_x);
                let from = left - (from_x - edge) * ms_per_pixel;
                Some((from, from + width * ms_per_pixel))
            }
        }
    }

    /// The left edge of the plots and their width, in CSS pixels.
    fn plot_css(&self) -> Option<(f64, f64)> {
        let size = self.chart_size?;
        let (plot, scale) = (self.plot(size)?, size.surface().scale);
        Some((f64::from(plot.left) / scale, f64::from(plot.right - plot.left) / scale))
    }

    fn ms_per_pixel(&self) -> Option<f64> {
        Some((self.to.0 - self.from.0) as f64 / self.plot_css()?.1)
    }

    /// The span that is so many CSS pixels later.
    pub(super) fn moved(&self, pixels: f64) -> Option<(f64, f64)> {
        let by = pixels * self.ms_per_pixel()?;
        Some((self.from.0 as f64 + by, self.to.0 as f64 + by))
    }

    /// The span that is so many times as long, with `center` at the same place.
    pub(super) fn zoomed(&self, factor: f64, center: f64) -> (f64, f64) {
        let (from, to) = (self.from.0 as f64, self.to.0 as f64);
        let factor = factor.clamp(SHORTEST_MS / (to - from), LONGEST_MS / (to - from));
        (center - (center - from) * factor, center + (to - center) * factor)
    }

    /// A span that can be shown: neither too short nor too long, and not in the future.
    fn bounded(&self, from: f64, to: f64) -> (f64, f64) {
        let length = (to - from).clamp(SHORTEST_MS, LONGEST_MS);
        let latest = self.view.now.0.max(self.to.0) as f64;
        let to = to.min(latest);
        (to - length, to)
    }

    fn show_bounded(&mut self, from: f64, to: f64) {
        let (from, to) = self.bounded(from, to);
        self.set_span(from, to);
    }

    /// Shows what is being chosen, on all charts.
    fn show_selection(&self, selection: Option<(f64, f64)>) {
        let Some(elements) = &self.elements else { return };
        for chart in &elements.charts {
            let is_shown = selection.is_some_and(|(start, now)| (now - start).abs() > SLACK);
            let _ = chart.selection.toggle_attribute_with_force("data-shown", is_shown);
            if let Some((start, now)) = selection {
                let (left, width) = (start.min(now), (now - start).abs());
                let place = format!("translateX({left:.1}px) scaleX({width:.1})");
                set_style(&chart.selection, "transform", &place);
            }
        }
    }
}
