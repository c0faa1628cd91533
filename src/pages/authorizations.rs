//! `/authorizations`: what in InfluxDB belongs to no registered device: devices of a former IoT Center, which can be adopted, and tokens that
//! open the telemetry for nobody.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;

use super::failed_part::FailedPart;
use super::form_error::form_error;
use crate::api::tokens::{AdoptDevice, ChangeToken, RemoveAuthorization, list_leftovers};
use crate::components::how_it_works::HowItWorks;
use crate::components::moment::Day;
use crate::hooks::zone::local_time;
use crate::model::authorization::{Leftover, LeftoverList};
use crate::model::token::TokenChange;

#[component]
pub fn AuthorizationsPage() -> impl IntoView {
    let error = form_error::<AdoptDevice>().or_else(form_error::<RemoveAuthorization>);
    view! {
        <Title text="Authorizations"/>
        <div class="page">
            <header class="page__head">
                <div>
                    <p class="page__path">
                        <a href="/devices">"Devices"</a>
                    </p>
                    <h1>"Authorizations"</h1>
                </div>
            </header>
            {error.map(|error| view! { <p class="field__error" role="alert">{error}</p> })}
            <Suspense>
                {Suspend::new(async move {
                    match list_leftovers().await {
                        Ok(list) => view! { <Leftovers list/> }.into_any(),
                        Err(error) => view! {
                            <FailedPart title="The authorizations could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn Leftovers(list: LeftoverList) -> impl IntoView {
    let LeftoverList { former, orphans, without_authorization, how } = list;
    let is_empty = former.is_empty() && orphans.is_empty() && without_authorization.is_empty();
    view! {
        <div class="stack">
            {is_empty.then(|| view! {
                <p class="empty-note">
                    "Every authorization of IoT Center belongs to a registered device, and every registered device has one."
                </p>
            })}
            {(!former.is_empty()).then(|| view! {
                <section class="card" aria-labelledby="former">
                    <h2 id="former">"Devices of a former IoT Center"</h2>
                    <p>
                        "The first IoT Center knew its devices by their authorizations only. Adopting one registers it: it gets a token for \
                         the telemetry bucket alone, and its old one, which opens all buckets, goes on until the device has fetched the new."
                    </p>
                    <List list=former label="Devices of a former IoT Center" adopts=true/>
                </section>
            })}
            {(!orphans.is_empty()).then(|| view! {
                <section class="card" aria-labelledby="orphans">
                    <h2 id="orphans">"Orphaned authorizations"</h2>
                    <p>"Their tokens are valid, and the registry knows no device that has them. Whoever uses one loses it when it is removed."</p>
                    <List list=orphans label="Orphaned authorizations" adopts=false/>
                </section>
            })}
            {(!without_authorization.is_empty()).then(|| view! {
                <section class="card" aria-labelledby="without">
                    <h2 id="without">"Devices without an authorization"</h2>
                    <p>"They are registered, but somebody deleted their authorizations in InfluxDB. Rotating gives them new tokens."</p>
                    <ul class="plain-list">
                        {without_authorization.into_iter().map(|id| view! { <Without id/> }).collect_view()}
                    </ul>
                </section>
            })}
        </div>
        <HowItWorks calls=how/>
    }
}

#[component]
fn List(list: Vec<Leftover>, label: &'static str, adopts: bool) -> impl IntoView {
    view! {
        <div class="scroller" tabindex="0" role="region" aria-label=format!("Table: {label}")>
            <table class="table table--cards">
                <caption class="visually-hidden">{label}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Device"</th>
                        <th scope="col">"Authorization"</th>
                        <th scope="col">"Created"</th>
                        <th scope="col">"Permits"</th>
                        <th scope="col">"Actions"</th>
                    </tr>
                </thead>
                <tbody>{list.into_iter().map(|one| view! { <Row one adopts/> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(one: Leftover, adopts: bool) -> impl IntoView {
    let Leftover { authorization_id, device, created_at, is_out_of_scope, can_be_adopted, .. } =
        one;
    let subject = device.clone();
    let key = authorization_id.clone();
    view! {
        <tr data-key=key>
            <th scope="row">{device.clone()}</th>
            <td class="mono" data-label="Authorization">{authorization_id.clone()}</td>
            <td data-label="Created">
                {match created_at {
                    Some(time) => view! { <Day time=local_time(time)/> }.into_any(),
                    None => "–".into_any(),
                }}
            </td>
            <td data-label="Permits">{if is_out_of_scope { "other than a device may" } else { "the telemetry bucket" }}</td>
            <td class="table__wide">
                <div class="row-actions">
                    {(adopts && can_be_adopted).then(|| view! {
                        <form method="post" action=AdoptDevice::url()>
                            <input type="hidden" name="device_id" value=device/>
                            <button class="button button--small">
                                "Adopt"<span class="visually-hidden">" " {subject.clone()}</span>
                            </button>
                        </form>
                    })}
                    <form method="post" action=RemoveAuthorization::url()>
                        <input type="hidden" name="authorization_id" value=authorization_id.clone()/>
                        <button class="button button--small button--danger">
                            "Remove"<span class="visually-hidden">" " {authorization_id}</span>
                        </button>
                    </form>
                </div>
            </td>
        </tr>
    }
}

#[component]
fn Without(id: String) -> impl IntoView {
    view! {
        <li class="plain-list__item">
            <a href=format!("/devices/{id}")>{id.clone()}</a>
            <form method="post" action=ChangeToken::url()>
                <input type="hidden" name="device_id" value=id.clone()/>
                <button class="button button--small" name="change" value=TokenChange::Rotate.key()>
                    "Rotate token"<span class="visually-hidden">" of " {id}</span>
                </button>
            </form>
        </li>
    }
}
