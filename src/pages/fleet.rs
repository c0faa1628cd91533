//! `/`: the fleet at a glance, or the first steps where there is none yet.

use leptos::prelude::*;
use leptos_meta::Title;

use super::events::Events;
use super::failed_part::FailedPart;
use super::form_error::form_error;
use super::spark::LastDay;
use crate::api::devices::{RegisterDevice, TryVirtualDevice as TryCall, read_fleet};
use crate::components::how_it_works::HowItWorks;
use crate::components::icon::Glyph;
use crate::components::moment::Ago;
use crate::components::state_badge::{StateBadge, class_of, icon_of};
use crate::hooks::zone::local_time;
use crate::islands::register_form::RegisterForm;
use crate::islands::try_virtual_device::TryVirtualDevice;
use crate::model::device::{Fleet, FleetTile, LatestValue, Liveness};
use crate::model::field::Field;
use crate::model::packed::Packed;
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;

#[component]
pub fn FleetPage() -> impl IntoView {
    view! {
        <Title text="Fleet"/>
        <div class="page">
            <header class="page__head">
                <h1>"Fleet"</h1>
            </header>
            <Suspense>
                {Suspend::new(async move {
                    match read_fleet().await {
                        Ok(fleet) => view! { <FleetView fleet/> }.into_any(),
                        Err(error) => view! {
                            <FailedPart title="The fleet could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn FleetView(fleet: Fleet) -> impl IntoView {
    let how = fleet.how.clone();
    let is_empty = fleet.online + fleet.stale + fleet.silent + fleet.never_seen == 0;
    view! {
        {if is_empty {
            view! { <FirstRun/> }.into_any()
        } else {
            view! { <Overview fleet/> }.into_any()
        }}
        <HowItWorks calls=how/>
    }
}

/// Figures and tiles.
#[component]
fn Overview(fleet: Fleet) -> impl IntoView {
    let Fleet { online, stale, silent, never_seen, points_per_minute, tiles, events, now, .. } =
        fleet;
    let figures = Liveness::ALL.into_iter().zip([online, stale, silent, never_seen]);
    let total = online + stale + silent + never_seen;
    let shown = tiles.len();
    view! {
        <dl class="figures">
            {figures
                .map(|(liveness, count)| {
                    view! {
                        <div class="figure">
                            <dt class=if count == 0 { "state" } else { class_of(liveness) }>
                                <Glyph icon=icon_of(liveness)/>
                                {liveness.label()}
                            </dt>
                            <dd>{group_digits(count.into())}</dd>
                        </div>
                    }
                })
                .collect_view()}
            <div class="figure">
                <dt class="state">"points per minute"</dt>
                <dd>{points_per_minute.map_or_else(|| "–".to_owned(), rate)}</dd>
            </div>
        </dl>
        <section class="fleet" aria-labelledby="fleet-devices">
            <div class="section-head">
                <h2 id="fleet-devices">"Devices"</h2>
                <a href="/devices">
                    {if shown < total as usize {
                        format!("All {}", group_digits(total.into()))
                    } else {
                        "Manage".to_owned()
                    }}
                </a>
            </div>
            <ul class="tiles">
                {tiles.into_iter().map(|tile| view! { <Tile tile now/> }).collect_view()}
            </ul>
        </section>
        <Events events now names_devices=true/>
    }
}

/// `0.4`, `12`, `1,234`.
fn rate(per_minute: f64) -> String {
    if per_minute < 10.0 && per_minute.fract() != 0.0 {
        format!("{per_minute:.1}")
    } else {
        group_digits(per_minute.round() as u64)
    }
}

#[component]
fn Tile(tile: FleetTile, now: Timestamp) -> impl IntoView {
    let FleetTile { device, values } = tile;
    let id = device.id;
    let name = if device.has_page {
        view! { <a href=format!("/devices/{id}")>{id.clone()}</a> }.into_any()
    } else {
        view! { <span>{id.clone()}</span> }.into_any()
    };
    view! {
        <li class="tile card" data-key=id.clone()>
            <div class="tile__head">
                <h3 class="tile__name">{name}</h3>
                <StateBadge liveness=device.liveness/>
            </div>
            {if values.is_empty() {
                view! { <p class="tile__nothing">"No values yet"</p> }.into_any()
            } else {
                view! {
                    <dl class="tile__values">
                        {values
                            .into_iter()
                            // A place is no sign of life, and too long for a tile.
                            .filter(|value| Field::CHARTED.contains(&value.field))
                            .map(|LatestValue { field, value, .. }| {
                                view! {
                                    <div>
                                        <dt>{field.key()}</dt>
                                        <dd>{field.format(value)} " " <span class="unit">{field.unit()}</span></dd>
                                    </div>
                                }
                            })
                            .collect_view()}
                    </dl>
                    <div class="tile__day">
                        <span>"Temperature, 24 h"</span>
                        <LastDay field=Field::Temperature spark=device.temperature/>
                    </div>
                }
                .into_any()
            }}
            <div class="tile__foot">
                {match device.last_seen {
                    Some(time) => view! { <Ago time=local_time(time) now/> }.into_any(),
                    None if device.liveness == Liveness::Silent => "more than a year ago".into_any(),
                    None => "never".into_any(),
                }}
                {device.has_page.then(|| view! {
                    <a href=format!("/dashboard/{id}")>
                        "Dashboard"<span class="visually-hidden">" of " {id.clone()}</span>
                    </a>
                })}
            </div>
        </li>
    }
}

/// What to do where no device is registered.
#[component]
fn FirstRun() -> impl IntoView {
    view! {
        <div class="first-run card">
            <h2>"Register your first device"</h2>
            <ol class="steps">
                <li>
                    <h3>"Register it"</h3>
                    <p>"It gets a token of its own, with which it writes to InfluxDB."</p>
                    <RegisterForm error=Packed(form_error::<RegisterDevice>())/>
                </li>
                <li>
                    <h3>"Give it data"</h3>
                    <p>
                        "A real device sends its own. For any other, “Write Missing Data” on its page fills the last seven
                        days with a point a minute."
                    </p>
                </li>
                <li>
                    <h3>"Look at it"</h3>
                    <p>"Its dashboard shows gauges with the newest values and five line charts."</p>
                </li>
            </ol>
            <div class="first-run__try">
                <div>
                    <h3>"No device at hand?"</h3>
                    <p>"This does all three steps and opens the dashboard. It takes a moment."</p>
                </div>
                <TryVirtualDevice error=Packed(form_error::<TryCall>())/>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn rates_are_short() {
        assert_eq!(rate(0.0), "0");
        assert_eq!(rate(0.4), "0.4");
        assert_eq!(rate(12.6), "13");
        assert_eq!(rate(1_234.0), "1,234");
    }
}
