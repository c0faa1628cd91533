//! What runs on the server only: configuration, state, HTTP, use-cases and the adapter to InfluxDB.
//!
//! `services` are the use-cases over the `ports`; `influx` implements the ports. `router` and what it is made of is the only code that
//! knows axum, `edge` the only one between server functions and use-cases.

pub mod arguments;
pub mod backend;
pub mod check;
pub mod clock;
pub mod config;
pub mod edge;
pub mod embedded;
pub mod influx;
pub mod known;
pub mod listen;
pub mod middleware;
pub mod monitor;
pub mod mqtt;
pub mod ports;
pub mod process;
pub mod rate;
pub mod rest;
pub mod router;
pub mod routes;
pub mod run;
pub mod services;
pub mod site;
pub mod state;
pub mod store_url;
pub mod tasks;

/// Of the whole process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
