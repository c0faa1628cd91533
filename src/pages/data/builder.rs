//! The query builder: a question from five choices, and the Flux that it is.

use leptos::prelude::*;

use super::fault::Fault;
use crate::components::copy_button::CopyButton;
use crate::model::data::{ALL_FIELDS, Function, Selection, Window, path_of_script};
use crate::model::device::DeviceId;
use crate::model::range::RelativeRange;
use crate::model::script::ScriptError;

#[component]
pub fn Builder(
    selection: Selection,
    devices: Vec<DeviceId>,
    fields: Vec<String>,
    /// What it makes.
    script: String,
    /// What InfluxDB finds wrong with it: a mean of words, for instance.
    fault: Option<ScriptError>,
) -> impl IntoView {
    let Selection { device, field, range, window, function } = selection;
    let devices = devices.into_iter().map(|id| {
        let is_chosen = id == device;
        Choice { code: id.to_string(), label: id.to_string(), is_chosen }
    });
    let all = Choice {
        code: ALL_FIELDS.to_owned(),
        label: "all fields".to_owned(),
        is_chosen: field.is_none(),
    };
    let fields = fields.into_iter().map(|name| {
        let is_chosen = field.as_ref() == Some(&name);
        Choice { code: name.clone(), label: name, is_chosen }
    });
    let ranges = RelativeRange::ALL.into_iter().map(|one| Choice {
        code: one.code().to_owned(),
        label: format!("last {}", one.label()),
        is_chosen: one == range,
    });
    let windows = Window::ALL.into_iter().map(|one| Choice {
        code: one.code().to_owned(),
        label: one.label().to_owned(),
        is_chosen: one == window,
    });
    let functions = Function::ALL.into_iter().map(|one| Choice {
        code: one.code().to_owned(),
        label: one.label().to_owned(),
        is_chosen: one == function,
    });
    let edit = path_of_script(&script).unwrap_or_else(|| "/data?flux=".to_owned());
    view! {
        <div class="question">
            <form class="card question__form" method="get" action="/data" data-follow="choice" aria-label="Query builder">
                <Select name="device" label="Device" choices=devices.collect()/>
                <Select name="field" label="Field" choices=fields.chain([all]).collect()/>
                <Select name="range" label="Range" choices=ranges.collect()/>
                <Select name="window" label="Window" choices=windows.collect()/>
                <Select name="fn" label="Aggregate" choices=functions.collect()/>
                <button class="button button--primary follow__button">"Run"</button>
                {(window == Window::None).then(|| view! {
                    <p class="field__hint">"Without windows, nothing is aggregated: every point is read."</p>
                })}
            </form>
            <section class="card question__script" aria-labelledby="flux">
                <div class="section-head">
                    <h2 id="flux">"Flux"</h2>
                    <CopyButton source="flux-script" what="Flux"/>
                </div>
                <pre class="script" tabindex="0"><code id="flux-script">{script.clone()}</code></pre>
                {fault.map(|error| view! { <Fault error script/> })}
                <p class="question__actions">
                    <a class="button" href=edit>"Edit as Flux"</a>
                </p>
            </section>
        </div>
    }
}

struct Choice {
    code: String,
    label: String,
    is_chosen: bool,
}

#[component]
fn Select(name: &'static str, label: &'static str, choices: Vec<Choice>) -> impl IntoView {
    let id = format!("query-{name}");
    let options = choices
        .into_iter()
        .map(|Choice { code, label, is_chosen }| {
            view! { <option value=code selected=is_chosen>{label}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{label}</label>
            <select class="input" id=id name=name>{options}</select>
        </div>
    }
}
