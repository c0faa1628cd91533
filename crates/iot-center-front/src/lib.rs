//! What the browser loads: the exports of the crate `iot_center`, linked as WebAssembly.

#[cfg(feature = "hydrate")]
pub use iot_center::hydrate;
