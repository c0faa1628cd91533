//! A line of the size of a word: how a field went lately.

use leptos::prelude::*;

use crate::model::field::Field;

/// A line in the colour of its field, as wide and as high as the place where it stands; a dash of the same size without a
/// drawing.
///
/// ## Server-Side Rendering
///
/// Complete: SVG that style sheets colour and stretch. Nothing of it is code in the browser.
#[component]
pub fn SparkLine(
    field: Field,
    /// What it shows, in words; and its `viewBox` and its shapes, as the charts draw them.
    drawing: Option<SparkDrawing>,
) -> impl IntoView {
    let Some(SparkDrawing { label, view_box, shapes }) = drawing else {
        return view! { <span class="spark spark--none">"–"</span> }.into_any();
    };
    view! {
        <svg
            class=class_of(field)
            viewBox=view_box
            preserveAspectRatio="none"
            role="img"
            aria-label=label
            inner_html=shapes
        ></svg>
    }
    .into_any()
}

/// What is in a spark line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkDrawing {
    pub label: String,
    pub view_box: String,
    pub shapes: String,
}

/// The class that colours a line.
fn class_of(field: Field) -> &'static str {
    match field {
        Field::Temperature => "spark spark--temperature",
        Field::Humidity => "spark spark--humidity",
        Field::Pressure => "spark spark--pressure",
        Field::Co2 => "spark spark--co2",
        Field::Tvoc => "spark spark--tvoc",
        Field::Lat | Field::Lon => "spark",
    }
}
