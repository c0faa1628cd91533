//! What server and browser share: plain data and the rules about it. No IO, no clock, no leptos.

pub mod answer;
pub mod bucket;
pub mod dashboard;
pub mod data;
pub mod device;
pub mod emulator;
pub mod field;
pub mod level;
pub mod live;
pub mod packed;
pub mod place;
pub mod range;
pub mod resolution;
pub mod script;
pub mod series;
pub mod spark;
pub mod status;
pub mod time;
pub mod view;
pub mod writing;
pub mod zone;
