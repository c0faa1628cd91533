//! The languages that InfluxDB 2.x speaks, without any IO: line protocol, annotated CSV, Flux and the
//! JSON types of the HTTP API.
//!
//! Both sides of the wire stand on this crate: `influx-client` writes what `influx-store` reads and the
//! other way round, so that one property test ("what is written parses back to the same") covers both.
//! The crate knows nothing about HTTP, storage or evaluation.

pub mod api;
pub mod csv;
pub mod flux;
pub mod line_protocol;
mod number;
pub mod time;
