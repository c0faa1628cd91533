//! New points as they come: the server's stream, and the axis that moves on also when nothing comes. Hidden pages do not
//! listen; whoever comes back, slept, or had no network, gets what was missed.
//!
//! A connection may be dead without a word: a computer that sleeps, a router that forgets. So a stream that is silent for longer than
//! the server ever is, and any that is older than a sleep, is given up for a new one.

use std::time::Duration;

use futures::future::abortable;
use leptos::prelude::{set_interval_with_handle, set_timeout_with_handle};
use leptos::server_fn::ServerFn;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;
use web_sys::js_sys::Date;

use super::elements::set_text;
use super::handle::Stage;
use super::listener::Listener;
use super::state::State;
use super::stream::milliseconds;
use crate::api::ApiError;
use crate::api::dashboard::FollowSeries;
use crate::browser::answer::get;
use crate::model::live::{FrameReader, LiveFrame, LiveState};
use crate::model::series::Series;
use crate::model::time::Timestamp;

/// How often the axis moves on, at most.
const TICK: Duration = Duration::from_secs(1);
/// A tick that comes so late, in milliseconds by the clock on the wall, comes after a sleep.
const SLEEP_MS: f64 = 10_000.0;
/// Between attempts, in seconds: the last one holds for all further ones.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 15];
/// The stream fills gaps of up to an hour; longer ones are read anew.
const LONGEST_GAP_MS: i64 = 45 * 60_000;
/// The gauges around the charts are the page's: it is asked for again when points have come, so often at most.
const PAGE_PAUSE_MS: f64 = 2_000.0;

pub(super) fn listeners(stage: &Stage) -> Vec<Listener> {
    let weak = stage.weak();
    let mut listeners = Vec::new();
    if let Some(window) = web_sys::window() {
        listeners.push(weak.on(&window, "online", |stage: &Stage, _: Event| stage.resume()));
        listeners.push(weak.on(&window, "offline", |stage: &Stage, _: Event| stage.lose_network()));
        if let Some(document) = window.document() {
            listeners.push(weak.on(&document, "visibilitychange", |stage: &Stage, _: Event| {
                if is_hidden() {
                    stage.live().borrow_mut().disconnect();
                } else {
                    stage.resume();
                }
            }));
        }
    }
    listeners
}

/// Begins to show new points, behind those that are there.
pub(super) fn start(stage: &Stage) {
    {
        let mut live = stage.live().borrow_mut();
        // The page may be older than what has been heard since.
        let now = stage.with(|state| state.view.now);
        live.heard.get_or_insert((now, milliseconds()));
        if live.ticks.is_none() {
            live.ticked_at = Date::now();
            let weak = stage.weak();
            let tick = move || {
                if let Some(stage) = weak.stage() {
                    stage.tick();
                }
            };
            live.ticks = set_interval_with_handle(tick, TICK).ok();
        }
    }
    stage.connect();
}

impl Stage {
    fn connect(&self) {
        self.live().borrow_mut().disconnect();
        if is_hidden() {
            return;
        }
        let weak = self.weak();
        let (id, since) = self.with(|state| (state.view.id.to_string(), state.newest()));
        let (work, handle) = abortable(async move {
            let url = format!("{}?id={id}&since_ms={}", FollowSeries::url(), since.0);
            let mut answer = get(&url).await?;
            let mut reader = FrameReader::default();
            let mut is_first = true;
            while let Some(piece) = answer.piece().await? {
                reader.push(&piece);
                let unreadable =
                    |error: crate::model::live::FrameError| ApiError::Transport(error.to_string());
                while let Some(frame) = reader.next().map_err(unreadable)? {
                    let Some(stage) = weak.stage() else { return Ok(()) };
                    stage.hear(frame);
                    if std::mem::take(&mut is_first) {
                        stage.read_if_late();
                    }
                }
            }
            Ok::<_, ApiError>(())
        });
        {
            let mut live = self.live().borrow_mut();
            live.running = Some(handle);
            live.connected_at = milliseconds();
        }
        let weak = self.weak();
        spawn_local(async move {
            let outcome = work.await;
            if let (Ok(result), Some(stage)) = (outcome, weak.stage()) {
                stage.lose_stream(result.is_err());
            }
        });
    }

    fn hear(&self, frame: LiveFrame) {
        {
            let mut live = self.live().borrow_mut();
            live.failures = 0;
            if let LiveFrame::Alive { now } = &frame {
                live.heard = Some((*now, milliseconds()));
            } else if let Some(now) = live.now() {
                live.heard = Some((now, milliseconds()));
            }
        }
        match frame {
            LiveFrame::Alive { .. } => self.set_live(LiveState::Live),
            LiveFrame::Trouble(_) => self.set_live(LiveState::Delayed),
            LiveFrame::Points(series) => self.take_new(&series),
        }
        self.move_on();
    }

    /// Reads what is shown anew if the stream does not reach back to what is there. What the browser takes for the present is
    /// the past after a sleep, until the server has said its first word.
    fn read_if_late(&self) {
        let Some(now) = self.live().borrow().now() else { return };
        let there = self.with(|state| state.points.as_ref().map(|points| points.to));
        if there.is_some_and(|there| now.0 - there.0 > LONGEST_GAP_MS) {
            self.change(|state| state.move_to(now));
            // Listens again when it has the points.
            self.load();
        }
    }

