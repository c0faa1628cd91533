//! Use-cases. They know the ports and the model; not axum, not leptos, not HTTP and not Flux.

pub mod buckets;
pub mod dashboard;
pub mod data;
pub mod details;
pub mod error;
pub mod export;
pub mod fleet;
pub mod follow;
pub mod listing;
pub mod locks;
pub mod query;
pub mod reconciler;
pub mod registration;
pub mod registry;
pub mod reveal;
pub mod sparks;
pub mod virtual_device;
pub mod writing;

#[cfg(test)]
mod testing;

pub use error::{Error, Result};
