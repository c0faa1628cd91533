//! Knowing that the page is alive: hydration is done and handlers are attached.

use leptos::prelude::*;

/// Sets the attribute `data-hydrated` on `<html>` once the page is hydrated; tests wait for it. Called by `App`.
///
/// ## Server-Side Rendering
///
/// Does nothing.
pub fn mark_hydrated() {
    Effect::new(|_| {
        if let Some(root) = document().document_element() {
            // Fails for names that are no names only.
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
}
