//! The HTTP response that a page is rendered into.

/// Sets the status of the page's response: 404 where what the URL names is not there.
///
/// Takes effect as long as no part of the page has been sent, so routes that use it are rendered with
/// `SsrMode::Async`.
///
/// ## Server-Side Rendering
///
/// This is the only place where it does something; in the browser the response has long arrived.
#[cfg(feature = "ssr")]
pub fn set_status(status: u16) {
    // Without a response, when the routes are listed at the start, there is nothing to set.
    let response = leptos::prelude::use_context::<leptos_axum::ResponseOptions>();
    if let (Some(response), Ok(status)) = (response, http::StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// Sets the status of the page's response; nothing to do in the browser.
#[cfg(not(feature = "ssr"))]
pub fn set_status(_status: u16) {}
