//! Tests of the client over real sockets: against hostile servers of our own making, and the contract that the
//! embedded store and a real InfluxDB both have to keep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail a test by panicking"
)]

mod contract;
mod hostile;
mod official_clients;
