//! The cursor: one moment on all charts, with the value that each of them has there. It consists of elements that are moved;
//! nothing is drawn for it.

use web_sys::HtmlElement;

use super::elements::{ChartElements, set_style, set_text};
use super::state::State;
use crate::charts::frame::ValueScale;
use crate::charts::line::Line;
use crate::charts::picture::Chart;
use crate::model::field::Field;
use crate::model::time::Timestamp;

/// Beside the cursor, in CSS pixels.
const DISTANCE: f64 = 8.0;

/// Room that a chip takes at most, in CSS pixels: near the right edge it stands on the other side.
const CHIP_WIDTH: f64 = 150.0;

/// On elements that are shown while there is a cursor.
const SHOWN: &str = "data-shown";

impl State {
    /// Shows cursor and values where they belong now.
    pub(super) fn place_cursor(&self) {
        let (Some(elements), Some(picture)) = (&self.elements, &self.picture) else { return };
        let place = self.cursor.and_then(|time| {
            let (scale, units) = self.time_scale()?;
            let is_shown = (picture.frame.from..=picture.frame.to).contains(&time);
            is_shown.then(|| f64::from(scale.x(time)) / units)
        });
        let (Some(time), Some(x)) = (self.cursor, place) else {
            for chart in &elements.charts {
                show(&chart.cursor, false);
                show(&chart.chip, false);
            }
            if let Some(chip) = &elements.axis_chip {
                show(chip, false);
            }
            return;
        };
        // Who chooses a span looks at its ends: at their time, and not at every value on the way.
        let is_choosing = self.gesture.is_choosing();
        for chart in &elements.charts {
            show(&chart.cursor, !is_choosing);
            if is_choosing {
                show(&chart.chip, false);
                continue;
            }
            move_to(&chart.cursor, x, 0.0);
            if let Some(data) = picture.chart(chart.field) {
                self.place_chip(chart, data, time, x);
            }
        }
        if let Some(chip) = &elements.axis_chip {
            show(chip, true);
            set_text(chip, &self.view.zone.at(Timestamp::from_nanoseconds(time)).to_string());
            move_to(chip, x, 0.0);
        }
    }

    fn place_chip(&self, chart: &ChartElements, data: &Chart, time: i64, x: f64) {
        let Some((size, index)) = self.chart_size.zip(data.line.near(time)) else {
            show(&chart.chip, false);
            return;
        };
        let (Some(plot), Some(row)) = (self.plot(size), data.line.rows().get(index)) else {
            return;
        };
        let surface = size.surface();
        let y = f64::from(ValueScale::new(&data.axis, &plot).y(row.last)) / surface.scale;
        let width = f64::from(surface.width) / surface.scale;
        let is_left = x + DISTANCE + CHIP_WIDTH > width;
        let _ = chart.chip.toggle_attribute_with_force("data-left", is_left);
        set_text(&chart.chip, &words_at(chart.field, data, time).unwrap_or_default());
        show(&chart.chip, true);
        move_to(&chart.chip, if is_left { x - DISTANCE } else { x + DISTANCE }, y);
    }
}

/// The value at a moment, and the one that it is compared with: `21.3 °C`, `19.8 to 23.4 °C, before 20.1 °C`.
pub(super) fn words_at(field: Field, data: &Chart, time: i64) -> Option<String> {
    let of = |line: &Line| {
        let row = line.rows().get(line.near(time)?)?;
        let (low, high) = (field.format(row.low), field.format(row.high));
        Some(if low == high {
            format!("{low} {}", field.unit())
        } else {
            format!("{low} to {high} {}", field.unit())
        })
    };
    let value = of(&data.line)?;
    Some(match data.compared.as_ref().and_then(of) {
        Some(other) => format!("{value}, compared {other}"),
        None => value,
    })
}

fn show(element: &HtmlElement, is_shown: bool) {
    let _ = element.toggle_attribute_with_force(SHOWN, is_shown);
}

fn move_to(element: &HtmlElement, x: f64, y: f64) {
    set_style(element, "transform", &format!("translate({x:.1}px, {y:.1}px)"));
}
