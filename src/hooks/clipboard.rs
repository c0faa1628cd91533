//! Copying text.

/// Puts `text` on the clipboard. Says whether it worked: a page that does not come from localhost or over TLS may not.
///
/// ## Server-Side Rendering
/// Only called from event handlers, which the server has none of; there it answers `false`.
pub async fn copy(text: &str) -> bool {
    #[cfg(feature = "hydrate")]
    {
        use leptos::prelude::window;

        // Outside of a secure context the browser has no `navigator.clipboard`.
        if !window().is_secure_context() {
            return false;
        }
        wasm_bindgen_futures::JsFuture::from(window().navigator().clipboard().write_text(text))
            .await
            .is_ok()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = text;
        std::future::ready(false).await
    }
}
