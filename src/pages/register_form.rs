//! The form that registers a device; stands on several pages.

use leptos::form::ActionForm;
use leptos::prelude::*;

use super::submission::{error_of, once_at_a_time};
use crate::api::devices::RegisterDevice;

/// One text box and a button. A device that is registered is gone to; an error stands below the box.
#[component]
pub fn RegisterForm() -> impl IntoView {
    let register = ServerAction::<RegisterDevice>::new();
    let pending = register.pending();
    let error = error_of(register);
    let is_invalid = move || error().map(|_| "true");
    view! {
        <ActionForm action=register on:submit:capture=once_at_a_time(pending)>
            <div class="field">
                <label class="field__label" for="device-id">"Device ID"</label>
                <div class="field__row">
                    <input
                        class="input"
                        id="device-id"
                        name="device_id"
                        type="text"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        aria-invalid=is_invalid
                        aria-describedby="device-id-error device-id-hint"
                    />
                    <button class="button button--primary" aria-disabled=move || pending.get().then_some("true")>
                        "Register"
                    </button>
                </div>
                <p class="field__error" id="device-id-error" role="alert">{error}</p>
                <p class="field__hint" id="device-id-hint">
                    {move || if pending.get() { "Registering…" } else { "Up to 64 letters, digits or . _ : -" }}
                </p>
            </div>
        </ActionForm>
    }
}
