//! The interactive parts of the pages: finding them, bringing them to life and letting them go.

use std::cell::RefCell;

use leptos::prelude::{Owner, document};
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Function, Reflect};
use web_sys::{Element, HtmlElement};

use super::ISLAND;

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

/// Remembers where the islands' functions are, and hydrates those of the page.
pub(super) fn start(exports: JsValue) {
    leptos::mount::hydrate_islands();
    ISLANDS.with_borrow_mut(|islands| islands.exports = exports);
    renew();
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
    for element in new_islands() {
        // A child of the owner that leptos has set for the whole page.
        let Some(owner) = Owner::current().map(|root| root.child()) else { return };
        let function = ISLANDS.with_borrow(|islands| function_of(&islands.exports, &element));
        if let Some(function) = function {
            // An island that fails has said so on the console; the others go on.
            let _ = owner.with(|| function.call1(&JsValue::NULL, &element));
        }
        ISLANDS.with_borrow_mut(|islands| islands.living.push(Island { element, owner }));
    }
}

fn new_islands() -> Vec<HtmlElement> {
    let Ok(found) = document().query_selector_all(ISLAND) else { return Vec::new() };
    let elements = (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok());
    ISLANDS.with_borrow(|islands| {
        elements
            .filter(|element| islands.living.iter().all(|island| island.element != *element))
            .collect()
    })
}

/// The function of the module that hydrates an island.
fn function_of(exports: &JsValue, element: &Element) -> Option<Function> {
    let name = element.get_attribute("data-component")?;
    Reflect::get(exports, &name.into()).ok()?.dyn_into().ok()
}
