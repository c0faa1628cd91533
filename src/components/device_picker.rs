//! The choice of the device that a dashboard shows.

use leptos::prelude::*;

use crate::model::device::DeviceId;

/// A search field with the ids of the devices. Without JavaScript the form leads to `/dashboard?device=…`.
#[component]
pub fn DevicePicker(
    /// Ids to choose from.
    #[prop(into)]
    devices: Signal<Vec<DeviceId>>,
    /// Parameters that the form keeps: name and value.
    #[prop(into)]
    kept: Signal<Vec<(&'static str, String)>>,
    /// An id was chosen.
    #[prop(into)]
    on_choice: Callback<DeviceId>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    // What a browser fills in is a whole id; while somebody types, the first of several may be the beginning of another.
    let choose_listed = move |_| {
        let typed = text.get_untracked();
        let listed = devices
            .with_untracked(|devices| devices.iter().find(|id| id.as_str() == typed).cloned());
        if let Some(id) = listed {
            text.set(String::new());
            on_choice.run(id);
        }
    };
    let choose_typed = move |event: leptos::ev::SubmitEvent| {
        // What is no id goes to the server, which says so.
        if let Ok(id) = DeviceId::parse(text.get_untracked().trim()) {
            event.prevent_default();
            text.set(String::new());
            on_choice.run(id);
        }
    };
    view! {
        <form class="device-picker" method="get" action="/dashboard" on:submit=choose_typed>
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
                prop:value=text
                on:input=move |event| text.set(event_target_value(&event))
                on:change=choose_listed
            />
            <datalist id="device-picker-ids">
                {move || devices.get().into_iter().map(|id| view! { <option value=id.to_string()></option> }).collect_view()}
            </datalist>
            {move || kept.get().into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()}
            <button class="button">"Show"</button>
        </form>
    }
}
