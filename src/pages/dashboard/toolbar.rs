//! What is chosen on a dashboard: the device, the span of time, what to compare with, and files to take along.

use leptos::prelude::*;

use crate::components::device_picker::DevicePicker;
use crate::components::range_picker::RangePicker;
use crate::model::dashboard::Dashboard;
use crate::model::device::DeviceId;
use crate::model::range::{Comparison, TimeRange};
use crate::model::time::Timestamp;

/// More would be no choice but a search.
const MOST_COMPARED: usize = 200;

/// All that chooses works by links and forms.
#[component]
pub fn Toolbar(
    dashboard: Dashboard,
    range: TimeRange,
    comparison: Option<Comparison>,
    /// Those of the address: name and value.
    parameters: Vec<(&'static str, String)>,
) -> impl IntoView {
    let Dashboard { id, devices, now, .. } = dashboard;
    let path = format!("/dashboard/{id}");
    let kept = comparison
        .as_ref()
        .map(|comparison| format!("&compare={}", comparison.code()))
        .unwrap_or_default();
    view! {
        <div class="dashboard__toolbar">
            <DevicePicker devices=devices.clone() kept=parameters.clone()/>
            <RangePicker path=path.clone() current=Some(range) kept=kept.clone()/>
            <Movement path=path.clone() range now kept/>
            <ComparisonPicker path=path.clone() id devices comparison parameters=parameters.clone()/>
            <form method="get" action=path.clone()>
                {hidden(&parameters, "")}
                <button class="button">"Reload"</button>
            </form>
            <Export path range/>
        </div>
    }
}

/// Parameters that a form keeps, without one of them.
fn hidden(parameters: &[(&'static str, String)], without: &str) -> impl IntoView + use<> {
    parameters
        .iter()
        .filter(|(name, _)| *name != without)
        .map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone()/> })
        .collect_view()
}

/// Earlier, later, in and out, by links: what gestures do on the charts.
#[component]
fn Movement(path: String, range: TimeRange, now: Timestamp, kept: String) -> impl IntoView {
    let steps = [
        ("‹", "Earlier", -0.5, 1.0),
        ("−", "Zoom out", 0.0, 2.0),
        ("+", "Zoom in", 0.0, 0.5),
        ("›", "Later", 0.5, 1.0),
    ];
    let links = steps
        .into_iter()
        .map(|(sign, name, by, zoom)| {
            let target = range.moved(now, by, zoom);
            let href = target.map(|range| format!("{path}?{}{kept}", range.query_string()));
            let is_disabled = href.is_none().then_some("true");
            view! {
                <li>
                    <a class="ranges__link" href=href aria-disabled=is_disabled aria-label=name title=name>{sign}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="ranges ranges--movement" aria-label="Move in time">
            <ul class="ranges__list">{links}</ul>
        </nav>
    }
}

/// What the charts are compared with: chosen from a list, shown at once where there is a script.
#[component]
fn ComparisonPicker(
    path: String,
    id: DeviceId,
    devices: Vec<DeviceId>,
    comparison: Option<Comparison>,
    parameters: Vec<(&'static str, String)>,
) -> impl IntoView {
    let others = devices.into_iter().filter(|device| *device != id).take(MOST_COMPARED);
    let mut choices: Vec<Comparison> = others.map(Comparison::Device).collect();
    if let Some(current @ Comparison::Device(_)) = &comparison
        && !choices.contains(current)
    {
        choices.push(current.clone());
    }
    choices.insert(0, Comparison::Previous);
    let options = choices
        .into_iter()
        .map(|choice| {
            let is_chosen = comparison.as_ref() == Some(&choice);
            view! { <option value=choice.code() selected=is_chosen>{choice.label()}</option> }
        })
        .collect_view();
    view! {
        <form class="compare" method="get" action=path data-follow="choice">
            {hidden(&parameters, "compare")}
            <label class="compare__label" for="compare">"Compare with"</label>
            <select class="input compare__choice" id="compare" name="compare">
                <option value="">"nothing"</option>
                {options}
            </select>
            <button class="button follow__button">"Compare"</button>
        </form>
    }
}

/// What is shown as files.
#[component]
fn Export(path: String, range: TimeRange) -> impl IntoView {
    let query = range.query_string();
    view! {
        <details class="menu" data-key="export">
            <summary class="button">"Export"</summary>
            <ul class="menu__list">
                <li><a href=format!("{path}/export.csv?{query}") download="">"CSV, all points"</a></li>
                <li><a href=format!("{path}/export.svg?{query}") download="">"SVG, the charts"</a></li>
                <li class="menu__scripted"><button class="button button--quiet" type="button" data-export="png">"PNG, as shown"</button></li>
            </ul>
        </details>
    }
}
