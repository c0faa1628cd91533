//! `POST /preferences`: the choice of theme and zone, kept in cookies so that the server renders it. Works without JavaScript.

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;

use crate::server::middleware::host::requested_host;
use crate::server::middleware::origin::own_path;

/// The fields of the form. What is not there stays as it is.
#[derive(Debug, Deserialize)]
pub struct Preferences {
    theme: Option<Theme>,
    zone: Option<Zone>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
    /// As the browser prefers.
    Auto,
}

/// Where a browser is, only a script in it knows: it sets the cookie by itself.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Zone {
    Utc,
}

const YEAR_SECONDS: u32 = 365 * 86_400;

impl Theme {
    fn cookie(self) -> String {
        match self {
            Self::Light => format!("theme=light; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax"),
            Self::Dark => format!("theme=dark; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax"),
            Self::Auto => "theme=; Path=/; Max-Age=0; SameSite=Lax".to_owned(),
        }
    }
}

impl Zone {
    fn cookie(self) -> String {
        match self {
            Self::Utc => "zone=; Path=/; Max-Age=0; SameSite=Lax".to_owned(),
        }
    }
}

/// Sets the cookies and goes back to the page that the form stands on.
pub async fn choose(request: Request) -> Response {
    let back = page_before(request.headers(), &requested_host(&request).unwrap_or_default());
    let Preferences { theme, zone } = match Form::<Preferences>::from_request(request, &()).await {
        Ok(Form(preferences)) => preferences,
        Err(rejection) => return rejection.into_response(),
    };
    let cookies = [theme.map(Theme::cookie), zone.map(Zone::cookie)];
    let cookies = cookies.into_iter().flatten().map(|cookie| (header::SET_COOKIE, cookie));
    (StatusCode::SEE_OTHER, [(header::LOCATION, back)], AppendHeaders(cookies)).into_response()
}

fn page_before(headers: &HeaderMap, host: &str) -> String {
    let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    referer.and_then(|referer| own_path(referer, host)).unwrap_or("/").to_owned()
}
