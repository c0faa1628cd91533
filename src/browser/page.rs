//! Fetching a page of the server and showing it in the place of the current one.

use std::cell::RefCell;
use std::time::Duration;

use gloo_net::http::Request;
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use web_sys::{
    AbortSignal, Document, DomParser, Element, FocusOptions, HtmlElement, SupportedType,
};

use super::islands;
use super::morph::{Content, Plan, Typed, morph};

/// Shown while the server does not answer.
const UNREACHABLE: &str = "unreachable";
/// On `<html>` while a page is on its way.
const LOADING: &str = "data-loading";
/// In a part that could not be had.
const FAILED: &str = "[data-retry]";
/// The note above content that could not be brought up to date.
const STALE: &str = "stale";
const STALE_NOTE: &str = "[data-key=stale]";
/// The script that the page has loaded: another one belongs to another version of the program.
const SCRIPT: &str = "link[rel=modulepreload]";

/// A page that is asked for again, by Retry or in the background, may take longer than one that somebody goes to.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A page as the server has sent it.
pub(super) struct Page {
    /// Where it comes from, after redirects.
    pub(super) url: String,
    document: Document,
}

/// Why there is no page to show.
pub(super) enum Failure {
    /// No answer, or none that is complete.
    Unreachable,
    /// An answer that the browser has to deal with: no HTML, or a page of another version of this program.
    Foreign,
}

/// Asks the server for a page.
///
/// `patience`: how long it may wait for InfluxDB before it sends the page without what is missing; by default a second.
pub(super) async fn fetch(
    url: &str,
    patience: Option<Duration>,
    signal: &AbortSignal,
) -> Result<Page, Failure> {
    let mut request = Request::get(url).header("Accept", "text/html").abort_signal(Some(signal));
    if let Some(patience) = patience {
        // RFC 7240, section 4.3
        request = request.header("Prefer", &format!("wait={}", patience.as_secs()));
    }
    let answer = request.send().await.map_err(|_| Failure::Unreachable)?;
    let kind = answer.headers().get("content-type").unwrap_or_default();
    if !kind.starts_with("text/html") {
        return Err(Failure::Foreign);
    }
    let text = answer.text().await.map_err(|_| Failure::Unreachable)?;
    let document = DomParser::new()
        .and_then(|parser| parser.parse_from_string(&text, SupportedType::TextHtml))
        .map_err(|_| Failure::Foreign)?;
    let page = Page { url: answer.url(), document };
    if script_of(&page.document) == script_of(&leptos::prelude::document()) {
        Ok(page)
    } else {
        Err(Failure::Foreign)
    }
}

fn script_of(document: &Document) -> Option<String> {
    document.query_selector(SCRIPT).ok()??.get_attribute("href")
}

/// How a page is related to the one that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It has another path: its content replaces the other, and the focus goes to its beginning.
    Other,
    /// The same path with other parameters, as another range, order or search. What a person has opened, typed or focused stays.
    SamePath,
    /// The same address: what it shows may be newer. Where the server could not get that, what is there stays as well.
    SameUrl,
}

