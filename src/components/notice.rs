//! What stands where something should be that could not be had.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// Says what failed, why and what to do, above what `children` offer to do about it.
#[component]
pub fn Failure(
    /// What could not be done: `The devices could not be read`.
    #[prop(into)]
    title: String,
    /// What happened, what it means and what to do about it.
    #[prop(into)]
    message: String,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="notice notice--danger" role="alert">
            <Glyph icon=Icon::Warning/>
            <div class="notice__body">
                <h2 class="notice__title">{title}</h2>
                <p>{message}</p>
                {children()}
            </div>
        </section>
    }
}
