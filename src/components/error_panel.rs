//! What stands where something should be that could not be had.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::icon::{Glyph, Icon};

/// Says what failed, why and what to do, and offers to try again.
///
/// Without JavaScript "Retry" is a form that loads the same page again.
#[component]
pub fn ErrorPanel(
    /// What could not be done: `The devices could not be read`.
    #[prop(into)]
    title: String,
    /// What happened, what it means and what to do about it.
    message: String,
    /// Tries again in place.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    let retry = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        on_retry.run(());
    };
    view! {
        <section class="notice notice--danger" role="alert">
            <Glyph icon=Icon::Warning/>
            <div class="notice__body">
                <h2 class="notice__title">{title}</h2>
                <p>{message}</p>
                <form class="notice__action" method="get" action=use_location().pathname.get_untracked() on:submit=retry>
                    <HiddenQuery/>
                    <button class="button">"Retry"</button>
                </form>
            </div>
        </section>
    }
}

/// The parameters of the page's URL as hidden inputs, since a form with method GET replaces them.
#[component]
fn HiddenQuery() -> impl IntoView {
    use_query_map()
        .get_untracked()
        .into_iter()
        // The error that a form without JavaScript came back with.
        .filter(|(name, _)| !name.starts_with("__"))
        .map(|(name, value)| view! { <input type="hidden" name=name.into_owned() value=value/> })
        .collect_view()
}
