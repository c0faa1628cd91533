//! The switch between light, dark and what the system prefers.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::hooks::theme::{Theme, apply_theme, current_theme};

/// One button that goes around the three themes. Without JavaScript it posts the next one to the server.
#[island]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(current_theme());
    let choose_next = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        theme.update(|theme| *theme = theme.next());
        apply_theme(theme.get_untracked());
    };
    let label = move || match theme.get() {
        Theme::Auto => "Theme: as the system. Switch to light",
        Theme::Light => "Theme: light. Switch to dark",
        Theme::Dark => "Theme: dark. Switch to the system's",
    };
    let icon = move || match theme.get() {
        Theme::Auto => Icon::ThemeAuto,
        Theme::Light => Icon::ThemeLight,
        Theme::Dark => Icon::ThemeDark,
    };
    view! {
        <form class="theme" method="post" action="/preferences" on:submit=choose_next>
            <button
                class="button button--quiet button--icon"
                name="theme"
                value=move || theme.get().next().code()
                aria-label=label
                title=label
            >
                {move || view! { <Glyph icon=icon()/> }}
            </button>
        </form>
    }
}
