//! Only our own pages change anything: browsers send a form or a script's request of any web page here, with our cookies.
//!
//! A browser says where a request comes from in `Sec-Fetch-Site` or `Origin`. A caller that sends neither and no cookie is no browser:
//! a device, or curl.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::host::requested_host;

/// Refuses changes from other origins with 403, and takes foreign `Referer`s away, because forms are answered with a redirect to it.
pub async fn check(mut request: Request, next: Next) -> Response {
    let host = requested_host(&request).unwrap_or_default();
    if changes_something(&request) && !is_allowed(request.headers(), &host) {
        return (
            StatusCode::FORBIDDEN,
            "This request comes from another site, and only pages of this one may change anything.\n",
        )
            .into_response();
    }
    let referer = request.headers().get(header::REFERER);
    if referer.is_some_and(|referer| {
        referer.to_str().map_or(true, |referer| own_path(referer, &host).is_none())
    }) {
        request.headers_mut().remove(header::REFERER);
    }
    next.run(request).await
}

/// The path with its query of a URL of this site.
pub fn own_path<'a>(url: &'a str, host: &str) -> Option<&'a str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let is_own =
        authority.eq_ignore_ascii_case(host) && !path.starts_with("//") && !path.starts_with("/\\");
    (is_own && path.bytes().all(|byte| byte.is_ascii_graphic())).then_some(path)
}

fn changes_something(request: &Request) -> bool {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    !is_safe || request.headers().contains_key(header::UPGRADE)
}

fn is_allowed(headers: &HeaderMap, host: &str) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter().peekable();
    if sites.peek().is_some() {
        return sites.all(|site| site == "same-origin");
    }
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_some() {
        return origins.all(|origin| {
            // This server speaks no TLS, so its own pages have the scheme `http`.
            let authority = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        });
    }
    !headers.contains_key(header::COOKIE)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn allowed(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_allowed(&headers, "localhost:3000")
    }

    #[test]
    fn what_browsers_say_decides() {
        assert!(allowed(&[("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("origin", "http://localhost:3000"), ("cookie", "theme=dark")]));
        assert!(!allowed(&[("origin", "https://localhost:3000")]), "the same name, another scheme");
        assert!(allowed(&[]));
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:3000")],
            &[("origin", "null")],
            &[("origin", "http://localhost:3001")],
            &[("origin", "http://localhost")],
            &[("origin", "http://localhost:3000.evil.example")],
            &[("origin", "localhost:3000")],
            &[("cookie", "theme=dark")],
        ] {
            assert!(!allowed(headers), "{headers:?}");
        }
    }

    #[test]
    fn only_paths_of_this_site_are_gone_back_to() {
        let host = "localhost:3000";
        assert_eq!(own_path("http://localhost:3000/devices?q=a", host), Some("/devices?q=a"));
        for url in [
            "http://localhost:3000",
            "http://evil/",
            "http://localhost:3000@evil/",
            "http://localhost:3000//evil",
            "/devices",
            "http://localhost:3000/\\evil",
            "javascript:alert(1)",
            "http://localhost:3000/a b",
        ] {
            assert_eq!(own_path(url, host), None, "{url}");
        }
    }
}
