//! What the forms that call a server function have in common.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::ApiError;

/// The error of the last call as a sentence, while no newer call is under way.
pub fn error_of<S>(action: ServerAction<S>) -> impl Fn() -> Option<String> + Copy + Send + Sync
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let pending = action.pending();
    let value = action.value();
    move || {
        if pending.get() {
            return None;
        }
        value.with(|answer| {
            answer.as_ref().and_then(|answer| answer.as_ref().err()).map(ToString::to_string)
        })
    }
}

/// A handler for `on:submit:capture` that drops a second submission while the first is under way.
///
/// The button stays enabled, so that it keeps the focus.
pub fn once_at_a_time(pending: Memo<bool>) -> impl Fn(SubmitEvent) + Copy {
    move |event| {
        if pending.get_untracked() {
            event.prevent_default();
        }
    }
}
