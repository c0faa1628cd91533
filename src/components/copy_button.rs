//! A button that copies a text.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::hooks::clipboard;

/// Copies `text` and says so. Shown only once the page is hydrated: without a script it could do nothing.
#[component]
pub fn CopyButton(
    text: String,
    /// What is copied, for people who hear the page.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let answer = RwSignal::new("");
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            answer.set(if clipboard::copy(&text).await {
                "Copied"
            } else {
                "Select it and press Ctrl+C"
            });
        });
    };
    view! {
        <span class="copy needs-script">
            <span class="copy__answer" role="status">{answer}</span>
            <button type="button" class="button button--small" on:click=copy>
                "Copy" <span class="visually-hidden">" " {what}</span>
            </button>
        </span>
    }
}
