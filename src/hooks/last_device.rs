//! The device whose dashboard was shown last, remembered in a cookie so that the server knows it too.

use leptos::prelude::*;

const COOKIE: &str = "last_device";

/// Remembers a device for a year. `id` has no character that means something in a cookie.
///
/// ## Server-Side Rendering
///
/// Does nothing: a page that is only read changes nothing.
pub fn remember_device(id: String) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;

        if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
            // Without cookies (blocked by the person) `/dashboard` offers a choice.
            let _ = document
                .set_cookie(&format!("{COOKIE}={id}; Path=/; Max-Age=31536000; SameSite=Lax"));
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}

/// The device that was remembered last, as the cookie has it: whoever uses it checks that it is an id.
///
/// ## Server-Side Rendering
///
/// Read from the request's cookies. Nothing in the browser asks for it.
pub fn last_device() -> Option<String> {
    #[cfg(feature = "ssr")]
    {
        let parts = use_context::<http::request::Parts>()?;
        let mut headers = parts
            .headers
            .get_all(http::header::COOKIE)
            .into_iter()
            .filter_map(|header| header.to_str().ok());
        headers.find_map(find)
    }
    #[cfg(not(feature = "ssr"))]
    find("")
}

/// `cookies` as in the header: `a=1; b=2`.
fn find(cookies: &str) -> Option<String> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_its_cookie_among_others() {
        assert_eq!(find("theme=dark; last_device=my:device; x=y").as_deref(), Some("my:device"));
        assert_eq!(find("not_last_device=a; last_device"), None);
    }
}
