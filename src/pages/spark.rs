//! The spark lines of lists, tiles and tables: from what a field did to a line, drawn by the server.

use leptos::prelude::*;

use crate::charts::line::Line;
use crate::charts::spark::draw;
use crate::charts::summary::day;
use crate::components::spark_line::{SparkDrawing, SparkLine};
use crate::model::field::Field;
use crate::model::spark::{Span, Spark};

/// The last day of a field, or a dash where nothing is known of it.
#[component]
pub fn LastDay(field: Field, spark: Option<Spark>) -> impl IntoView {
    view! { <SparkLine field drawing=spark.as_ref().and_then(drawing)/> }
}

fn drawing(spark: &Spark) -> Option<SparkDrawing> {
    let Span { from, to, .. } = spark.span;
    let line = Line::of_spark(spark);
    let drawing = draw(&line, from.to_nanoseconds(), to.to_nanoseconds())?;
    Some(SparkDrawing {
        label: day(spark.field, &line),
        view_box: drawing.view_box,
        shapes: drawing.shapes,
    })
}
