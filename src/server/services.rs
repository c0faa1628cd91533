//! Use-cases. They know the ports and the model; not axum, not leptos, not HTTP and not Flux.

pub mod access;
pub mod adoption;
pub mod audit;
pub mod buckets;
pub mod configuration;
pub mod dashboard;
pub mod data;
pub mod details;
pub mod error;
pub mod export;
pub mod fleet;
pub mod follow;
pub mod generate;
pub mod history;
pub mod intake;
pub mod listing;
pub mod locks;
pub mod monitoring;
pub mod outages;
pub mod provisioning;
pub mod query;
pub mod reconciler;
pub mod registration;
pub mod registry;
pub mod reveal;
pub mod rotation;
pub mod sparks;
pub mod status;
pub mod virtual_device;
pub mod writing;

#[cfg(test)]
mod testing;

pub use error::{Error, Result};
