//! The numbers of an answer over time, as one picture.

use leptos::prelude::*;

use crate::charts::line::Line;
use crate::charts::overlay::Overlay;
use crate::hooks::zone::zone_between;
use crate::model::data::AnswerLine;
use crate::model::time::Timestamp;
use crate::pages::dashboard::charts::{COLUMNS, Labels, time_axis};

/// In CSS pixels, as in the style sheet.
const HEIGHT: u32 = 240;

/// Nothing where there are no numbers over time.
#[component]
pub fn LinesFigure(
    lines: Vec<AnswerLine>,
    /// Also those that are not drawn.
    line_count: usize,
) -> impl IntoView {
    let drawn = lines.iter().map(|line| Line::through(&line.times, &line.values)).collect();
    let overlay = Overlay::new(drawn)?;
    let (from, to) = (overlay.frame.from, overlay.frame.to);
    let zone = zone_between(Timestamp::from_nanoseconds(from), Timestamp::from_nanoseconds(to));
    let (grid, drawings) = overlay.draw(COLUMNS, HEIGHT)?;
    let view_box = grid.view_box.clone();
    let shapes = drawings
        .into_iter()
        .enumerate()
        .map(|(index, drawing)| view! { <g class=class_of(index) inner_html=drawing.shapes></g> })
        .collect_view();
    let legend = lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            view! {
                <li class="legend__item">
                    <svg class=format!("legend__sample chart__shapes {}", class_of(index)) viewBox="0 0 28 8" aria-hidden="true">
                        <path class="line" d="M0 4h28"></path>
                    </svg>
                    {line.label.clone()}
                </li>
            }
        })
        .collect_view();
    let more = (line_count > lines.len()).then(|| {
        let sentence = format!("The first {} of {line_count} lines are drawn.", lines.len());
        view! { <p class="hint">{sentence}</p> }
    });
    Some(view! {
        <figure class="lines card" aria-labelledby="lines-title">
            <figcaption class="lines__caption">
                <h3 class="visually-hidden" id="lines-title">"Over time"</h3>
                <ul class="legend">{legend}</ul>
                {more}
            </figcaption>
            <div class="chart__plot lines__plot">
                <Labels drawing=grid.clone() gutter=overlay.frame.gutter.to_string()/>
                <svg class="chart__shapes" viewBox=view_box preserveAspectRatio="none" role="img" aria-label=label(&lines)>
                    <g inner_html=grid.shapes></g>
                    {shapes}
                </svg>
            </div>
            <div class="time-axis">{time_axis(&overlay.frame, &zone)}</div>
        </figure>
    })
}

/// Colour and dashes.
fn class_of(index: usize) -> String {
    format!("lines__line lines__line--{}", index + 1)
}

/// What the picture shows, for whoever does not see it: the values are in the tables below.
fn label(lines: &[AnswerLine]) -> String {
    let extent = |line: &AnswerLine| {
        let low = line.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = line.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if line.values.is_empty() {
            format!("{} has no numbers", line.label)
        } else {
            format!("{} from {low} to {high}", line.label)
        }
    };
    lines.iter().map(extent).collect::<Vec<_>>().join("; ")
}
