//! What the forms that call a server function have in common.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::ApiError;
use crate::hooks::navigation::follow_redirect;

/// One call at a time, and what the last one went wrong with; a copyable handle.
#[derive(Debug, Clone, Copy)]
pub struct Submission {
    pending: RwSignal<bool>,
    error: RwSignal<Option<String>>,
}

impl Submission {
    /// `error`: what the form came back with where there was no script.
    pub fn new(error: Option<String>) -> Self {
        Self { pending: RwSignal::new(false), error: RwSignal::new(error) }
    }

    /// Whether a call is under way. The button stays enabled meanwhile, so that it keeps the focus.
    pub fn is_pending(self) -> bool {
        self.pending.get()
    }

    /// For `aria-disabled`.
    pub fn disabled(self) -> Option<&'static str> {
        self.is_pending().then_some("true")
    }

    /// The error of the last call as a sentence, while no newer call is under way.
    pub fn error(self) -> Option<String> {
        self.error.get()
    }

    /// Makes a call, unless one is under way. Its success usually leads to another page, so the form stays as it is until
    /// `on_success` or the page changes it.
    pub fn send<T>(
        self,
        call: impl Future<Output = Result<T, ApiError>> + 'static,
        on_success: impl FnOnce(T) + 'static,
    ) {
        if self.pending.get_untracked() {
            return;
        }
        self.pending.set(true);
        self.error.set(None);
        spawn_local(async move {
            let answer = call.await;
            // The page may be gone by then.
            let is_there = self.pending.try_get_untracked().is_some();
            follow_redirect(is_there && answer.is_ok());
            match answer {
                Ok(answer) => on_success(answer),
                Err(error) => {
                    self.error.try_set(Some(error.to_string()));
                }
            }
            self.pending.try_set(false);
        });
    }
}
