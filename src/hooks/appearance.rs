//! The colours and fonts that the style sheet gives an element, for what style sheets do not reach: canvases.

use leptos::html::Canvas;
use leptos::prelude::*;

/// A number that changes whenever the colours of the page may have: the system's preference, or the theme chosen here.
///
/// ## Server-Side Rendering
///
/// Stays 0.
pub fn use_appearance_changes() -> ReadSignal<u32> {
    let (changes, set_changes) = signal(0u32);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_: Option<Option<browser::Watch>>| {
        // What an effect returns lives as long as its component.
        browser::Watch::new(move || set_changes.update(|count| *count = count.wrapping_add(1)))
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = set_changes;
    changes
}

/// The value that a CSS property or custom property has for a canvas at this moment; `None` without canvas or value.
///
/// ## Server-Side Rendering
///
/// Always `None`.
pub fn style_of(canvas: NodeRef<Canvas>, property: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        let canvas = canvas.try_get_untracked().flatten()?;
        let style = window().get_computed_style(&canvas).ok()??;
        style.get_property_value(property).ok().filter(|value| !value.is_empty())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (canvas, property);
        None
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use wasm_bindgen::prelude::*;
    use web_sys::{MutationObserver, MutationObserverInit};

    use crate::hooks::media::browser::MediaWatch;

    /// Watches until it is dropped.
    pub(super) struct Watch {
        _preference: MediaWatch,
        theme: MutationObserver,
        _callback: Closure<dyn FnMut()>,
    }

    impl Watch {
        pub(super) fn new(report: impl Fn() + Clone + 'static) -> Option<Self> {
            let preference = MediaWatch::new("(prefers-color-scheme: dark)", report.clone())?;
            let callback = Closure::<dyn FnMut()>::new(report);
            let theme = MutationObserver::new(callback.as_ref().unchecked_ref()).ok()?;
            let root = web_sys::window()?.document()?.document_element()?;
            let options = MutationObserverInit::new();
            options.set_attributes(true);
            options.set_attribute_filter(&web_sys::js_sys::Array::of1(&"data-theme".into()));
            theme.observe_with_options(&root, &options).ok()?;
            Some(Self { _preference: preference, theme, _callback: callback })
        }
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            self.theme.disconnect();
        }
    }
}
