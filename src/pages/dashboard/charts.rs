//! The charts and the way of their points into the browser.
//!
//! Points never travel through a resource, which would write them into the page a second time: an effect asks for
//! them, and a newer request cancels the older one.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::ApiError;
use crate::api::dashboard::read_series;
use crate::charts::picture::Picture;
use crate::charts::summary::duration_words;
use crate::components::chart::{LineChart, TimeAxis, surface};
use crate::components::error_panel::ErrorPanel;
use crate::components::moment::Ago;
use crate::model::dashboard::Dashboard;
use crate::model::device::DeviceId;
use crate::model::field::Field;
use crate::model::range::{RelativeRange, TimeRange};
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;

/// What is asked for. `now` is part of it: the same bounds asked for again later may hold new points.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Request {
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
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
#[component]
pub fn Charts(
    id: DeviceId,
    dashboard: Memo<Option<Dashboard>>,
    range: Memo<Option<TimeRange>>,
) -> impl IntoView {
    let request = Memo::new(move |_| {
        dashboard.with(|dashboard| {
            dashboard.as_ref().map(|&Dashboard { from, to, now, .. }| Request { from, to, now })
        })
    });
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
    {
        let id = id.clone();
        Effect::new(move |_| {
            attempt.track();
            let Some(request) = request.get() else { return };
            cancel();
            progress.set(Progress::Loading);
            let (work, handle) = abortable(fetch(id.clone(), request));
            running.set_value(Some(handle));
            spawn_local(async move {
                // A cancelled request has nothing to say any more.
                let Ok(result) = work.await else { return };
                match result {
                    Ok(newest) => {
                        picture.set(Some(Arc::new(newest)));
                        progress.set(Progress::Done);
                    }
                    Err(error) => progress.set(Progress::Failed(error)),
                }
            });
        });
    }

    let range_words = Signal::derive(move || match range.get().unwrap_or_default() {
        TimeRange::Relative(range) => format!("the last {}", range.label()),
        TimeRange::Absolute { from, to } => format!("the time from {from} to {to}"),
    });
    let failure = Memo::new(move |_| match progress.get() {
        Progress::Failed(error) => Some(error.to_string()),
        Progress::Loading | Progress::Done => None,
    });
    // Said before any point is asked for, so that the charts need not make way for it later.
    let begins_after_the_last_point = Memo::new(move |_| {
        dashboard.with(|dashboard| {
            dashboard.as_ref().is_some_and(|dashboard| {
                dashboard.last_seen.is_none_or(|last_seen| last_seen.0 < dashboard.from.0)
            })
        })
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
        let mut parts = vec![span(range.get().unwrap_or_default(), request.get())];
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
                dashboard.with(|dashboard| {
                    let latest = &dashboard.as_ref()?.latest;
                    latest.iter().find(|latest| latest.field == field).map(|latest| latest.value)
                })
            });
            view! { <LineChart field picture latest range=range_words/> }
        })
        .collect_view();
    view! {
        <section class="charts" aria-labelledby="charts-title" aria-busy=move || (progress.get() == Progress::Loading).to_string()>
            <div class="charts__head">
                <h2 class="visually-hidden" id="charts-title">"Charts"</h2>
                <p class="charts__caption">{caption}</p>
                <p class="charts__loading" role="status" hidden=move || progress.get() != Progress::Loading>"Loading points…"</p>
            </div>
            <noscript class="charts__noscript">
                "The charts are drawn in your browser and need JavaScript. The newest values are in the table below."
            </noscript>
            {move || failure.get().map(|message| view! {
                <ErrorPanel
                    title="The points could not be read"
                    message
                    on_retry=move || attempt.update(|attempt| *attempt += 1)
                />
            })}
            {move || (failure.with(Option::is_none) && is_empty.get()).then(|| {
                view! { <Empty id=id.clone() dashboard range/> }
            })}
            <div class="charts__stack" hidden=move || !has_charts()>
                {charts}
                <TimeAxis picture on_size=axis_size.write_only()/>
            </div>
        </section>
    }
}

/// Fetches and prepares the points. Dropped, it cancels the request.
async fn fetch(id: DeviceId, request: Request) -> Result<Picture, ApiError> {
    let mut stream = read_series(id.to_string(), request.from.0, request.to.0).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    let series = Series::decode(&bytes).map_err(|error| ApiError::Transport(error.to_string()))?;
    Ok(Picture::new(&series, request.from, request.to))
}

/// `7 days until 2026-11-21 14:37 UTC`
fn span(range: TimeRange, request: Option<Request>) -> String {
    let minute = |time: Timestamp| {
        let civil = time.civil();
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}",
            civil.year, civil.month, civil.day, civil.hour, civil.minute
        )
    };
    match (range, request) {
        (TimeRange::Relative(range), Some(request)) => {
            format!("{} until {} UTC", range.label(), minute(request.to))
        }
        (TimeRange::Relative(range), None) => range.label().to_owned(),
        (TimeRange::Absolute { from, to }, _) => format!("{} to {} UTC", minute(from), minute(to)),
    }
}

/// What to do where a range has no data.
#[component]
fn Empty(
    id: DeviceId,
    dashboard: Memo<Option<Dashboard>>,
    range: Memo<Option<TimeRange>>,
) -> impl IntoView {
    let device_path = format!("/devices/{id}");
    let last_seen = move || {
        dashboard.with(|dashboard| {
            dashboard.as_ref().and_then(|dashboard| Some((dashboard.last_seen?, dashboard.now)))
        })
    };
    let suggestion = move || {
        let (last_seen, now) = last_seen()?;
        let nearest = nearest_range(last_seen, now);
        let words = match nearest {
            TimeRange::Relative(range) => format!("Show the last {}", range.label()),
            TimeRange::Absolute { .. } => "Show the day up to the last point".to_owned(),
        };
        let path = format!("/dashboard/{id}?{}", nearest.query_string());
        (range.get() != Some(nearest)).then(|| view! { <a class="button" href=path>{words}</a> })
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
        let request = Request { from: Timestamp(0), to: now, now };
        assert_eq!(span(TimeRange::default(), Some(request)), "1 day until 2026-11-21 14:37 UTC");
        let absolute = TimeRange::Absolute { from: Timestamp(0), to: Timestamp(60_000) };
        assert_eq!(span(absolute, None), "1970-01-01 00:00 to 1970-01-01 00:01 UTC");
    }
}
