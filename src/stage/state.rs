//! What the stage knows, and how it follows the page: from a view to points, from points to a picture, from a picture to
//! the canvases, at most once a frame.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use futures::future::{AbortHandle, abortable};
use leptos::prelude::request_animation_frame;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event};

use super::canvas::{AppearanceWatch, CanvasSize, SizeObserver};
use super::cursor::Cursor;
use super::elements::{Elements, set_text};
use super::gestures::Gesture;
use super::listener::Listener;
use super::live::{Live, LiveState};
use super::paint::{Inks, paint};
use super::points::{self, Points};
use super::track::TrackPainter;
use super::{gestures, keyboard, live, picture_file};
use crate::charts::frame::{Plot, TimeScale};
use crate::charts::picture::Picture;
use crate::charts::summary::{extent, resolution};
use crate::model::range::TimeRange;
use crate::model::time::Timestamp;
use crate::model::view::View;

/// How long the span that is shown must stay the same before it becomes the page's.
const SETTLED: std::time::Duration = std::time::Duration::from_millis(250);

/// Points that are kept up to date by the live stream are read anew after so long: late ones are not in the stream.
const FRESH_MS: i64 = 300_000;
/// What they are compared with is not in the stream either, and moves on as they do.
const FRESH_COMPARED_MS: i64 = 10_000;

/// What the stage tells the island.
pub trait Report {
    /// A request for points has begun.
    fn loading(&self);
    /// It has ended: well, or for a reason.
    fn loaded(&self, failure: Option<String>);
    /// The live stream is in another state.
    fn live(&self, state: LiveState);
}

/// The charts of a page. Clones are the same stage.
#[derive(Clone)]
pub struct Stage(Rc<Inner>);

impl std::fmt::Debug for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Stage")
    }
}

pub(super) struct Inner {
    section: Element,
    report: Box<dyn Report>,
    pub(super) state: RefCell<State>,
    is_paint_requested: Cell<bool>,
    listeners: RefCell<Vec<Listener>>,
    observers: RefCell<Observers>,
    pub(super) live: RefCell<Live>,
}

/// They report until they are dropped.
#[derive(Default)]
struct Observers {
    sizes: Vec<SizeObserver>,
    appearance: Option<AppearanceWatch>,
}

/// What is shown and what it is drawn from.
pub(super) struct State {
    pub(super) view: View,
    /// The span that is shown; of a gesture, ahead of the page.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) elements: Option<Elements>,
    pub(super) points: Option<Points>,
    pub(super) picture: Option<Picture>,
    pub(super) chart_size: Option<CanvasSize>,
    axis_size: Option<CanvasSize>,
    inks: Option<Inks>,
    track: TrackPainter,
    pub(super) cursor: Cursor,
    pub(super) gesture: Gesture,
    /// The address without zoom.
    home: Option<String>,
    running: Option<AbortHandle>,
    /// What is being read, or was read last: the same is not read again.
    wanted: Option<(View, Timestamp, Timestamp, u32)>,
    settle: Option<leptos::prelude::TimeoutHandle>,
    /// When the points were read, by the server's clock.
    read_at: Timestamp,
}

impl Stage {
    /// Takes over the charts in `section`.
    pub fn new(section: Element, view: View, report: impl Report + 'static) -> Self {
        let state = State {
            from: view.from,
            to: view.to,
            view: view.clone(),
            elements: None,
            points: None,
            picture: None,
            chart_size: None,
            axis_size: None,
            inks: None,
            track: TrackPainter::default(),
            cursor: Cursor::default(),
            gesture: Gesture::default(),
            home: None,
            running: None,
            wanted: None,
            settle: None,
            read_at: Timestamp(0),
        };
        let new = Self(Rc::new(Inner {
            section,
            report: Box::new(report),
            state: RefCell::new(state),
            is_paint_requested: Cell::new(false),
            listeners: RefCell::default(),
            observers: RefCell::default(),
            live: RefCell::default(),
        }));
        new.listen();
        new.follow(view);
        new
    }

