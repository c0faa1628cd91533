//! The charts as the server draws them: SVG that style sheets colour, a caption and a description each, and the same
//! values as a table. In the browser [`stage`](crate::stage) draws on the canvases above the SVG.

use leptos::prelude::*;

use super::values_table::ValuesTable;
use crate::api::ApiError;
use crate::api::dashboard::read_series;
use crate::charts::draw::{Parts, draw_chart, draw_time_axis};
use crate::charts::frame::{Frame, Plot, Surface};
use crate::charts::picture::{Chart, Picture};
use crate::charts::summary::{description, extent, resolution};
use crate::charts::svg::{self, Drawing};
use crate::components::moment::Ago;
use crate::hooks::zone::{local_time, zone_between};
use crate::islands::charts::Charts;
use crate::model::dashboard::Dashboard;
use crate::model::device::DeviceId;
use crate::model::field::Field;
use crate::model::packed::Packed;
use crate::model::range::{Comparison, RelativeRange, TimeRange};
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::model::view::View;
use crate::model::zone::{LocalTime, Zone};

/// What the server draws for whoever has no canvas yet: enough for a phone, and a few kilobytes a chart.
pub const COLUMNS: u32 = 240;

/// Heights in CSS pixels, as in the style sheet.
const CHART_HEIGHT: u32 = 168;
const AXIS_HEIGHT: u32 = 44;

/// So wide is the axis that its labels have room on a phone.
const AXIS_WIDTH: u32 = 340;

/// Points and what they are compared with, or why they could not be read.
pub type Points = Result<(Series, Option<Series>), ApiError>;

/// Reads what the charts show, as coarsely as the server draws it.
pub async fn read_points(
    id: &DeviceId,
    from: Timestamp,
    to: Timestamp,
    comparison: Option<&Comparison>,
) -> Points {
    let series = read(id, from, to);
    let Some(comparison) = comparison else { return Ok((series.await?, None)) };
    let (other, from, to) = comparison.subject(id, from, to);
    let (series, compared) = futures::join!(series, read(&other, from, to));
    Ok((series?, Some(compared?)))
}

