//! `/dashboard`: on to the device that was shown last, or a choice.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use crate::api::devices::list_devices;
use crate::components::device_picker::DevicePicker;
use crate::components::state_badge::StateBadge;
use crate::hooks::last_device::last_device;
use crate::model::device::{DeviceId, DeviceList, DeviceListRequest, InvalidDeviceId};
use crate::model::range::TimeRange;
use crate::pages::failed_part::FailedPart;

/// Where the address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Destination {
    /// The path of a dashboard.
    Dashboard(String),
    Choice,
    /// The form was sent with something that is no id.
    Invalid(InvalidDeviceId),
}

#[component]
pub fn DashboardChoicePage() -> impl IntoView {
    let content = match use_query_map().with_untracked(destination) {
        Destination::Dashboard(path) => view! { <Redirect path/> }.into_any(),
        Destination::Choice => view! { <Choice error=None/> }.into_any(),
        Destination::Invalid(error) => view! { <Choice error=Some(error)/> }.into_any(),
    };
    view! {
        <Title text="Dashboards"/>
        {content}
    }
}

fn destination(query: &ParamsMap) -> Destination {
    let range = TimeRange::from_parameters(
        query.get_str("range"),
        query.get_str("from"),
        query.get_str("to"),
    );
    let path = |id: DeviceId| {
        // Without a range, or with one that is none, the dashboard has its own.
        Destination::Dashboard(match range {
            Ok(range) if range != TimeRange::default() => {
                format!("/dashboard/{id}?{}", range.query_string())
            }
            _ => format!("/dashboard/{id}"),
        })
    };
    match query.get_str("device").map(|device| DeviceId::parse(device.trim())) {
        Some(Ok(id)) => path(id),
        Some(Err(error)) => Destination::Invalid(error),
        None => {
            last_device().and_then(|id| DeviceId::parse(&id).ok()).map_or(Destination::Choice, path)
        }
    }
}

#[component]
fn Choice(error: Option<InvalidDeviceId>) -> impl IntoView {
    view! {
        <div class="page">
            <header class="page__head">
                <h1>"Dashboards"</h1>
            </header>
            {error.map(|error| view! { <p class="field__error" role="alert">{format!("There is no such device: {error}.")}</p> })}
            <Suspense>
                {Suspend::new(async move {
                    match list_devices(DeviceListRequest::default()).await {
                        Ok(list) => view! { <ChoiceView list/> }.into_any(),
                        Err(error) => view! {
                            <FailedPart title="The devices could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn ChoiceView(list: DeviceList) -> impl IntoView {
    let DeviceList { rows, registered, .. } = list;
    if registered == 0 {
        return view! {
            <div class="empty card">
                <h2>"There is no device yet"</h2>
                <p>"A dashboard shows what a device measures. Register one, and it has a dashboard."</p>
                <p class="empty__actions">
                    <a class="button button--primary" href="/">"Register your first device"</a>
                </p>
            </div>
        }
        .into_any();
    }
    let rows: Vec<_> = rows
        .into_iter()
        .filter_map(|row| Some((DeviceId::parse(&row.id).ok()?, row.liveness)))
        .collect();
    let ids: Vec<DeviceId> = rows.iter().map(|(id, _)| id.clone()).collect();
    view! {
        <div class="dashboard-choice card">
            <h2>"Choose a device"</h2>
            <DevicePicker devices=ids kept=Vec::new()/>
            <ul class="dashboard-choice__list">
                {rows
                    .into_iter()
                    .map(|(id, liveness)| view! {
                        <li>
                            <a href=format!("/dashboard/{id}")>{id.to_string()}</a>
                            <StateBadge liveness/>
                        </li>
                    })
                    .collect_view()}
            </ul>
        </div>
    }
    .into_any()
}
