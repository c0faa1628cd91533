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
        let request = QueryRequest {
            query: query.script,
            kind: Some("flux".to_owned()),
            dialect: Some(DialectRequest {
                header: Some(true),
                delimiter: Some(",".to_owned()),
                annotations: Some(["datatype", "group", "default"].map(str::to_owned).to_vec()),
                comment_prefix: Some("#".to_owned()),
                date_time_format: Some("RFC3339".to_owned()),
            }),
            now: query.now.map(format_rfc3339),
        };
        let call = Call::new(Method::POST, "api/v2/query", Repeating::Harmless)
            .parameter("org", self.organization())
            .json(&request)?;
        let response = self.open(&call).await?;
        let is_csv = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/csv"));
        if !is_csv {
            return Err(Error::Malformed { reason: "it is not CSV".to_owned() });
        }
        let reader = match &query.columns {
            Some(labels) => {
                Reader::with_columns(&labels.iter().map(String::as_str).collect::<Vec<_>>())
            }
            None => Reader::new(),
        };
        Ok(QueryStream {
            body: response
                .bytes_stream()
                .map(|chunk| chunk.map_err(transport::from_reqwest))
                .boxed(),
            reader: Some(reader),
            ready: VecDeque::new(),
            deadline: self
                .deadline()
                .map(|deadline: Instant| Box::pin(tokio::time::sleep_until(deadline))),
        })
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

/// The answer to a query as it arrives. Ends after its first error. Dropping it cancels the query.
pub struct QueryStream {
    body: BoxStream<'static, Result<Bytes>>,
    /// `None` after the end.
    reader: Option<Reader>,
    ready: VecDeque<Batch>,
    deadline: Option<Pin<Box<tokio::time::Sleep>>>,
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
                // An answer without an end is an answer that was cut off, whatever broke.
                Some(Err(Error::Unreachable { reason })) => {
                    return this.fail(Error::Query {
                        message: format!("the answer was cut off: {reason}"),
                    });
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
