//! The question before a device is unregistered.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::web_sys;
use serde::{Deserialize, Serialize};

use super::submission::Submission;
use crate::api::devices::{UnregisterDevice, unregister_device};
use crate::hooks::dialog::keep_modal;
use crate::hooks::live::use_live;
use crate::model::packed::Packed;

/// The id of the form that buttons named `unregister` belong to. Their value is the device's id.
pub const ASK_FORM: &str = "ask-unregister";

/// Where the dialog stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The page that the dialog stands on, where "Keep it" leads to.
    pub page: String,
    /// The device that the URL asks about.
    pub asked: Option<String>,
    /// What the form came back with where there was no script.
    pub error: Option<String>,
}

/// Asks before it unregisters a device, and says what will happen to its token and its data.
///
/// Without JavaScript the buttons load the page again with `?unregister=<id>`, which comes with the dialog open.
#[island]
pub fn UnregisterDialog(data: Packed<Question>) -> impl IntoView {
    let submission = Submission::new(data.0.error.clone());
    let device = RwSignal::new(data.0.asked.clone());
    let opens_with = data.0.asked.is_some();
    let form = NodeRef::new();
    let question = use_live(form, data);
    let page = move || question.with(|question| question.page.clone());
    // Navigation: to a page that asks, or away from one that did.
    Effect::new(move |previous: Option<Option<String>>| {
        let asked = question.with(|question| question.asked.clone());
        if previous.is_some_and(|previous| previous != asked) {
            device.set(asked.clone());
        }
        asked
    });

    let dialog = NodeRef::new();
    keep_modal(dialog, Signal::derive(move || device.with(Option::is_some)));

    let ask = move |event: SubmitEvent| {
        if let Some(id) = event.submitter().and_then(|button| button.get_attribute("value")) {
            event.prevent_default();
            device.set(Some(id));
        }
    };
    let unregister = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(id) = device.get_untracked() {
            // The page that is gone to shows the list without the device.
            submission.send(unregister_device(id), move |()| drop(device.try_set(None)));
        }
    };
    let keep = move |event: web_sys::MouseEvent| {
        if question.with_untracked(|question| question.asked.is_none()) {
            event.prevent_default();
        }
        device.set(None);
    };
    view! {
        <form id=ASK_FORM method="get" node_ref=form action=page on:submit=ask></form>
        <dialog
            class="dialog"
            node_ref=dialog
            aria-labelledby="unregister-title"
            open=opens_with
            // The Escape key. The event comes late: by then the dialog may have been opened again, or be gone with its page.
            on:close=move |event| {
                if !event_target::<web_sys::HtmlDialogElement>(&event).open() {
                    device.try_set(None);
                }
            }
        >
            <h2 class="dialog__title" id="unregister-title">
                "Unregister " <span class="dialog__subject">{move || device.get()}</span> "?"
            </h2>
            <ul class="dialog__list">
                <li>"Its token is revoked at once: the device can no longer read or write."</li>
                <li>"The data that it has written stays."</li>
                <li>"Registering it again gives it a new token."</li>
            </ul>
            <p class="field__error" role="alert">{move || submission.error()}</p>
            <div class="dialog__actions">
                <a class="button" href=page on:click=keep>"Keep it"</a>
                <form method="post" action=UnregisterDevice::url() on:submit=unregister>
                    <input type="hidden" name="device_id" value=move || device.get()/>
                    <button class="button button--danger-filled" aria-disabled=move || submission.disabled()>
                        "Unregister"
                    </button>
                </form>
            </div>
        </dialog>
    }
}
