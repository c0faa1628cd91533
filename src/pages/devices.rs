//! `/devices`: all registered devices, and the form that registers another one.

pub mod query;
pub mod table;

use std::time::Duration;

use leptos::ev::{Event, SubmitEvent};
use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use self::query::{request_from_query, sort_code, url_of};
use self::table::{DeviceTable, Paging};
use super::register_form::RegisterForm;
use super::unregister_dialog::UnregisterDialog;
use crate::api::ApiError;
use crate::api::devices::{UnregisterDevice, list_devices};
use crate::components::error_panel::ErrorPanel;
use crate::components::how_it_works::HowItWorks;
use crate::components::skeleton::Skeleton;
use crate::hooks::refresh::refresh_every;
use crate::hooks::retry::retry_once;
use crate::model::device::{DeviceList, DeviceListRequest, DeviceSort};

/// How often the list is read again.
const REFRESH: Duration = Duration::from_secs(30);

#[component]
pub fn DevicesPage() -> impl IntoView {
    let query = use_query_map();
    let request = Memo::new(move |_| query.with(request_from_query));
    let unregister = ServerAction::<UnregisterDevice>::new();
    let devices = Resource::new(
        move || (request.get(), unregister.version().get()),
        |(request, _)| list_devices(request),
    );
    retry_once(devices, ApiError::is_temporary);
    refresh_every(devices, REFRESH);
    let retry = Callback::new(move |()| devices.refetch());

    view! {
        <Title text="Devices"/>
        <div class="page">
            <header class="page__head">
                <h1>"Devices"</h1>
            </header>
            <div class="devices-tools">
                <section class="card" aria-label="Register a device">
                    <RegisterForm/>
                </section>
                <Filter request/>
            </div>
            <Transition fallback=|| view! { <Skeleton lines=8/> }>
                {move || devices.get().map(|answer| match answer {
                    Ok(list) => view! { <List list request=request.get_untracked() on_retry=retry/> }.into_any(),
                    Err(error) => view! {
                        <ErrorPanel title="The devices could not be read" message=error.to_string() on_retry=retry/>
                    }
                    .into_any(),
                })}
            </Transition>
            <UnregisterDialog
                page=Signal::derive(move || request.with(url_of))
                asked=Signal::derive(move || query.with(|query| query.get("unregister")))
                action=unregister
            />
        </div>
    }
}

/// Searches as one types. Without JavaScript: a form that loads the page again.
#[component]
fn Filter(request: Memo<DeviceListRequest>) -> impl IntoView {
    let navigate = use_navigate();
    let search_for = move |search: String| {
        let wanted = DeviceListRequest { search, page: 1, ..request.get_untracked() };
        // Typing leaves no trail of half words in the history.
        navigate(
            &url_of(&wanted),
            NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() },
        );
    };
    let input = NodeRef::<leptos::html::Input>::new();
    let search_for_what_stands_there = move || {
        if let Some(input) = input.get_untracked() {
            search_for(input.value());
        }
    };
    let search_now = search_for_what_stands_there.clone();
    let search_soon =
        debounce(Duration::from_millis(200), move |_: Event| search_for_what_stands_there());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        search_now();
    };

    let default = DeviceListRequest::default();
    view! {
        <form class="card" role="search" method="get" action="/devices" on:submit=submit>
            <div class="field">
            <label class="field__label" for="device-search">"Find devices"</label>
            <div class="field__row">
                <input
                    class="input"
                    id="device-search"
                    node_ref=input
                    name="q"
                    type="search"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder="Part of the ID"
                    value=request.get_untracked().search
                    prop:value=move || request.get().search
                    on:input=search_soon
                />
                {move || {
                    let sort = request.get().sort;
                    (sort != DeviceSort::default())
                        .then(|| view! { <input type="hidden" name="sort" value=sort_code(sort)/> })
                }}
                {move || {
                    let size = request.get().size;
                    (size != default.size).then(|| view! { <input type="hidden" name="size" value=size.to_string()/> })
                }}
                <button class="button">"Find"</button>
            </div>
            <p class="field__hint needs-script">"The list follows as you type."</p>
            </div>
        </form>
    }
}

/// The table, or what stands there instead.
#[component]
fn List(list: DeviceList, request: DeviceListRequest, on_retry: Callback<()>) -> impl IntoView {
    let how = list.how.clone();
    let DeviceList { matching, registered, page, size, .. } = list;
    let note = list.last_seen_failed.clone().map(|message| {
        view! {
            <ErrorPanel title="The states of the devices are unknown" message on_retry/>
        }
    });
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
        {content}
        <HowItWorks calls=how/>
    }
}
