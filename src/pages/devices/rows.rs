//! The rows of the table of devices: as text, because a page has up to a thousand of them and views are made for each anew.

use leptos::prelude::*;

use crate::components::moment::Instant;
use crate::components::state_badge::StateBadge;
use crate::hooks::zone::zone_between;
use crate::islands::unregister_dialog::ASK_FORM;
use crate::model::device::{DeviceList, Liveness};
use crate::model::field::Field;
use crate::model::spark::Spark;
use crate::pages::spark::LastDay;
use crate::pages::template::{Template, escaped, place};
use crate::pages::written::Written;

/// The values of a row.
const ID: usize = 0;
const SEEN: usize = 1;
const SEEN_LONG: usize = 2;
const SEEN_AGO: usize = 3;
const REGISTERED: usize = 4;
const REGISTERED_LONG: usize = 5;
const REGISTERED_DATE: usize = 6;
const SPARK: usize = 7;
const VALUES: usize = 8;

/// More than most rows without a spark line take.
const BYTES_OF_A_ROW: usize = 1_100;

/// In what rows differ but for their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    has_page: bool,
    /// `None` where it could not be found out.
    state: Option<Liveness>,
    is_seen_known: bool,
    is_registered_known: bool,
}

/// The rows, to be written when the page is.
pub fn rows(list: DeviceList) -> impl IntoView {
    Written::new(list.rows.len() * BYTES_OF_A_ROW, move |html| push_rows(&list, html))
}

fn push_rows(list: &DeviceList, html: &mut String) {
    let DeviceList { rows, now, last_seen_failed, .. } = list;
    let times = || rows.iter().flat_map(|row| [row.registered_at, row.last_seen]).flatten();
    let zone = zone_between(times().min().unwrap_or(*now), times().max().unwrap_or(*now));
    let mut templates: Vec<(Kind, Template)> = Vec::new();
    let no_spark = spark(None);
    // Kept from row to row, because memory for each would take longer than writing it.
    let mut texts: [String; 5] = Default::default();
    for row in rows {
        let last_seen = row.last_seen.filter(|_| last_seen_failed.is_none());
        let kind = Kind {
            has_page: row.has_page,
            state: last_seen_failed.is_none().then_some(row.liveness),
            is_seen_known: last_seen.is_some(),
            is_registered_known: row.registered_at.is_some(),
        };
        let found = templates.iter().position(|(known, _)| *known == kind);
        let index = found.unwrap_or_else(|| {
            templates.push((kind, Template::of(view! { <Row kind/> })));
            templates.len() - 1
        });
        let Some((_, template)) = templates.get(index) else { continue };
        texts.iter_mut().for_each(String::clear);
        let [seen, seen_long, seen_ago, registered, registered_long] = &mut texts;
        if let Some(time) = last_seen {
            zone.at(time).push_both(seen_long, seen);
            time.push_ago(*now, seen_ago);
        }
        if let Some(time) = row.registered_at {
            zone.at(time).push_both(registered_long, registered);
        }
        let registered_date = registered_long.split_once(' ').map_or("", |(date, _)| date);
        let line = row.temperature.clone().map(|known| spark(Some(known)));
        let line = line.as_deref().unwrap_or(&no_spark);
        let id = escaped(&row.id);
        let values: [&str; VALUES] =
            [&id, seen, seen_long, seen_ago, registered, registered_long, registered_date, line];
        template.fill(&values, html);
    }
}

fn spark(temperature: Option<Spark>) -> String {
    view! { <LastDay field=Field::Temperature spark=temperature/> }.into_view().to_html()
}

