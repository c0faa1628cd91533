//! The calls behind a page, for people who came to learn InfluxDB.

use leptos::prelude::*;

use super::copy_button::CopyButton;
use crate::model::device::HowItWorks as Call;

/// A closed disclosure with the calls behind the page.
#[component]
pub fn HowItWorks(calls: Vec<Call>) -> impl IntoView {
    let calls = calls
        .into_iter()
        .enumerate()
        .map(|(index, Call { title, request, body })| {
            let id = format!("how-it-works-{index}");
            let text = if body.is_empty() { request } else { format!("{request}\n\n{body}") };
            view! {
                <li class="how__call">
                    <div class="how__head">
                        <h3>{title.clone()}</h3>
                        <CopyButton source=id.clone() what=title/>
                    </div>
                    <pre tabindex="0"><code id=id>{text}</code></pre>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="how">
            <summary>"How it works"</summary>
            <h2 class="visually-hidden">"The calls behind this page"</h2>
            <ol class="how__calls">{calls}</ol>
        </details>
    }
}
