//! What stands in front of every handler, outermost first: durations, request ids and the log, panics, hosts, origins, headers.

pub mod headers;
pub mod host;
pub mod measure;
pub mod origin;
pub mod panic;
pub mod trace;
