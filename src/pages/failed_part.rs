//! A part of a page that the server could not fill.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::components::notice::Failure;

/// Says what failed, why and what to do, and offers to try again: a form that loads the same page. In the browser
/// `browser::refresh` finds it by `data-retry` and tries again by itself.
#[component]
pub fn FailedPart(
    /// What could not be done: `The devices could not be read`.
    #[prop(into)]
    title: String,
    /// What happened, what it means and what to do about it.
    #[prop(into)]
    message: String,
) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    // A form of method GET replaces the parameters of its address.
    let parameters = use_query_map()
        .get_untracked()
        .into_iter()
        // The error that a form without JavaScript came back with.
        .filter(|(name, _)| !name.starts_with("__"))
        .map(|(name, value)| view! { <input type="hidden" name=name.into_owned() value=value/> })
        .collect_view();
    view! {
        <Failure title message>
            <form class="notice__action" method="get" action=path data-retry="">
                {parameters}
                <button class="button">"Retry"</button>
            </form>
        </Failure>
    }
}
