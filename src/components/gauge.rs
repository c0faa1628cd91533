//! A value as an arc: how much, how good, how fresh.

use std::f64::consts::PI;

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use super::moment::Ago;
use crate::hooks::zone::local_time;
use crate::model::device::LatestValue;
use crate::model::field::Field;
use crate::model::level::Level;
use crate::model::time::Timestamp;

/// What the arc spans, in degrees, open at the bottom.
const SPAN: f64 = 220.0;
const CENTER: (f64, f64) = (60.0, 56.0);
const VALUE_RADIUS: f64 = 44.0;
const BAND_RADIUS: f64 = 52.0;

/// One field's newest value on an arc over its usual range, with the bands that it is judged by around it.
///
/// ## Server-Side Rendering
///
/// Complete: the arc is SVG that style sheets colour.
#[component]
pub fn Gauge(
    latest: LatestValue,
    now: Timestamp,
    /// The device has not sent it lately: the value is shown as a thing of the past.
    is_stale: bool,
) -> impl IntoView {
    let LatestValue { field, value, time } = latest;
    let (low, high) = field.usual_range();
    let share = |value: f64| ((value - low) / (high - low)).clamp(0.0, 1.0);
    let bands = field.bands();
    let ends = bands.iter().skip(1).map(|band| band.from).chain([f64::INFINITY]);
    let arcs = bands
        .iter()
        .zip(ends)
        .map(|(band, end)| (share(band.from), share(end), class_of_band(band.level)))
        .filter(|(from, to, _)| from < to)
        .map(|(from, to, class)| view! { <path class=class d=arc(BAND_RADIUS, from, to)></path> })
        .collect_view();
    let judgement = field.judge(value).map(|band| {
        let icon = if band.level == Level::Good { Icon::Online } else { Icon::Warning };
        view! {
            <span class=class_of_judgement(band.level)>
                <Glyph icon/>
                {band.word}
            </span>
        }
    });
    view! {
        <li class=format!("gauge gauge--{}", field.slug()) class=("gauge--stale", is_stale)>
            <p class="gauge__name">{field.key()}</p>
            <svg class="gauge__arc" viewBox="0 0 120 80" aria-hidden="true">
                {arcs}
                <path class="gauge__track" d=arc(VALUE_RADIUS, 0.0, 1.0)></path>
                // A sliver at the least: an arc without length would not show that there is a value.
                <path class="gauge__fill" d=arc(VALUE_RADIUS, 0.0, share(value).max(0.005))></path>
            </svg>
            <p class="gauge__reading">
                <span class="gauge__value">{field.format(value)}</span>
                " "
                <span class="unit">{field.unit()}</span>
            </p>
            <p class="gauge__foot">
                {judgement}
                <span class="gauge__age">
                    {is_stale.then(|| view! { <Glyph icon=Icon::Stale/> <span class="visually-hidden">"stale, "</span> })}
                    <Ago time=local_time(time) now/>
                </span>
            </p>
        </li>
    }
}

fn class_of_band(level: Level) -> &'static str {
    match level {
        Level::Good => "gauge__band gauge__band--good",
        Level::Remarkable => "gauge__band gauge__band--remarkable",
        Level::Alarming => "gauge__band gauge__band--alarming",
    }
}

fn class_of_judgement(level: Level) -> &'static str {
    match level {
        Level::Good => "gauge__judgement gauge__judgement--good",
        Level::Remarkable => "gauge__judgement gauge__judgement--remarkable",
        Level::Alarming => "gauge__judgement gauge__judgement--alarming",
    }
}

/// The `d` of a path along the gauge between two shares of it, 0 at its left end and 1 at its right one.
fn arc(radius: f64, from: f64, to: f64) -> String {
    let point = |share: f64| {
        let angle = (90.0 + SPAN / 2.0 - share * SPAN) * PI / 180.0;
        format!("{:.2} {:.2}", CENTER.0 + radius * angle.cos(), CENTER.1 - radius * angle.sin())
    };
    let is_long = u8::from((to - from) * SPAN > 180.0);
    format!("M{}A{radius} {radius} 0 {is_long} 1 {}", point(from), point(to))
}

/// The sentence about fields that have no value; nothing if all have one.
pub fn missing_fields(latest: &[LatestValue]) -> Option<String> {
    let missing: Vec<&str> = Field::CHARTED
        .into_iter()
        .filter(|field| latest.iter().all(|latest| latest.field != *field))
        .map(Field::key)
        .collect();
    match missing.as_slice() {
        [] => None,
        [one] => Some(format!("{one} was not measured in the last year.")),
        [others @ .., last] => {
            Some(format!("{} and {last} were not measured in the last year.", others.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_lie_symmetrically_and_go_over_the_top() {
        assert_eq!(arc(50.0, 0.0, 1.0), "M13.02 73.10A50 50 0 1 1 106.98 73.10");
        assert_eq!(arc(50.0, 0.0, 0.5), "M13.02 73.10A50 50 0 0 1 60.00 6.00");
    }

    #[test]
    fn missing_fields_are_named() {
        let latest = |fields: &[Field]| -> Vec<LatestValue> {
            fields
                .iter()
                .map(|field| LatestValue { field: *field, value: 0.0, time: Timestamp(0) })
                .collect()
        };
        assert_eq!(missing_fields(&latest(&Field::ALL)), None);
        assert_eq!(
            missing_fields(&latest(&[
                Field::Temperature,
                Field::Humidity,
                Field::Pressure,
                Field::Co2
            ]))
            .as_deref(),
            Some("TVOC was not measured in the last year.")
        );
        assert_eq!(
            missing_fields(&latest(&[Field::Temperature, Field::Lat])).as_deref(),
            Some("Humidity, Pressure, CO2 and TVOC were not measured in the last year.")
        );
    }
}