/// A row with places for its values.
#[component]
fn Row(kind: Kind) -> impl IntoView {
    let Kind { has_page, state, is_seen_known, is_registered_known } = kind;
    let id = || place(ID);
    let name = if has_page {
        view! { <a href=format!("/devices/{}", id())>{id()}</a> }.into_any()
    } else {
        view! { <span class="devices__plain">{id()}</span> }.into_any()
    };
    let last_seen = match state {
        _ if is_seen_known => view! {
            <Instant datetime=place(SEEN) title=place(SEEN_LONG) words=place(SEEN_AGO)/>
        }
        .into_any(),
        None => "unknown".into_any(),
        Some(Liveness::Silent) => "more than a year ago".into_any(),
        Some(_) => "never".into_any(),
    };
    view! {
        <tr role="row" data-key=id()>
            <th class="devices__id" scope="row" role="rowheader">{name}</th>
            <td class="devices__state" role="cell">
                {match state {
                    Some(liveness) => view! { <StateBadge liveness/> }.into_any(),
                    None => view! { <span class="state">"unknown"</span> }.into_any(),
                }}
            </td>
            <td class="devices__seen" role="cell">{last_seen}</td>
            <td class="devices__registered" role="cell">
                {if is_registered_known {
                    view! {
                        <Instant
                            datetime=place(REGISTERED)
                            title=place(REGISTERED_LONG)
                            words=place(REGISTERED_DATE)
                        />
                    }
                    .into_any()
                } else {
                    "unknown".into_any()
                }}
            </td>
            <td class="devices__spark" role="cell">{place(SPARK)}</td>
            <td class="devices__actions" role="cell">
                {has_page
                    .then(|| {
                        let dashboard = format!("/dashboard/{}", id());
                        view! { <a class="button button--small" href=dashboard>"Dashboard"</a> }
                    })}
                <button class="button button--small button--quiet" form=ASK_FORM name="unregister" value=id()>
                    "Unregister"
                </button>
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::device::DeviceRow;
    use crate::model::time::Timestamp;

    fn row(id: &str) -> DeviceRow {
        DeviceRow {
            id: id.to_owned(),
            has_page: true,
            registered_at: Timestamp::parse_rfc3339("2022-02-08T22:39:00Z"),
            last_seen: None,
            liveness: Liveness::NeverSeen,
            temperature: None,
        }
    }

    fn html_of(rows_of_list: Vec<DeviceRow>, last_seen_failed: Option<String>) -> String {
        let list = DeviceList {
            matching: 1,
            registered: 1,
            rows: rows_of_list,
            page: 1,
            size: 100,
            now: Timestamp::parse_rfc3339("2022-02-09T22:39:00Z").expect("is a time"),
            last_seen_failed,
            leftovers: crate::model::leftover::Leftovers::default(),
            how: Vec::new(),
        };
        let mut html = String::new();
        Owner::new().with(|| push_rows(&list, &mut html));
        html
    }

    #[test]
    fn rows_say_what_is_known() {
        let seen = Timestamp::parse_rfc3339("2022-02-09T22:27:00Z");
        let online = DeviceRow { last_seen: seen, liveness: Liveness::Online, ..row("a") };
        let silent = DeviceRow { liveness: Liveness::Silent, ..row("b") };
        let html = html_of(vec![online.clone(), silent, row("c")], None);
        assert_eq!(html.matches("<tr").count(), 3);
        assert!(html.contains(
            "<time datetime=\"2022-02-09T22:27:00Z\" title=\"2022-02-09 22:27:00 UTC\">12 min ago</time>"
        ));
        assert!(html.contains("more than a year ago") && html.contains("never"));
        assert!(html.contains(">2022-02-08</time>"));
        assert!(html.contains("href=\"/devices/a\"") && html.contains("href=\"/dashboard/c\""));
        let html = html_of(vec![online], Some("InfluxDB is slow".to_owned()));
        assert_eq!((html.matches("unknown").count(), html.contains("ago")), (2, false));
    }

    #[test]
    fn foreign_names_are_text() {
        let foreign = DeviceRow { has_page: false, ..row("<b onclick=\"x\">&") };
        let html = html_of(vec![foreign], None);
        let name = "&lt;b onclick=&quot;x&quot;&gt;&amp;";
        assert_eq!(html.matches(name).count(), 3);
        assert!(!html.contains("<b ") && !html.contains("href"));
    }
}
