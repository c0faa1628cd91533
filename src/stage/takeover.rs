//! How the stage takes over the server's charts, and follows the page when it changes.

use web_sys::{Element, HtmlCanvasElement};

use super::canvas::{AppearanceWatch, CanvasSize, SizeObserver};
use super::elements::Elements;
use super::handle::{Report, Stage};
use super::sight::SightObserver;
use super::state::State;
use super::track::TrackPainter;
use super::{gestures, keyboard, live, picture_file};
use crate::model::view::View;

/// Points that are kept up to date by the live stream are read anew after so long: late ones are not in the stream.
const FRESH_MS: i64 = 300_000;
/// What they are compared with is not in the stream either, and moves on as they do.
const FRESH_COMPARED_MS: i64 = 10_000;

impl Stage {
    /// Takes over the charts in `section`.
    pub fn new(section: Element, view: View, report: impl Report + 'static) -> Self {
        let new = Self::of(section, State::new(view.clone()), report, live::start);
        new.listen();
        new.follow(view);
        new
    }

    fn listen(&self) {
        let mut listeners = gestures::listeners(self);
        listeners.extend(keyboard::listeners(self));
        listeners.extend(live::listeners(self));
        listeners.extend(picture_file::listeners(self));
        self.listen_with(listeners);
        let weak = self.weak();
        let appearance = AppearanceWatch::new(move || {
            if let Some(stage) = weak.stage() {
                stage.change(|state| {
                    state.inks = None;
                    state.track.forget();
                    state.paint_track();
                });
            }
        });
        self.observers().borrow_mut().appearance = appearance;
    }

    /// Shows what a newer page is about.
    pub fn follow(&self, view: View) {
        self.find_elements();
        self.with_mut(State::paint_track);
        let is_running = self.live().borrow().is_running();
        let (is_other, is_old, is_changed) = self.with_mut(|state| {
            let is_other = !state.shows_same(&view);
            let before = (state.from, state.to, state.view.zone.clone());
            if is_other || !is_running {
                let is_shown = (state.from, state.to) == (view.from, view.to);
                (state.from, state.to) = (view.from, view.to);
                if is_other && !is_shown {
                    state.leave_picture();
                }
            }
            if view.is_live() {
                state.home = Some(view.address(view.range));
            }
            let fresh_ms = if view.comparison.is_some() { FRESH_COMPARED_MS } else { FRESH_MS };
            let is_old = view.is_live() && (!is_running || view.now.0 - state.read_at.0 > fresh_ms);
            let is_changed = is_other || before != (state.from, state.to, view.zone.clone());
            state.view = view;
            (is_other, is_old, is_changed)
        });
        // Most newer pages are about what is drawn already.
        if is_changed {
            self.request_paint();
        } else {
            self.with(State::show_resolution);
        }
        if is_other {
            self.stop_live();
        }
        if is_other || (is_old && self.with(|state| state.points.is_none())) {
            self.load();
        } else if is_old {
            // Nobody has asked for it: what is shown stays until the newer points are there.
            self.with_mut(|state| state.wanted = None);
            self.read_wanted();
        }
        // A device without points yet has no charts; the first point brings them.
        if self.with(|state| state.elements.is_none() && state.view.is_live()) && !is_running {
            live::start(self);
        }
    }

    /// The page may have put new charts in the place of the old ones.
    fn find_elements(&self) {
        let elements = Elements::find(self.section());
        let is_same = self.with(|state| match (&state.elements, &elements) {
            (Some(old), Some(new)) => old.axis == new.axis,
            (old, new) => old.is_none() && new.is_none(),
        });
        if is_same {
            return;
        }
        let mut observers = self.observers().borrow_mut();
        observers.sizes.clear();
        observers.sight = None;
        if let Some(elements) = &elements {
            let first = elements.charts.first().map(|chart| &chart.canvas);
            observers.sizes.extend(first.and_then(|canvas| {
                self.observe(canvas, |state, size| state.chart_size = Some(size))
            }));
            observers
                .sizes
                .extend(self.observe(&elements.axis, |state, size| state.axis_size = Some(size)));
            observers.sizes.extend(elements.track.as_ref().and_then(|track| {
                self.observe(&track.canvas, |state, size| state.track.size = Some(size))
            }));
            observers.sight = self.watch(elements);
            keyboard::make_focusable(elements, self.section());
        }
        self.change(|state| {
            state.elements = elements;
            state.inks = None;
            state.track = TrackPainter::default();
        });
    }

    /// Charts that come near are drawn, if they have missed something.
    fn watch(&self, elements: &Elements) -> Option<SightObserver> {
        let weak = self.weak();
        let observer = SightObserver::new(move |layer, is_near| {
            let Some(stage) = weak.stage() else { return };
            let is_due = stage.with(|state| {
                let chart = state.elements.as_ref()?.chart_of(layer)?;
                Some(chart.sight.set_near(is_near))
            });
            if is_due == Some(true) {
                stage.request_frame();
            }
        })?;
        for chart in &elements.charts {
            observer.observe(&chart.layer);
        }
        Some(observer)
    }

    fn observe(
        &self,
        canvas: &HtmlCanvasElement,
        note: impl Fn(&mut State, CanvasSize) + 'static,
    ) -> Option<SizeObserver> {
        let weak = self.weak();
        SizeObserver::new(canvas, move |size| {
            if let Some(stage) = weak.stage() {
                stage.change(|state| note(state, size));
                // The frame in which the sizes are told is not the one to wait for them.
                stage.soon(|stage| {
                    stage.load_if_new();
                    stage.soon(|stage| stage.with_mut(State::paint_track));
                });
            }
        })
    }
}
