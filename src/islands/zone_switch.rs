//! The switch between UTC and the zone that the browser is in, for all times of all pages.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::hooks::live::use_live;
use crate::hooks::navigation::refresh_page;
use crate::hooks::zone::remember_zone;
use crate::model::packed::Packed;

/// One button that goes back and forth. `data` is the name of the zone that the page is shown in, if one was chosen: the page
/// comes anew, and with it the button.
///
/// Without JavaScript nobody knows the zone. Then it posts UTC to the server, and is there only where that is a choice.
#[island]
pub fn ZoneSwitch(data: Packed<Option<String>>) -> impl IntoView {
    let form = NodeRef::new();
    let zone = use_live(form, data);
    let is_utc = move || zone.with(Option::is_none);
    let switch = move |event: SubmitEvent| {
        event.prevent_default();
        remember_zone(zone.with_untracked(Option::is_none));
        refresh_page();
    };
    let label = move || match zone.get() {
        None => "Times: UTC. Switch to your local time".to_owned(),
        Some(name) => format!("Times: Local, {name}. Switch to UTC"),
    };
    view! {
        <form
            class=move || if is_utc() { "zone zone--utc" } else { "zone" }
            method="post"
            action="/preferences"
            node_ref=form
            on:submit=switch
        >
            <button class="button button--quiet zone__button" name="zone" value="UTC" aria-label=label title=label>
                {move || if is_utc() { "UTC" } else { "Local" }}
            </button>
        </form>
    }
}