thread_local! {
    /// Where the page that is shown comes from. The address bar may be ahead of it.
    static SHOWN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The address of the page that is shown.
pub(super) fn shown_url() -> String {
    SHOWN.with_borrow(Clone::clone)
}

/// What the page at `url` is to the one that is shown.
pub(super) fn relation_to(url: &str) -> Relation {
    SHOWN.with_borrow(|shown| compare(shown, url))
}

/// How two addresses of this site are related.
pub(super) fn compare(one: &str, other: &str) -> Relation {
    // An empty query is none: forms without fields have one.
    let without_hash = |url: &str| -> String {
        url.split('#').next().unwrap_or_default().trim_end_matches('?').to_owned()
    };
    let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    if without_hash(one) == without_hash(other) {
        Relation::SameUrl
    } else if path(one) == path(other) {
        Relation::SamePath
    } else {
        Relation::Other
    }
}

/// Turns the document into `page`. Gives what it was to the page before.
pub(super) fn show(page: &Page, typed: Typed) -> Relation {
    let relation = relation_to(&page.url);
    SHOWN.replace(page.url.clone());
    let document = document();
    document.set_title(&page.document.title());
    let (Some(old), Some(new)) = (document.body(), page.document.body()) else { return relation };
    let focused = document.active_element();
    let content = match relation {
        Relation::Other => Content::Replaced,
        Relation::SameUrl if has_failed(&new) && !has_failed(&old) => {
            show_failure_above_content(&old, &new);
            Content::Kept
        }
        Relation::SamePath | Relation::SameUrl => Content::Morphed,
    };
    morph(&old, &new, Plan { typed, content });
    islands::renew();
    if relation == Relation::Other
        && let Some(main) = main_of(&old).and_then(|main| main.dyn_into::<HtmlElement>().ok())
    {
        // A new page without a page load: who uses a keyboard or hears the page goes on at its beginning.
        let _ = main.focus();
    } else if let Some(focused) = focused {
        keep_focus(&focused);
    }
    relation
}

/// An element that was moved has lost the focus.
fn keep_focus(focused: &Element) {
    if focused.is_connected()
        && document().active_element().as_ref() != Some(focused)
        && let Some(focused) = focused.dyn_ref::<HtmlElement>()
    {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = focused.focus_with_options(&options);
    }
}

fn main_of(body: &Element) -> Option<Element> {
    body.query_selector("main").ok()?
}

/// What could not be brought up to date is better than nothing, and may hold what cannot be had again: a note above it says why.
fn show_failure_above_content(old: &Element, new: &Element) {
    let note = new.query_selector("[role=alert]:has([data-retry])").ok().flatten();
    let (Some(note), Some(main)) = (note, main_of(old)) else { return };
    if let Ok(Some(older)) = main.query_selector(STALE_NOTE) {
        older.remove();
    }
    let Ok(above) = document().create_element("div") else { return };
    above.set_class_name("page page--notice");
    // A key of its own, lest it be taken for the content.
    let _ = above.set_attribute("data-key", STALE);
    let _ = above.append_child(&note);
    let _ = main.prepend_with_node_1(&above);
}

/// Whether the page shows that something could not be had, which a second try might bring.
pub(super) fn has_failed_parts() -> bool {
    document().query_selector(FAILED).is_ok_and(|found| found.is_some())
}

/// The same, apart from the note that what is shown is old.
fn has_failed(body: &Element) -> bool {
    let selector = format!("{FAILED}:not({STALE_NOTE} *)");
    body.query_selector(&selector).is_ok_and(|found| found.is_some())
}

/// Says that the server does not answer, or that it does again.
pub(super) fn show_unreachable(is_unreachable: bool) {
    if let Some(notice) = document().get_element_by_id(UNREACHABLE) {
        let _ = notice.toggle_attribute_with_force("hidden", !is_unreachable);
    }
}

/// Whether the person has asked for a page that is on its way.
pub(super) fn is_loading() -> bool {
    root().is_some_and(|root| root.has_attribute(LOADING))
}

pub(super) fn set_loading(is_loading: bool) {
    if let Some(root) = root() {
        let _ = root.toggle_attribute_with_force(LOADING, is_loading);
    }
}

/// Notes which page it is that the server has rendered.
pub(super) fn start() {
    SHOWN.replace(current_url());
}

/// Says that handlers are attached. Tests wait for it, and the style sheet shows what needs a script.
pub(super) fn mark_hydrated() {
    if let Some(root) = root() {
        let _ = root.toggle_attribute_with_force("data-hydrated", true);
    }
}

pub(super) fn current_url() -> String {
    window().location().href().unwrap_or_default()
}

/// Says whether forms are followed while somebody types.
pub(super) fn mark_follows() {
    if let Some(root) = root() {
        let _ = root.toggle_attribute_with_force("data-follows", true);
    }
}

fn root() -> Option<Element> {
    document().document_element()
}
