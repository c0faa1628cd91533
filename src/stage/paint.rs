//! Putting the picture on the canvases. Nothing here is done for a cursor that moves.

use web_sys::{Element, HtmlCanvasElement};

use super::canvas::{CanvasSize, Palette, prepare};
use super::elements::{ChartElements, Sheet};
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

/// What is drawn, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Painter<'a> {
    pub(super) picture: &'a Picture,
    pub(super) chart_size: CanvasSize,
    pub(super) axis_size: CanvasSize,
    pub(super) zone: &'a Zone,
}

impl Painter<'_> {
    /// Draws a chart or the axis.
    pub(super) fn paint(&self, sheet: Sheet<'_>, inks: &mut Inks) {
        match sheet {
            Sheet::Chart(chart) => self.paint_chart(chart, inks),
            Sheet::Axis(canvas) => self.paint_axis(canvas, inks),
        }
    }

    /// Takes away what is drawn.
    pub(super) fn wipe(&self, sheet: Sheet<'_>) {
        // This is what clears it.
        let _ = match sheet {
            Sheet::Chart(chart) => prepare(&chart.canvas, self.chart_size, 0),
            Sheet::Axis(canvas) => prepare(canvas, self.axis_size, 0),
        };
    }

    fn paint_chart(&self, chart: &ChartElements, inks: &mut Inks) {
        let ink = inks.charts.iter_mut().find(|ink| ink.field == chart.field);
        let (Some(ChartInk { ink, labels, .. }), Some(data)) =
            (ink, self.picture.chart(chart.field))
        else {
            return;
        };
        let (size, surface, frame) =
            (self.chart_size, self.chart_size.surface(), &self.picture.frame);
        let wanted = Labels { axis: data.axis.clone(), size, gutter: frame.gutter };
        let (kept, parts) = if labels.as_ref() == Some(&wanted) {
            let gutter = Plot::new(&surface, frame).left - surface.length(LABEL_DISTANCE) / 2;
            (gutter, Parts::AllButLabels)
        } else {
            (0, Parts::All)
        };
        let Some(backend) = prepare(&chart.canvas, size, kept) else { return };
        // A canvas that refuses a stroke leaves the rest of the page as it is.
        let is_drawn = draw_chart(backend, &surface, frame, data, ink, parts).is_ok();
        *labels = is_drawn.then_some(wanted);
    }

    fn paint_axis(&self, canvas: &HtmlCanvasElement, inks: &Inks) {
        let Some(backend) = prepare(canvas, self.axis_size, 0) else { return };
        let surface = self.axis_size.surface();
        // As above.
        let _ = draw_time_axis(backend, &surface, &self.picture.frame, self.zone, &inks.axis);
    }
}
