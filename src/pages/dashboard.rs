//! `/dashboard/:id`: what a device measures, as gauges and line charts over a range.
//!
//! Everything but the points of the charts is rendered by the server; `islands::charts` fetches those in the browser.

pub mod choice;
pub mod values;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::values::{Gauges, LatestTable};
use super::failed_part::FailedPart;
use super::not_found::NotFoundPage;
use crate::api::ApiError;
use crate::api::dashboard::read_dashboard;
use crate::components::device_picker::DevicePicker;
use crate::components::how_it_works::HowItWorks;
use crate::components::range_picker::RangePicker;
use crate::components::state_badge::StateBadge;
use crate::hooks::response::set_status;
use crate::hooks::zone::zone_between;
use crate::islands::charts::{Charts, View};
use crate::model::dashboard::Dashboard;
use crate::model::range::{RelativeRange, TimeRange};

/// What the URL asks for, as it stands there.
#[derive(Debug, Clone)]
struct Query {
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl Query {
    fn time_range(&self) -> Result<TimeRange, String> {
        TimeRange::from_parameters(self.range.as_deref(), self.from.as_deref(), self.to.as_deref())
            .map_err(|error| error.to_string())
    }

    /// The parameters that are there: name and value.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let named = [("range", &self.range), ("from", &self.from), ("to", &self.to)];
        named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

#[component]
pub fn DashboardPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|parameters| parameters.get("id").unwrap_or_default());
    let query = use_query_map().with_untracked(|query| Query {
        range: query.get("range"),
        from: query.get("from"),
        to: query.get("to"),
    });
    let title = id.clone();
    let content = match query.time_range() {
        Err(message) => view! { <BadRange id message/> }.into_any(),
        Ok(range) => view! {
            <Suspense>
                {Suspend::new(async move {
                    let Query { range: code, from, to } = query.clone();
                    match read_dashboard(id.clone(), code, from, to).await {
                        Ok(dashboard) => view! { <DashboardView dashboard range query/> }.into_any(),
                        Err(ApiError::NotFound(message)) => view! { <NotFoundPage message/> }.into_any(),
                        Err(ApiError::Invalid { message, .. }) => view! { <BadRange id message/> }.into_any(),
                        Err(error) => view! {
                            <div class="page">
                                <header class="page__head">
                                    <h1>{id}</h1>
                                </header>
                                <FailedPart title="The dashboard could not be read" message=error.to_string()/>
                            </div>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        }
        .into_any(),
    };
    view! {
        <Title text=title/>
        {content}
    }
}

/// A device that is there.
#[component]
fn DashboardView(dashboard: Dashboard, range: TimeRange, query: Query) -> impl IntoView {
    // All times that the charts and the sentences about them name; also those of a longer range that ends now, which the
    // charts show until they have the points of this one.
    let longest = TimeRange::Relative(RelativeRange::ThirtyDays).bounds(dashboard.now);
    let earliest = longest.0.min(dashboard.from).min(dashboard.last_seen.unwrap_or(dashboard.now));
    let view = View {
        id: dashboard.id.clone(),
        range,
        from: dashboard.from,
        to: dashboard.to,
        now: dashboard.now,
        zone: zone_between(earliest, dashboard.to.max(dashboard.now)),
        last_seen: dashboard.last_seen,
        latest: dashboard.latest.clone(),
    };
    let seconds = refresh_seconds(&dashboard);
    let path = format!("/dashboard/{}", dashboard.id);
    let device_path = format!("/devices/{}", dashboard.id);
    let unregistered = (!dashboard.is_registered).then(|| {
        view! {
            <p class="dashboard__note">
                "This device is not registered. What it has sent is shown all the same. "
                <a href=device_path.clone()>"Register it on its page"</a>
            </p>
        }
    });
    let parameters = query
        .parameters()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    view! {
        <div class="page page--wide" data-key=dashboard.id.to_string() data-refresh=seconds>
            <header class="page__head dashboard__head">
                <div class="dashboard__title">
                    <h1>{dashboard.id.to_string()}</h1>
                    <StateBadge liveness=dashboard.liveness/>
                    <a href=device_path.clone()>"Device page"</a>
                </div>
            </header>
            {unregistered}
            <div class="dashboard__toolbar">
                <DevicePicker devices=dashboard.devices.clone() kept=query.parameters()/>
                <RangePicker path=path.clone() current=Some(range)/>
                <form method="get" action=path>
                    {parameters}
                    <button class="button">"Reload"</button>
                </form>
            </div>
            <Gauges
                latest=dashboard.latest.clone()
                liveness=dashboard.liveness
                last_seen=dashboard.last_seen
                now=dashboard.now
            />
            <Charts data=view/>
            <LatestTable latest=dashboard.latest/>
            <HowItWorks calls=dashboard.how/>
        </div>
    }
}

/// When the charts would be another picture: after a pixel column's time, and at least 30 s.
fn refresh_seconds(dashboard: &Dashboard) -> i64 {
    const COLUMNS: i64 = 1_000;
    ((dashboard.to.0 - dashboard.from.0) / 1_000 / COLUMNS).max(30)
}

/// Parameters that name no range, and the way to those that do.
#[component]
fn BadRange(id: String, message: String) -> impl IntoView {
    set_status(400);
    view! {
        <div class="page">
            <header class="page__head">
                <h1>{id.clone()}</h1>
            </header>
            <div class="empty card">
                <h2>"There is no such time range"</h2>
                <p>{format!("The address asks for a range that cannot be shown: {message}. Choose one of these instead.")}</p>
                <RangePicker path=format!("/dashboard/{id}") current=None/>
            </div>
        </div>
    }
}
