//! The form that registers a device; stands on several pages.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::submission::Submission;
use crate::api::devices::{RegisterDevice, register_device};
use crate::model::packed::Packed;

/// One text box and a button. A device that is registered is gone to; an error stands below the box.
#[island]
pub fn RegisterForm(
    /// What the form came back with where there was no script.
    error: Packed<Option<String>>,
) -> impl IntoView {
    let submission = Submission::new(error.0);
    let input = NodeRef::<leptos::html::Input>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let id = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        submission.send(register_device(id), drop);
    };
    view! {
        <form method="post" action=RegisterDevice::url() on:submit=submit>
            <div class="field">
                <label class="field__label" for="device-id">"Device ID"</label>
                <div class="field__row">
                    <input
                        class="input"
                        id="device-id"
                        node_ref=input
                        name="device_id"
                        type="text"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        aria-invalid=move || submission.error().map(|_| "true")
                        aria-describedby="device-id-error device-id-hint"
                    />
                    <button class="button button--primary" aria-disabled=move || submission.disabled()>
                        "Register"
                    </button>
                </div>
                <p class="field__error" id="device-id-error" role="alert">{move || submission.error()}</p>
                <p class="field__hint" id="device-id-hint">
                    {move || if submission.is_pending() { "Registering…" } else { "Up to 64 letters, digits or . _ : -" }}
                </p>
            </div>
        </form>
    }
}
