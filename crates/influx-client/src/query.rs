//! Queries, whose answers arrive as a stream of typed columns.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt};
use http::{Method, header};
use influx_wire::api::{DialectRequest, QueryRequest};
use influx_wire::csv::{Batch, Reader};
use influx_wire::time::format_rfc3339;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::retry::Repeating;
use crate::transport::{self, Call, Client};

/// A Flux script and what is wanted of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    script: String,
    columns: Option<Vec<String>>,
    now: Option<i64>,
}

impl Query {
    /// The whole answer of a script.
    pub fn new(script: impl Into<String>) -> Self {
        Self { script: script.into(), columns: None, now: None }
    }

    /// Only these columns of the answer; the others are not even converted.
    #[must_use]
    pub fn columns<T: Into<String>>(mut self, labels: impl IntoIterator<Item = T>) -> Self {
        self.columns = Some(labels.into_iter().map(Into::into).collect());
        self
    }

    /// What `now()` is in the script, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn now(mut self, nanoseconds: i64) -> Self {
        self.now = Some(nanoseconds);
        self
    }
}

impl<T: Into<String>> From<T> for Query {
    fn from(script: T) -> Self {
        Self::new(script)
    }
}

impl Client {
    /// Starts a query; returns when its answer begins. Scripts that are wrong fail here, those that fail half-way
    /// end the stream with [`Error::Query`]: what came before is then incomplete and must not be used.
    pub async fn query(&self, query: impl Into<Query>) -> Result<QueryStream> {
        let query = query.into();
        let response =
            self.start(&query, ["datatype", "group", "default"], Repeating::Harmless).await?;
        let reader = match &query.columns {
            Some(labels) => {
                Reader::with_columns(&labels.iter().map(String::as_str).collect::<Vec<_>>())
            }
            None => Reader::new(),
        };
        Ok(QueryStream {
            body: body_of(response),
            reader: Some(reader),
            ready: VecDeque::new(),
            deadline: self.deadline().map(sleep_until),
        })
    }

    /// Starts a query whose answer is passed on as it is: annotated CSV with the annotations `group`, `datatype` and `default`.
    ///
    /// It may be anybody's and take long, so it is sent again only if it surely did not arrive. Dropping the answer cancels it.
    pub async fn query_text(&self, query: impl Into<Query>) -> Result<QueryText> {
        let query = query.into();
        let response =
            self.start(&query, ["group", "datatype", "default"], Repeating::Harmful).await?;
        Ok(QueryText { body: body_of(response), deadline: self.deadline().map(sleep_until) })
    }

    async fn start(
        &self,
        query: &Query,
        annotations: [&str; 3],
        repeating: Repeating,
    ) -> Result<reqwest::Response> {
        let request = QueryRequest {
            query: query.script.clone(),
            kind: Some("flux".to_owned()),
            dialect: Some(DialectRequest {
                header: Some(true),
                delimiter: Some(",".to_owned()),
                annotations: Some(annotations.map(str::to_owned).to_vec()),
                comment_prefix: Some("#".to_owned()),
                date_time_format: Some("RFC3339".to_owned()),
            }),
            now: query.now.map(format_rfc3339),
        };
        let call = Call::new(Method::POST, "api/v2/query", repeating)
            .parameter("org", self.organization())
            .json(&request)?;
        let response = self.open(&call).await?;
        let is_csv = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/csv"));
        if is_csv {
            Ok(response)
        } else {
            Err(Error::Malformed { reason: "it is not CSV".to_owned() })
        }
    }

    /// Runs a query and gives its whole answer, or an error and nothing.
    pub async fn query_all(&self, query: impl Into<Query>) -> Result<Vec<Batch>> {
        let mut stream = self.query(query).await?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }
}

type Deadline = Pin<Box<tokio::time::Sleep>>;

fn sleep_until(deadline: Instant) -> Deadline {
    Box::pin(tokio::time::sleep_until(deadline))
}

/// The pieces of an answer. One without an end is an answer that was cut off, whatever broke.
fn body_of(response: reqwest::Response) -> BoxStream<'static, Result<Bytes>> {
    let cut_off = |error| match transport::from_reqwest(error) {
        Error::Unreachable { reason } => {
            Error::Query { message: format!("the answer was cut off: {reason}") }
        }
        error => error,
    };
    response.bytes_stream().map(move |piece| piece.map_err(cut_off)).boxed()
}

/// The answer to a query as InfluxDB sends it. Ends after its first error. Dropping it cancels the query.
pub struct QueryText {
    body: BoxStream<'static, Result<Bytes>>,
    deadline: Option<Deadline>,
}

impl std::fmt::Debug for QueryText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("QueryText").finish_non_exhaustive()
    }
}

impl Stream for QueryText {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let is_over =
            self.deadline.as_mut().is_some_and(|end| end.as_mut().poll(context).is_ready());
        let next = if is_over {
            Some(Err(Error::TimedOut))
        } else {
            std::task::ready!(self.body.poll_next_unpin(context))
        };
        if let Some(Err(_)) = next {
            self.deadline = None;
            self.body = futures::stream::empty().boxed();
        }
        Poll::Ready(next)
    }
}

/// The answer to a query as it arrives. Ends after its first error. Dropping it cancels the query.
pub struct QueryStream {
    body: BoxStream<'static, Result<Bytes>>,
    /// `None` after the end.
    reader: Option<Reader>,
    ready: VecDeque<Batch>,
    deadline: Option<Deadline>,
}

impl std::fmt::Debug for QueryStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("QueryStream")
            .field("ended", &self.reader.is_none())
            .finish_non_exhaustive()
    }
}

impl QueryStream {
    fn fail(&mut self, error: impl Into<Error>) -> Poll<Option<Result<Batch>>> {
        self.reader = None;
        self.ready.clear();
        self.body = futures::stream::empty().boxed();
        Poll::Ready(Some(Err(error.into())))
    }
}

impl Stream for QueryStream {
    type Item = Result<Batch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(batch) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(batch)));
            }
            if this.reader.is_none() {
                return Poll::Ready(None);
            }
            if let Some(deadline) = &mut this.deadline
                && deadline.as_mut().poll(context).is_ready()
            {
                return this.fail(Error::TimedOut);
            }
            match std::task::ready!(this.body.poll_next_unpin(context)) {
                Some(Ok(bytes)) => {
                    let Some(reader) = &mut this.reader else { continue };
                    if let Err(error) = reader.push(&bytes) {
                        return this.fail(error);
                    }
                    this.ready.extend(reader.take());
                }
                Some(Err(error)) => return this.fail(error),
                None => match this.reader.take().map(Reader::finish) {
                    Some(Ok(batches)) => this.ready.extend(batches),
                    Some(Err(error)) => return this.fail(error),
                    None => return Poll::Ready(None),
                },
            }
        }
    }
}
