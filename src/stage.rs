//! What makes the charts of a dashboard a thing to work with: canvases above the server's SVG, zoom and pan by mouse, touch and
//! keyboard, a cursor that is in step on all charts, and new points as they come.
//!
//! A [`Stage`] belongs to the island in the section of the charts and works on the elements that the server has put there.
//! Those with the attribute `data-own` are its own: a newer page leaves them alone. What is shown stands in the address:
//! whatever a gesture leads to is a navigation, so that Back undoes it and the page around the charts is the server's.

mod brush;
mod canvas;
mod cursor;
mod elements;
mod gesture;
mod gestures;
mod handle;
mod keyboard;
mod listener;
mod live;
mod paint;
mod picture_file;
mod points;
mod rehearsal;
mod sight;
mod state;
mod stream;
mod takeover;
mod track;

pub use handle::{Report, Stage};
