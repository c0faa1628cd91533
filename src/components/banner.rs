//! The warning above every page.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

#[component]
pub fn Banner(
    /// What is wrong with the server as a whole.
    text: String,
) -> impl IntoView {
    view! {
        <aside class="banner" aria-label="Warning">
            <Glyph icon=Icon::Warning/>
            <p>{text}</p>
        </aside>
    }
}
