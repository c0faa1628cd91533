//! Behaviour that differs between browser and server. Each documents what it does on the server.
//!
//! Besides `lib.rs` and `main.rs` this is the only place that asks which of the two it is compiled for. Every hook
//! has the same signature on both sides, so that islands render the same tree and hydration finds what it expects.

pub mod address;
pub mod answer;
pub mod assets;
mod cookie;
pub mod dialog;
pub mod last_device;
pub mod live;
pub mod navigation;
pub mod response;
pub mod stage;
pub mod stopwatch;
pub mod theme;
pub mod token;
pub mod zone;
