//! The place of something that is still on its way.

use leptos::prelude::*;

/// Grey bars as high as what comes. They appear only after a moment, so that a quick answer does not flash.
#[component]
pub fn Skeleton(
    /// How many lines of text what comes is high.
    lines: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">"Loading…"</span>
            {(0..lines).map(|_| view! { <div class="skeleton__line"></div> }).collect_view()}
        </div>
    }
}
