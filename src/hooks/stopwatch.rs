//! The browser's clock, for measuring how long something takes. Never for what a page shows as a time of day:
//! that comes from the server.

/// Milliseconds since some fixed moment, never going back.
///
/// ## Server-Side Rendering
/// Only called from event handlers, which the server has none of; there it answers 0.
pub fn milliseconds() -> f64 {
    #[cfg(feature = "hydrate")]
    {
        leptos::prelude::window().performance().map_or(0.0, |performance| performance.now())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        0.0
    }
}
