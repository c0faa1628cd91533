//! The application as its users reach it: the whole router, over the embedded store, a real InfluxDB where there is one, and upstreams that
//! misbehave.

mod application;
mod guard;
mod hostile;
mod pages;
mod secrets;
mod services;
mod tidy;
