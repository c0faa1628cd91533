//! Buttons that copy a text of the page: `data-copy` names the element that has it.

use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, Event, HtmlInputElement};

use super::events::{closest, listen_everywhere};

pub(super) fn listen() {
    listen_everywhere("click", |event: Event| {
        let Some(button) = closest(&event, "[data-copy]") else { return };
        spawn_local(async move {
            let answer = if copy(&button).await { "Copied" } else { "Select it and press Ctrl+C" };
            if let Some(status) = button.previous_element_sibling() {
                status.set_text_content(Some(answer));
            }
        });
    });
}

/// Says whether it worked: a page that comes neither from localhost nor over TLS may not.
async fn copy(button: &Element) -> bool {
    let source = button.get_attribute("data-copy").and_then(|id| document().get_element_by_id(&id));
    let Some(source) = source else { return false };
    let text = match source.dyn_ref::<HtmlInputElement>() {
        Some(input) => input.value(),
        None => source.text_content().unwrap_or_default(),
    };
    // Outside of a secure context the browser has no `navigator.clipboard`.
    window().is_secure_context()
        && JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok()
}
