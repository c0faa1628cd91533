//! Going somewhere, and asking for the current page again, from within an island.

/// Goes where the server function that was called last has sent the browser to, if `is_wanted`; else forgets it, because the person
/// has gone elsewhere in the meantime.
///
/// ## Server-Side Rendering
/// Only called from event handlers, which the server has none of.
pub fn follow_redirect(is_wanted: bool) {
    #[cfg(feature = "hydrate")]
    if let Some(path) = crate::browser::take_redirect().filter(|_| is_wanted) {
        crate::browser::navigate(&path);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = is_wanted;
}

/// Asks the server for the page again and shows what has changed; islands get their new data.
///
/// ## Server-Side Rendering
/// Only called from event handlers, which the server has none of.
pub fn refresh_page() {
    #[cfg(feature = "hydrate")]
    crate::browser::refresh();
}
