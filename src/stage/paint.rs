//! Putting the picture on the canvases. Nothing here is done for a cursor that moves.

use web_sys::Element;

use super::canvas::{CanvasSize, Palette, prepare};
use super::elements::Elements;
use crate::charts::draw::{Parts, draw_chart, draw_time_axis};
use crate::charts::frame::{LABEL_DISTANCE, Plot};
use crate::charts::picture::Picture;
use crate::charts::style::Ink;
use crate::charts::value_axis::ValueAxis;
use crate::model::field::Field;
use crate::model::zone::Zone;

/// The colours of the page, and what is drawn in them already: asking the style sheet costs more than drawing, and so do texts
/// that stay as they are while the axis moves on.
#[derive(Debug, Clone)]
pub(super) struct Inks {
    charts: Vec<ChartInk>,
    axis: Ink,
}

#[derive(Debug, Clone)]
struct ChartInk {
    field: Field,
    ink: Ink,
    /// The labels that are on the canvas.
    labels: Option<Labels>,
}

/// What labels depend on besides their colour.
#[derive(Debug, Clone, PartialEq)]
struct Labels {
    axis: ValueAxis,
    size: CanvasSize,
    gutter: f64,
}

impl Inks {
    /// As the style sheet has them for the section of the charts at this moment.
    pub(super) fn of(section: &Element) -> Self {
        let palette = Palette::of(section);
        let charts = Field::CHARTED.map(|field| {
            let ink = palette.ink(&format!("--series-{}", field.slug()));
            ChartInk { field, ink, labels: None }
        });
        Self { charts: charts.into(), axis: palette.ink("--control") }
    }
}

/// Draws all charts and the axis.
pub(super) fn paint(
    elements: &Elements,
    picture: &Picture,
    inks: &mut Inks,
    chart_size: CanvasSize,
    axis_size: CanvasSize,
    zone: &Zone,
) {
    let (surface, frame) = (chart_size.surface(), &picture.frame);
    let gutter = Plot::new(&surface, frame).left - surface.length(LABEL_DISTANCE) / 2;
    for chart in &elements.charts {
        let ink = inks.charts.iter_mut().find(|ink| ink.field == chart.field);
        let (Some(ChartInk { ink, labels, .. }), Some(data)) = (ink, picture.chart(chart.field))
        else {
            continue;
        };
        let wanted =
            Labels { axis: data.axis.clone(), size: chart_size, gutter: picture.frame.gutter };
        let (kept, parts) = if labels.as_ref() == Some(&wanted) {
            (gutter, Parts::AllButLabels)
        } else {
            (0, Parts::All)
        };
        let Some(backend) = prepare(&chart.canvas, chart_size, kept) else { continue };
        // A canvas that refuses a stroke leaves the rest of the page as it is.
        let is_drawn = draw_chart(backend, &surface, frame, data, ink, parts).is_ok();
        *labels = is_drawn.then_some(wanted);
    }
    if let Some(backend) = prepare(&elements.axis, axis_size, 0) {
        // As above.
        let _ = draw_time_axis(backend, &axis_size.surface(), frame, zone, &inks.axis);
    }
}
