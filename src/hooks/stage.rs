//! The charts of the page as a thing to work with.

use leptos::html::ElementType;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;

use crate::model::live::LiveState;
use crate::model::view::View;

/// How the charts get their points.
#[derive(Debug, Clone, Copy)]
pub struct StageState {
    /// Points are on their way.
    pub is_loading: ReadSignal<bool>,
    /// Why they could not be read.
    pub failure: ReadSignal<Option<String>>,
    /// How new points come.
    pub live: ReadSignal<LiveState>,
    /// Changes when they are to be read again.
    pub attempt: WriteSignal<u32>,
}

/// Takes over the charts in the section that `element` is in, and lets them follow `view`.
///
/// ## Server-Side Rendering
/// Does nothing: the server's charts stand there.
pub fn use_stage<E>(element: NodeRef<E>, view: ReadSignal<View>) -> StageState
where
    E: ElementType + 'static,
    E::Output: JsCast + AsRef<leptos::web_sys::Element> + Clone + 'static,
{
    let (is_loading, set_loading) = signal(false);
    let (failure, set_failure) = signal(None);
    let (live, set_live) = signal(LiveState::Off);
    let (attempt, set_attempt) = signal(0u32);
    #[cfg(feature = "hydrate")]
    Effect::new(move |stage: Option<Option<crate::stage::Stage>>| {
        let report =
            browser::Signals { is_loading: set_loading, failure: set_failure, live: set_live };
        let is_retry = attempt.get() > 0;
        let newest = view.get();
        // What an effect returns lives as long as its component.
        if let Some(Some(stage)) = stage {
            if is_retry {
                stage.load();
            }
            stage.follow(newest);
            return Some(stage);
        }
        let element = element.get()?;
        let element: &leptos::web_sys::Element = element.as_ref();
        let section = element.closest("section").ok()??;
        Some(crate::stage::Stage::new(section, newest, report))
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (element, view, set_loading, set_failure, set_live, attempt);
    StageState { is_loading, failure, live, attempt: set_attempt }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;

    use crate::model::live::LiveState;
    use crate::stage::Report;

    /// Tells the island.
    pub(super) struct Signals {
        pub(super) is_loading: WriteSignal<bool>,
        pub(super) failure: WriteSignal<Option<String>>,
        pub(super) live: WriteSignal<LiveState>,
    }

    impl Report for Signals {
        fn loading(&self) {
            // The island may be gone.
            self.is_loading.try_set(true);
        }

        fn loaded(&self, failure: Option<String>) {
            self.is_loading.try_set(false);
            self.failure.try_set(failure);
        }

        fn live(&self, state: LiveState) {
            self.live.try_set(state);
        }
    }
}
