//! A device's token: shown once, within a quarter of an hour of its registration.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};

use super::submission::Submission;
use crate::api::devices::{RegisterDevice, register_device};
use crate::components::copy_button::CopyButton;
use crate::components::moment::Moment;
use crate::hooks::live::use_live;
use crate::hooks::token::{file_url, reveal, reveal_path};
use crate::model::device::{DeviceId, Reveal};
use crate::model::environment_file::EnvironmentFile;
use crate::model::packed::Packed;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;

/// Whose token it is, and whether it can still be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenState {
    pub id: DeviceId,
    /// What the token is saved in.
    pub file: EnvironmentFile,
    /// `None` if the device is not registered.
    pub reveal: Option<Reveal>,
    pub now: Timestamp,
    pub zone: Zone,
    /// What the form that registers came back with where there was no script.
    pub error: Option<String>,
}

#[island]
pub fn TokenCard(data: Packed<TokenState>) -> impl IntoView {
    // The token, once it is revealed. Lives as long as the page.
    let token = RwSignal::new(None);
    let submission = Submission::new(data.0.error.clone());
    let section = NodeRef::new();
    let id = data.0.id.clone();
    let state = use_live(section, data);
    // What is shown changes only with these: the clock alone would take the focus from the buttons. That the token which is shown is
    // on record as revealed changes nothing.
    let shown = Memo::new(move |_| match token.get() {
        Some(token) => (Some(token), None),
        None => (None, state.with(|state| state.reveal.map(|reveal| (reveal, state.zone.clone())))),
    });
    let content = move || {
        let id = id.clone();
        let now = state.with_untracked(|state| state.now);
        match shown.get() {
            (Some(token), _) => {
                let file = state.with_untracked(|state| state.file.clone());
                view! { <Revealed file token/> }.into_any()
            }
            (None, None) => view! { <NotRegistered id submission/> }.into_any(),
            (None, Some((Reveal::Available { until }, _))) => {
                view! { <RevealForm id until now token/> }.into_any()
            }
            (None, Some((Reveal::Revealed { at }, zone))) => view! {
                <p>"Revealed at " <Moment time=zone.at(at)/> "."</p>
                <p class="hint">"A token is shown once. To get a new one, rotate it."</p>
            }
            .into_any(),
            (None, Some((Reveal::Expired, _))) => view! {
                <p>"The time to reveal the token is over."</p>
                <p class="hint">"To get a new one, rotate it."</p>
            }
            .into_any(),
        }
    };
    view! {
        <section class="card" aria-labelledby="token" node_ref=section>
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
fn Revealed(file: EnvironmentFile, token: String) -> impl IntoView {
    let url = file_url(&file.text(&token));
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
                <CopyButton source="device-token" what="the token"/>
                <a class="button button--small" href=url download=file.name>
                    "Download" <span class="visually-hidden">" the token as a file"</span>
                </a>
            </div>
            <input class="input mono" id="device-token" node_ref=input readonly value=token autocomplete="off"/>
            <p class="field__hint">"Copy it now: it will not be shown again."</p>
        </div>
    }
}

#[component]
fn NotRegistered(id: DeviceId, submission: Submission) -> impl IntoView {
    let value = id.to_string();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        submission.send(register_device(id.to_string()), drop);
    };
    view! {
        <p>"This device has written data, but is not registered: it has no token of its own."</p>
        <form method="post" action=RegisterDevice::url() on:submit=submit>
            <input type="hidden" name="device_id" value=value/>
            <button class="button button--primary" aria-disabled=move || submission.disabled()>"Register"</button>
        </form>
        <p class="field__error" role="alert">{move || submission.error()}</p>
    }
}
