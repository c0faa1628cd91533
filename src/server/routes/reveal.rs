//! `POST /devices/{id}/reveal`: the one answer of this server that holds a device's token.
//!
//! Not a server function: its result must never get into the serialized data of a page.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::hooks::assets::assets;
use crate::server::edge::{CALL_LIMIT, accepts_html, existing_device_id};
use crate::server::influx::{Session, TimeLimit};
use crate::server::middleware::headers::POLICY_WITHOUT_SCRIPTS;
use crate::server::middleware::trace::RequestId;
use crate::server::ports::Clock;
use crate::server::services::{Error, reveal};
use crate::server::state::AppState;

/// The only serializable type with a token.
#[derive(Serialize)]
struct Revealed<'a> {
    token: &'a str,
}

/// What went wrong, for a script.
#[derive(Serialize)]
struct Refused<'a> {
    error: &'a str,
}

/// Reveals the token of a device once: as JSON to a script, as a page to a form.
pub async fn reveal_token(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let is_page = accepts_html(request.headers());
    let request_id =
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (status, outcome) = match reveal(&state, &id).await {
        Ok(token) => (StatusCode::OK, Ok(token)),
        Err(error) => {
            let status = match &error {
                Error::NotFound(_) => StatusCode::NOT_FOUND,
                Error::Invalid { .. } => StatusCode::BAD_REQUEST,
                Error::Conflict(_) => StatusCode::CONFLICT,
                Error::Gone(_) => StatusCode::GONE,
                Error::Port(_) => StatusCode::SERVICE_UNAVAILABLE,
                Error::Internal(cause) => {
                    tracing::error!(request.id = request_id, "{cause}");
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            };
            let sentence = match error {
                Error::Internal(_) => {
                    format!(
                        "Something went wrong on the server. Its log says more under the id {request_id}."
                    )
                }
                error => error.to_string(),
            };
            (status, Err(sentence))
        }
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if is_page {
        let policy = [(header::CONTENT_SECURITY_POLICY, POLICY_WITHOUT_SCRIPTS)];
        return (status, no_store, policy, Html(page(&state.options, &id, &outcome)))
            .into_response();
    }
    match &outcome {
        Ok(token) => (status, no_store, axum::Json(Revealed { token: token.expose_secret() }))
            .into_response(),
        Err(error) => (status, no_store, axum::Json(Refused { error })).into_response(),
    }
}

async fn reveal(state: &AppState, id: &str) -> Result<SecretString, Error> {
    let device = existing_device_id(id)?;
    let shared = &state.shared;
    let limit = TimeLimit { deadline: tokio::time::Instant::now() + CALL_LIMIT, total: CALL_LIMIT };
    let connection = shared.backend.connection(Some(limit)).await?;
    let session = Session::new(connection, Some(limit), shared.clock.now());
    let _lock = shared.locks.lock(device.as_str()).await;
    reveal::reveal(&session, &shared.clock, &device).await
}

/// A complete page without scripts, in the look of the others.
fn page(options: &LeptosOptions, id: &str, outcome: &Result<SecretString, String>) -> String {
    let owner = Owner::new();
    owner.with(|| {
        let content = match outcome {
            Ok(token) => view! {
                <p>"This is the token of the device. It is shown this once: copy it into the device now."</p>
                <p><code class="reveal-page__token">{token.expose_secret().to_owned()}</code></p>
            }
            .into_any(),
            Err(error) => view! { <p role="alert">{error.clone()}</p> }.into_any(),
        };
        // The id was not checked where the outcome is an error: it links nowhere then.
        let back = if existing_device_id(id).is_ok() { format!("/devices/{id}") } else { "/devices".to_owned() };
        let title = format!("Token of {id}");
        let style_sheet = assets(options).style_sheet;
        let html = view! {
            <html lang="en">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <title>{title.clone()}" · IoT Center"</title>
                    <link rel="stylesheet" href=style_sheet/>
                    <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                </head>
                <body>
                    <main class="reveal-page">
                        <h1>{title.clone()}</h1>
                        {content}
                        <p><a href=back>"Back to the device"</a></p>
                    </main>
                </body>
            </html>
        };
        format!("<!DOCTYPE html>{}", html.to_html())
    })
}
