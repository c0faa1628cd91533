//! The table of devices, its heads and its paging.

use leptos::prelude::*;

use super::query::url_of;
use crate::components::icon::{Glyph, Icon};
use crate::components::moment::{Ago, Day};
use crate::components::state_badge::StateBadge;
use crate::hooks::zone::local_time;
use crate::islands::unregister_dialog::ASK_FORM;
use crate::model::device::{DeviceList, DeviceListRequest, DeviceRow, DeviceSort, Liveness};
use crate::model::field::Field;
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;
use crate::pages::spark::LastDay;

/// The rows that `request` has asked for.
///
/// On a phone the rows become cards. That takes another `display` than a table's, which takes the table away from
/// screen readers: the roles say that it still is one.
#[component]
pub fn DeviceTable(list: DeviceList, request: DeviceListRequest) -> impl IntoView {
    let DeviceList { rows, now, last_seen_failed, .. } = list;
    let states_are_known = last_seen_failed.is_none();
    let head = |label, ascending, descending| {
        view! { <SortHead label ascending descending request=request.clone()/> }
    };
    view! {
        <table class="table devices" role="table">
            <caption class="visually-hidden">"Registered devices"</caption>
            <thead role="rowgroup">
                <tr role="row">
                    {head("Device", DeviceSort::Id, DeviceSort::IdDescending)}
                    <th scope="col" role="columnheader">"State"</th>
                    {head("Last seen", DeviceSort::LastSeen, DeviceSort::LastSeenDescending)}
                    {head("Registered", DeviceSort::Registered, DeviceSort::RegisteredDescending)}
                    <th class="devices__spark" scope="col" role="columnheader">"Temperature, 24 h"</th>
                    <th scope="col" role="columnheader">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                {rows.into_iter().map(|row| view! { <Row row now states_are_known/> }).collect_view()}
            </tbody>
        </table>
    }
}

/// A head that sorts by its column, and the other way round when it already does.
#[component]
fn SortHead(
    label: &'static str,
    ascending: DeviceSort,
    descending: DeviceSort,
    request: DeviceListRequest,
) -> impl IntoView {
    let (order, icon) = match request.sort {
        sort if sort == ascending => (Some("ascending"), Some(Icon::Ascending)),
        sort if sort == descending => (Some("descending"), Some(Icon::Descending)),
        _ => (None, None),
    };
    let next = if request.sort == ascending { descending } else { ascending };
    let url = url_of(&DeviceListRequest { sort: next, page: 1, ..request });
    view! {
        <th scope="col" role="columnheader" aria-sort=order>
            <a class="sort" href=url>
                {label}
                {icon.map(|icon| view! { <Glyph icon/> })}
            </a>
        </th>
    }
}

#[component]
fn Row(row: DeviceRow, now: Timestamp, states_are_known: bool) -> impl IntoView {
    let DeviceRow { id, has_page, registered_at, last_seen, liveness, temperature } = row;
    let key = id.clone();
    let name = if has_page {
        view! { <a href=format!("/devices/{id}")>{id.clone()}</a> }.into_any()
    } else {
        view! { <span class="devices__plain">{id.clone()}</span> }.into_any()
    };
    let last_seen = match last_seen {
        _ if !states_are_known => "unknown".into_any(),
        Some(time) => view! { <Ago time=local_time(time) now/> }.into_any(),
        None if liveness == Liveness::Silent => "more than a year ago".into_any(),
        None => "never".into_any(),
    };
    view! {
        <tr role="row" data-key=key>
            <th class="devices__id" scope="row" role="rowheader">{name}</th>
            <td class="devices__state" role="cell">
                {if states_are_known {
                    view! { <StateBadge liveness/> }.into_any()
                } else {
                    view! { <span class="state">"unknown"</span> }.into_any()
                }}
            </td>
            <td class="devices__seen" role="cell">{last_seen}</td>
            <td class="devices__registered" role="cell">
                {match registered_at {
                    Some(time) => view! { <Day time=local_time(time)/> }.into_any(),
                    None => "unknown".into_any(),
                }}
            </td>
            <td class="devices__spark" role="cell">
                <LastDay field=Field::Temperature spark=temperature/>
            </td>
            <td class="devices__actions" role="cell">
                {has_page.then(|| view! { <a class="button button--small" href=format!("/dashboard/{id}")>"Dashboard"</a> })}
                <button class="button button--small button--quiet" form=ASK_FORM name="unregister" value=id>
                    "Unregister"
                </button>
            </td>
        </tr>
    }
}

/// How many devices there are, and the ways to the pages before and behind.
#[component]
pub fn Paging(
    matching: u32,
    registered: u32,
    /// As the server understood it: a page beyond the last is the last.
    page: u32,
    size: u32,
    request: DeviceListRequest,
) -> impl IntoView {
    let pages = matching.div_ceil(size.max(1)).max(1);
    let first = (page - 1) * size + 1;
    let last = (page * size).min(matching);
    let count = |number: u32| group_digits(number.into());
    let sentence = if request.search.is_empty() {
        match registered {
            1 => "1 device".to_owned(),
            _ => format!("{} devices", count(registered)),
        }
    } else {
        format!("{} of {} devices match", count(matching), count(registered))
    };
    let link = |page: u32, label: &'static str, rel: &'static str| {
        let url = url_of(&DeviceListRequest { page, ..request.clone() });
        view! { <a class="button button--small" rel=rel data-key=rel href=url>{label}</a> }
    };
    view! {
        <div class="paging">
            <p role="status">
                {sentence}
                {(pages > 1).then(|| format!(", {} to {} shown", count(first), count(last)))}
            </p>
            {(pages > 1).then(|| view! {
                <nav class="paging__links" aria-label="Pages of the list">
                    {(page > 1).then(|| link(page - 1, "Previous", "prev"))}
                    <span>{format!("Page {} of {}", count(page), count(pages))}</span>
                    {(page < pages).then(|| link(page + 1, "Next", "next"))}
                </nav>
            })}
        </div>
    }
}
