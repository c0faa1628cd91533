//! Cookies that remember what a person has chosen, so that the server renders it. Their names and values have no character
//! that means something in a cookie.

/// How long a choice is remembered.
#[cfg(feature = "hydrate")]
const YEAR_SECONDS: u32 = 365 * 86_400;

/// The value of a cookie as it stands there: whoever uses it checks it.
///
/// ## Server-Side Rendering
///
/// Read from the request. Nothing in the browser asks for it.
pub(super) fn read_cookie(name: &str) -> Option<String> {
    #[cfg(feature = "ssr")]
    {
        cookie_in(&leptos::prelude::use_context::<http::request::Parts>()?.headers, name)
    }
    #[cfg(not(feature = "ssr"))]
    {
        let _ = name;
        None
    }
}

/// The value of a cookie in the headers of a request.
#[cfg(feature = "ssr")]
pub(super) fn cookie_in(headers: &http::HeaderMap, name: &str) -> Option<String> {
    let headers = headers.get_all(http::header::COOKIE).into_iter();
    headers.filter_map(|header| header.to_str().ok()).find_map(|header| find(header, name))
}

/// Remembers a value for a year, or forgets it.
///
/// ## Server-Side Rendering
///
/// Does nothing: a page that is only read changes nothing.
pub(super) fn write_cookie(name: &str, value: Option<&str>) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;

        let lifetime = if value.is_some() { YEAR_SECONDS } else { 0 };
        let value = value.unwrap_or_default();
        if let Some(document) = leptos::prelude::document().dyn_ref::<web_sys::HtmlDocument>() {
            // Where the person blocks cookies, nothing is remembered.
            let _ = document
                .set_cookie(&format!("{name}={value}; Path=/; Max-Age={lifetime}; SameSite=Lax"));
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (name, value);
}

/// `cookies` as in the header: `a=1; b=2`.
#[cfg(feature = "ssr")]
fn find(cookies: &str, name: &str) -> Option<String> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(candidate, _)| *candidate == name).map(|(_, value)| value.to_owned())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn finds_its_cookie_among_others() {
        let cookies = "theme=dark; last_device=my:device; x=y";
        assert_eq!(find(cookies, "last_device").as_deref(), Some("my:device"));
        assert_eq!(find("not_last_device=a; last_device", "last_device"), None);
    }
}
