//! "Send one reading".

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};

use super::submission::Submission;
use crate::api::writing::{SendReading as Call, send_reading};
use crate::components::icon::{Glyph, Icon};
use crate::hooks::live::use_live;
use crate::model::device::DeviceId;
use crate::model::packed::Packed;

/// Whose reading it will be, and how the form without a script went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sending {
    pub id: DeviceId,
    /// The device has points that the emulator did not write.
    pub is_real: bool,
    /// The error that the form came back with.
    pub error: Option<String>,
}

/// A button, and a question where the device is a real one. What was sent, the page says that it leads to: this one with other
/// parameters, on which all stays as it is, also a token that was revealed.
#[island]
pub fn SendReading(data: Packed<Sending>) -> impl IntoView {
    let submission = Submission::new(data.0.error.clone());
    let form = NodeRef::new();
    let id = data.0.id.to_string();
    let data = use_live(form, data);
    let is_real = Memo::new(move |_| data.with(|data| data.is_real));
    let submit = {
        let id = id.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            // Where the box is there, the browser has seen to it that it is checked.
            let confirmed = is_real.get_untracked().then(|| "true".to_owned());
            submission.send(send_reading(id.clone(), confirmed), drop);
        }
    };
    view! {
        <form class="sending" method="post" action=Call::url() on:submit=submit node_ref=form>
            <input type="hidden" name="id" value=id/>
            {move || is_real.get().then(|| view! {
                <p class="missing__warning">
                    <Glyph icon=Icon::Warning/>
                    "This device has points that the emulator did not write."
                </p>
                <label class="checkbox">
                    <input type="checkbox" name="confirmed" value="true" required/>
                    "Send an emulated reading in its name"
                </label>
            })}
            <button class="button" aria-disabled=move || submission.disabled()>"Send one reading"</button>
            <p class="field__error" role="alert">{move || submission.error()}</p>
        </form>
    }
}
