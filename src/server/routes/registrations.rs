//! `POST /registrations`: registers the devices of a pasted list, and tells what became of each as it happens.
//!
//! The answer is a page that grows by a row a device: a long list does not time out, and nobody need have a script to see how far it is.
//! Who leaves the page stops the work after the devices in hand. No token is in it: the form at its end leads to [`tokens`].

mod page;
pub mod tokens;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Form;
use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use leptos::prelude::*;
use serde::Deserialize;
use tokio::time::Instant;

use self::page::{Frame, Row, Tally};
use super::document::{self, Link, document};
use super::failure::Failure;
use crate::model::device::DeviceId;
use crate::model::pasted::{self, Entry, Line, Pasted};
use crate::server::edge::CALL_LIMIT;
use crate::server::influx::{Session, TimeLimit};
use crate::server::listen::Endpoints;
use crate::server::middleware::trace::RequestId;
use crate::server::ports::Clock;
use crate::server::services::provisioning::{self, Registered};
use crate::server::services::{Error, Result};
use crate::server::state::AppState;

/// The limit of a form with a list: a thousand ids of the greatest length, percent-encoded, with other columns beside them.
pub const LARGEST_LIST: usize = 512 * 1024;

const TITLE: &str = "Register several devices";

/// What the form has: the text as it was pasted, or ids with spaces between them.
#[derive(Debug, Deserialize)]
pub struct List {
    ids: String,
}

type ReadList = std::result::Result<Form<List>, FormRejection>;

/// Registers the devices of a list.
pub async fn register(
    State(state): State<AppState>,
    request_id: axum::Extension<RequestId>,
    parts: Parts,
    list: ReadList,
) -> Response {
    let pasted = match read_lines(list) {
        Ok(pasted) => pasted,
        Err(error) => return refuse(&state, TITLE, Failure::new(error, &request_id.0.0)),
    };
    let peer = Endpoints::of(&parts.extensions).map(|endpoints| endpoints.peer);
    if let Some(refused) = peer.and_then(|peer| too_often(&state, &pasted, peer)) {
        return refused;
    }
    match begin(&state, pasted).await {
        Ok((pasted, outcomes)) => {
            let frame = page::frame(&state);
            let rows = rows(frame, pasted, outcomes).map(Ok::<_, Infallible>);
            (document::HEADERS, Html(Body::from_stream(rows))).into_response()
        }
        Err(error) => refuse(&state, TITLE, Failure::new(error, &request_id.0.0)),
    }
}

/// What a caller on another machine is told who registers more devices than it may.
fn too_often(state: &AppState, pasted: &Pasted, peer: SocketAddr) -> Option<Response> {
    let (rates, count) = (&state.shared.rates, devices(pasted).count() as u32);
    let wait = rates.check_registrations(count, peer).err()?;
    let most = rates.most_registrations();
    let status = StatusCode::TOO_MANY_REQUESTS;
    if count > most {
        let sentence = format!(
            "From another machine at most {most} devices can be registered in a minute, and these are {count}. Paste fewer, do it on the \
             machine of the server, or set IOT_CENTER_REGISTRATIONS_PER_MINUTE there."
        );
        return Some(refuse(state, TITLE, Failure { status, sentence }));
    }
    let mut response = refuse(state, TITLE, Failure { status, sentence: wait.to_string() });
    response.headers_mut().insert(header::RETRY_AFTER, wait.seconds().into());
    Some(response)
}

/// The devices of the list, each once.
fn devices(pasted: &Pasted) -> impl Iterator<Item = DeviceId> {
    pasted.lines.iter().filter_map(|line| match &line.entry {
        Entry::Device(device) => Some(device.clone()),
        Entry::Again { .. } | Entry::Invalid { .. } => None,
    })
}

/// Finds out what is registered already. From here on nothing fails as a whole.
async fn begin(
    state: &AppState,
    pasted: Pasted,
) -> Result<(Pasted, impl Stream<Item = (DeviceId, Registered)> + Send + use<>)> {
    let shared = &state.shared;
    let clock = shared.clock;
    let (connection, influx) = state.influx(CALL_LIMIT).await?;
    let list = provisioning::look(&influx, &clock, devices(&pasted).collect()).await?;
    // Each device has the time that the registration of a single one has.
    let ports = move || {
        let limit = TimeLimit { deadline: Instant::now() + CALL_LIMIT, total: CALL_LIMIT };
        Session::new(Arc::clone(&connection), Some(limit), clock.now())
    };
    Ok((pasted, provisioning::register_all(ports, clock, shared.locks.clone(), list)))
}

/// The page, piece by piece.
fn rows(
    frame: Frame,
    pasted: Pasted,
    outcomes: impl Stream<Item = (DeviceId, Registered)> + Send + 'static,
) -> impl Stream<Item = String> + Send + 'static {
    let Frame { head, middle, foot } = frame;
    let tally = Tally::new(pasted.has_other_columns);
    let lines = pasted.lines.into_iter();
    let body = stream::unfold(
        (lines, Box::pin(outcomes), Some((tally, middle, foot))),
        async |(mut lines, mut outcomes, mut rest)| {
            let piece = match (lines.next(), &mut rest) {
                (Some(line), Some((tally, ..))) => {
                    let row = row(line, &mut outcomes).await;
                    tally.count(&row);
                    row.to_html()
                }
                (None, rest) => {
                    let (tally, middle, foot) = rest.take()?;
                    format!("{middle}{}{foot}", tally.to_html())
                }
                (Some(_), None) => return None,
            };
            Some((piece, (lines, outcomes, rest)))
        },
    );
    stream::iter([head]).chain(body)
}

/// What became of a line: known at once, or what the next device of the list has become.
async fn row(
    line: Line,
    outcomes: &mut (impl Stream<Item = (DeviceId, Registered)> + Unpin),
) -> Row {
    let number = line.number;
    match line.entry {
        Entry::Invalid { text, reason } => Row::Invalid { number, text, reason },
        Entry::Again { device, line } => Row::Again { number, device, line },
        Entry::Device(device) => {
            let outcome = outcomes.next().await;
            // It ends early only if its task has panicked, which the log tells of.
            let outcome = outcome.map_or(Registered::NotTried, |(_, outcome)| outcome);
            Row::Device { number, device, outcome }
        }
    }
}

fn read_lines(list: ReadList) -> Result<Pasted> {
    pasted::read(&read(list)?.ids).map_err(|error| invalid(error.to_string()))
}

fn read(list: ReadList) -> Result<List> {
    let Form(list) = list.map_err(|rejection| {
        let message = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                "The list is too long. Paste it in parts, or only the column of the IDs.".to_owned()
            }
            _ => format!("The list could not be read: {}.", rejection.body_text()),
        };
        invalid(message)
    })?;
    Ok(list)
}

fn invalid(message: String) -> Error {
    Error::Invalid { field: "ids", message }
}

/// Says on a page why nothing was done.
fn refuse(state: &AppState, title: &str, failure: Failure) -> Response {
    let Failure { status, sentence } = failure;
    let link = Link { path: "/devices".to_owned(), text: "To the devices" };
    let page = document(state, title, link, || view! { <p role="alert">{sentence}</p> });
    (status, document::HEADERS, Html(page)).into_response()
}
