//! A point in time, relative to the server's clock or as the clocks of a zone show it.

use leptos::prelude::*;

use crate::model::time::Timestamp;
use crate::model::zone::LocalTime;

/// `12 min ago`, with the absolute time as its title.
#[component]
pub fn Ago(time: LocalTime, now: Timestamp) -> impl IntoView {
    view! { <Instant datetime=time.time.rfc3339() title=time.to_string() words=time.time.ago(now)/> }
}

/// A point in time in whatever words.
#[component]
pub fn Instant(
    /// As RFC 3339.
    datetime: String,
    /// All of it, for who asks.
    title: String,
    words: String,
) -> impl IntoView {
    view! { <time datetime=datetime title=title>{words}</time> }
}

/// `2022-02-08`, with the time of day as its title.
#[component]
pub fn Day(time: LocalTime) -> impl IntoView {
    view! { <Instant datetime=time.time.rfc3339() title=time.to_string() words=time.date()/> }
}

/// `2022-02-08 22:39:00 UTC`.
#[component]
pub fn Moment(time: LocalTime) -> impl IntoView {
    let text = time.to_string();
    let (day, time_of_day) = text.split_once(' ').unwrap_or((&text, ""));
    // Where there is little room, date and time take a line each.
    view! {
        <time datetime=time.time.rfc3339()>
            <span class="moment__part">{day.to_owned()}</span>
            " "
            <span class="moment__part">{time_of_day.to_owned()}</span>
        </time>
    }
}
