//! Work in pieces: between two of them the browser can show what has changed and answer to who presses something.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};

/// Does something in a task of its own, soon. In a page that nobody sees at once: there browsers let a timer wait for a second.
pub fn soon(work: impl FnOnce() + 'static) {
    if document().hidden() {
        work();
    } else {
        set_timeout(work, Duration::ZERO);
    }
}
