//! Which charts can be seen. On a phone that is two of five: with every second of a live stream and every step of a gesture only these
//! are drawn, and the others when they come near or when something else happens.

use std::cell::Cell;

use wasm_bindgen::prelude::*;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Around what the window shows. Whoever scrolls sees charts that are up to date already.
const NEAR: &str = "25% 0px";

/// What has changed since charts were drawn last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Change {
    #[default]
    Nothing,
    /// They move on, and soon will again.
    Movement,
    /// Something that stays.
    Lasting,
}

/// Of one chart. Taken for near until it is known better.
#[derive(Debug, Default)]
pub(super) struct Sight {
    is_far: Cell<bool>,
    /// Whether something has changed that is not drawn yet.
    is_behind: Cell<bool>,
}

impl Sight {
    /// Whether the chart is to be drawn now.
    pub(super) fn is_due(&self, change: Change) -> bool {
        let is_behind = change != Change::Nothing || self.is_behind.get();
        let is_waiting = self.is_far.get() && change != Change::Lasting;
        self.is_behind.set(is_behind && is_waiting);
        is_behind && !is_waiting
    }

    /// Whether something was not drawn because nobody could see it. It will be now.
    pub(super) fn take_behind(&self) -> bool {
        self.is_behind.take()
    }

    /// Notes where the chart is. Whether it has to be drawn therefore.
    pub(super) fn set_near(&self, is_near: bool) -> bool {
        self.is_far.set(!is_near);
        is_near && self.is_behind.get()
    }
}

/// Reports which elements are near the window, now and whenever that changes, until it is dropped.
pub(super) struct SightObserver {
    observer: IntersectionObserver,
    _callback: Closure<dyn FnMut(Vec<IntersectionObserverEntry>)>,
}

impl SightObserver {
    /// `report` gets elements that have come near or gone away.
    pub(super) fn new(report: impl Fn(&Element, bool) + 'static) -> Option<Self> {
        let callback = Closure::new(move |entries: Vec<IntersectionObserverEntry>| {
            for entry in entries {
                report(&entry.target(), entry.is_intersecting());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(NEAR);
        let function = callback.as_ref().unchecked_ref();
        let observer = IntersectionObserver::new_with_options(function, &options).ok()?;
        Some(Self { observer, _callback: callback })
    }

    pub(super) fn observe(&self, element: &Element) {
        self.observer.observe(element);
    }
}

impl Drop for SightObserver {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
