//! The store as whoever embeds it sees it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics, in its helpers too"
)]
#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "an allocation more does not matter here"
)]

mod catalog;
mod crash;
mod disk_full;
mod http;
mod model;
mod points;
mod support;
