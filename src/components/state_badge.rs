//! Whether a device is alive: an icon, a word and a colour.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::model::device::Liveness;

/// The icon that stands for a state.
pub fn icon_of(liveness: Liveness) -> Icon {
    match liveness {
        Liveness::Online => Icon::Online,
        Liveness::Stale => Icon::Stale,
        Liveness::Silent => Icon::Silent,
        Liveness::NeverSeen => Icon::NeverSeen,
    }
}

/// The class that colours a state.
pub fn class_of(liveness: Liveness) -> &'static str {
    match liveness {
        Liveness::Online => "state state--online",
        Liveness::Stale => "state state--stale",
        Liveness::Silent => "state state--silent",
        Liveness::NeverSeen => "state state--never-seen",
    }
}

#[component]
pub fn StateBadge(liveness: Liveness) -> impl IntoView {
    view! {
        <span class=class_of(liveness)>
            <Glyph icon=icon_of(liveness)/>
            {liveness.label()}
        </span>
    }
}
