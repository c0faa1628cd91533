//! Keeping what a page shows up to date.

use std::time::Duration;

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Asks for `resource` again every `period` while somebody can see the page.
///
/// ## Server-Side Rendering
/// Does nothing: effects run in the browser only.
pub fn refresh_every<T>(resource: Resource<T>, period: Duration)
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    Effect::new(move |_| {
        let refresh = move || {
            if !document().hidden() {
                resource.refetch();
            }
        };
        // Fails only without a window.
        if let Ok(interval) = set_interval_with_handle(refresh, period) {
            on_cleanup(move || interval.clear());
        }
    });
}
