//! Forms that do not wait for their button. Without this they are sent by it.

use std::time::Duration;

use leptos::leptos_dom::helpers::debounce;
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Array, JsString};
use web_sys::{
    Event, FormData, HtmlDataListElement, HtmlFormElement, HtmlInputElement, HtmlOptionElement,
    HtmlSelectElement, SubmitEvent, UrlSearchParams,
};

use super::events::{closest, listen_everywhere};
use super::platform::navigation;
use super::{navigation, page};

/// Goes to what a form asks for while somebody types.
const TYPING: &str = "form[data-follow=typing]";
/// Is sent as soon as one of the suggestions was chosen.
const CHOICE: &str = "form[data-follow=choice]";
/// How long nothing must be typed.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) fn listen() {
    // Where every search loads a page, it has to wait for its button.
    if navigation().is_some() {
        follow_typing();
        page::mark_follows();
    }
    listen_everywhere("change", |event: Event| {
        if let Some(form) = form_of(&event, CHOICE)
            && is_suggested(&event).unwrap_or(false)
        {
            // Fails for a button of another form only.
            let _ = form.request_submit();
        }
    });
    listen_everywhere("submit", |event: SubmitEvent| {
        let has_value = event.submitter().is_some_and(|button| button.has_attribute("name"));
        if event.default_prevented() || has_value {
            return;
        }
        if let Some(form) = form_of(&event, "form[method=get]")
            && let Some(url) = url_of(&form)
        {
            // As the browser would, without empty parameters, and without a new entry in the history for the same page.
            event.prevent_default();
            navigation::navigate(&url);
        }
    });
}

/// Goes to what a form asks for, without a trail of half words in the history.
fn follow_typing() {
    let mut follow = debounce(PAUSE, |form: HtmlFormElement| {
        // Whoever has followed a link in the meantime is not called back.
        if form.is_connected()
            && !page::is_loading()
            && let Some(url) = url_of(&form)
        {
            navigation::replace(&url);
        }
    });
    listen_everywhere("input", move |event: Event| {
        if let Some(form) = form_of(&event, TYPING) {
            follow(form);
        }
    });
}

fn form_of(event: &Event, selector: &str) -> Option<HtmlFormElement> {
    closest(event, selector)?.dyn_into().ok()
}

/// Where a form of method GET leads to; inputs that are empty are left out.
fn url_of(form: &HtmlFormElement) -> Option<String> {
    let data = FormData::new_with_form(form).ok()?;
    let query = UrlSearchParams::new().ok()?;
    for entry in data.entries() {
        let entry: Array = entry.ok()?.dyn_into().ok()?;
        let text = |index: u32| Some(String::from(entry.get(index).dyn_into::<JsString>().ok()?));
        let (name, value) = (text(0)?, text(1)?);
        if !value.is_empty() {
            query.append(&name, &value);
        }
    }
    let (path, query) = (form.get_attribute("action")?, String::from(query.to_string()));
    Some(if query.is_empty() { path } else { format!("{path}?{query}") })
}

/// Whether a choice was made: in a list, or by typing all of a suggestion.
fn is_suggested(event: &Event) -> Option<bool> {
    if event.target()?.is_instance_of::<HtmlSelectElement>() {
        return Some(true);
    }
    let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
    let options = input.list()?.dyn_into::<HtmlDataListElement>().ok()?.options();
    let typed = input.value();
    let mut options = (0..options.length()).filter_map(|index| options.item(index));
    Some(options.any(|option| {
        option.dyn_into::<HtmlOptionElement>().is_ok_and(|option| option.value() == typed)
    }))
}
