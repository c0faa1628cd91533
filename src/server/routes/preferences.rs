//! `POST /preferences`: the choice of a theme, kept in a cookie so that the server renders it. Works without JavaScript.

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::server::middleware::host::requested_host;
use crate::server::middleware::origin::own_path;

/// The fields of the form.
#[derive(Debug, Deserialize)]
pub struct Preferences {
    theme: Theme,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
    /// As the browser prefers.
    Auto,
}

const YEAR_SECONDS: u32 = 365 * 86_400;

/// Sets the cookie and goes back to the page that the form stands on.
pub async fn choose(request: Request) -> Response {
    let back = page_before(request.headers(), &requested_host(&request).unwrap_or_default());
    let theme = match Form::<Preferences>::from_request(request, &()).await {
        Ok(Form(Preferences { theme })) => theme,
        Err(rejection) => return rejection.into_response(),
    };
    let cookie = match theme {
        Theme::Light => format!("theme=light; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax"),
        Theme::Dark => format!("theme=dark; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax"),
        Theme::Auto => "theme=; Path=/; Max-Age=0; SameSite=Lax".to_owned(),
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, back), (header::SET_COOKIE, cookie)])
        .into_response()
}

fn page_before(headers: &HeaderMap, host: &str) -> String {
    let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    referer.and_then(|referer| own_path(referer, host)).unwrap_or("/").to_owned()
}
