//! The stream of new points: whether it runs, and when something came last.

use futures::future::AbortHandle;
use leptos::prelude::{IntervalHandle, TimeoutHandle};

use crate::model::live::LiveState;
use crate::model::time::Timestamp;

/// The server says something every five seconds. After so many milliseconds of silence something is wrong.
const SILENCE_MS: f64 = 12_000.0;

/// The stream of one stage.
#[derive(Default)]
pub(super) struct Live {
    pub(super) running: Option<AbortHandle>,
    pub(super) ticks: Option<IntervalHandle>,
    pub(super) retry: Option<TimeoutHandle>,
    pub(super) state: LiveState,
    pub(super) failures: usize,
    /// The server's clock and the browser's when something came last.
    pub(super) heard: Option<(Timestamp, f64)>,
    /// The browser's clock when the stream was asked for.
    pub(super) connected_at: f64,
    /// The clock on the wall at the last tick, in milliseconds: it goes on while a computer sleeps, and may be set.
    pub(super) ticked_at: f64,
    pub(super) page_asked_at: f64,
    pub(super) is_page_due: bool,
}

impl Live {
    /// Whether new points come, or will when the server answers again.
    pub(super) fn is_running(&self) -> bool {
        self.ticks.is_some()
    }

    /// Whether nothing has come for longer than the server is ever silent, though somebody listens.
    pub(super) fn is_silent(&self) -> bool {
        let heard = self.heard.map_or(self.connected_at, |(_, heard)| heard.max(self.connected_at));
        self.running.is_some() && milliseconds() - heard > SILENCE_MS
    }

    pub(super) fn stop(&mut self) {
        self.disconnect();
        if let Some(ticks) = self.ticks.take() {
            ticks.clear();
        }
        self.heard = None;
        self.failures = 0;
    }

    pub(super) fn disconnect(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
    }

    /// The server's time now.
    pub(super) fn now(&self) -> Option<Timestamp> {
        let (server, browser) = self.heard?;
        Some(Timestamp(server.0 + (milliseconds() - browser) as i64))
    }
}

/// The browser's clock, which never goes back.
pub(super) fn milliseconds() -> f64 {
    leptos::prelude::window().performance().map_or(0.0, |performance| performance.now())
}
