//! Listening and waiting, until it is no longer of interest.

use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::*;
use web_sys::{AddEventListenerOptions, EventTarget};

/// Hears events until it is dropped.
pub(super) struct Listener {
    target: EventTarget,
    name: &'static str,
    callback: JsValue,
    _closure: Box<dyn std::any::Any>,
}

impl Listener {
    /// Calls `handle` for every event of this name that reaches `target`. It may prevent what the browser would do.
    pub(super) fn new<E: FromWasmAbi + 'static>(
        target: &EventTarget,
        name: &'static str,
        handle: impl FnMut(E) + 'static,
    ) -> Self {
        let closure = Closure::<dyn FnMut(E)>::new(handle);
        let callback: JsValue = closure.as_ref().clone();
        let options = AddEventListenerOptions::new();
        options.set_passive(false);
        // Fails for what is no event target only.
        let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
            name,
            callback.unchecked_ref(),
            &options,
        );
        Self { target: target.clone(), name, callback, _closure: Box::new(closure) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, self.callback.unchecked_ref());
    }
}
