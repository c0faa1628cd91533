//! `POST /registrations/tokens`: the tokens of several devices as one CSV file, by the rules of the reveal of a single one: each once,
//! soon after its registration, and on record before it is shown.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::{ReadList, invalid, read, refuse};
use crate::model::device::DeviceId;
use crate::model::pasted::MOST;
use crate::server::edge::{CALL_LIMIT, parse_device_id};
use crate::server::influx::Session;
use crate::server::middleware::trace::RequestId;
use crate::server::ports::Clock;
use crate::server::routes::document::{self, Link, document};
use crate::server::routes::failure::Failure;
use crate::server::services::Result;
use crate::server::services::provisioning::reveal_all;
use crate::server::state::AppState;

const TITLE: &str = "Tokens of several devices";

/// A file is made within this time, or has what could be had in it.
const TIME: Duration = Duration::from_secs(60);

/// A device and its token, or what to say instead.
type Outcome = (DeviceId, std::result::Result<SecretString, Failure>);

/// Answers with the file. Where there is not one token to show, a page says why.
pub async fn download(
    State(state): State<AppState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    list: ReadList,
) -> Response {
    let outcomes = match reveal(&state, list, &request_id).await {
        Ok(outcomes) => outcomes,
        Err(error) => return refuse(&state, TITLE, Failure::new(error, &request_id)),
    };
    let revealed = outcomes.iter().filter(|(_, token)| token.is_ok()).count();
    if revealed == 0 {
        return nothing(&state, outcomes);
    }
    tracing::info!(request.id = request_id, revealed, "tokens of several devices were downloaded");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"tokens.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from(csv(&outcomes))).into_response()
}

async fn reveal(state: &AppState, list: ReadList, request_id: &str) -> Result<Vec<Outcome>> {
    let ids = read(list)?.ids;
    let mut devices = ids.split_whitespace().map(parse_device_id).collect::<Result<Vec<_>>>()?;
    devices.sort();
    devices.dedup();
    match devices.len() {
        0 => return Err(invalid("There is no ID in the form.".to_owned())),
        1..=MOST => {}
        count => {
            return Err(invalid(format!(
                "The tokens of up to {MOST} devices are revealed at once, not of {count}."
            )));
        }
    }
    let shared = &state.shared;
    let deadline = Instant::now() + TIME;
    let (connection, _) = state.influx(CALL_LIMIT).await?;
    // Without a limit of its own: a token that is on record as revealed must still come into the file.
    let session = Session::new(connection, None, shared.clock.now());
    let outcomes = reveal_all(&session, &shared.clock, &shared.locks, &devices, deadline).await;
    let explained = |(device, token): (DeviceId, Result<SecretString>)| {
        (device, token.map_err(|error| Failure::new(error, request_id)))
    };
    Ok(outcomes.into_iter().map(explained).collect())
}

/// One line a device; a third column says of those without a token why, if there are any.
fn csv(outcomes: &[Outcome]) -> String {
    let has_failed = outcomes.iter().any(|(_, token)| token.is_err());
    let mut text = String::from("device_id,token");
    text.push_str(if has_failed { ",problem\r\n" } else { "\r\n" });
    for (device, token) in outcomes {
        text.push_str(device.as_str());
        text.push(',');
        match token {
            Ok(token) => {
                text.push_str(&token_cell(token.expose_secret()));
                text.push_str(if has_failed { "," } else { "" });
            }
            Err(failure) => {
                text.push(',');
                text.push_str(&cell(&failure.sentence));
            }
        }
        text.push_str("\r\n");
    }
    text
}

/// A token as it is, even if it begins with a hyphen, as one in 64 does: programs read it, and with an apostrophe before it it would
/// open nothing. Letters, digits and these signs are no formula that does anything; any other token is a cell like all others.
fn token_cell(token: &str) -> String {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    if token.bytes().all(is_base64) { token.to_owned() } else { cell(token) }
}

/// A cell by RFC 4180 that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let mark = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{mark}{text}")
    }
}

/// No token could be shown: why, for each device.
fn nothing(state: &AppState, outcomes: Vec<Outcome>) -> Response {
    let failures: Vec<Failure> =
        outcomes.into_iter().filter_map(|(_, token)| token.err()).collect();
    let status = failures.first().map_or(StatusCode::GONE, |failure| failure.status);
    let link = Link { path: "/devices".to_owned(), text: "To the devices" };
    let page = document(state, TITLE, link, || {
        view! {
            <p role="alert">"There is no token to show."</p>
            <ul class="registrations__reasons">
                {failures.into_iter().map(|failure| view! { <li>{failure.sentence}</li> }).collect_view()}
            </ul>
        }
    });
    (status, document::HEADERS, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(id: &str, token: std::result::Result<&str, &str>) -> Outcome {
        let token = token.map(SecretString::from).map_err(|sentence| Failure {
            status: StatusCode::GONE,
            sentence: sentence.to_owned(),
        });
        (DeviceId::parse(id).unwrap(), token)
    }

    #[test]
    fn a_file_of_tokens() {
        let all = [outcome("a", Ok("abc-_==")), outcome("b:1", Ok("-bc=="))];
        assert_eq!(csv(&all), "device_id,token\r\na,abc-_==\r\nb:1,-bc==\r\n");
        let some = [outcome("a", Ok("abc==")), outcome("b", Err("The token of \"b\", alas."))];
        assert_eq!(
            csv(&some),
            "device_id,token,problem\r\na,abc==,\r\nb,,\"The token of \"\"b\"\", alas.\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("+1,2", "\"'+1,2\""),
            ("\tx", "'\tx"),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(cell(text), expected);
        }
        assert_eq!(token_cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(token_cell("-abc=="), "-abc==");
    }
}
