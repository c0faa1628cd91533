//! The line charts of a dashboard and the time axis below them.

use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use plotters::style::RGBColor;

use crate::charts::draw::{draw_line, draw_time_axis};
use crate::charts::frame::{Surface, UNITS_PER_PIXEL};
use crate::charts::picture::Picture;
use crate::charts::style::{Ink, parse_color};
use crate::charts::summary::{description, extent};
use crate::hooks::appearance::{style_of, use_appearance_changes};
use crate::hooks::canvas::{CanvasSize, draw_on, use_canvas_size, use_drawing};
use crate::model::field::Field;
use crate::model::zone::Zone;

/// One field over the chosen range: its caption and its line on a canvas.
///
/// ## Server-Side Rendering
///
/// Renders caption and canvas; points arrive in the browser only.
#[component]
pub fn LineChart(
    field: Field,
    /// What is drawn; the place stays empty while there is none.
    #[prop(into)]
    picture: Signal<Option<Arc<Picture>>>,
    /// The newest value that the device has sent.
    #[prop(into)]
    latest: Signal<Option<f64>>,
    /// The range in words: `the last 7 days`.
    #[prop(into)]
    range: Signal<String>,
    /// For the times in its description.
    zone: Signal<Zone>,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let size = use_canvas_size(canvas);
    let appearance = use_appearance_changes();
    use_drawing(
        move || {
            appearance.track();
            (picture.get(), size.get())
        },
        move |(picture, size)| {
            let (Some(picture), Some(size)) = (picture, size) else { return };
            let Some(chart) = picture.chart(field) else { return };
            let ink = ink(canvas, &format!("--series-{}", field.slug()));
            draw_on(canvas, size, UNITS_PER_PIXEL, |backend| {
                // A canvas that refuses a stroke leaves the rest of the page as it is.
                let _ = draw_line(
                    backend,
                    &surface(size),
                    &picture.frame,
                    &chart.line,
                    &chart.axis,
                    &ink,
                );
            });
        },
    );

    let with_line =
        move |describe: fn(Field, &crate::charts::line::Line, &Zone) -> Option<String>| {
            picture.with(|picture| {
                zone.with(|zone| describe(field, &picture.as_ref()?.chart(field)?.line, zone))
            })
        };
    let extent = move || with_line(|field, line, _| extent(field, line));
    let description = move || with_line(|field, line, zone| Some(description(field, line, zone)));
    let is_empty = move || {
        picture.with(|picture| {
            picture
                .as_ref()
                .and_then(|picture| picture.chart(field))
                .is_some_and(|chart| chart.line.times().is_empty())
        })
    };
    let class = format!("chart chart--{}", field.slug());
    let title_id = format!("chart-{}", field.slug());
    let labelled_by = title_id.clone();
    let description_id = format!("chart-{}-description", field.slug());
    let described_by = description_id.clone();
    view! {
        <figure class=class aria-labelledby=labelled_by>
            <figcaption class="chart__caption">
                <h3 class="chart__title" id=title_id>{field.key()}</h3>
                <span class="chart__latest">
                    <span class="chart__value">
                        {move || latest.get().map_or_else(|| "–".to_owned(), |value| field.format(value))}
                    </span>
                    " "
                    <span class="unit">{field.unit()}</span>
                </span>
                <span class="chart__extent">{extent}</span>
            </figcaption>
            <div
                class="chart__plot"
                role="img"
                aria-label=move || format!("{} over {}", field.key(), range.get())
                aria-describedby=described_by
            >
                <canvas class="chart__canvas" node_ref=canvas></canvas>
            </div>
            <p class="chart__empty" hidden=move || !is_empty()>
                {format!("No values of {} in this range", field.key())}
            </p>
            <p class="visually-hidden" id=description_id>{description}</p>
        </figure>
    }
}

/// The time axis that all charts above it share.
///
/// ## Server-Side Rendering
///
/// Renders an empty canvas.
#[component]
pub fn TimeAxis(
    #[prop(into)] picture: Signal<Option<Arc<Picture>>>,
    /// Whose round times are marked.
    zone: Signal<Zone>,
    /// Told how large the axis is, which is as wide as the charts.
    on_size: WriteSignal<Option<CanvasSize>>,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let size = use_canvas_size(canvas);
    Effect::new(move |_| on_size.set(size.get()));
    let appearance = use_appearance_changes();
    use_drawing(
        move || {
            appearance.track();
            (picture.get(), size.get(), zone.get())
        },
        move |(picture, size, zone)| {
            let (Some(picture), Some(size)) = (picture, size) else { return };
            let ink = ink(canvas, "--control");
            draw_on(canvas, size, UNITS_PER_PIXEL, |backend| {
                // As above.
                let _ = draw_time_axis(backend, &surface(size), &picture.frame, &zone, &ink);
            });
        },
    );
    // What it says stands in the caption of the page and in the description of each chart.
    view! { <canvas class="time-axis" node_ref=canvas aria-hidden="true"></canvas> }
}

/// What charts draw on, for a canvas of this size.
pub fn surface(size: CanvasSize) -> Surface {
    Surface::new(size.width, size.height, size.pixel_ratio)
}

/// The colours that the style sheet has for a chart at this moment.
fn ink(canvas: NodeRef<Canvas>, series: &str) -> Ink {
    // Grey where the style sheet has not arrived: visible on any background.
    let color = |property: &str| {
        style_of(canvas, property)
            .as_deref()
            .and_then(parse_color)
            .unwrap_or(RGBColor(128, 128, 128))
    };
    Ink {
        series: color(series),
        grid: color("--line"),
        label: color("--muted"),
        font_family: style_of(canvas, "font-family").unwrap_or_else(|| "sans-serif".to_owned()),
    }
}
