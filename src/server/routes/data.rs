//! What belongs to the page `/data` and is no page: scripts that are sent as a form, and answers as a file.

use axum::Form;
use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use futures::{StreamExt, TryStreamExt};
use leptos::prelude::{ElementChild, GlobalAttributes, view};
use serde::Deserialize;
use tokio::time::Instant;

use super::document::{self, Link, document};
use super::export::{Asker, attachment};
use super::failure::Failure;
use crate::model::data::{SelectionParameters, path_of_script};
use crate::model::device::DeviceId;
use crate::server::edge::{CALL_LIMIT, is_from_elsewhere};
use crate::server::influx::{Session, TimeLimit};
use crate::server::ports::Clock;
use crate::server::ports::scripts::{Answer, Scripts};
use crate::server::services::query::{Error, LIMIT, Result, run};
use crate::server::services::{self};
use crate::server::state::AppState;

/// As in the address of the page, or in its forms.
#[derive(Debug, Deserialize)]
pub struct Asked {
    flux: Option<String>,
    device: Option<String>,
    field: Option<String>,
    range: Option<String>,
    window: Option<String>,
    #[serde(rename = "fn")]
    function: Option<String>,
}

/// `POST /data`: a script that is short enough gets an address, so that it can be shared and loaded again. What becomes of a
/// longer one is shown at once, by `render`.
pub async fn post_script<F>(request: Request, render: impl FnOnce(String, Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let (parts, body) = request.into_parts();
    let form = Request::from_parts(parts.clone(), body);
    let script = match Form::<Asked>::from_request(form, &()).await {
        Ok(Form(Asked { flux, .. })) => with_line_feeds(flux.unwrap_or_default()),
        Err(rejection) => return rejection.into_response(),
    };
    match path_of_script(&script) {
        Some(path) => Redirect::to(&path).into_response(),
        None => render(script, Request::from_parts(parts, Body::empty())).await,
    }
}

/// Forms send other ends of lines than were typed.
fn with_line_feeds(script: String) -> String {
    if script.contains('\r') { script.replace("\r\n", "\n") } else { script }
}

/// `/data/result.csv`: all of an answer as InfluxDB gives it, up to the limits of time and size.
pub async fn download(State(state): State<AppState>, request: Request) -> Response {
    let asker = Asker::of(&request);
    let is_foreign = is_from_elsewhere(request.headers());
    let form = Form::<Asked>::from_request(request, &()).await;
    match begin(&state, is_foreign, form).await {
        Ok(answer) => {
            let request_id = asker.request_id;
            let answer = answer.map_err(|error| error.to_string()).inspect_err(move |error| {
                tracing::warn!(request.id = request_id, "the answer to a query broke off: {error}");
            });
            // The type has no name for an error: it ends the connection.
            let body = Body::from_stream(answer.map(|piece| piece.map_err(std::io::Error::other)));
            attachment("result.csv", "text/csv; charset=utf-8", body)
        }
        Err(error) => refuse(&state, &asker, error),
    }
}

async fn begin(
    state: &AppState,
    is_foreign: bool,
    asked: Result<Form<Asked>, FormRejection>,
) -> Result<Answer> {
    let invalid =
        |message: String| Error::Service(services::Error::Invalid { field: "selection", message });
    if is_foreign {
        return Err(Error::Closed(
            "Another site has asked for this file. Open the page “Data” and download it there.",
        ));
    }
    let Form(asked) = asked.map_err(|rejection| invalid(rejection.body_text()))?;
    let shared = &state.shared;
    let connecting = TimeLimit { deadline: Instant::now() + CALL_LIMIT, total: CALL_LIMIT };
    let connection = shared.backend.connection(Some(connecting)).await?;
    let limit = TimeLimit { deadline: Instant::now() + LIMIT, total: LIMIT };
    let session = Session::new(connection, Some(limit), shared.clock.now());
    let script = if let Some(script) = asked.flux {
        with_line_feeds(script)
    } else {
        let device = asked.device.as_deref().unwrap_or_default();
        let device = DeviceId::parse(device)
            .map_err(|error| invalid(format!("The address names no device: {error}.")))?;
        let Asked { field, range, window, function, .. } = asked;
        let parameters = SelectionParameters { device: None, field, range, window, function };
        let selection = parameters.selection(device);
        session.build(&selection.map_err(|error| invalid(error.to_string()))?)
    };
    run(&session, &shared.clock, &shared.read_token, &script).await
}

fn refuse(state: &AppState, asker: &Asker, error: Error) -> Response {
    let Failure { status, sentence } = match error {
        Error::Closed(reason) => {
            Failure { status: StatusCode::FORBIDDEN, sentence: reason.to_owned() }
        }
        Error::Script(error) => {
            Failure { status: StatusCode::BAD_REQUEST, sentence: error.to_string() }
        }
        Error::Service(error) => Failure::new(error, &asker.request_id),
    };
    if !asker.is_page {
        return (status, [(header::CACHE_CONTROL, "no-store")], format!("{sentence}\n"))
            .into_response();
    }
    let link = Link { path: "/data".to_owned(), text: "To the page “Data”" };
    let page = document(state, "There is no file to download", link, || {
        view! { <p role="alert">{sentence}</p> }
    });
    (status, document::HEADERS, Html(page)).into_response()
}
