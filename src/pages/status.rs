//! `/status`: whether everything is as it should be, what to do where it is not, and how the server is configured.

use leptos::prelude::*;
use leptos_meta::Title;

use super::failed_part::FailedPart;
use crate::api::status::read_status;
use crate::components::how_it_works::HowItWorks;
use crate::components::icon::{Glyph, Icon};
use crate::components::moment::{Ago, Moment};
use crate::hooks::zone::local_time;
use crate::model::status::{Check, Fact, SettingValue, StatusReport, Verdict};
use crate::model::time::Timestamp;

/// How often it is looked again while somebody sees the page.
const REFRESH_SECONDS: &str = "10";

#[component]
pub fn StatusPage() -> impl IntoView {
    view! {
        <Title text="Status"/>
        <div class="page" data-refresh=REFRESH_SECONDS>
            <Suspense>
                {Suspend::new(async move {
                    match read_status().await {
                        Ok(report) => view! { <Report report/> }.into_any(),
                        Err(error) => view! {
                            <header class="page__head">
                                <h1>"Status"</h1>
                            </header>
                            <FailedPart title="The status could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn Report(report: StatusReport) -> impl IntoView {
    let (verdict, summary) = (report.verdict(), report.summary());
    let StatusReport { checks, facts, settings, started, now, how } = report;
    // Whoever looks again may wait longer than the page does at first.
    let can_be_retried =
        checks.iter().any(|check| matches!(check.verdict, Verdict::Unknown | Verdict::Bad));
    view! {
        <header class="page__head">
            <div>
                <h1>"Status"</h1>
                <p class=format!("status__summary {}", class_of(verdict))>
                    <Glyph icon=icon_of(verdict)/>
                    {summary}
                </p>
            </div>
            {can_be_retried.then(|| view! {
                <form class="page__actions" method="get" action="/status" data-retry="">
                    <button class="button">"Retry"</button>
                </form>
            })}
        </header>
        <section aria-labelledby="status-checks">
            <h2 class="visually-hidden" id="status-checks">"What was looked at"</h2>
            <ul class="checks">
                {checks.into_iter().map(|check| view! { <CheckRow check/> }).collect_view()}
            </ul>
        </section>
        <div class="status__columns">
            <Facts facts started now/>
            <Settings settings/>
        </div>
        <HowItWorks calls=how/>
    }
}

#[component]
fn CheckRow(check: Check) -> impl IntoView {
    let Check { subject, verdict, finding, advice, page } = check;
    view! {
        <li class=format!("check {}", class_of(verdict))>
            <p class="check__verdict">
                <Glyph icon=icon_of(verdict)/>
                {verdict.label()}
            </p>
            <div class="check__body">
                <h3>{subject}</h3>
                <p>{finding}</p>
                {advice.map(|advice| view! { <p class="check__advice">{advice}</p> })}
                {page.map(|page| view! { <p><a href=page>"Go there"</a></p> })}
            </div>
        </li>
    }
}

#[component]
fn Facts(facts: Vec<Fact>, started: Timestamp, now: Timestamp) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="status-facts">
            <h2 id="status-facts">"Versions and addresses"</h2>
            <dl class="definitions status__facts">
                {facts
                    .into_iter()
                    .map(|Fact { name, value }| view! { <dt>{name}</dt> <dd>{value}</dd> })
                    .collect_view()}
                <dt>"Started"</dt>
                <dd>
                    <Moment time=local_time(started)/>
                    " ("
                    <Ago time=local_time(started) now/>
                    ")"
                </dd>
            </dl>
            <p class="hint status__more">
                "Programs read the same and more at "
                <a href="/metrics">"/metrics"</a>
                " (OpenMetrics), "
                <a href="/health">"/health"</a>
                " and "
                <a href="/ready">"/ready"</a>
                "."
            </p>
        </section>
    }
}

#[component]
fn Settings(settings: Vec<SettingValue>) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="status-settings">
            <h2 id="status-settings">"Configuration"</h2>
            <div class="scroller" tabindex="0" role="region" aria-label="Table of the settings">
                <table class="table settings">
                    <caption class="visually-hidden">"Settings"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Setting"</th>
                            <th scope="col">"Value"</th>
                            <th scope="col">"From"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {settings.into_iter().map(|setting| view! { <Setting setting/> }).collect_view()}
                    </tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn Setting(setting: SettingValue) -> impl IntoView {
    let SettingValue { name, value, origin } = setting;
    let is_set = !value.is_empty();
    view! {
        <tr>
            <th class="mono" scope="row">{name}</th>
            <td class=if is_set { "mono" } else { "hint" }>{if is_set { value } else { "not set".to_owned() }}</td>
            <td class="hint">{is_set.then(|| origin.label())}</td>
        </tr>
    }
}

fn icon_of(verdict: Verdict) -> Icon {
    match verdict {
        Verdict::Good => Icon::Online,
        Verdict::Unknown => Icon::NeverSeen,
        Verdict::Warning | Verdict::Danger => Icon::Warning,
        Verdict::Bad => Icon::Silent,
    }
}

/// The class that colours what was found.
fn class_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "verdict--good",
        Verdict::Unknown => "verdict--unknown",
        Verdict::Warning => "verdict--warning",
        Verdict::Danger | Verdict::Bad => "verdict--bad",
    }
}
