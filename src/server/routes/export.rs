//! What a dashboard shows as files. `GET /dashboard/{id}/export.csv`: the points of its range, however many they are;
//! `GET /dashboard/{id}/export.svg`: its charts.
//!
//! What is wrong has a status only until the first byte is sent. After that all that can be done is to break the connection: then the
//! download fails where everybody sees it, instead of leaving a file that ends too early.

mod picture;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use futures::{Stream, TryStreamExt};
use leptos::prelude::{ElementChild, GlobalAttributes, view};
use serde::Deserialize;

use super::document::{self, Link, document};
use super::failure::Failure;
use crate::model::device::DeviceId;
use crate::model::range::{Comparison, InvalidRange, TimeRange};
use crate::model::time::Timestamp;
use crate::server::edge::{CALL_LIMIT, accepts_html, existing_device_id};
use crate::server::influx::{Session, TimeLimit};
use crate::server::middleware::trace::RequestId;
use crate::server::ports::Clock;
use crate::server::services::{Error, Result, export};
use crate::server::state::AppState;

/// As in the URL of the dashboard.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
    compare: Option<String>,
}

type ReadParameters = Result<Query<Parameters>, QueryRejection>;

/// Answers with the points, or says why there are none: on a page to who follows a link, else as text.
pub async fn export(
    State(state): State<AppState>,
    Path(id): Path<String>,
    parameters: ReadParameters,
    request: Request,
) -> Response {
    let asker = Asker::of(&request);
    let begun = match read_range(parameters) {
        Ok((range, _)) => begin(&state, &id, range).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok((name, text)) => file(&name, text, asker.request_id),
        Err(error) => refuse(&state, &id, &asker, error),
    }
}

/// Answers with the charts, or says why there are none.
pub async fn export_picture(
    State(state): State<AppState>,
    Path(id): Path<String>,
    parameters: ReadParameters,
    request: Request,
) -> Response {
    let asker = Asker::of(&request);
    let drawn = match read_range(parameters) {
        Ok((range, comparison)) => {
            picture::draw(&state, &id, range, comparison, request.headers()).await
        }
        Err(error) => Err(error),
    };
    match drawn {
        Ok((name, text)) => attachment(&name, "image/svg+xml", Body::from(text)),
        Err(error) => refuse(&state, &id, &asker, error),
    }
}

/// Who asks, and how the log calls the request.
pub(super) struct Asker {
    pub(super) is_page: bool,
    pub(super) request_id: String,
}

impl Asker {
    pub(super) fn of(request: &Request) -> Self {
        let request_id = request.extensions().get::<RequestId>();
        Self {
            is_page: accepts_html(request.headers()),
            request_id: request_id.map(|id| id.0.clone()).unwrap_or_default(),
        }
    }
}

fn read_range(parameters: ReadParameters) -> Result<(TimeRange, Option<Comparison>)> {
    let invalid = |message: String| Error::Invalid {
        field: "range",
        message: format!("The address asks for a range that cannot be exported: {message}."),
    };
    let Query(Parameters { range, from, to, compare }) =
        parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    let read = || {
        let range = TimeRange::from_parameters(range.as_deref(), from.as_deref(), to.as_deref())?;
        Ok((range, Comparison::from_parameter(compare.as_deref())?))
    };
    read().map_err(|error: InvalidRange| invalid(error.to_string()))
}

/// InfluxDB, connected to within the time that a call has.
async fn connect(state: &AppState, limit: Option<TimeLimit>) -> Result<(Session, Timestamp)> {
    let shared = &state.shared;
    let first = TimeLimit { deadline: tokio::time::Instant::now() + CALL_LIMIT, total: CALL_LIMIT };
    let connection = shared.backend.connection(Some(first)).await?;
    let now = shared.clock.now();
    Ok((Session::new(connection, limit, now), Timestamp::from_nanoseconds(now)))
}

/// The name of the file and its text, the beginning of which has been read.
async fn begin(
    state: &AppState,
    id: &str,
    range: TimeRange,
) -> Result<(String, impl Stream<Item = Result<String>> + Send + use<>)> {
    let device = existing_device_id(id)?;
    // A large export takes as long as it takes; each of its calls has a limit.
    let (session, now) = connect(state, None).await?;
    let (from, to) = range.bounds(now);
    let name = file_name(&device, from, to, "csv");
    Ok((name, export::start(session, state.shared.judgement, device, from, to).await?))
}

fn file(
    name: &str,
    text: impl Stream<Item = Result<String>> + Send + 'static,
    request_id: String,
) -> Response {
    let text = text.inspect_err(move |error| {
        tracing::warn!(request.id = request_id, "an export broke off: {error}");
    });
    attachment(name, "text/csv; charset=utf-8", Body::from_stream(text))
}

pub(super) fn attachment(name: &str, kind: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

/// Device and range to the second. Some file systems do not take colons, and Windows takes `con.…` for a device of its own.
fn file_name(device: &DeviceId, from: Timestamp, to: Timestamp, extension: &str) -> String {
    let second = |time: Timestamp| Timestamp(time.0 - time.0.rem_euclid(1_000)).rfc3339();
    let name = format!("{device}_{}_{}", second(from), second(to));
    let is_safe = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let name: String =
        name.chars().map(|character| if is_safe(character) { character } else { '-' }).collect();
    format!("{name}.{extension}")
}

fn refuse(state: &AppState, id: &str, asker: &Asker, error: Error) -> Response {
    let Failure { status, sentence } = Failure::new(error, &asker.request_id);
    if !asker.is_page {
        return (status, [(header::CACHE_CONTROL, "no-store")], format!("{sentence}\n"))
            .into_response();
    }
    let link = match existing_device_id(id) {
        Ok(id) => Link { path: format!("/dashboard/{id}"), text: "Back to the dashboard" },
        Err(_) => Link { path: "/devices".to_owned(), text: "To the devices" },
    };
    let page = document(state, "There is no file to download", link, || {
        view! { <p role="alert">{sentence}</p> }
    });
    (status, document::HEADERS, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_suit_every_file_system() {
        for (id, from, to, expected) in [
            ("a", 0, 1_500, "a_1970-01-01T00-00-00Z_1970-01-01T00-00-01Z.csv"),
            (
                "con.b:c-d_e",
                1_644_359_940_123,
                1_644_359_941_000,
                "con-b-c-d_e_2022-02-08T22-39-00Z_2022-02-08T22-39-01Z.csv",
            ),
        ] {
            let device = DeviceId::parse(id).unwrap();
            assert_eq!(file_name(&device, Timestamp(from), Timestamp(to), "csv"), expected);
        }
    }
}
