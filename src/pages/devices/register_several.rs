//! The form that registers several devices: a list or a CSV is pasted into it. What becomes of it is a page of its own, see
//! `server::routes::registrations`.

use leptos::prelude::*;

use crate::model::pasted::MOST;
use crate::model::writing::group_digits;

/// Folded closed: most people register one device at a time.
#[component]
pub fn RegisterSeveral() -> impl IntoView {
    let hint = format!(
        "Up to {}, one a line, or a CSV: its first column is read, or the one called deviceId or id.",
        group_digits(MOST as u64)
    );
    view! {
        <details class="several card">
            <summary>"Register several devices"</summary>
            <form class="several__form" method="post" action="/registrations">
                <div class="field">
                    <label class="field__label" for="several-ids">"IDs of the devices"</label>
                    <textarea
                        class="input several__ids mono"
                        id="several-ids"
                        name="ids"
                        rows="8"
                        required
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder="greenhouse-1\ngreenhouse-2"
                        aria-describedby="several-hint"
                    ></textarea>
                    <p class="field__hint" id="several-hint">{hint}</p>
                </div>
                <button class="button button--primary">"Register all"</button>
            </form>
        </details>
    }
}
