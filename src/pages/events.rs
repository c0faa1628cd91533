//! The log of events as a table: of a device, or of all.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::components::moment::Ago;
use crate::hooks::zone::local_time;
use crate::model::device::DeviceId;
use crate::model::event::{Event, EventKind};
use crate::model::time::Timestamp;

/// Events, the newest first.
#[component]
pub fn Events(
    events: Vec<Event>,
    now: Timestamp,
    /// Whether each row names its device.
    names_devices: bool,
) -> impl IntoView {
    let content = if events.is_empty() {
        view! { <p class="hint">"Nothing has happened in the last 30 days."</p> }.into_any()
    } else {
        view! {
            <div class="scroller" tabindex="0" role="region" aria-label="Table of events">
                <table class="table table--cards events">
                    <caption class="visually-hidden">"Events, the newest first"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Time"</th>
                            {names_devices.then(|| view! { <th scope="col">"Device"</th> })}
                            <th scope="col">"Event"</th>
                            <th scope="col">"Details"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {events
                            .into_iter()
                            .map(|event| view! { <Row event now names_devices/> })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="events">
            <div class="section-head">
                <h2 id="events">"Events"</h2>
                <span class="hint">"last 30 days"</span>
            </div>
            {content}
        </section>
    }
}

#[component]
fn Row(event: Event, now: Timestamp, names_devices: bool) -> impl IntoView {
    let Event { kind, device, time, until, detail } = event;
    let details = if kind.is_outage() {
        let length = match until {
            Some(until) => format!("for {}", until.since(time)),
            None => "and still does not".to_owned(),
        };
        match (kind, detail) {
            (EventKind::BackendOutage, Some(reason)) => format!("{length}: {reason}"),
            _ => length,
        }
    } else {
        detail.unwrap_or_default()
    };
    let device = names_devices.then(|| match device {
        Some(id) if DeviceId::parse(&id).is_ok() => {
            view! { <td data-label="Device"><a href=format!("/devices/{id}")>{id.clone()}</a></td> }
                .into_any()
        }
        Some(id) => view! { <td data-label="Device">{id}</td> }.into_any(),
        None => view! { <td data-label="Device">"–"</td> }.into_any(),
    });
    view! {
        <tr class=if kind.is_outage() { "events__outage" } else { "" }>
            <td data-label="Time">
                <Ago time=local_time(time) now/>
            </td>
            {device}
            <td data-label="Event">
                {kind.is_outage().then(|| view! { <Glyph icon=Icon::Warning/> })}
                {kind.label()}
            </td>
            <td class="events__details" data-label="Details">{details}</td>
        </tr>
    }
}
