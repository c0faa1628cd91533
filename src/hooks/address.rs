//! Where this server is, as whoever asks has reached it.

/// The address of this server as it stands in the browser, without a path: `http://192.168.1.5:3000`.
///
/// Without TLS, as this server speaks it. The guard has let the name through, so it is one of ours.
///
/// ## Server-Side Rendering
///
/// From the request. Nothing in the browser asks for it.
pub fn own_address() -> Option<String> {
    #[cfg(feature = "ssr")]
    {
        let parts = leptos::prelude::use_context::<http::request::Parts>()?;
        let header = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let host = header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))?;
        Some(format!("http://{host}"))
    }
    #[cfg(not(feature = "ssr"))]
    None
}
