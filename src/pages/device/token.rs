//! A device's token: shown once, within a quarter of an hour of its registration.

use leptos::ev::SubmitEvent;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::devices::RegisterDevice;
use crate::components::copy_button::CopyButton;
use crate::components::moment::Moment;
use crate::hooks::token::{reveal, reveal_path};
use crate::model::device::{DeviceId, Registration, Reveal};
use crate::model::time::Timestamp;
use crate::pages::submission::{error_of, once_at_a_time};

#[component]
pub fn TokenCard(
    id: DeviceId,
    registration: Option<Registration>,
    /// The token, once it is revealed. Lives as long as the page.
    token: RwSignal<Option<String>>,
    now: Timestamp,
    /// The device is registered now.
    on_registered: Callback<()>,
) -> impl IntoView {
    let content = move || {
        match (token.get(), registration.as_ref().map(|registration| registration.reveal)) {
        (Some(token), _) => view! { <Revealed token/> }.into_any(),
        (None, None) => view! { <NotRegistered id=id.clone() on_registered/> }.into_any(),
        (None, Some(Reveal::Available { until })) => {
            view! { <RevealForm id=id.clone() until now token/> }.into_any()
        }
        (None, Some(Reveal::Revealed { at })) => view! {
            <p>"Revealed at " <Moment time=at/> "."</p>
            <p class="hint">"A token is shown once. To get a new one, unregister the device and register it again."</p>
        }
        .into_any(),
        (None, Some(Reveal::Expired)) => view! {
            <p>"The time to reveal the token is over."</p>
            <p class="hint">"To get a new one, unregister the device and register it again."</p>
        }
        .into_any(),
    }
    };
    view! {
        <section class="card" aria-labelledby="token">
            <h2 id="token">"Token"</h2>
            {content}
        </section>
    }
}

/// The button that shows the token. Without JavaScript the server answers with a page.
#[component]
fn RevealForm(
    id: DeviceId,
    until: Timestamp,
    now: Timestamp,
    token: RwSignal<Option<String>>,
) -> impl IntoView {
    let pending = RwSignal::new(false);
    let error = RwSignal::new(None);
    let action = reveal_path(id.as_str());
    let ask = move |event: SubmitEvent| {
        event.prevent_default();
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        error.set(None);
        let id = id.clone();
        spawn_local(async move {
            // The page may be gone by then, hence `try_`.
            match reveal(id.as_str()).await {
                Ok(revealed) => drop(token.try_set(Some(revealed))),
                Err(message) => drop(error.try_set(Some(message))),
            }
            pending.try_set(false);
        });
    };
    let minutes = (until.0 - now.0).max(0).div_euclid(60_000).max(1);
    view! {
        <p>
            "With its token the device writes to InfluxDB. It is shown once: have a place ready to keep it. "
            <span class="hint">{format!("{minutes} min left.")}</span>
        </p>
        <form method="post" action=action on:submit=ask>
            <button class="button" aria-disabled=move || pending.get().then_some("true")>"Reveal token"</button>
        </form>
        <p class="field__error" role="alert">{error}</p>
    }
}

#[component]
fn Revealed(token: String) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    // The button that was pressed is gone; who uses a keyboard goes on at the token.
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    view! {
        <div class="field">
            <div class="field__head">
                <label class="field__label" for="device-token">"Token"</label>
                <CopyButton text=token.clone() what="the token"/>
            </div>
            <input class="input mono" id="device-token" node_ref=input readonly value=token autocomplete="off"/>
            <p class="field__hint">"Copy it now: it will not be shown again."</p>
        </div>
    }
}

#[component]
fn NotRegistered(id: DeviceId, on_registered: Callback<()>) -> impl IntoView {
    let register = ServerAction::<RegisterDevice>::new();
    // The way to the device's page is none from here: what it shows must be read again.
    Effect::new(move |_| {
        if register.value().with(|answer| matches!(answer, Some(Ok(())))) {
            on_registered.run(());
        }
    });
    let pending = register.pending();
    let error = error_of(register);
    view! {
        <p>"This device has written data, but is not registered: it has no token of its own."</p>
        <ActionForm action=register on:submit:capture=once_at_a_time(pending)>
            <input type="hidden" name="device_id" value=id.to_string()/>
            <button class="button button--primary" aria-disabled=move || pending.get().then_some("true")>"Register"</button>
        </ActionForm>
        <p class="field__error" role="alert">{error}</p>
    }
}
