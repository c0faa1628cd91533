//! A second try for what failed for the moment only.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Asks once more, by itself, for what the server could not give when it rendered the page, provided that
/// `is_temporary` says of the error that a second try makes sense.
///
/// A page must not keep a person waiting longer than a second for a slow InfluxDB; a moment later it may well answer.
///
/// ## Server-Side Rendering
/// Does nothing: effects run in the browser only.
pub fn retry_once<T, E>(resource: Resource<Result<T, E>>, is_temporary: fn(&E) -> bool)
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    E: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let tried = StoredValue::new(false);
    Effect::new(move |_| {
        let failed_for_now = resource.with(|answer| {
            answer.as_ref().and_then(|answer| answer.as_ref().err()).is_some_and(is_temporary)
        });
        if failed_for_now && !tried.get_value() {
            tried.set_value(true);
            resource.refetch();
        }
    });
}
