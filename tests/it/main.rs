//! The application as its users reach it: the whole router, over the embedded store, a real InfluxDB where there is one, and upstreams that
//! misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test that cannot go on fails, and values come back as they were written"
)]

mod application;
mod buckets;
mod clients;
mod data;
mod data_page;
mod export;
mod guard;
mod hostile;
mod lan;
mod live;
mod metrics;
mod mqtt;
mod pages;
mod program;
mod provisioning;
mod rest;
mod secrets;
mod services;
mod sockets;
mod sparks;
mod status;
mod tidy;
mod zone;
