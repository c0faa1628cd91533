//! IoT Center: register IoT devices in InfluxDB, see whether they are alive, fill them with emulated data and
//! look at what they measure.
//!
//! The crate is compiled twice: as the server (feature `ssr`) and as WebAssembly for the browser (feature
//! `hydrate`). Layers, outermost first: `app` routes to `pages`, which the server writes as HTML; what is interactive in them
//! are `islands`, which call `api` (server functions). Both are made of `components`; `hooks` hold what differs between
//! server and browser; `browser` brings new pages into the old document; `stage` makes the charts on them a thing to work with; `charts` draw
//! without knowing a DOM; `model` is what
//! both sides share. `server` exists on the server only. ARCHITECTURE.md tells the rest.

// Views are deeply nested types.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod app;
#[cfg(feature = "hydrate")]
pub mod browser;
pub mod charts;
pub mod components;
pub mod hooks;
pub mod islands;
pub mod model;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "hydrate")]
pub mod stage;

/// Takes over the page that the server rendered. Called by the script in the page's head, with this module's exports.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate(exports: wasm_bindgen::JsValue) {
    console_error_panic_hook::set_once();
    browser::start(exports);
}
