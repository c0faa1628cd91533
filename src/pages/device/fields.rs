//! What a device has measured.

use leptos::prelude::*;

use crate::components::moment::Ago;
use crate::hooks::zone::local_time;
use crate::model::device::FieldSummary;
use crate::model::field::Field;
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;
use crate::pages::spark::LastDay;

#[component]
pub fn Fields(fields: Vec<FieldSummary>, now: Timestamp) -> impl IntoView {
    let content = if fields.is_empty() {
        view! {
            <p>"No values in the last 30 days."</p>
            <p class="hint">
                "Write the missing data above, or let the device send points of the measurement “environment” with its ID as
                the tag “clientId”."
            </p>
        }
        .into_any()
    } else {
        view! {
            <div class="scroller" tabindex="0" role="region" aria-label="Table of the fields">
                <table class="table fields">
                    <caption class="visually-hidden">"Fields in the last 30 days"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Field"</th>
                            <th class="number" scope="col">"Last"</th>
                            <th scope="col">"24 h"</th>
                            <th scope="col">"Time"</th>
                            <th class="number" scope="col">"Min"</th>
                            <th class="number" scope="col">"Max"</th>
                            <th class="number" scope="col">"Count"</th>
                            <th scope="col">"Sensor"</th>
                        </tr>
                    </thead>
                    <tbody>{fields.into_iter().map(|field| view! { <Row field now/> }).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="fields">
            <div class="section-head">
                <h2 id="fields">"Fields"</h2>
                <span class="hint">"last 30 days"</span>
            </div>
            {content}
        </section>
    }
}

#[component]
fn Row(field: FieldSummary, now: Timestamp) -> impl IntoView {
    let FieldSummary { name, last, last_time, min, max, count, sensor, spark } = field;
    let known = Field::from_key(&name);
    let format = |value: f64| known.map_or_else(|| value.to_string(), |field| field.format(value));
    let unit = known.map(Field::unit);
    let charted = known.filter(|field| Field::CHARTED.contains(field));
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="number">{format(last)} " " <span class="unit">{unit}</span></td>
            <td>{charted.map(|field| view! { <LastDay field spark/> })}</td>
            <td><Ago time=local_time(last_time) now/></td>
            <td class="number">{format(min)}</td>
            <td class="number">{format(max)}</td>
            <td class="number">{group_digits(count)}</td>
            <td>{sensor.map_or_else(|| "–".into_any(), |sensor| breakable(&sensor).into_any())}</td>
        </tr>
    }
}

/// A name that may go on in a new line behind each `_`, so that it is not torn apart elsewhere.
fn breakable(name: &str) -> impl IntoView + use<> {
    let parts = name.split_inclusive('_').map(str::to_owned);
    parts.map(|part| view! { {part} <wbr/> }).collect_view()
}
