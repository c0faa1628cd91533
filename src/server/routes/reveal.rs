//! `POST /devices/{id}/reveal`: the one answer of this server that holds a device's token.
//!
//! Not a server function: its result must never get into the serialized data of a page.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::document::{self, Link, document};
use super::failure::Failure;
use crate::server::edge::{CALL_LIMIT, accepts_html, existing_device_id};
use crate::server::middleware::trace::RequestId;
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
            let Failure { status, sentence } = Failure::new(error, &request_id);
            (status, Err(sentence))
        }
    };
    if is_page {
        let page = page(&state, &id, outcome);
        return (status, document::HEADERS, Html(page)).into_response();
    }
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match &outcome {
        Ok(token) => (status, no_store, axum::Json(Revealed { token: token.expose_secret() }))
            .into_response(),
        Err(error) => (status, no_store, axum::Json(Refused { error })).into_response(),
    }
}

async fn reveal(state: &AppState, id: &str) -> Result<SecretString, Error> {
    let device = existing_device_id(id)?;
    let shared = &state.shared;
    let (_, session) = state.influx(CALL_LIMIT).await?;
    let _lock = shared.locks.lock(device.as_str()).await;
    reveal::reveal(&session, &shared.clock, &device).await
}

/// The same for a form.
fn page(state: &AppState, id: &str, outcome: Result<SecretString, String>) -> String {
    // The id was not checked where the outcome is an error: it links nowhere then.
    let is_id = existing_device_id(id).is_ok();
    let path = if is_id { format!("/devices/{id}") } else { "/devices".to_owned() };
    let link = Link { path, text: "Back to the device" };
    document(state, &format!("Token of {id}"), link, || {
        match outcome {
        Ok(token) => view! {
            <p>"This is the token of the device. It is shown this once: copy it into the device now."</p>
            <p><code class="reveal-page__token">{token.expose_secret().to_owned()}</code></p>
        }
        .into_any(),
        Err(error) => view! { <p role="alert">{error}</p> }.into_any(),
    }
    })
}
