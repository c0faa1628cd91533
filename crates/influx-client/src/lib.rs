//! A client for the HTTP API of InfluxDB 2.x.
//!
//! [`Client`] is cheap to clone and shares one pool of connections. Every call ends within a time limit, follows
//! no redirect, and is repeated only where repeating it cannot do anything twice. Answers to queries arrive as a
//! [`QueryStream`] of typed columns, parsed as the bytes come in; dropping a call or a stream cancels it upstream.
//!
//! The crate knows nothing about devices or dashboards, and no error or `Debug` text of it contains a token.

mod config;
mod error;
mod query;
mod resources;
mod retry;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod write;

pub use config::{Config, ConfigError, TimeLimits};
pub use error::{Error, Result};
pub use query::{Query, QueryStream, QueryText};
pub use resources::{Greeting, Health, is_id};
pub use secrecy::{ExposeSecret, SecretString};
pub use transport::Client;