    fn listen(&self) {
        let mut listeners = gestures::listeners(self);
        listeners.extend(keyboard::listeners(self));
        listeners.extend(live::listeners(self));
        listeners.extend(picture_file::listener(self));
        self.0.listeners.replace(listeners);
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
        self.0.observers.borrow_mut().appearance = appearance;
    }

    pub(super) fn section(&self) -> &Element {
        &self.0.section
    }

    pub(super) fn weak(&self) -> WeakStage {
        WeakStage(Rc::downgrade(&self.0))
    }

    pub(super) fn report_live(&self, state: LiveState) {
        self.0.report.live(state);
    }

    pub(super) fn live(&self) -> &RefCell<Live> {
        &self.0.live
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.0.state.borrow())
    }

    /// Changes something that is drawn.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.0.state.borrow_mut());
        self.request_paint();
        result
    }

    /// Shows what a newer page is about.
    pub fn follow(&self, view: View) {
        self.find_elements();
        self.with_mut(State::paint_track);
        let is_running = self.0.live.borrow().is_running();
        let (is_other, is_old) = self.change(|state| {
            let is_other = !state.shows_same(&view);
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
            state.view = view;
            (is_other, is_old)
        });
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

    fn stop_live(&self) {
        self.0.live.borrow_mut().stop();
        self.0.report.live(LiveState::Off);
    }

    /// The page may have put new charts in the place of the old ones.
    fn find_elements(&self) {
        let elements = Elements::find(&self.0.section);
        let is_same = self.with(|state| match (&state.elements, &elements) {
            (Some(old), Some(new)) => old.axis == new.axis,
            (old, new) => old.is_none() && new.is_none(),
        });
        if is_same {
            return;
        }
        let mut observers = self.0.observers.borrow_mut();
        observers.sizes.clear();
        if let Some(elements) = &elements {
            let first = elements.charts.first().map(|chart| &chart.canvas);
            observers.sizes.extend(first.and_then(|canvas| {
                self.observe(canvas, |state, size| state.chart_size = Some(size))
            }));
            observers
                .sizes
                .extend(self.observe(&elements.axis, |state, size| state.axis_size = Some(size)));
            observers.sizes.extend(elements.track.as_ref().and_then(|track| {
                self.observe(&track.canvas, |state, size| {
                    state.track.size = Some(size);
                    state.paint_track();
                })
            }));
            keyboard::make_focusable(elements, &self.0.section);
        }
        self.change(|state| {
            state.elements = elements;
            state.inks = None;
            state.track = TrackPainter::default();
        });
    }

    fn observe(
        &self,
        canvas: &web_sys::HtmlCanvasElement,
        note: impl Fn(&mut State, CanvasSize) + 'static,
    ) -> Option<SizeObserver> {
        let weak = self.weak();
        SizeObserver::new(canvas, move |size| {
            if let Some(stage) = weak.stage() {
                stage.change(|state| note(state, size));
                stage.load_if_new();
            }
        })
    }

    /// Reads the points, also those that are there already.
    pub fn load(&self) {
        self.with_mut(|state| state.wanted = None);
        self.load_if_new();
    }

    /// Reads the points of what is shown, unless that is what is there, and says so.
    pub(super) fn load_if_new(&self) {
        if self.read_wanted() {
            self.0.report.loading();
        }
    }

    /// Whether there was something to read.
    fn read_wanted(&self) -> bool {
        let Some((view, from, to, columns)) = self.with_mut(State::take_wish) else { return false };
        let (work, handle) = abortable(points::read(view.clone(), from, to, columns));
        self.with_mut(|state| {
            if let Some(running) = state.running.replace(handle) {
                running.abort();
            }
        });
        let weak = self.weak();
        spawn_local(async move {
            // A cancelled request has nothing to say any more.
            let (Ok(result), Some(stage)) = (work.await, weak.stage()) else { return };
            stage.with_mut(|state| state.running = None);
            match result {
                Ok(points) => {
                    stage.take_points(points, view.now);
                    stage.0.report.loaded(None);
                }
                Err(error) => {
                    stage.with_mut(|state| state.wanted = None);
                    stage.0.report.loaded(Some(error.to_string()));
                }
            }
        });
        true
    }

    fn take_points(&self, points: Points, now: Timestamp) {
        let is_live = self.change(|state| {
            state.points = Some(points);
            state.read_at = now;
            state.make_picture();
            state.view.is_live()
        });
        if is_live {
            live::start(self);
        }
    }

    pub(super) fn with_mut<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.borrow_mut())
    }

    /// Shows another span at once, and soon makes it the page's.
    pub(super) fn show_span(&self, from: f64, to: f64) {
        self.change(|state| state.set_span(from, to));
        let weak = self.weak();
        let settle = leptos::prelude::set_timeout_with_handle(
            move || {
                if let Some(stage) = weak.stage() {
                    stage.settle();
                }
            },
            SETTLED,
        );
        let older = self.with_mut(|state| std::mem::replace(&mut state.settle, settle.ok()));
        if let Some(older) = older {
            older.clear();
        }
    }

    /// Makes the span that is shown the page's.
    fn settle(&self) {
        if self.with(|state| state.gesture.is_running()) {
            return;
        }
        self.stop_live();
        let address = self.with_mut(|state| {
            state.settle = None;
            let range = TimeRange::Absolute { from: state.from, to: state.to };
            (range.bounds(state.view.now) != (state.view.from, state.view.to)).then(|| {
                state.view.range = range;
                (state.view.from, state.view.to) = (state.from, state.to);
                state.view.address(range)
            })
        });
        if let Some(address) = address {
            self.load_if_new();
            crate::browser::navigate(&address);
        }
    }

    /// Makes the span of a gesture that has ended the page's.
    pub(super) fn end_gesture(&self) {
        let is_changed =
            self.with(|state| (state.from, state.to) != (state.view.from, state.view.to));
        if is_changed {
            self.settle();
        } else {
            self.request_paint();
        }
    }

    /// Goes back to what was shown before somebody zoomed.
    pub(super) fn reset(&self) {
        let home = self.with(|state| {
            let home = state.home.clone();
            (!state.view.is_live())
                .then(|| home.unwrap_or_else(|| state.view.address(TimeRange::default())))
        });
        if let Some(home) = home {
            crate::browser::navigate(&home);
        }
    }

    pub(super) fn request_paint(&self) {
        if self.0.is_paint_requested.replace(true) {
            return;
        }
        let weak = self.weak();
        request_animation_frame(move || {
            if let Some(stage) = weak.stage() {
                stage.0.is_paint_requested.set(false);
                stage.paint();
            }
        });
    }

    fn paint(&self) {
        self.with_mut(|state| {
            let State { elements, picture, inks, chart_size, axis_size, view, .. } = state;
            let (Some(elements), Some(picture), Some(chart_size), Some(axis_size)) =
                (elements.as_ref(), picture.as_ref(), *chart_size, *axis_size)
            else {
                return;
            };
            let inks = inks.get_or_insert_with(|| Inks::of(&self.0.section));
            paint(elements, picture, inks, chart_size, axis_size, &view.zone);
            if let Some(element) = &elements.resolution {
                set_text(element, &resolution(picture, &chart_size.surface()));
            }
            if !elements.is_drawn() {
                elements.set_drawn(true);
            }
            state.place_cursor();
        });
    }
}

