//! Listening to what happens anywhere in the document, for as long as it is there.

use leptos::prelude::document;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, EventTarget};

/// Calls `handle` for every event of this name that reaches `target`.
pub(super) fn listen<E: FromWasmAbi + 'static>(
    target: &EventTarget,
    name: &str,
    handle: impl FnMut(E) + 'static,
) {
    let handler = Closure::<dyn FnMut(E)>::new(handle);
    // Fails for what is no event target only.
    let _ = target.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
    // As long as the page.
    handler.forget();
}

/// Listens to a kind of event wherever it happens in the document.
pub(super) fn listen_everywhere<E: FromWasmAbi + 'static>(
    name: &str,
    handle: impl FnMut(E) + 'static,
) {
    listen(&document(), name, handle);
}

/// The element that an event happened to, or the nearest around it that `selector` describes.
pub(super) fn closest(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}
