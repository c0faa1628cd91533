//! The charts and the way of their points into the browser.
//!
//! An effect asks for the points whenever the page has a newer range, and a newer request cancels the older one.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};

use crate::api::ApiError;
use crate::api::dashboard::read_series;
use crate::charts::picture::Picture;
use crate::charts::summary::duration_words;
use crate::components::chart::{LineChart, TimeAxis, surface};
use crate::components::moment::Ago;
use crate::components::notice::Failure;
use crate::hooks::last_device::remember_device;
use crate::hooks::live::use_live;
use crate::model::device::{DeviceId, LatestValue};
use crate::model::field::Field;
use crate::model::range::{RelativeRange, TimeRange};
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;
use crate::model::zone::{LocalTime, Zone};

/// What is shown. `now` is part of it: the same bounds asked for again later may hold new points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub id: DeviceId,
    pub range: TimeRange,
    /// Bounds of the range, half open.
    pub from: Timestamp,
    pub to: Timestamp,
    pub now: Timestamp,
    /// For all times of this view.
    pub zone: Zone,
    pub last_seen: Option<Timestamp>,
    /// The newest value of each field.
    pub latest: Vec<LatestValue>,
}

/// Where the newest request is.
#[derive(Debug, Clone, PartialEq)]
enum Progress {
    Loading,
    Done,
    Failed(ApiError),
}

/// Five charts above one time axis, or what stands in their place.
///
/// ## Server-Side Rendering
///
/// Renders captions and empty canvases, as high as they stay.
#[island]
pub fn Charts(data: View) -> impl IntoView {
    let section = NodeRef::new();
    let id = data.id.clone();
    remember(id.clone());
    let view = use_live(section, data);
    let attempt = RwSignal::new(0);
    let picture = RwSignal::new(None::<Arc<Picture>>);
    let progress = RwSignal::new(Progress::Loading);
    let running = StoredValue::new(None::<AbortHandle>);
    let cancel = move || {
        if let Some(running) = running.try_update_value(Option::take).flatten() {
            running.abort();
        }
    };
    on_cleanup(cancel);
    Effect::new(move |_| {
        attempt.track();
        let view = view.get();
        cancel();
        progress.set(Progress::Loading);
        let (work, handle) = abortable(fetch(view));
        running.set_value(Some(handle));
        spawn_local(async move {
            // A cancelled request has nothing to say any more.
            let Ok(result) = work.await else { return };
            match result {
                Ok(newest) => {
                    picture.try_set(Some(Arc::new(newest)));
                    progress.try_set(Progress::Done);
                }
                Err(error) => {
                    progress.try_set(Progress::Failed(error));
                }
            }
        });
    });

    let zone = Signal::derive(move || view.with(|view| view.zone.clone()));
    let range_words = Signal::derive(move || match view.with(|view| view.range) {
        TimeRange::Relative(range) => format!("the last {}", range.label()),
        TimeRange::Absolute { from, to } => {
            zone.with(|zone| format!("the time from {} to {}", zone.at(from), zone.at(to)))
        }
    });
    let failure = Memo::new(move |_| match progress.get() {
        Progress::Failed(error) => Some(error.to_string()),
        Progress::Loading | Progress::Done => None,
    });
    // Said before any point is asked for, so that the charts need not make way for it later.
    let begins_after_the_last_point = Memo::new(move |_| {
        view.with(|view| view.last_seen.is_none_or(|last_seen| last_seen.0 < view.from.0))
    });
    let is_empty = Memo::new(move |_| {
        picture.with(|picture| {
            picture
                .as_ref()
                .map_or_else(|| begins_after_the_last_point.get(), |picture| picture.points == 0)
        })
    });
    let has_charts = move || failure.with(Option::is_none) && !is_empty.get();
    let axis_size = RwSignal::new(None);
    let caption = move || {
        let mut parts = vec![view.with(|view| span(view.range, view.to, &view.zone))];
        if let Some(picture) = picture.get() {
            parts.push(match picture.points {
                1 => "1 point".to_owned(),
                points => format!("{} points", group_digits(points as u64)),
            });
            if let Some(duration) =
                axis_size.get().and_then(|size| picture.column_duration(&surface(size)))
            {
                parts.push(format!("one column = {}, min to max", duration_words(duration)));
            }
        }
        parts.join(" · ")
    };
    let charts = Field::CHARTED
        .into_iter()
        .map(|field| {
            let latest = Signal::derive(move || {
                view.with(|view| {
                    let latest = view.latest.iter().find(|latest| latest.field == field);
                    latest.map(|latest| latest.value)
                })
            });
            view! { <LineChart field picture latest range=range_words zone/> }
        })
        .collect_view();
    view! {
        <section
            class="charts"
            node_ref=section
            aria-labelledby="charts-title"
            aria-busy=move || (progress.get() == Progress::Loading).to_string()
        >
            <div class="charts__head">
                <h2 class="visually-hidden" id="charts-title">"Charts"</h2>
                <p class="charts__caption">{caption}</p>
                <p class="charts__loading" role="status" hidden=move || progress.get() != Progress::Loading>"Loading points…"</p>
            </div>
            <noscript class="charts__noscript">
                "The charts are drawn in your browser and need JavaScript. The newest values are in the table below."
            </noscript>
            {move || failure.get().map(|message| view! {
                <Failure title="The points could not be read" message>
                    <button class="button notice__action" on:click=move |_| attempt.update(|attempt| *attempt += 1)>
                        "Retry"
                    </button>
                </Failure>
            })}
            {move || (failure.with(Option::is_none) && is_empty.get()).then(|| view! { <Empty view/> })}
            <div class="charts__stack" hidden=move || !has_charts()>
                {charts}
                <TimeAxis picture zone on_size=axis_size.write_only()/>
            </div>
        </section>
    }
}