impl State {
    /// Draws the way of the device, if there is one that is not drawn yet.
    fn paint_track(&mut self) {
        if let Some(track) = self.elements.as_ref().and_then(|elements| elements.track.as_ref()) {
            self.track.paint(track);
        }
    }

    /// Whether a newer page is about what is shown already.
    fn shows_same(&self, view: &View) -> bool {
        let is_same_span = if view.is_live() {
            self.view.range == view.range
        } else {
            (self.from, self.to) == (view.from, view.to) && self.points.is_some()
        };
        self.view.id == view.id
            && self.view.comparison == view.comparison
            && is_same_span
            && self.wanted.is_some()
    }

    /// What the server has drawn is shown until there are points of our own.
    fn leave_picture(&mut self) {
        self.picture = None;
        self.points = None;
        self.cursor = Cursor::default();
        if let Some(elements) = &self.elements {
            elements.set_drawn(false);
        }
    }

    /// What is to be read now, if it is not what was read.
    fn take_wish(&mut self) -> Option<(View, Timestamp, Timestamp, u32)> {
        let columns = match (&self.elements, self.chart_size) {
            (Some(_), Some(size)) => self.plot(size).map_or(1, |plot| plot.columns()),
            // There are no charts, because there were no points.
            _ => return None,
        };
        let columns = u32::try_from(columns).unwrap_or(1);
        let wish = (self.view.without_now(), self.from, self.to, columns);
        if self.wanted.as_ref() == Some(&wish) || self.gesture.is_running() {
            return None;
        }
        self.wanted = Some(wish);
        Some((self.view.clone(), self.from, self.to, columns))
    }