    /// Adds new points to what is shown.
    fn take_new(&self, series: &Series) {
        self.change(|state| {
            if let Some(points) = &mut state.points {
                points.series.append(series);
                if let Some(last) = series.times.last() {
                    points.to = points.to.max(Timestamp::from_nanoseconds(*last));
                }
                state.show_newest(series);
                state.make_picture();
            }
        });
        self.live().borrow_mut().is_page_due = true;
        self.ask_for_page();
    }

    /// The gauges, and charts where there were none, come with the page.
    fn ask_for_page(&self) {
        let is_time = {
            let mut live = self.live().borrow_mut();
            let now = milliseconds();
            // Without a stream there is probably no page either.
            let is_time = live.is_page_due
                && live.running.is_some()
                && now - live.page_asked_at >= PAGE_PAUSE_MS;
            if is_time {
                live.is_page_due = false;
                live.page_asked_at = now;
            }
            is_time
        };
        if is_time && !self.with(|state| state.gesture.is_running()) {
            crate::browser::refresh();
        }
    }

    fn tick(&self) {
        let (has_slept, is_silent) = {
            let mut live = self.live().borrow_mut();
            // The clock that never goes back stands still in the sleep of some systems.
            let wall = Date::now();
            let before = std::mem::replace(&mut live.ticked_at, wall);
            (wall - before > SLEEP_MS, live.is_silent())
        };
        if is_hidden() {
            return;
        }
        if has_slept {
            self.live().borrow_mut().disconnect();
            self.resume();
        } else if is_silent {
            self.live().borrow_mut().disconnect();
            self.lose_stream(false);
        }
        self.ask_for_page();
        self.move_on();
    }

    /// Moves the axis to the present, if that makes a difference.
    fn move_on(&self) {
        let Some(now) = self.live().borrow().now() else { return };
        let is_due = self.with(|state| state.is_due(now));
        if is_due {
            self.move_charts(|state| state.move_to(now));
        }
    }

    fn lose_stream(&self, is_error: bool) {
        let pause = {
            let mut live = self.live().borrow_mut();
            live.running = None;
            let pause = PAUSES.get(live.failures).or(PAUSES.last()).copied().unwrap_or(1);
            live.failures += 1;
            pause
        };
        self.set_live(if is_error { LiveState::Offline } else { LiveState::Delayed });
        let weak = self.weak();
        let retry = set_timeout_with_handle(
            move || {
                if let Some(stage) = weak.stage() {
                    stage.resume();
                }
            },
            Duration::from_secs(pause),
        );
        self.live().borrow_mut().retry = retry.ok();
    }

    fn lose_network(&self) {
        let is_running = self.live().borrow().is_running();
        if is_running {
            self.live().borrow_mut().disconnect();
            self.set_live(LiveState::Offline);
        }
    }

    /// Goes on listening, and fills the gap.
    fn resume(&self) {
        let (is_running, is_connected) = {
            let live = self.live().borrow();
            (live.is_running(), live.running.is_some())
        };
        if is_running && !is_connected {
            self.connect();
        }
    }

    fn set_live(&self, state: LiveState) {
        let is_new = std::mem::replace(&mut self.live().borrow_mut().state, state) != state;
        if is_new {
            self.report_live(state);
        }
    }
}

impl State {
    /// The time after which points may be missing, which is not the end of what was read: points take a while from a device to
    /// InfluxDB. Of windows it is where the last one begins: what is in it already is added to it without a difference.
    fn newest(&self) -> Timestamp {
        let Some(points) = &self.points else { return self.view.now };
        points.series.times.last().map_or(points.to, |last| Timestamp::from_nanoseconds(*last))
    }

    /// Whether the axis would differ by a pixel if it ended now.
    fn is_due(&self, now: Timestamp) -> bool {
        let length = (self.to.0 - self.from.0) as f64;
        let width = self.chart_size.map_or(1.0, |size| f64::from(size.width.max(1)));
        self.view.is_live()
            && !self.gesture.is_running()
            && (now.0 - self.to.0) as f64 >= length / width
    }

    fn move_to(&mut self, now: Timestamp) {
        let length = self.to.0 - self.from.0;
        (self.from, self.to) = (Timestamp(now.0 - length), now);
        if let Some(points) = &mut self.points {
            points.series.forget_before(self.from.to_nanoseconds());
        }
        if let Some(picture) = &mut self.picture {
            picture.show(self.from, now);
        }
    }

    /// The captions have the newest values.
    fn show_newest(&self, series: &Series) {
        let Some(elements) = &self.elements else { return };
        for chart in &elements.charts {
            let values = series.column(chart.field).unwrap_or_default();
            let newest = values.iter().rev().find(|value| !value.is_nan());
            if let (Some(element), Some(newest)) = (&chart.value, newest) {
                set_text(element, &chart.field.format(*newest));
            }
        }
    }
}

fn is_hidden() -> bool {
    leptos::prelude::document().hidden()
}
