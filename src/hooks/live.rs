//! What an island is about, which changes while it lives.

use leptos::html::ElementType;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use serde::de::DeserializeOwned;

use crate::model::packed::Packed;

/// What the island is about: `first`, then whatever a newer page of the server says. The island has one property, called
/// `data`, and `element` is anywhere in it.
///
/// ## Server-Side Rendering
/// Stays `first`.
pub fn use_live<T, E>(element: NodeRef<E>, first: Packed<T>) -> ReadSignal<T>
where
    T: DeserializeOwned + PartialEq + Send + Sync + 'static,
    E: ElementType + 'static,
    E::Output: JsCast + AsRef<leptos::web_sys::Element> + Clone + 'static,
{
    let (data, set_data) = signal(first.0);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_: Option<Option<browser::PropsWatch>>| {
        // What an effect returns lives as long as its component.
        let element = element.get()?;
        browser::PropsWatch::new(element.as_ref(), move |newest: T| {
            if data.with_untracked(|data| *data != newest) {
                set_data.set(newest);
            }
        })
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (element, set_data);
    data
}

#[cfg(feature = "hydrate")]
mod browser {
    use serde::de::DeserializeOwned;
    use wasm_bindgen::prelude::*;
    use web_sys::Element;

    use crate::model::packed::Packed;

    /// The one property within the properties, which leptos writes as JSON without spaces.
    fn data_of(props: &str) -> Option<&str> {
        props.strip_prefix("{\"data\":\"")?.strip_suffix("\"}")
    }

    /// Reads the properties of an island whenever they change, until it is dropped.
    pub(super) struct PropsWatch {
        island: Element,
        callback: Closure<dyn Fn()>,
    }

    impl PropsWatch {
        pub(super) fn new<T: DeserializeOwned>(
            inside: &Element,
            report: impl Fn(T) + 'static,
        ) -> Option<Self> {
            let island = inside.closest(crate::browser::ISLAND).ok()??;
            let callback = {
                let island = island.clone();
                Closure::new(move || {
                    let props = island.get_attribute(crate::browser::PROPS).unwrap_or_default();
                    // Only a page of another version of this program has others, and those are not shown.
                    if let Some(Packed(data)) = data_of(&props).and_then(Packed::from_text) {
                        report(data);
                    }
                })
            };
            island
                .add_event_listener_with_callback(
                    crate::browser::PROPS_CHANGED,
                    callback.as_ref().unchecked_ref(),
                )
                .ok()?;
            Some(Self { island, callback })
        }
    }

    impl Drop for PropsWatch {
        fn drop(&mut self) {
            // Fails for what is no event target only.
            let _ = self.island.remove_event_listener_with_callback(
                crate::browser::PROPS_CHANGED,
                self.callback.as_ref().unchecked_ref(),
            );
        }
    }
}
