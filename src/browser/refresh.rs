//! Keeping what a page shows up to date, while somebody can see it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use leptos::prelude::{TimeoutHandle, document, set_timeout_with_handle};
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, Event};

use super::events::listen_everywhere;
use super::morph::Typed;
use super::page::{self, Failure, PATIENCE, Relation};

/// How often a page that does not say so itself is asked for again: its header tells how InfluxDB is.
const USUAL_PERIOD: Duration = Duration::from_secs(30);
/// The same where a part has failed.
const PERIOD_AFTER_FAILURE: Duration = Duration::from_secs(10);
/// An element with this attribute says, in seconds, how often its page changes.
const ATTRIBUTE: &str = "data-refresh";

thread_local! {
    static TIMER: Cell<Option<TimeoutHandle>> = const { Cell::new(None) };
    static RUNNING: RefCell<Option<AbortController>> = const { RefCell::new(None) };
    /// The time came while nobody could see the page.
    static IS_DUE: Cell<bool> = const { Cell::new(false) };
}

/// Begins to keep the page up to date, at once where the server could not wait for all that it shows.
pub(super) fn listen() {
    listen_everywhere("visibilitychange", |_: Event| {
        if !document().hidden() && IS_DUE.get() {
            refresh();
        }
    });
    if page::has_failed_parts() {
        refresh();
    } else {
        schedule();
    }
}

/// Asks again when it is time.
pub(super) fn schedule() {
    if let Some(timer) = TIMER.take() {
        timer.clear();
    }
    IS_DUE.set(false);
    let timer = set_timeout_with_handle(
        || {
            if document().hidden() {
                IS_DUE.set(true);
            } else {
                refresh();
            }
        },
        period(),
    );
    TIMER.set(timer.ok());
}

fn period() -> Duration {
    if page::has_failed_parts() {
        return PERIOD_AFTER_FAILURE;
    }
    let asked = document().query_selector(&format!("[{ATTRIBUTE}]")).ok().flatten();
    let seconds = asked.and_then(|element| element.get_attribute(ATTRIBUTE)?.parse().ok());
    seconds.map_or(USUAL_PERIOD, Duration::from_secs)
}

/// Lets go of a request that a newer one makes superfluous.
pub(super) fn cancel() {
    if let Some(running) = RUNNING.take() {
        running.abort();
    }
}

/// Asks for the current page again and shows what has changed.
pub fn refresh() {
    if page::is_loading() {
        schedule();
        return;
    }
    cancel();
    let Ok(controller) = AbortController::new() else { return };
    let signal = controller.signal();
    RUNNING.replace(Some(controller));
    spawn_local(async move {
        let url = page::current_url();
        let answer = page::fetch(&url, Some(PATIENCE), &signal).await;
        if signal.aborted() {
            return;
        }
        RUNNING.take();
        match answer {
            // Another page, or another version of the program: the person may go on with this one, which may hold what
            // can be seen only once.
            Ok(page) if page::compare(&url, &page.url) != Relation::SameUrl => schedule(),
            Err(Failure::Foreign) => schedule(),
            Ok(page) => {
                page::show(&page, Typed::Kept);
                schedule();
            }
            Err(Failure::Unreachable) => {
                page::show_unreachable(true);
                schedule();
            }
        }
    });
}
