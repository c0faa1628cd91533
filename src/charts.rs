//! Charts: from columns of values to strokes on any plotters backend. No DOM, no clock, no leptos.
//!
//! A [`line::Line`] holds what one chart shows, a [`frame::Frame`] what all charts of a page share, and [`draw`]
//! puts both on a [`frame::Surface`]. The same code draws on a canvas and, on a backend that writes markup, SVG.
//!
//! Invariants: nothing is ever drawn across a gap, and decimation never loses an extreme.

pub mod columns;
pub mod decimate;
pub mod draw;
pub mod frame;
pub mod line;
pub mod measure;
pub mod overlay;
pub mod picture;
#[cfg(test)]
mod recording;
pub mod sheet;
pub mod spark;
pub mod style;
pub mod summary;
pub mod svg;
pub mod time_ticks;
pub mod track;
pub mod value_axis;
