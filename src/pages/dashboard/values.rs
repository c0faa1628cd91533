//! The newest values of a device: as gauges, and as a table that says the same in plain text.

use leptos::prelude::*;

use crate::components::gauge::{Gauge, missing_fields};
use crate::components::moment::Moment;
use crate::hooks::zone::local_time;
use crate::model::device::{LatestValue, Liveness, LivenessLimits};
use crate::model::field::Field;
use crate::model::time::Timestamp;

/// A gauge for each charted field that has a value.
#[component]
pub fn Gauges(
    latest: Vec<LatestValue>,
    liveness: Liveness,
    last_seen: Option<Timestamp>,
    now: Timestamp,
) -> impl IntoView {
    // A value is stale if its device is, or if the device has sent others for a while without it.
    let is_stale = |value: &LatestValue| {
        let behind = last_seen.map_or(0, |last_seen| last_seen.0 - value.time.0);
        liveness != Liveness::Online || behind >= LivenessLimits::default().online_ms
    };
    let gauges = Field::CHARTED
        .into_iter()
        .filter_map(|field| latest.iter().find(|latest| latest.field == field))
        .map(|value| view! { <Gauge latest=*value now is_stale=is_stale(value)/> })
        .collect_view();
    let missing = missing_fields(&latest).filter(|_| !latest.is_empty());
    view! {
        <section class="dashboard__gauges" aria-label="Newest values">
            {if latest.is_empty() {
                view! { <p class="hint">"This device has not sent any value in the last year."</p> }.into_any()
            } else {
                view! { <ul class="gauges">{gauges}</ul> }.into_any()
            }}
            {missing.map(|sentence| view! { <p class="hint">{sentence}</p> })}
        </section>
    }
}

/// The newest value of every field, for reading, copying and hearing.
#[component]
pub fn LatestTable(latest: Vec<LatestValue>) -> impl IntoView {
    if latest.is_empty() {
        return None;
    }
    let rows = latest
            .into_iter()
            .map(|LatestValue { field, value, time }| {
                view! {
                    <tr>
                        <th scope="row">{field.key()}</th>
                        <td class="number">{field.format(value)} " " <span class="unit">{field.unit()}</span></td>
                        <td><Moment time=local_time(time)/></td>
                    </tr>
                }
            })
            .collect_view();
    Some(view! {
        <section class="dashboard__latest card">
            <h2 id="latest-values">"Latest values"</h2>
            <div class="scroller" tabindex="0" role="region" aria-labelledby="latest-values">
                <table class="table" aria-labelledby="latest-values">
                    <thead>
                        <tr>
                            <th scope="col">"Field"</th>
                            <th scope="col" class="number">"Value"</th>
                            <th scope="col">"Measured"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    })
}