    /// The plot of the charts on a canvas of this size.
    pub(super) fn plot(&self, size: CanvasSize) -> Option<Plot> {
        let narrow = crate::charts::frame::Frame::new(0, 1, []);
        let frame = self.picture.as_ref().map_or(narrow, |picture| picture.frame);
        let plot = Plot::new(&size.surface(), &frame);
        (plot.columns() > 0).then_some(plot)
    }

    /// From time to place on the charts as they are shown.
    pub(super) fn time_scale(&self) -> Option<(TimeScale, f64)> {
        let (picture, size) = (self.picture.as_ref()?, self.chart_size?);
        let surface = size.surface();
        let plot = self.plot(size)?;
        Some((TimeScale::new(&picture.frame, &plot), surface.scale))
    }

    /// Prepares the points that are there for the span that is shown.
    pub(super) fn make_picture(&mut self) {
        let Some(points) = &self.points else { return };
        let shift = self
            .view
            .comparison
            .as_ref()
            .map_or(0, |comparison| comparison.shift(points.from, points.to));
        let compared = points.compared.as_ref().map(|other| (other, shift));
        let picture = Picture::new(&points.series, compared, self.from, self.to);
        if let Some(elements) = &self.elements {
            for chart in &elements.charts {
                let line = picture.chart(chart.field).map(|data| &data.line);
                if let (Some(element), Some(line)) = (&chart.extent, line) {
                    set_text(element, &extent(chart.field, line).unwrap_or_default());
                }
            }
        }
        self.picture = Some(picture);
    }

    /// Shows another span of the points that are there. In milliseconds since the epoch.
    pub(super) fn set_span(&mut self, from: f64, to: f64) {
        let (from, to) = (Timestamp(from.round() as i64), Timestamp(to.round() as i64));
        if from >= to {
            return;
        }
        (self.from, self.to) = (from, to);
        if let Some(picture) = &mut self.picture {
            (picture.frame.from, picture.frame.to) = (from.to_nanoseconds(), to.to_nanoseconds());
        }
    }
}

/// Does not keep the stage alive.
#[derive(Clone)]
pub(super) struct WeakStage(Weak<Inner>);

impl WeakStage {
    /// The stage, if it is still there.
    pub(super) fn stage(&self) -> Option<Stage> {
        self.0.upgrade().map(Stage)
    }

    /// A listener that passes events on to the stage.
    pub(super) fn on<E: wasm_bindgen::convert::FromWasmAbi + AsRef<Event> + 'static>(
        &self,
        target: &web_sys::EventTarget,
        name: &'static str,
        handle: impl Fn(&Stage, E) + 'static,
    ) -> Listener {
        let weak = self.clone();
        Listener::new(target, name, move |event: E| {
            if let Some(stage) = weak.stage() {
                handle(&stage, event);
            }
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if let Some(running) = state.running.take() {
            running.abort();
        }
        if let Some(settle) = state.settle.take() {
            settle.clear();
        }
        self.live.get_mut().stop();
    }
}
