//! The elements of the charts, as the server has written them.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlCanvasElement, HtmlElement};

use super::sight::{Change, Sight};
use crate::model::field::Field;

/// The part of a chart that belongs to the stage.
pub(super) const LAYER: &str = ".chart__layer";
/// On a layer that is drawn: the server's SVG gives way to it.
const DRAWN: &str = "data-drawn";

/// One chart.
#[derive(Debug, Clone)]
pub(super) struct ChartElements {
    pub(super) field: Field,
    /// Takes the gestures and the keyboard.
    pub(super) layer: HtmlElement,
    pub(super) canvas: HtmlCanvasElement,
    /// A hairline at the cursor.
    pub(super) cursor: HtmlElement,
    /// The value at the cursor.
    pub(super) chip: HtmlElement,
    /// What is being chosen to zoom to.
    pub(super) selection: HtmlElement,
    /// The newest value and the range of values, in the caption.
    pub(super) value: Option<Element>,
    pub(super) extent: Option<Element>,
    pub(super) sight: Rc<Sight>,
}

/// All charts and the time axis below them.
#[derive(Debug, Clone)]
pub(super) struct Elements {
    pub(super) charts: Vec<ChartElements>,
    pub(super) axis: HtmlCanvasElement,
    /// The time at the cursor.
    pub(super) axis_chip: Option<HtmlElement>,
    /// Says how finely the charts are drawn.
    pub(super) resolution: Option<Element>,
    /// The way of the device; it stands outside of the section of the charts.
    pub(super) track: Option<TrackElements>,
}

/// What has a canvas of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sheet<'a> {
    Chart(&'a ChartElements),
    Axis(&'a HtmlCanvasElement),
}

impl Sheet<'_> {
    fn marked(&self) -> &Element {
        match self {
            Self::Chart(chart) => &chart.layer,
            Self::Axis(canvas) => canvas,
        }
    }

    /// Whether the canvas is shown, and not what the server has drawn.
    pub(super) fn is_drawn(&self) -> bool {
        self.marked().has_attribute(DRAWN)
    }

    /// Whether it is to be drawn now. The axis always can be seen where a chart can.
    pub(super) fn is_due(&self, change: Change) -> bool {
        match self {
            Self::Chart(chart) => chart.sight.is_due(change),
            Self::Axis(_) => change != Change::Nothing,
        }
    }

    /// Shows the canvas.
    pub(super) fn set_drawn(&self) {
        let _ = self.marked().toggle_attribute_with_force(DRAWN, true);
    }
}

/// The way of the device.
#[derive(Debug, Clone)]
pub(super) struct TrackElements {
    pub(super) canvas: HtmlCanvasElement,
    /// The line and its end, as the server has drawn them.
    pub(super) line: Element,
    pub(super) end: Element,
}

impl TrackElements {
    fn find(section: &Element) -> Option<Self> {
        let figure: Element = find(&section.closest(".page").ok()??, ".track")?;
        Some(Self {
            canvas: find(&figure, "canvas")?,
            line: find(&figure, ".track__line")?,
            end: find(&figure, ".track__end")?,
        })
    }
}

impl Elements {
    /// Finds them in the section; `None` where there are no charts, because there is no data.
    pub(super) fn find(section: &Element) -> Option<Self> {
        let layers = section.query_selector_all(LAYER).ok()?;
        let charts: Vec<ChartElements> = (0..layers.length())
            .filter_map(|index| ChartElements::of(layers.get(index)?.dyn_into().ok()?))
            .collect();
        let axis = find(section, ".time-axis__canvas")?;
        (!charts.is_empty()).then_some(Self {
            charts,
            axis,
            axis_chip: find(section, ".time-axis__chip"),
            resolution: find(section, ".charts__resolution"),
            track: TrackElements::find(section),
        })
    }

    /// Shows what the server has drawn below the canvases.
    pub(super) fn uncover(&self) {
        for chart in &self.charts {
            let _ = chart.layer.toggle_attribute_with_force(DRAWN, false);
        }
        let _ = self.axis.toggle_attribute_with_force(DRAWN, false);
    }

    /// The canvases in the order in which they are drawn for the first time: the charts, then the axis.
    pub(super) fn sheets(&self) -> impl Iterator<Item = Sheet<'_>> {
        self.charts.iter().map(Sheet::Chart).chain([Sheet::Axis(&self.axis)])
    }

    /// The chart whose layer this is.
    pub(super) fn chart_of(&self, layer: &Element) -> Option<&ChartElements> {
        self.charts.iter().find(|chart| AsRef::<Element>::as_ref(&chart.layer) == layer)
    }
}

impl ChartElements {
    fn of(layer: HtmlElement) -> Option<Self> {
        let field = Field::from_key(&layer.get_attribute("data-field")?)?;
        let figure = layer.closest("figure").ok().flatten();
        let caption = |selector| figure.as_ref()?.query_selector(selector).ok()?;
        Some(Self {
            field,
            canvas: find(&layer, "canvas")?,
            cursor: find(&layer, ".chart__cursor")?,
            chip: find(&layer, ".chart__chip")?,
            selection: find(&layer, ".chart__selection")?,
            value: caption(".chart__value"),
            extent: caption(".chart__extent"),
            sight: Rc::default(),
            layer,
        })
    }
}

fn find<E: JsCast>(root: &Element, selector: &str) -> Option<E> {
    root.query_selector(selector).ok()??.dyn_into().ok()
}

/// Sets a property of an element's style by script, which the content security policy allows.
pub(super) fn set_style(element: &HtmlElement, property: &str, value: &str) {
    // Fails for properties that are read-only.
    let _ = element.style().set_property(property, value);
}

/// Sets the text of an element, unless it has it already.
pub(super) fn set_text(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}
