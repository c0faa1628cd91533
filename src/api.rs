//! Server functions: all that the pages ask of the server. Their bodies fetch the services, call one and map its error.

pub mod buckets;
pub mod dashboard;
pub mod data;
pub mod devices;
pub mod encoding;
pub mod error;
pub mod rest;
pub mod status;
pub mod tokens;
pub mod writing;

pub use error::ApiError;
