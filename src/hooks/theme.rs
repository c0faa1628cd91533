//! Light, dark, or what the system prefers: remembered in a cookie, so that the server renders what was chosen.

#[cfg(not(feature = "ssr"))]
use leptos::prelude::document;

use super::cookie::write_cookie;

const COOKIE: &str = "theme";
#[cfg(not(feature = "ssr"))]
const ATTRIBUTE: &str = "data-theme";

/// What was chosen for the colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system prefers; no cookie.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// As it stands in the cookie and in the form `/preferences`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What the switch chooses next.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }

    /// The value of `data-theme` on `<html>`; none where the style sheet decides.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::Auto).then(|| self.code())
    }

    fn from_code(code: &str) -> Self {
        match code {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// The theme of the page as it was rendered.
///
/// ## Server-Side Rendering
/// Read from the request's cookie; in the browser from the attribute that the server has rendered, so that both agree.
pub fn current_theme() -> Theme {
    #[cfg(feature = "ssr")]
    {
        let chosen = super::cookie::read_cookie(COOKIE);
        chosen.as_deref().map(Theme::from_code).unwrap_or_default()
    }
    #[cfg(not(feature = "ssr"))]
    {
        let chosen = document().document_element().and_then(|root| root.get_attribute(ATTRIBUTE));
        chosen.as_deref().map(Theme::from_code).unwrap_or_default()
    }
}

/// Shows the page in `theme` at once and remembers it for a year.
///
/// ## Server-Side Rendering
/// Only called from event handlers, which the server has none of.
pub fn apply_theme(theme: Theme) {
    #[cfg(feature = "hydrate")]
    if let Some(root) = document().document_element() {
        // Neither can fail: the name is valid, and removing what is not there is allowed.
        let _ = match theme.attribute() {
            Some(value) => root.set_attribute(ATTRIBUTE, value),
            None => root.remove_attribute(ATTRIBUTE),
        };
    }
    // Without cookies (blocked by the person) the choice lasts as long as the page.
    write_cookie(COOKIE, theme.attribute());
}
