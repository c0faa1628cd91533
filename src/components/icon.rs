//! Icons: 16 by 16, drawn with the colour of the text around them, never the only sign of anything.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Online,
    Stale,
    Silent,
    NeverSeen,
    Warning,
    Fleet,
    Devices,
    Dashboard,
    Data,
    Ascending,
    Descending,
    ThemeAuto,
    ThemeLight,
    ThemeDark,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Online => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM5.3 8.2l1.9 1.9 3.5-4",
            Self::Stale => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.4",
            Self::Silent => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM3.9 12.1l8.2-8.2",
            Self::NeverSeen => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM5.4 8h5.2",
            Self::Warning => "M8 2 14.5 13.5h-13ZM8 6.5v3.2M8 11.5v.1",
            Self::Fleet => {
                "M2.5 2.5h4.2v4.2H2.5ZM9.3 2.5h4.2v4.2H9.3ZM2.5 9.3h4.2v4.2H2.5ZM9.3 9.3h4.2v4.2H9.3Z"
            }
            Self::Devices => "M2 4h.1M2 8h.1M2 12h.1M5.5 4H14M5.5 8H14M5.5 12H14",
            Self::Dashboard => "M2 13.5h12M2.5 10.5l3.2-4.2 3 2.6 4.8-6",
            Self::Data => "M2.5 3h11v10h-11ZM2.5 6.4h11M2.5 9.7h11M6.2 6.4V13",
            Self::Ascending => "M8 12.5v-9M4.5 7 8 3.5 11.5 7",
            Self::Descending => "M8 3.5v9M4.5 9 8 12.5 11.5 9",
            Self::ThemeAuto => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 2v12M10 3v10M12 4.6v6.8",
            Self::ThemeLight => {
                "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1.2v1.3M8 13.5v1.3M1.2 8h1.3M13.5 8h1.3M3.2 3.2l.9.9M11.9 11.9l.9.9M3.2 12.8l.9-.9M11.9 4.1l.9-.9"
            }
            Self::ThemeDark => "M13.5 9.6A6 6 0 0 1 6.4 2.5 6 6 0 1 0 13.5 9.6Z",
        }
    }
}

/// Draws an icon. The text beside it says the same.
#[component]
pub fn Glyph(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=icon.path()/>
        </svg>
    }
}
