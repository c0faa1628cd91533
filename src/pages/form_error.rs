//! What a form without a script comes back with.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::ApiError;

/// The error of the server function `S`, if the address has one.
pub fn form_error<S>() -> Option<String>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    // Leptos reads it from the address when the action is made.
    let answer = ServerAction::<S>::new().value().get_untracked();
    answer.and_then(Result::err).map(|error| error.to_string())
}
