//! What tells how the charts get their points: loading, failed, live. The charts themselves are the server's SVG and, in the
//! browser, canvases above it: see [`hooks::stage`](crate::hooks::stage).

use leptos::prelude::*;

use crate::components::notice::Failure;
use crate::hooks::last_device::remember_device;
use crate::hooks::live::use_live;
use crate::hooks::stage::use_stage;
use crate::model::live::LiveState;
use crate::model::packed::Packed;
use crate::model::view::View;

/// The state of the charts, in a line.
///
/// ## Server-Side Rendering
///
/// Renders the line for charts that are complete.
#[island]
pub fn Charts(data: Packed<View>) -> impl IntoView {
    let anchor = NodeRef::new();
    let id = data.0.id.to_string();
    Effect::new(move |_| remember_device(id.clone()));
    let view = use_live(anchor, data);
    let stage = use_stage(anchor, view);
    let words = move || {
        if stage.is_loading.get() {
            return "Loading points…";
        }
        match stage.live.get() {
            LiveState::Off => "",
            LiveState::Live => "Live",
            LiveState::Delayed => "Delayed",
            LiveState::Offline => "Offline",
        }
    };
    let connection = move || match stage.live.get() {
        LiveState::Off => "off",
        LiveState::Live => "live",
        LiveState::Delayed => "delayed",
        LiveState::Offline => "offline",
    };
    let failure = move || {
        let message = stage.failure.get()?;
        Some(view! {
            <Failure title="The points could not be read" message>
                <button class="button notice__action" on:click=move |_| stage.attempt.update(|attempt| *attempt += 1)>
                    "Retry"
                </button>
            </Failure>
        })
    };
    view! {
        <div class="charts__state" node_ref=anchor>
            <p class="charts__live" role="status" data-live=connection>{words}</p>
            {failure}
        </div>
    }
}
