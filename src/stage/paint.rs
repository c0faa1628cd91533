//! Putting the picture on the canvases. Nothing here is done for a cursor that moves.

use super::canvas::{CanvasSize, ink_of, prepare};
use super::elements::Elements;
use crate::charts::draw::{draw_chart, draw_time_axis};
use crate::charts::picture::Picture;
use crate::charts::style::Ink;
use crate::model::field::Field;
use crate::model::zone::Zone;

/// The colours of the page: asking the style sheet for them costs more than drawing.
#[derive(Debug, Clone)]
pub(super) struct Inks {
    charts: Vec<(Field, Ink)>,
    axis: Ink,
}

impl Inks {
    pub(super) fn of(elements: &Elements) -> Self {
        let charts = elements.charts.iter().map(|chart| {
            let series = format!("--series-{}", chart.field.slug());
            (chart.field, ink_of(&chart.canvas, &series))
        });
        Self { charts: charts.collect(), axis: ink_of(&elements.axis, "--control") }
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
