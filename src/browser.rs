//! What makes one application of the pages that the server writes: links, forms and the clock bring new pages into the
//! document that is there, without loading it anew.
//!
//! The server's HTML is the only description of a page. `page` fetches it, `morph` turns the document into it, and
//! `islands` brings its interactive parts to life. Where a browser lacks what this needs, every link still loads its page.

pub mod answer;
mod copy;
mod events;
mod follow;
mod islands;
mod morph;
mod navigation;
mod page;
mod platform;
mod refresh;
pub mod task;

use wasm_bindgen::prelude::*;

pub use navigation::{navigate, take_redirect};
pub use refresh::refresh;

/// The element that leptos puts around an island.
pub const ISLAND: &str = "leptos-island";
/// The attribute of an island with its properties as JSON.
pub const PROPS: &str = "data-props";
/// An island is told by this event that its properties are new.
pub const PROPS_CHANGED: &str = "propschange";

/// Takes over the page that the server has rendered. `exports` is the module of this WebAssembly, in which the islands are.
pub fn start(exports: JsValue) {
    // Set once.
    let _ = leptos::server_fn::redirect::set_redirect_hook(navigation::note_redirect);
    page::start();
    navigation::listen_for_links();
    follow::listen();
    copy::listen();
    refresh::listen();
    islands::start(exports, page::mark_hydrated);
}
