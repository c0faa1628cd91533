//! Presentational parts: data and callbacks in, events out. They never call a server function.

pub mod banner;
pub mod copy_button;
pub mod device_picker;
pub mod gauge;
pub mod how_it_works;
pub mod icon;
pub mod moment;
pub mod notice;
pub mod range_picker;
pub mod spark_line;
pub mod state_badge;
