//! One file a route: what the server makes of an address. Interactive parts of a page are `islands`.

pub mod authorizations;
pub mod buckets;
pub mod dashboard;
pub mod data;
pub mod device;
pub mod devices;
pub mod events;
pub mod failed_part;
pub mod fleet;
pub mod form_error;
pub mod not_found;
pub mod rest;
pub mod spark;
pub mod status;
pub mod template;
pub mod written;
