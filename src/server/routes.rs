//! What is answered without leptos: health, metrics, the choice of theme and zone, the one-time reveal of tokens, a list of devices, the
//! export of points, queries as files.

pub mod data;
pub mod document;
pub mod export;
pub mod failure;
pub mod health;
pub mod metrics;
pub mod mqtt;
pub mod preferences;
pub mod registrations;
pub mod reveal;
