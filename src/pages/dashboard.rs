//! `/dashboard/:id`: what a device measures, as gauges and line charts over a range.
//!
//! Everything but the points of the charts is rendered by the server; `charts` fetches those in the browser.

pub mod charts;
pub mod choice;
pub mod values;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

use self::charts::Charts;
use self::values::{Gauges, LatestTable};
use super::not_found::NotFoundPage;
use crate::api::ApiError;
use crate::api::dashboard::read_dashboard;
use crate::components::device_picker::DevicePicker;
use crate::components::error_panel::ErrorPanel;
use crate::components::how_it_works::HowItWorks;
use crate::components::range_picker::RangePicker;
use crate::components::skeleton::Skeleton;
use crate::components::state_badge::StateBadge;
use crate::hooks::last_device::remember_device;
use crate::hooks::response::set_status;
use crate::hooks::retry::retry_once;
use crate::model::dashboard::Dashboard;
use crate::model::device::DeviceId;
use crate::model::range::TimeRange;

/// What the URL asks for, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Query {
    id: String,
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl Query {
    fn time_range(&self) -> Result<TimeRange, ApiError> {
        TimeRange::from_parameters(self.range.as_deref(), self.from.as_deref(), self.to.as_deref())
            .map_err(|error| ApiError::Invalid {
                field: "range".to_owned(),
                message: error.to_string(),
            })
    }
}

/// What kind of page the answer makes; the details of a dashboard that was found change without a new page.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Found(DeviceId),
    Missing(String),
    BadRange(String),
    Failed(ApiError),
}

impl Kind {
    fn of(answer: &Result<Dashboard, ApiError>) -> Self {
        match answer {
            Ok(dashboard) => Self::Found(dashboard.id.clone()),
            Err(ApiError::NotFound(message)) => Self::Missing(message.clone()),
            Err(ApiError::Invalid { message, .. }) => Self::BadRange(message.clone()),
            Err(error) => Self::Failed(error.clone()),
        }
    }
}

#[component]
pub fn DashboardPage() -> impl IntoView {
    let parameters = use_params_map();
    let query_map = use_query_map();
    let query = Memo::new(move |_| {
        let read = |name: &str| query_map.with(|query| query.get(name));
        let id = parameters.with(|parameters| parameters.get("id").unwrap_or_default());
        Query { id, range: read("range"), from: read("from"), to: read("to") }
    });
    let answer = Resource::new(
        move || query.get(),
        |query| async move {
            // No need to ask for what has no answer.
            query.time_range()?;
            read_dashboard(query.id, query.range, query.from, query.to).await
        },
    );
    retry_once(answer, ApiError::is_temporary);
    // The server writes the title when the signals of the page may be gone.
    let first_id = query.with_untracked(|query| query.id.clone());
    let title =
        move || query.try_with(|query| query.id.clone()).unwrap_or_else(|| first_id.clone());
    let kind = move || Memo::new(move |_| answer.with(|answer| answer.as_ref().map(Kind::of)));
    view! {
        <Title text=title/>
        <Transition fallback=|| view! { <div class="page"><Skeleton lines=12/></div> }>
            {move || {
                let kind = kind();
                move || kind.get().map(|kind| match kind {
                    Kind::Found(id) => view! { <DashboardView id query answer/> }.into_any(),
                    Kind::Missing(message) => view! { <NotFoundPage message/> }.into_any(),
                    Kind::BadRange(message) => view! { <BadRange id=query.get().id message/> }.into_any(),
                    Kind::Failed(error) => {
                        set_status(503);
                        view! {
                            <div class="page">
                                <header class="page__head"><h1>{query.get().id}</h1></header>
                                <ErrorPanel
                                    title="The dashboard could not be read"
                                    message=error.to_string()
                                    on_retry=move || answer.refetch()
                                />
                            </div>
                        }
                        .into_any()
                    }
                })
            }}
        </Transition>
    }
}

/// A device that is there. `answer` may hold a newer dashboard of it at any time.
#[component]
fn DashboardView(
    id: DeviceId,
    query: Memo<Query>,
    answer: Resource<Result<Dashboard, ApiError>>,
) -> impl IntoView {
    // What was shown stays while the next answer is on its way.
    let dashboard = Memo::new(move |previous: Option<&Option<Dashboard>>| {
        let newest =
            answer.with(|answer| answer.as_ref().and_then(|answer| answer.as_ref().ok()).cloned());
        newest.or_else(|| previous.cloned().flatten())
    });
    let range = Memo::new(move |_| query.with(Query::time_range).ok());
    remember(id.clone());

    let path = format!("/dashboard/{id}");
    let parameters = move || {
        let Query { range, from, to, .. } = query.get();
        let named = [("range", range), ("from", from), ("to", to)];
        named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Vec<_>>()
    };
    let navigate = use_navigate();
    let choose = move |chosen: DeviceId| {
        let query_string = range.get_untracked().unwrap_or_default().query_string();
        navigate(&format!("/dashboard/{chosen}?{query_string}"), NavigateOptions::default());
    };
    let reload = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        answer.refetch();
    };
    let devices = move || {
        dashboard
            .with(|dashboard| dashboard.as_ref().map(|d| d.devices.clone()).unwrap_or_default())
    };
    let is_unregistered = Memo::new(move |_| {
        dashboard
            .with(|dashboard| dashboard.as_ref().is_some_and(|dashboard| !dashboard.is_registered))
    });
    let device_path = format!("/devices/{id}");
    view! {
        <div class="page page--wide">
            <header class="page__head dashboard__head">
                <div class="dashboard__title">
                    <h1>{id.to_string()}</h1>
                    {move || dashboard.get().map(|dashboard| view! { <StateBadge liveness=dashboard.liveness/> })}
                    <a href=device_path.clone()>"Device page"</a>
                </div>
            </header>
            {
                let device_path = device_path.clone();
                move || is_unregistered.get().then(|| view! {
                    <p class="dashboard__note">
                        "This device is not registered. What it has sent is shown all the same. "
                        <a href=device_path.clone()>"Register it on its page"</a>
                    </p>
                })
            }
            <div class="dashboard__toolbar">
                <DevicePicker
                    devices=Signal::derive(devices)
                    kept=Signal::derive(parameters)
                    on_choice=choose
                />
                <RangePicker path=path.clone() current=Signal::derive(move || range.get())/>
                <form method="get" action=path on:submit=reload>
                    {move || parameters().into_iter().map(|(name, value)| {
                        view! { <input type="hidden" name=name value=value/> }
                    }).collect_view()}
                    <button class="button">"Reload"</button>
                </form>
            </div>
            <Gauges dashboard/>
            <Charts id dashboard range/>
            <LatestTable dashboard/>
            {move || dashboard.get().map(|dashboard| view! { <HowItWorks calls=dashboard.how/> })}
        </div>
    }
}

/// In the browser, the next visit of `/dashboard` comes here.
fn remember(id: DeviceId) {
    Effect::new(move |_| remember_device(id.to_string()));
}

/// Parameters that name no range, and the way to those that do.
#[component]
fn BadRange(id: String, message: String) -> impl IntoView {
    set_status(400);
    let nothing: Option<TimeRange> = None;
    view! {
        <div class="page">
            <header class="page__head"><h1>{id.clone()}</h1></header>
            <div class="empty card">
                <h2>"There is no such time range"</h2>
                <p>{format!("The address asks for a range that cannot be shown: {message}. Choose one of these instead.")}</p>
                <RangePicker path=format!("/dashboard/{id}") current=nothing/>
            </div>
        </div>
    }
}
