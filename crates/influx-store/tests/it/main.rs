//! The store as whoever embeds it sees it.

mod catalog;
mod crash;
mod disk_full;
mod http;
mod model;
mod points;
mod support;
