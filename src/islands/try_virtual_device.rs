//! The button that shows a newcomer everything at once.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::submission::Submission;
use crate::api::devices::{TryVirtualDevice as Call, try_virtual_device};
use crate::model::packed::Packed;

/// Registers a virtual device, writes its week and goes to its dashboard.
#[island]
pub fn TryVirtualDevice(
    /// What the form came back with where there was no script.
    error: Packed<Option<String>>,
) -> impl IntoView {
    let submission = Submission::new(error.0);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        submission.send(try_virtual_device(), drop);
    };
    let label = move || {
        if submission.is_pending() {
            "Writing a week of data…"
        } else {
            "Try it with a virtual device"
        }
    };
    view! {
        <form method="post" action=Call::url() on:submit=submit>
            <button class="button" aria-disabled=move || submission.disabled()>{label}</button>
        </form>
        <p class="field__error" role="alert">{move || submission.error()}</p>
    }
}
