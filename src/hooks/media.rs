//! Media queries whose answer may change while the page is shown.

use leptos::prelude::*;

/// Device pixels to a CSS pixel, followed through zooming and through moving to another screen.
///
/// ## Server-Side Rendering
///
/// Stays 1.
pub fn use_pixel_ratio() -> ReadSignal<f64> {
    let (ratio, set_ratio) = signal(1.0_f64);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_: Option<Option<browser::MediaWatch>>| {
        // A query tells only that this ratio is no more: each new one takes a query of its own.
        ratio.track();
        let measure = move || {
            let newest = window().device_pixel_ratio();
            // Bits, because any other number at all is another ratio.
            if ratio.get_untracked().to_bits() != newest.to_bits() {
                set_ratio.set(newest);
            }
        };
        measure();
        browser::MediaWatch::new(&format!("(resolution: {}dppx)", ratio.get_untracked()), measure)
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = set_ratio;
    ratio
}

#[cfg(feature = "hydrate")]
pub(super) mod browser {
    use wasm_bindgen::prelude::*;
    use web_sys::MediaQueryList;

    /// Reports when the answer to a media query changes, until it is dropped.
    pub(in crate::hooks) struct MediaWatch {
        query: MediaQueryList,
        callback: Closure<dyn FnMut()>,
    }

    impl MediaWatch {
        pub(in crate::hooks) fn new(query: &str, report: impl Fn() + 'static) -> Option<Self> {
            let query = web_sys::window()?.match_media(query).ok()??;
            let callback = Closure::new(report);
            query
                .add_event_listener_with_callback("change", callback.as_ref().unchecked_ref())
                .ok()?;
            Some(Self { query, callback })
        }
    }

    impl Drop for MediaWatch {
        fn drop(&mut self) {
            // Fails for what is no event target only.
            let _ = self.query.remove_event_listener_with_callback(
                "change",
                self.callback.as_ref().unchecked_ref(),
            );
        }
    }
}