/// In the browser, the next visit of `/dashboard` comes here.
fn remember(id: DeviceId) {
    Effect::new(move |_| remember_device(id.to_string()));
}

/// Fetches and prepares the points. Dropped, it cancels the request.
async fn fetch(view: View) -> Result<Picture, ApiError> {
    let View { id, from, to, .. } = view;
    let mut stream = read_series(id.into(), from.0, to.0).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    let series = Series::decode(&bytes).map_err(|error| ApiError::Transport(error.to_string()))?;
    Ok(Picture::new(&series, from, to))
}

/// `7 days until 2026-11-21 14:37 UTC`
fn span(range: TimeRange, to: Timestamp, zone: &Zone) -> String {
    let end = zone.at(to);
    let (begin, word) = match range {
        TimeRange::Relative(range) => (range.label().to_owned(), "until"),
        TimeRange::Absolute { from, .. } => (begin(zone.at(from), end), "to"),
    };
    format!("{begin} {word} {} {}", end.minute(), end.offset())
}

/// The first of two times that stand in a row: it says how clocks are set only if that changes.
fn begin(begin: LocalTime, end: LocalTime) -> String {
    let is_same = begin.ahead_of(end) == 0;
    if is_same { begin.minute() } else { format!("{} {}", begin.minute(), begin.offset()) }
}

/// What to do where a range has no data.
#[component]
fn Empty(view: ReadSignal<View>) -> impl IntoView {
    let device_path = view.with_untracked(|view| format!("/devices/{}", view.id));
    let last_seen = move || view.with(|view| Some((view.zone.at(view.last_seen?), view.now)));
    let suggestion = move || {
        let (last_seen, now) = last_seen()?;
        let nearest = nearest_range(last_seen.time, now);
        let words = match nearest {
            TimeRange::Relative(range) => format!("Show the last {}", range.label()),
            TimeRange::Absolute { .. } => "Show the day up to the last point".to_owned(),
        };
        let (id, range) = view.with(|view| (view.id.clone(), view.range));
        let path = format!("/dashboard/{id}?{}", nearest.query_string());
        (range != nearest).then(|| view! { <a class="button" href=path>{words}</a> })
    };
    view! {
        <div class="empty card">
            <h3>"No data in this range"</h3>
            <p>
                {move || last_seen().map(|(time, now)| view! {
                    "The last point was measured " <Ago time now/> ". "
                })}
                "“Write Missing Data” on the page of the device fills the minutes of the last seven days that have no point."
            </p>
            <p class="empty__actions">
                {suggestion}
                <a class="button" href=device_path>"Go to Write Missing Data"</a>
            </p>
        </div>
    }
}

/// The shortest range that has the last point in it; the day up to it where it lies too far back.
fn nearest_range(last_seen: Timestamp, now: Timestamp) -> TimeRange {
    let age = now.0 - last_seen.0;
    if let Some(range) = RelativeRange::ALL.into_iter().find(|range| age < range.milliseconds()) {
        return TimeRange::Relative(range);
    }
    let to = (last_seen.0.div_euclid(60_000) + 1) * 60_000;
    TimeRange::Absolute {
        from: Timestamp(to - RelativeRange::OneDay.milliseconds()),
        to: Timestamp(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_range_has_the_last_point() {
        let now = Timestamp(1_795_271_832_000);
        let check = |age: i64, expected: TimeRange| {
            let last_seen = Timestamp(now.0 - age);
            assert_eq!(nearest_range(last_seen, now), expected);
            let (from, to) = expected.bounds(now);
            assert!(from <= last_seen && last_seen <= to);
        };
        check(0, TimeRange::Relative(RelativeRange::FiveMinutes));
        check(300_000, TimeRange::Relative(RelativeRange::FifteenMinutes));
        check(2 * 86_400_000, TimeRange::Relative(RelativeRange::ThreeDays));
        let parse = |text| Timestamp::parse_rfc3339(text).expect("is a time");
        check(
            40 * 86_400_000,
            TimeRange::Absolute {
                from: parse("2026-10-11T14:38:00Z"),
                to: parse("2026-10-12T14:38:00Z"),
            },
        );
    }

    #[test]
    fn the_caption_names_the_span() {
        let now = Timestamp::parse_rfc3339("2026-11-21T14:37:12Z").expect("is a time");
        let check = |range: TimeRange, to: Timestamp, zone: &Zone, expected: &str| {
            assert_eq!(span(range, to, zone), expected);
        };
        check(TimeRange::default(), now, &Zone::utc(), "1 day until 2026-11-21 14:37 UTC");
        let zone = Zone::new(7_200, vec![(Timestamp(120_000), 3_600)]);
        check(TimeRange::default(), now, &zone, "1 day until 2026-11-21 15:37 UTC+01:00");
        let absolute = |from, to| TimeRange::Absolute { from: Timestamp(from), to: Timestamp(to) };
        let to = Timestamp(60_000);
        check(absolute(0, to.0), to, &Zone::utc(), "1970-01-01 00:00 to 1970-01-01 00:01 UTC");
        check(absolute(0, to.0), to, &zone, "1970-01-01 02:00 to 1970-01-01 02:01 UTC+02:00");
        let to = Timestamp(180_000);
        let across = "1970-01-01 02:00 UTC+02:00 to 1970-01-01 01:03 UTC+01:00";
        check(absolute(0, to.0), to, &zone, across);
    }
}
