//! The table of devices, its heads and its paging.

use leptos::prelude::*;

use super::query::url_of;
use super::rows::rows;
use crate::components::icon::{Glyph, Icon};
use crate::model::device::{DeviceList, DeviceListRequest, DeviceSort};
use crate::model::writing::group_digits;

/// The rows that `request` has asked for.
///
/// On a phone the rows become cards. That takes another `display` than a table's, which takes the table away from
/// screen readers: the roles say that it still is one.
#[component]
pub fn DeviceTable(list: DeviceList, request: DeviceListRequest) -> impl IntoView {
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
            <tbody role="rowgroup">{rows(list)}</tbody>
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
