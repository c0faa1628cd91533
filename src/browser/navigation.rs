//! Links, forms, Back and Forward: each becomes a request for a page, shown in the place of the current one.

use std::cell::{Cell, RefCell};

use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::events::listen;
use super::morph::Typed;
use super::page::{self, Failure, PATIENCE, Page, Relation};
use super::platform::{NavigateEvent, navigation};
use super::refresh;

thread_local! {
    /// The browser is to deal with the navigation that is being started, not this module.
    static LEFT_TO_BROWSER: Cell<bool> = const { Cell::new(false) };
    /// Which navigation is the newest.
    static NEWEST: Cell<u32> = const { Cell::new(0) };
    /// Where a server function has sent the browser to.
    static REDIRECT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Goes to a path of this site.
pub fn navigate(path: &str) {
    match navigation() {
        Some(navigation) => navigation.go(path, false),
        // Fails for what is no URL only.
        None => drop(window().location().assign(path)),
    }
}

/// The same in the place of the current entry of the history.
pub(super) fn replace(path: &str) {
    if let Some(navigation) = navigation() {
        navigation.go(path, true);
    }
}

/// Remembers where a server function sends the browser to, until whoever has called it wants to go there.
pub(super) fn note_redirect(path: &str) {
    REDIRECT.replace(Some(path.to_owned()));
}

/// Where the server function that was called last has sent the browser to.
pub fn take_redirect() -> Option<String> {
    REDIRECT.take()
}

pub(super) fn listen_for_links() {
    if let Some(navigation) = navigation() {
        listen(&navigation, "navigate", begin);
    }
}

fn begin(event: NavigateEvent) {
    let url = event.destination_url();
    let navigation_type = event.navigation_type();
    // The address may already be that of a page that is on its way.
    let expected = page::relation_to(&url);
    let is_ours = !LEFT_TO_BROWSER.get()
        && event.can_intercept()
        && !(event.hash_change() && expected == Relation::SameUrl)
        && event.download_request().is_none()
        && event.form_data().is_null()
        // Who reloads a page wants all of it anew.
        && navigation_type != "reload";
    if !is_ours {
        return;
    }
    let goes_back = navigation_type == "traverse";
    // `rel=next`: who has read a page of a list begins with the next one at its top.
    let turns_page = event.source_element().is_some_and(|source| source.has_attribute("rel"));
    let scrolls = expected == Relation::Other || goes_back || turns_page;
    let number = NEWEST.get().wrapping_add(1);
    NEWEST.set(number);
    let visit = Visit { number, url, expected, goes_back, scrolls, event: event.clone() };
    let handler = move || {
        future_to_promise(async move {
            visit.make().await;
            Ok(JsValue::UNDEFINED)
        })
    };
    let _ = event.intercept(handler, scrolls);
}

/// A navigation that this module deals with.
struct Visit {
    number: u32,
    url: String,
    /// What the page will be to the one that is shown, if there is no redirect.
    expected: Relation,
    /// Or forward.
    goes_back: bool,
    /// The browser scrolls when the page is there.
    scrolls: bool,
    event: NavigateEvent,
}

impl Visit {
    async fn make(self) {
        refresh::cancel();
        page::set_loading(true);
        let signal = self.event.signal();
        let patience = (self.expected == Relation::SameUrl).then_some(PATIENCE);
        let answer = page::fetch(&self.url, patience, &signal).await;
        if NEWEST.get() != self.number {
            return;
        }
        page::set_loading(false);
        if signal.aborted() {
            // The person has pressed Stop. The address is that of the new page already: soon it will be there.
            refresh::schedule();
            return;
        }
        match answer {
            Ok(page) => self.arrive(&page),
            Err(Failure::Unreachable) => {
                page::show_unreachable(true);
                refresh::schedule();
            }
            Err(Failure::Foreign) => self.leave_to_browser(),
        }
    }

    fn arrive(&self, page: &Page) {
        if page::compare(&self.url, &page.url) != Relation::SameUrl {
            correct_url(&page.url);
        }
        // A field that is being typed into is ahead of the server; what Back brings is as it was.
        let typed = if self.goes_back { Typed::Replaced } else { Typed::Kept };
        let relation = page::show(page, typed);
        if relation == Relation::Other {
            if !self.scrolls {
                // A redirect has led elsewhere.
                self.event.scroll();
            }
            if page::has_failed_parts() {
                refresh::refresh();
                return;
            }
        }
        refresh::schedule();
    }

    /// Loads the page as if there was no script.
    fn leave_to_browser(&self) {
        LEFT_TO_BROWSER.set(true);
        let location = window().location();
        if self.goes_back {
            let _ = location.reload();
        } else if let Ok(history) = window().history() {
            // The entry is to belong to the other document. Under its own address it would stay one of this document.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&page::shown_url()));
            let _ = location.replace(&self.url);
        }
        LEFT_TO_BROWSER.set(false);
    }
}

/// The answer came from another address than was asked for: a redirect.
fn correct_url(url: &str) {
    LEFT_TO_BROWSER.set(true);
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(url));
    }
    LEFT_TO_BROWSER.set(false);
}
