//! Putting the picture on the canvases. Nothing here is done for a cursor that moves.

use web_sys::Element;

use super::canvas::{CanvasSize, Palette, prepare};
use super::elements::Elements;
use crate::charts::draw::{draw_chart, draw_time_axis};
use crate::charts::picture::Picture;
use crate::charts::style::Ink;
use crate::model::field::Field;
use crate::model::zone::Zone;

/// The colours of the page: asking the style sheet for them costs more than drawing. They are the same on all charts.
#[derive(Debug, Clone)]
pub(super) struct Inks {
    charts: Vec<(Field, Ink)>,
    axis: Ink,
}

impl Inks {
    /// As the style sheet has them for the section of the charts at this moment.
    pub(super) fn of(section: &Element) -> Self {
        let palette = Palette::of(section);
        let charts =
            Field::CHARTED.map(|field| (field, palette.ink(&format!("--series-{}", field.slug()))));
        Self { charts: charts.into(), axis: palette.ink("--control") }
    }
}

/// Draws all charts and the axis.
pub(super) fn paint(
    elements: &Elements,
    picture: &Picture,
    inks: &Inks,
    chart_size: CanvasSize,
    axis_size: CanvasSize,
    zone: &Zone,
) {
    for chart in &elements.charts {
        let ink = inks.charts.iter().find(|(field, _)| *field == chart.field);
        let (Some((_, ink)), Some(data), Some(backend)) =
            (ink, picture.chart(chart.field), prepare(&chart.canvas, chart_size))
        else {
            continue;
        };
        // A canvas that refuses a stroke leaves the rest of the page as it is.
        let _ = draw_chart(backend, &chart_size.surface(), &picture.frame, data, ink);
    }
    if let Some(backend) = prepare(&elements.axis, axis_size) {
        // As above.
        let _ = draw_time_axis(backend, &axis_size.surface(), &picture.frame, zone, &inks.axis);
    }
}
