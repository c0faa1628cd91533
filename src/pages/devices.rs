//! `/devices`: all registered devices, and the form that registers another one.

pub mod query;
pub mod register_several;
pub mod rows;
pub mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::query::{request_from_query, sort_code, url_of};
use self::register_several::RegisterSeveral;
use self::table::{DeviceTable, Paging};
use super::failed_part::FailedPart;
use super::form_error::form_error;
use crate::api::devices::{RegisterDevice, UnregisterDevice, list_devices};
use crate::components::how_it_works::HowItWorks;
use crate::islands::register_form::RegisterForm;
use crate::islands::unregister_dialog::{Question, UnregisterDialog};
use crate::model::device::{DeviceList, DeviceListRequest, DeviceSort};
use crate::model::leftover::Leftovers;
use crate::model::packed::Packed;

#[component]
pub fn DevicesPage() -> impl IntoView {
    let query = use_query_map();
    let request = query.with_untracked(request_from_query);
    let question = Question {
        page: url_of(&request),
        asked: query.with_untracked(|query| query.get("unregister")),
        error: form_error::<UnregisterDevice>(),
    };
    let filter = request.clone();
    view! {
        <Title text="Devices"/>
        <div class="page">
            <header class="page__head">
                <h1>"Devices"</h1>
            </header>
            <div class="devices-tools">
                <section class="card" aria-label="Register a device">
                    <RegisterForm error=Packed(form_error::<RegisterDevice>())/>
                </section>
                <Filter request=filter/>
                <RegisterSeveral/>
            </div>
            <Suspense>
                {Suspend::new(async move {
                    match list_devices(request.clone()).await {
                        Ok(list) => view! { <List list request/> }.into_any(),
                        Err(error) => view! {
                            <FailedPart title="The devices could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
            <UnregisterDialog data=Packed(question)/>
        </div>
    }
}

/// A form that loads the page again; `browser::follow` sends it as one types.
#[component]
fn Filter(request: DeviceListRequest) -> impl IntoView {
    let default = DeviceListRequest::default();
    let sort = (request.sort != DeviceSort::default()).then(|| sort_code(request.sort));
    let size = (request.size != default.size).then(|| request.size.to_string());
    view! {
        <form class="card" role="search" method="get" action="/devices" data-follow="typing">
            <div class="field">
                <label class="field__label" for="device-search">"Find devices"</label>
                <div class="field__row">
                    <input
                        class="input"
                        id="device-search"
                        name="q"
                        type="search"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder="Part of the ID"
                        value=request.search
                    />
                    {sort.map(|sort| view! { <input type="hidden" name="sort" value=sort/> })}
                    {size.map(|size| view! { <input type="hidden" name="size" value=size/> })}
                    <button class="button">"Find"</button>
                </div>
                <p class="field__hint needs-following">"The list follows as you type."</p>
            </div>
        </form>
    }
}

/// The table, or what stands there instead.
#[component]
pub fn List(list: DeviceList, request: DeviceListRequest) -> impl IntoView {
    let how = list.how.clone();
    let DeviceList { matching, registered, page, size, .. } = list;
    let note = list.last_seen_failed.clone().map(|message| {
        view! {
            <FailedPart title="The states of the devices are unknown" message/>
        }
    });
    let leftovers = list.leftovers;
    let content = if registered == 0 {
        view! {
            <div class="empty card">
                <h2>"No device is registered"</h2>
                <p>"Give the first one an ID above. It gets a token of its own, and a page that says what to do with it."</p>
            </div>
        }
        .into_any()
    } else if matching == 0 {
        let all = url_of(&DeviceListRequest { search: String::new(), page: 1, ..request.clone() });
        view! {
            <div class="empty card">
                <h2>"No device matches"</h2>
                <p>{format!("None of the IDs contains “{}”.", request.search)}</p>
                <p class="empty__actions">
                    <a class="button" href=all>"Show all devices"</a>
                </p>
            </div>
        }
        .into_any()
    } else {
        view! {
            <Paging matching registered page size request=request.clone()/>
            <DeviceTable list request/>
        }
        .into_any()
    };
    view! {
        {note}
        {(!leftovers.is_empty()).then(|| view! { <LeftoversNote leftovers/> })}
        {content}
        <HowItWorks calls=how/>
    }
}

/// Says that there is something that belongs to no registered device, and where to see it.
#[component]
fn LeftoversNote(leftovers: Leftovers) -> impl IntoView {
    let Leftovers { former, orphans, without_authorization } = leftovers;
    let parts = [
        (former, "device of a former IoT Center", "devices of a former IoT Center"),
        (orphans, "orphaned authorization", "orphaned authorizations"),
        (
            without_authorization,
            "device without an authorization",
            "devices without an authorization",
        ),
    ];
    let counted: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    view! {
        <p class="card leftovers-note">
            {format!("InfluxDB has {}. ", counted.join(", "))}
            <a href="/authorizations">"See authorizations"</a>
        </p>
    }
}
