//! Answers of server functions that arrive piece by piece: points, progress, what is live.
//!
//! Leptos could read them too, by way of a library that also makes streams of its own: 30 KB of code that nothing here needs.

use gloo_net::http::{Request, RequestBuilder};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Reflect, Uint8Array};
use web_sys::{AbortController, ReadableStreamDefaultReader};

use crate::model::answer::AnswerError;

/// An answer that has begun. Dropped, it cancels the request.
#[derive(Debug)]
pub struct Answer {
    reader: ReadableStreamDefaultReader,
    _request: Pending,
}

/// A request that nobody waits for any more is aborted.
#[derive(Debug)]
struct Pending(AbortController);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Calls a server function that only reads.
pub async fn get(url: &str) -> Result<Answer, AnswerError> {
    begin(Request::get(url), None).await
}

/// Calls a server function with the fields of a form: `id=a&confirmed=true`.
pub async fn post(url: &str, form: String) -> Result<Answer, AnswerError> {
    let request = Request::post(url).header("Content-Type", "application/x-www-form-urlencoded");
    begin(request, Some(form)).await
}

async fn begin(request: RequestBuilder, form: Option<String>) -> Result<Answer, AnswerError> {
    let lost = |cause: gloo_net::Error| AnswerError::Lost(cause.to_string());
    // What a browser says then ("Failed to fetch") helps nobody; its console has the cause.
    let unanswered = |_| AnswerError::Lost("there was no answer".to_owned());
    let controller = AbortController::new().map_err(describe)?;
    let request = request.abort_signal(Some(&controller.signal()));
    let request = match form {
        Some(form) => request.body(form),
        None => request.build(),
    };
    let pending = Pending(controller);
    let answer = request.map_err(lost)?.send().await.map_err(unanswered)?;
    if !answer.ok() {
        return Err(AnswerError::Refused(answer.text().await.map_err(lost)?));
    }
    let body = answer.body().ok_or_else(|| AnswerError::Lost("the answer is empty".to_owned()))?;
    let reader = body.get_reader().dyn_into().map_err(|other| describe(other.into()))?;
    Ok(Answer { reader, _request: pending })
}

impl Answer {
    /// The next piece; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, AnswerError> {
        let read = JsFuture::from(self.reader.read()).await.map_err(describe)?;
        let piece = Reflect::get(&read, &"value".into()).map_err(describe)?;
        Ok(piece.dyn_into::<Uint8Array>().ok().map(|piece| piece.to_vec()))
    }
}

fn describe(cause: JsValue) -> AnswerError {
    let words =
        cause.dyn_ref::<web_sys::js_sys::Error>().map(|error| String::from(error.message()));
    AnswerError::Lost(words.unwrap_or_else(|| "the connection broke off".to_owned()))
}
