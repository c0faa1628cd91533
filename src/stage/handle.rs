//! The stage as others hold it: how a change becomes a picture, at most once a frame, and a span the page's.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use futures::future::abortable;
use leptos::prelude::request_animation_frame;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event};

use super::canvas::{AppearanceWatch, SizeObserver};
use super::elements::{Elements, Sheet};
use super::listener::Listener;
use super::paint::{Inks, Painter};
use super::points::{self, Points};
use super::sight::{Change, SightObserver};
use super::state::State;
use super::stream::Live;
use crate::browser::task;
use crate::model::live::LiveState;
use crate::model::range::TimeRange;
use crate::model::time::Timestamp;

/// How long the span that is shown must stay the same before it becomes the page's.
const SETTLED: std::time::Duration = std::time::Duration::from_millis(250);

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

struct Inner {
    section: Element,
    report: Box<dyn Report>,
    state: RefCell<State>,
    /// Why what is drawn is to be drawn anew.
    changed: Cell<Change>,
    is_paint_requested: Cell<bool>,
    /// How many sheets, from the first one on, were drawn but once.
    drawn_once: Cell<usize>,
    listeners: RefCell<Vec<Listener>>,
    observers: RefCell<Observers>,
    /// Called when points of a span that ends now were read.
    when_read: fn(&Stage),
    live: RefCell<Live>,
}

/// They report until they are dropped.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) sizes: Vec<SizeObserver>,
    pub(super) sight: Option<SightObserver>,
    pub(super) appearance: Option<AppearanceWatch>,
}

impl Stage {
    /// A stage that nothing listens for yet.
    pub(super) fn of(
        section: Element,
        state: State,
        report: impl Report + 'static,
        when_read: fn(&Stage),
    ) -> Self {
        Self(Rc::new(Inner {
            section,
            report: Box::new(report),
            state: RefCell::new(state),
            changed: Cell::default(),
            is_paint_requested: Cell::default(),
            drawn_once: Cell::default(),
            listeners: RefCell::default(),
            observers: RefCell::default(),
            when_read,
            live: RefCell::default(),
        }))
    }

    pub(super) fn listen_with(&self, listeners: Vec<Listener>) {
        self.0.listeners.replace(listeners);
    }

    pub(super) fn observers(&self) -> &RefCell<Observers> {
        &self.0.observers
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
        let result = self.with_mut(change);
        self.request_paint();
        result
    }

    /// Changes the span that is shown, as the next moment or the next step of a gesture will.
    pub(super) fn move_charts(&self, change: impl FnOnce(&mut State)) {
        self.with_mut(change);
        self.paint_after(Change::Movement);
    }

    /// Does something in a task of its own, if the stage is still there then.
    pub(super) fn soon(&self, work: impl FnOnce(&Self) + 'static) {
        let weak = self.weak();
        task::soon(move || {
            if let Some(stage) = weak.stage() {
                work(&stage);
            }
        });
    }

    /// Puts the cursor to a moment on all charts, or takes it away.
    pub(super) fn point_at(&self, time: Option<i64>) {
        self.with_mut(|state| {
            state.cursor = time;
            state.place_cursor();
        });
    }

    pub(super) fn stop_live(&self) {
        self.0.live.borrow_mut().stop();
        self.0.report.live(LiveState::Off);
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
    pub(super) fn read_wanted(&self) -> bool {
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
        self.rehearse();
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
            (self.0.when_read)(self);
        }
    }

    pub(super) fn with_mut<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.borrow_mut())
    }

    /// Shows another span at once, and soon makes it the page's.
    pub(super) fn show_span(&self, from: f64, to: f64) {
        self.move_charts(|state| state.set_span(from, to));
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

    /// Has everything drawn anew with the next frame.
    pub(super) fn request_paint(&self) {
        self.paint_after(Change::Lasting);
    }

    fn paint_after(&self, change: Change) {
        self.0.changed.set(self.0.changed.get().max(change));
        self.request_frame();
    }

    /// Has what waits to be drawn drawn with the next frame.
    pub(super) fn request_frame(&self) {
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

    /// Draws what has changed. What shows the server's drawing so far gets its canvas one after the other, one a frame:
    /// these look the same, and all at once would be a frame that takes long. Then each is drawn once more in the same way: browsers
    /// give a canvas the memory for its second picture when there is one, and the first movement is not to wait for that.
    fn paint(&self) {
        let change = self.0.changed.take();
        let is_complete = self.draw(|elements, painter, inks| {
            let (drawn, mut new): (Vec<_>, Vec<_>) = elements.sheets().partition(Sheet::is_drawn);
            for sheet in drawn {
                if sheet.is_due(change) {
                    painter.paint(sheet, inks);
                }
            }
            new.reverse();
            let once = &self.0.drawn_once;
            if let Some(sheet) = new.pop() {
                painter.paint(sheet, inks);
                sheet.set_drawn();
                once.set(once.get() + 1);
            } else if let Some(left) = once.get().checked_sub(1) {
                if let Some(sheet) = elements.sheets().nth(left) {
                    painter.paint(sheet, inks);
                }
                once.set(left);
            }
            new.is_empty() && once.get() == 0
        });
        if is_complete.is_some() {
            self.with(|state| {
                state.show_resolution();
                state.place_cursor();
            });
        }
        if is_complete == Some(false) {
            self.request_frame();
        }
    }

    /// Draws at once what is out of sight too, for a picture of all charts.
    pub(super) fn catch_up(&self) {
        self.paint();
        self.draw(|elements, painter, inks| {
            for chart in &elements.charts {
                if chart.sight.take_behind() {
                    painter.paint(Sheet::Chart(chart), inks);
                }
            }
        });
    }

    /// Does something with all that drawing needs; `None` where some of it is not there yet.
    fn draw<T>(&self, work: impl FnOnce(&Elements, Painter<'_>, &mut Inks) -> T) -> Option<T> {
        self.with_mut(|state| {
            let State { elements, picture, inks, chart_size, axis_size, view, .. } = state;
            let (chart_size, axis_size) = ((*chart_size)?, (*axis_size)?);
            let (elements, picture) = (elements.as_ref()?, picture.as_ref()?);
            let inks = inks.get_or_insert_with(|| Inks::of(&self.0.section));
            let painter = Painter { picture, chart_size, axis_size, zone: &view.zone };
            Some(work(elements, painter, inks))
        })
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
