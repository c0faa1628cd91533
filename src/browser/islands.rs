//! The interactive parts of the pages: finding them, bringing them to life and letting them go.

use std::cell::RefCell;

use leptos::prelude::{Owner, document};
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Function, Reflect};
use web_sys::{Element, HtmlElement};

use super::{ISLAND, task};

struct Island {
    element: HtmlElement,
    /// What the island's signals, effects and handlers belong to.
    owner: Owner,
}

#[derive(Default)]
struct Islands {
    exports: JsValue,
    living: Vec<Island>,
}

thread_local! {
    static ISLANDS: RefCell<Islands> = RefCell::default();
}

/// Remembers where the islands' functions are, and hydrates those of the page: one after the other, each in a task of its own, since
/// code takes the longest when it runs for the first time. Calls `done` when all live.
pub(super) fn start(exports: JsValue, done: fn()) {
    leptos::mount::hydrate_islands();
    ISLANDS.with_borrow_mut(|islands| islands.exports = exports);
    task::soon(move || start_next(done));
}

fn start_next(done: fn()) {
    match next_new() {
        Some(element) => {
            hydrate(element);
            task::soon(move || start_next(done));
        }
        None => done(),
    }
}

/// Lets go of islands that are no more in the document, and hydrates those that are new in it.
pub(super) fn renew() {
    let gone: Vec<Island> = ISLANDS.with_borrow_mut(|islands| {
        islands.living.extract_if(.., |island| !island.element.is_connected()).collect()
    });
    // Their cleanups may do anything, so the list must be free.
    for island in gone {
        island.owner.cleanup();
    }
    while let Some(element) = next_new() {
        hydrate(element);
    }
}

fn hydrate(element: HtmlElement) {
    // A child of the owner that leptos has set for the whole page.
    let owner = Owner::current().map_or_else(Owner::new, |root| root.child());
    let function = ISLANDS.with_borrow(|islands| function_of(&islands.exports, &element));
    if let Some(function) = function {
        // An island that fails has said so on the console; the others go on.
        let _ = owner.with(|| function.call1(&JsValue::NULL, &element));
    }
    ISLANDS.with_borrow_mut(|islands| islands.living.push(Island { element, owner }));
}

/// The first island of the document that does not live yet.
fn next_new() -> Option<HtmlElement> {
    let found = document().query_selector_all(ISLAND).ok()?;
    let mut elements = (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok());
    ISLANDS.with_borrow(|islands| {
        elements.find(|element| islands.living.iter().all(|island| island.element != *element))
    })
}

/// The function of the module that hydrates an island.
fn function_of(exports: &JsValue, element: &Element) -> Option<Function> {
    let name = element.get_attribute("data-component")?;
    Reflect::get(exports, &name.into()).ok()?.dyn_into().ok()
}
