//! What is shown where nothing is.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::hooks::response::set_status;

/// Says that there is no such page, and where to go. The answer's status is 404.
#[component]
pub fn NotFoundPage(
    /// What is not there, as a sentence.
    #[prop(optional, into)]
    message: Option<String>,
) -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Not found"/>
        <div class="page">
            <div class="empty">
                <h1>"Not found"</h1>
                <p>{message.unwrap_or_else(|| "There is no page at this address.".to_owned())}</p>
                <p class="empty__actions">
                    <a class="button button--primary" href="/devices">"See all devices"</a>
                    <a class="button" href="/">"Go to the fleet"</a>
                </p>
            </div>
        </div>
    }
}
