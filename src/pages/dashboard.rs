//! `/dashboard/:id`: what a device measures, as gauges and line charts over a range.
//!
//! All of it is rendered by the server, the charts as coarse SVG; `stage` draws them finely in the browser.

pub mod charts;
pub mod choice;
pub mod toolbar;
pub mod track;
pub mod values;
pub mod values_table;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::charts::{ChartSection, Points, read_points};
use self::toolbar::Toolbar;
use self::track::TrackFigure;
use self::values::{Gauges, LatestTable};
use super::failed_part::FailedPart;
use super::not_found::NotFoundPage;
use crate::api::ApiError;
use crate::api::dashboard::{read_dashboard, read_places};
use crate::components::how_it_works::HowItWorks;
use crate::components::range_picker::RangePicker;
use crate::components::state_badge::StateBadge;
use crate::hooks::response::set_status;
use crate::model::dashboard::Dashboard;
use crate::model::place::Place;
use crate::model::range::{Comparison, TimeRange};

/// What the URL asks for, as it stands there.
#[derive(Debug, Clone)]
struct Query {
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
    compare: Option<String>,
}

impl Query {
    fn comparison(&self) -> Result<Option<Comparison>, String> {
        Comparison::from_parameter(self.compare.as_deref()).map_err(|error| error.to_string())
    }

    fn time_range(&self) -> Result<TimeRange, String> {
        TimeRange::from_parameters(self.range.as_deref(), self.from.as_deref(), self.to.as_deref())
            .map_err(|error| error.to_string())
    }

    /// The parameters that are there: name and value.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let named = [
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
            ("compare", &self.compare),
        ];
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
        compare: query.get("compare"),
    });
    let title = id.clone();
    let wanted = query.time_range().and_then(|range| Ok((range, query.comparison()?)));
    let content = match wanted {
        Err(message) => view! { <BadRange id message/> }.into_any(),
        Ok((range, comparison)) => view! {
            <Suspense>
                {Suspend::new(async move {
                    let Query { range: code, from, to, .. } = query.clone();
                    match read_dashboard(id.clone(), code, from, to).await {
                        Ok(dashboard) => {
                            let Dashboard { id, from, to, .. } = &dashboard;
                            let (points, places) = futures::join!(
                                read_points(id, *from, *to, comparison.as_ref()),
                                read_places(id.to_string(), from.0, to.0)
                            );
                            // Without places there is no track, whyever.
                            let places = places.unwrap_or_default();
                            view! { <DashboardView dashboard range comparison query points places/> }.into_any()
                        }
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
fn DashboardView(
    dashboard: Dashboard,
    range: TimeRange,
    comparison: Option<Comparison>,
    query: Query,
    points: Points,
    places: Vec<Place>,
) -> impl IntoView {
    let seconds = refresh_seconds(&dashboard);
    let device_path = format!("/devices/{}", dashboard.id);
    let unregistered = (!dashboard.is_registered).then(|| {
        view! {
            <p class="dashboard__note">
                "This device is not registered. What it has sent is shown all the same. "
                <a href=device_path.clone()>"Register it on its page"</a>
            </p>
        }
    });
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
            <Toolbar dashboard=dashboard.clone() range comparison=comparison.clone() parameters=query.parameters()/>
            <Gauges
                latest=dashboard.latest.clone()
                liveness=dashboard.liveness
                last_seen=dashboard.last_seen
                now=dashboard.now
            />
            <ChartSection dashboard=dashboard.clone() range comparison points/>
            <div class="dashboard__below">
                <LatestTable latest=dashboard.latest/>
                <TrackFigure places/>
            </div>
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
