//! The embedded store: an HTTP server that speaks the InfluxDB v2 API, on a durable storage engine.
//!
//! `storage` keeps points, `catalog` keeps organizations, buckets and authorizations, `flux` evaluates queries
//! over them, `http` is the API. The crate knows nothing about the application that embeds it.

mod auth;
pub mod catalog;
pub mod flux;
pub mod http;
pub mod storage;
