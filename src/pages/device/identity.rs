//! What a device is and where it writes to.

use leptos::prelude::*;

use crate::components::moment::{Ago, Moment};
use crate::components::state_badge::StateBadge;
use crate::hooks::zone::local_time;
use crate::model::device::{DeviceConfiguration, DeviceDetails, Liveness};

#[component]
pub fn Identity(details: DeviceDetails) -> impl IntoView {
    let DeviceDetails { registration, liveness, last_seen, configuration, now, .. } = details;
    let DeviceConfiguration { influx_url, organization, bucket } = configuration;
    view! {
        <section class="card" aria-labelledby="identity">
            <h2 id="identity">"Configuration"</h2>
            <dl class="definitions">
                <dt>"State"</dt>
                <dd>
                    <StateBadge liveness/>
                </dd>
                <dt>"Last seen"</dt>
                <dd>
                    {match last_seen {
                        Some(time) => view! { <Ago time=local_time(time) now/> }.into_any(),
                        None if liveness == Liveness::Silent => "more than a year ago".into_any(),
                        None => "never".into_any(),
                    }}
                </dd>
                <dt>"Registered"</dt>
                <dd>
                    {match registration.as_ref().map(|registration| registration.registered_at) {
                        Some(Some(time)) => view! { <Moment time=local_time(time)/> }.into_any(),
                        Some(None) => "at an unknown time".into_any(),
                        None => "not registered".into_any(),
                    }}
                </dd>
                {registration.map(|registration| view! {
                    <dt>"Authorization"</dt>
                    <dd class="mono">{registration.authorization_id}</dd>
                })}
                <dt>"InfluxDB URL"</dt>
                <dd class="mono">{influx_url}</dd>
                <dt>"Organization"</dt>
                <dd class="mono">{organization}</dd>
                <dt>"Bucket"</dt>
                <dd class="mono">{bucket}</dd>
            </dl>
        </section>
    }
}
