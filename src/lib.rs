//! IoT Center: register IoT devices in InfluxDB, see whether they are alive, fill them with emulated data and
//! look at what they measure.
//!
//! The crate is compiled twice: as the server (feature `ssr`) and as WebAssembly for the browser (feature
//! `hydrate`). Layers, outermost first: `app` routes to `pages`, pages call `api` (server functions) and
//! are made of `components`; `hooks` hold what only a browser can do; `charts` draw without knowing a DOM;
//! `model` is what both sides share. `server` exists on the server only. ARCHITECTURE.md tells the rest.

// Views are deeply nested types.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod charts;
pub mod components;
pub mod hooks;
pub mod model;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

/// Takes over the page that the server rendered. Called by the script in the page's head.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
