//! The choice of the device that a dashboard shows.

use leptos::prelude::*;

use crate::model::device::DeviceId;

/// A search field with the ids of the devices: a form that leads to `/dashboard?device=…`, sent by `browser::follow` as soon
/// as one of them is chosen.
#[component]
pub fn DevicePicker(
    /// Ids to choose from.
    devices: Vec<DeviceId>,
    /// Parameters that the form keeps: name and value.
    kept: Vec<(&'static str, String)>,
) -> impl IntoView {
    let options = devices
        .into_iter()
        .map(|id| view! { <option value=id.to_string()></option> })
        .collect_view();
    let kept = kept
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    view! {
        <form class="device-picker" method="get" action="/dashboard" data-follow="choice">
            <label class="visually-hidden" for="device-picker">"Other device"</label>
            <input
                class="input"
                id="device-picker"
                name="device"
                list="device-picker-ids"
                placeholder="Other device…"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                required
            />
            <datalist id="device-picker-ids">{options}</datalist>
            {kept}
            <button class="button">"Show"</button>
        </form>
    }
}
