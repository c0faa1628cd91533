//! The question before a device is unregistered.

use leptos::ev::SubmitEvent;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::web_sys;

use super::submission::{error_of, once_at_a_time};
use crate::api::devices::UnregisterDevice;
use crate::hooks::dialog::keep_modal;

/// The id of the form that buttons named `unregister` belong to. Their value is the device's id.
pub const ASK_FORM: &str = "ask-unregister";

/// Asks before it unregisters a device, and says what will happen to its token and its data.
///
/// Without JavaScript the buttons load the page again with `?unregister=<id>`, which comes with the dialog open.
#[component]
pub fn UnregisterDialog(
    /// The page that the dialog stands on, where "Keep it" leads to.
    #[prop(into)]
    page: Signal<String>,
    /// The device that the URL asks about.
    #[prop(into)]
    asked: Signal<Option<String>>,
    action: ServerAction<UnregisterDevice>,
) -> impl IntoView {
    let device = RwSignal::new(asked.get_untracked());
    // Navigation: to a page that asks, or away from one that did.
    Effect::new(move |_| device.set(asked.get()));
    // Done: the page shows the list without the device.
    Effect::new(move |_| {
        if action.value().with(|answer| matches!(answer, Some(Ok(())))) {
            device.set(None);
        }
    });

    let dialog = NodeRef::new();
    keep_modal(dialog, Signal::derive(move || device.with(Option::is_some)));

    let ask = move |event: SubmitEvent| {
        if let Some(id) = event.submitter().and_then(|button| button.get_attribute("value")) {
            event.prevent_default();
            device.set(Some(id));
        }
    };
    let pending = action.pending();
    let error = error_of(action);
    view! {
        <form id=ASK_FORM method="get" action=move || page.get() on:submit=ask></form>
        <dialog
            class="dialog"
            node_ref=dialog
            aria-labelledby="unregister-title"
            open=asked.get_untracked().is_some()
            // The Escape key. The event comes late: by then the dialog may have been opened again.
            on:close=move |_| {
                if dialog.get_untracked().is_some_and(|dialog: web_sys::HtmlDialogElement| !dialog.open()) {
                    device.set(None);
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
            <p class="field__error" role="alert">{error}</p>
            <div class="dialog__actions">
                <a
                    class="button"
                    href=move || page.get()
                    data-noscroll=""
                    on:click=move |event| {
                        if asked.get_untracked().is_none() {
                            event.prevent_default();
                        }
                        device.set(None);
                    }
                >
                    "Keep it"
                </a>
                <ActionForm action on:submit:capture=once_at_a_time(pending)>
                    <input type="hidden" name="device_id" value=move || device.get()/>
                    <button class="button button--danger-filled" aria-disabled=move || pending.get().then_some("true")>
                        "Unregister"
                    </button>
                </ActionForm>
            </div>
        </dialog>
    }
}
