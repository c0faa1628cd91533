//! A button that copies a text.

use leptos::prelude::*;

/// Copies what the element with the id `source` says, and says so. Shown only once the page is hydrated: without a script it
/// could do nothing. What it does is in `browser::copy`.
#[component]
pub fn CopyButton(
    #[prop(into)] source: String,
    /// What is copied, for people who hear the page.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! {
        <span class="copy needs-script">
            <span class="copy__answer" role="status"></span>
            <button type="button" class="button button--small" data-copy=source>
                "Copy" <span class="visually-hidden">" " {what}</span>
            </button>
        </span>
    }
}
