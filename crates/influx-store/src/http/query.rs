//! `/api/v2/query`: Flux in, annotated CSV out.
//!
//! A query runs on a thread that may block and hands its answer over in pieces, through a channel that holds few
//! of them: who reads slowly makes it wait, who goes away stops it. Nothing is sent before the first piece is
//! there, so whatever goes wrong until then has a status of its own; what goes wrong later stands in the answer.

mod parameters;
mod request;
mod run;
mod source;

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::mpsc::Receiver;

use super::error::{ApiError, Code, Result};
use super::parameters::Parameters;
use super::{Api, body, organizations};
use crate::auth::Access;
use request::Request;
use run::{Delivery, Permits, Piece, StopOnDrop};
use source::StoreSource;

/// What an answer is good for, by the `Prefer` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefer {
    Content,
    /// 204 whatever happens.
    NoContent,
    /// 200 without a body, or the error.
    NoContentWithError,
}

impl Prefer {
    fn of(headers: &HeaderMap) -> Self {
        match headers.get("prefer").map(HeaderValue::as_bytes) {
            Some(b"return-no-content") => Self::NoContent,
            Some(b"return-no-content-with-error") => Self::NoContentWithError,
            _ => Self::Content,
        }
    }
}

pub(super) async fn query(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let prefer = Prefer::of(&headers);
    let answer = start(&api, access, &parameters, &headers, body, prefer).await;
    match prefer {
        Prefer::Content => Ok(answer?.into_response()),
        Prefer::NoContent => {
            if let Ok(answer) = answer {
                // Its errors are not wanted either.
                let _ = answer.drain().await;
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Prefer::NoContentWithError => {
            answer?.drain().await?;
            Ok(StatusCode::OK.into_response())
        }
    }
}

/// Decodes the request, waits for its turn, and for the first piece of the answer.
async fn start(
    api: &Api,
    access: Access,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
    prefer: Prefer,
) -> Result<Answer> {
    let decoding = |error: ApiError| error.into_invalid().within("failed to decode request body");
    let is_flux = request::is_flux(headers).map_err(decoding)?;
    let body = body::read(body, request::LARGEST_BODY, api.limits.read_idle).await?;
    let request: Request = request::decode(&body, is_flux).map_err(decoding)?;
    let snapshot = api.store.snapshot();
    let organization =
        organizations::of_request(snapshot.catalog(), parameters).map_err(decoding)?.id;
    drop(snapshot);

    let permits = admit(api).await?;
    // What was written while the query waited belongs to its answer.
    let source = StoreSource::new(api.store.snapshot(), organization, access);
    let delivery = match prefer {
        Prefer::Content if accepts_gzip(headers) => Delivery::Gzip,
        Prefer::Content => Delivery::Plain,
        Prefer::NoContent | Prefer::NoContentWithError => Delivery::Discard,
    };
    let now = request.now.unwrap_or_else(|| api.store.now());
    let (mut pieces, stop) =
        run::start(request, source, now, delivery, api.limits.query_time, permits);
    match pieces.recv().await {
        Some(Piece::Begin { gzip }) => Ok(Answer { pieces, stop, gzip }),
        Some(Piece::Failed(error)) => Err(error.into()),
        Some(Piece::Bytes(_) | Piece::End) | None => {
            Err(ApiError::new(Code::Internal, "the query ended without an answer"))
        }
    }
}

async fn admit(api: &Api) -> Result<Permits> {
    let admitted = Arc::clone(&api.admitted_queries)
        .try_acquire_owned()
        .map_err(|_| ApiError::too_many_requests("too many queries are waiting"))?;
    let running = Arc::clone(&api.running_queries).acquire_owned();
    match tokio::time::timeout(api.limits.query_wait, running).await {
        Ok(Ok(running)) => Ok(Permits { _admitted: admitted, _running: running }),
        Ok(Err(_)) | Err(_) => Err(ApiError::busy("the query has waited too long for its turn")),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(
        |value| {
            value.split(',').any(|coding| {
                let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
                name.trim().eq_ignore_ascii_case("gzip")
                    && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
            })
        },
    )
}

/// An answer that has begun.
struct Answer {
    pieces: Receiver<Piece>,
    /// Stops the query when nobody reads any more.
    stop: StopOnDrop,
    gzip: bool,
}

impl Answer {
    /// Runs the query to its end without its answer.
    async fn drain(mut self) -> Result<()> {
        while let Some(piece) = self.pieces.recv().await {
            if let Piece::Failed(error) = piece {
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn into_stream(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
        let Self { pieces, stop, .. } = self;
        futures::stream::unfold((pieces, stop), async |(mut pieces, stop)| {
            let piece = match pieces.recv().await {
                Some(Piece::Bytes(bytes)) => Ok(bytes),
                Some(Piece::End) => return None,
                // The thread has panicked: an answer without its end must not look whole.
                Some(Piece::Begin { .. } | Piece::Failed(_)) | None => {
                    Err(std::io::Error::other("the query broke off"))
                }
            };
            Some((piece, (pieces, stop)))
        })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let gzip = self.gzip;
        let mut response = Body::from_stream(self.into_stream()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5, *;q=0", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepts_gzip(&headers), expected, "{value:?}");
        }
    }
}