async fn read(id: &DeviceId, from: Timestamp, to: Timestamp) -> Result<Series, ApiError> {
    use futures::TryStreamExt;
    let stream = read_series(id.to_string(), from.0, to.0, COLUMNS).await?.into_inner();
    let bytes: Vec<u8> = stream
        .try_fold(Vec::new(), async |mut all, chunk| {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await?;
    Series::decode(&bytes).map_err(|error| ApiError::Transport(error.to_string()))
}

/// The charts of a device over a range, or what stands in their place.
#[component]
pub fn ChartSection(
    dashboard: Dashboard,
    range: TimeRange,
    comparison: Option<Comparison>,
    points: Points,
) -> impl IntoView {
    let Dashboard { id, from, to, now, last_seen, latest, .. } = dashboard;
    let shift = comparison.as_ref().map_or(0, |comparison| comparison.shift(from, to));
    let picture = points.as_ref().ok().map(|(series, compared)| {
        Picture::new(series, compared.as_ref().map(|other| (other, shift)), from, to)
    });
    let is_empty = match &picture {
        Some(picture) => picture.rows == 0,
        None => last_seen.is_none_or(|last_seen| last_seen.0 < from.0),
    };
    // All times that the charts and the sentences about them name; also those of a longer range that ends now.
    let longest = TimeRange::Relative(RelativeRange::ThirtyDays).bounds(now);
    let earliest = longest.0.min(from).min(last_seen.unwrap_or(now));
    let zone = zone_between(earliest, to.max(now));
    let span = span(range, to, &zone);
    // The browser says how finely it draws.
    let resolution = picture.as_ref().map(|picture| {
        let (surface, _) = canvas(&picture.frame, COLUMNS, CHART_HEIGHT);
        resolution(picture, &surface)
    });
    let charts = Field::CHARTED
        .into_iter()
        .map(|field| {
            let value =
                latest.iter().find(|latest| latest.field == field).map(|latest| latest.value);
            let chart = picture.as_ref().and_then(|picture| Some((picture, picture.chart(field)?)));
            view! { <ChartFigure field value chart range zone=zone.clone()/> }
        })
        .collect_view();
    let stack = (!is_empty).then(|| {
        view! {
            <div class="charts__stack">
                {charts}
                <div class="time-axis">
                    <canvas class="time-axis__canvas" data-own="" aria-hidden="true"></canvas>
                    <span class="time-axis__chip" data-own="" aria-hidden="true"></span>
                    {picture.as_ref().and_then(|picture| time_axis(&picture.frame, &zone))}
                </div>
            </div>
        }
    });
    let table = points.as_ref().ok().filter(|_| !is_empty).map(|(series, _)| {
        view! { <ValuesTable series=series.clone()/> }
    });
    let compared_with =
        comparison.as_ref().map(|comparison| format!(" · dashed: {}", comparison.label()));
    let view = View { id: id.clone(), range, from, to, now, zone, comparison };
    let failure = points.err().map(|error| {
        view! {
            <noscript>
                <p class="charts__noscript">{format!("The points could not be read. {error}")}</p>
            </noscript>
        }
    });
    view! {
        <section class="charts" aria-labelledby="charts-title">
            <div class="charts__head">
                <h2 class="visually-hidden" id="charts-title">"Charts"</h2>
                <p class="charts__caption">
                    {span} " · " <span class="charts__resolution" data-own="">{resolution}</span> {compared_with}
                </p>
                <Charts data=Packed(view)/>
            </div>
            {failure}
            {is_empty.then(|| view! { <Empty id range now last_seen/> })}
            {stack}
            {(!is_empty).then(|| view! {
                <p class="charts__keys hint" id="charts-keys">
                    "Drag to zoom, with Shift to move; wheel or two fingers zoom, a double click goes back. By keyboard: arrows read the values, "
                    <kbd>"+"</kbd> " and " <kbd>"−"</kbd> " zoom, Shift and arrows move, " <kbd>"0"</kbd> " goes back."
                </p>
            })}
            {table}
        </section>
    }
}

/// One field: its caption, its line, and what both say in words.
#[component]
fn ChartFigure<'a>(
    field: Field,
    /// The newest value that the device has sent.
    value: Option<f64>,
    chart: Option<(&'a Picture, &'a Chart)>,
    range: TimeRange,
    zone: Zone,
) -> impl IntoView + use<> {
    let line = chart.map(|(_, chart)| &chart.line);
    let title_id = format!("chart-{}", field.slug());
    let labelled_by = title_id.clone();
    let description_id = format!("chart-{}-description", field.slug());
    let described_by = description_id.clone();
    let label = format!("{} over {}", field.key(), range_words(range, &zone));
    let no_values = line.filter(|line| line.times().is_empty()).map(|_| {
        view! { <p class="chart__empty">{format!("No values of {} in this range", field.key())}</p> }
    });
    let drawing = chart.and_then(|(picture, chart)| draw(picture, chart));
    view! {
        <figure class=format!("chart chart--{}", field.slug()) aria-labelledby=labelled_by>
            <figcaption class="chart__caption">
                <h3 class="chart__title" id=title_id>{field.key()}</h3>
                <span class="chart__latest">
                    <span class="chart__value">
                        {value.map_or_else(|| "–".to_owned(), |value| field.format(value))}
                    </span>
                    " "
                    <span class="unit">{field.unit()}</span>
                </span>
                <span class="chart__extent">{line.and_then(|line| extent(field, line))}</span>
            </figcaption>
            <div class="chart__plot">
                // Belongs to the browser: see `stage`.
                <div class="chart__layer" data-own="" data-field=field.key()>
                    <canvas class="chart__canvas" aria-hidden="true"></canvas>
                    <span class="chart__selection"></span>
                    <span class="chart__cursor"></span>
                    <span class="chart__chip"></span>
                </div>
                {drawing.map(|(gutter, drawing)| view! {
                    <Labels drawing=drawing.clone() gutter/>
                    <svg
                        class="chart__shapes"
                        viewBox=drawing.view_box
                        preserveAspectRatio="none"
                        role="img"
                        aria-label=label
                        aria-describedby=described_by
                        inner_html=drawing.shapes
                    ></svg>
                })}
            </div>
            {no_values}
            <p class="visually-hidden" id=description_id>{line.map(|line| description(field, line, &zone))}</p>
        </figure>
    }
}

/// The labels of the values, left of the plot.
#[component]
pub fn Labels(drawing: Drawing, gutter: String) -> impl IntoView {
    let texts = drawing
        .texts
        .into_iter()
        .map(|text| view! {
            <text class="chart__label" x="100%" y=format!("{}%", text.y) text-anchor=text.anchor>{text.text}</text>
        })
        .collect_view();
    view! { <svg class="chart__labels" width=gutter height="100%" aria-hidden="true">{texts}</svg> }
}

/// The room left of the plot in CSS pixels, and what is drawn.
fn draw(picture: &Picture, chart: &Chart) -> Option<(String, Drawing)> {
    let (surface, plot) = canvas(&picture.frame, COLUMNS, CHART_HEIGHT);
    let drawing = svg::drawn(&surface, &plot, |backend| {
        draw_chart(backend, &surface, &picture.frame, chart, &svg::ink(), Parts::All).is_ok()
    })?;
    Some((picture.frame.gutter.to_string(), drawing))
}

/// A surface with so many pixel columns in its plot.
fn canvas(frame: &Frame, columns: u32, height: u32) -> (Surface, Plot) {
    let surface = Surface::new(columns + Plot::margins(frame), height, 1.0);
    (surface, Plot::new(&surface, frame))
}

/// Times below the charts.
pub fn time_axis(frame: &Frame, zone: &Zone) -> Option<impl IntoView + use<>> {
    let (surface, plot) = canvas(frame, AXIS_WIDTH, AXIS_HEIGHT);
    let drawing = svg::drawn(&surface, &plot, |backend| {
        draw_time_axis(backend, &surface, frame, zone, &svg::ink()).is_ok()
    })?;
    let texts = drawing
        .texts
        .into_iter()
        .map(|text| view! {
            <text class="chart__label" x=format!("{}%", text.x) y=format!("{}%", text.y) text-anchor="middle">{text.text}</text>
        })
        .collect_view();
    // What it says stands in the caption of the page and in the description of each chart.
    Some(view! {
        <svg class="chart__labels" width=frame.gutter.to_string() height="100%" aria-hidden="true"></svg>
        <div class="time-axis__plot" aria-hidden="true">
            <svg
                class="chart__shapes"
                viewBox=drawing.view_box
                preserveAspectRatio="none"
                inner_html=drawing.shapes
            ></svg>
            <svg class="time-axis__labels" width="100%" height="100%">{texts}</svg>
        </div>
    })
}

fn range_words(range: TimeRange, zone: &Zone) -> String {
    match range {
        TimeRange::Relative(range) => format!("the last {}", range.label()),
        TimeRange::Absolute { from, to } => {
            format!("the time from {} to {}", zone.at(from), zone.at(to))
        }
    }
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
fn Empty(
    id: DeviceId,
    range: TimeRange,
    now: Timestamp,
    last_seen: Option<Timestamp>,
) -> impl IntoView {
    let suggestion = last_seen.and_then(|last_seen| {
        let nearest = nearest_range(last_seen, now);
        let words = match nearest {
            TimeRange::Relative(range) => format!("Show the last {}", range.label()),
            TimeRange::Absolute { .. } => "Show the day up to the last point".to_owned(),
        };
        let path = format!("/dashboard/{id}?{}", nearest.query_string());
        (range != nearest).then(|| view! { <a class="button" href=path>{words}</a> })
    });
    view! {
        <div class="empty card">
            <h3>"No data in this range"</h3>
            <p>
                {last_seen.map(|time| view! { "The last point was measured " <Ago time=local_time(time) now/> ". " })}
                "“Write Missing Data” on the page of the device fills the minutes of the last seven days that have no point."
            </p>
            <p class="empty__actions">
                {suggestion}
                <a class="button" href=format!("/devices/{id}")>"Go to Write Missing Data"</a>
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
