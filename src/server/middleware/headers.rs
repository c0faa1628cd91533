//! Security headers of every answer, and the content security policy of pages.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use leptos::config::LeptosOptions;

/// Nothing at all: for whatever is not a page.
const POLICY_OF_THE_REST: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A page without scripts.
pub const POLICY_WITHOUT_SCRIPTS: &str = "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const FIXED: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Forms without JavaScript are answered with a redirect to the Referer, so it must be sent to ourselves.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
];

/// The policy of a page whose scripts carry this nonce.
pub fn page_policy(nonce: &str, options: &LeptosOptions) -> String {
    // `cargo leptos watch` tells the page through a web socket to reload; the component that listens asks for the same variable.
    let reload = if std::env::var_os("LEPTOS_WATCH").is_some() {
        let port = options.reload_external_port.unwrap_or(options.reload_port);
        format!(" ws://localhost:{port} ws://127.0.0.1:{port}")
    } else {
        String::new()
    };
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'{reload}; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Where the files with hashed names are, as a path of the site.
#[derive(Debug, Clone)]
pub struct Immutable {
    /// `None` where names carry no hash.
    pub prefix: Option<String>,
}

/// Adds the headers that an answer does not have yet.
pub async fn add(State(immutable): State<Immutable>, request: Request, next: Next) -> Response {
    let is_immutable = immutable
        .prefix
        .as_ref()
        .is_some_and(|prefix| request.uri().path().starts_with(prefix.as_str()));
    let is_file = immutable_or_file(&request);
    let mut response = next.run(request).await;
    let is_good = response.status().is_success() || response.status().as_u16() == 304;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY_OF_THE_REST));
    let cache = match (is_good, is_immutable, is_file) {
        (true, true, _) => "public, max-age=31536000, immutable",
        (true, false, true) if headers.contains_key(header::LAST_MODIFIED) => "no-cache",
        _ => "no-store",
    };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(cache));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Origin, Sec-Fetch-Site"));
    response
}

/// Whether the last part of the path has an extension, as only files do.
fn immutable_or_file(request: &Request) -> bool {
    request.uri().path().rsplit('/').next().is_some_and(|name| name.contains('.'))
}
