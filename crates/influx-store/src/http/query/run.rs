//! The thread on which a query runs, and what passes between it and the connection.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use influx_wire::flux::ast::File;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::request::Request;
use super::source::StoreSource;
use crate::flux::{self, Environment, ErrorCode, QueryError};
use crate::http::error::ApiError;

/// Pieces that wait for the reader at most.
const PIECES_WAITING: usize = 4;

/// Pieces are gathered up to this size before they are sent.
const PIECE_BYTES: usize = 32 * 1024;

/// Answers below this size are not worth packing.
const SMALLEST_PACKED: usize = 1_400;

/// A part of an answer.
#[derive(Debug)]
pub(super) enum Piece {
    /// The first one, if the query did not fail before.
    Begin {
        gzip: bool,
    },
    Bytes(Bytes),
    /// The last one of an answer that is whole, or says itself what went wrong after its first chunk.
    End,
    /// The only one: the query failed before its answer began.
    Failed(QueryError),
}

/// What becomes of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Plain,
    /// Packed, if that pays.
    Gzip,
    /// Only whether the query succeeds is of interest.
    Discard,
}

/// The right to run, given back when the query is over.
#[derive(Debug)]
pub(super) struct Permits {
    pub(super) _admitted: OwnedSemaphorePermit,
    pub(super) _running: OwnedSemaphorePermit,
}

/// Stops the query when it is dropped; harmless when the query is over.
#[derive(Debug)]
pub(super) struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the thread and its guard tell each other.
#[derive(Debug, Default)]
struct Progress {
    /// The reader is slow: that time does not count.
    waits: AtomicBool,
    /// The query has used up its time.
    overdue: AtomicBool,
}

/// Starts a query.
pub(super) fn start(
    request: Request,
    source: StoreSource,
    now: i64,
    delivery: Delivery,
    time: Duration,
    permits: Permits,
) -> (Receiver<Piece>, StopOnDrop) {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let stopped = Arc::new(AtomicBool::new(false));
    let progress = Arc::new(Progress::default());
    let guard = tokio::spawn(end_in_time(time, Arc::clone(&progress), Arc::clone(&stopped)));
    let stop = StopOnDrop(Arc::clone(&stopped));
    tokio::task::spawn_blocking(move || {
        let packer = Packer::new(delivery == Delivery::Gzip);
        let output = Output { sender, progress: &progress, delivery, packer, begun: false };
        run(request, source, now, stopped, output);
        drop(permits);
        guard.abort();
    });
    (receiver, stop)
}

/// Stops the query when it has worked for `time`, looked at in steps.
async fn end_in_time(time: Duration, progress: Arc<Progress>, stopped: Arc<AtomicBool>) {
    let step = (time / 20).max(Duration::from_millis(1));
    let mut used = Duration::ZERO;
    while used < time {
        tokio::time::sleep(step).await;
        if !progress.waits.load(Ordering::Relaxed) {
            used += step;
        }
    }
    progress.overdue.store(true, Ordering::Relaxed);
    stopped.store(true, Ordering::Relaxed);
}

fn run(
    request: Request,
    source: StoreSource,
    now: i64,
    cancelled: Arc<AtomicBool>,
    mut output: Output<'_>,
) {
    let Request { script, prelude, dialect, .. } = request;
    let environment = Environment {
        now,
        source: Arc::new(source),
        // The guard knows which time counts.
        limits: flux::Limits { duration: None, ..flux::Limits::default() },
        cancelled,
        prelude: (!prelude.is_empty()).then(|| File { body: prelude, ..File::default() }),
    };
    let execution = match flux::prepare(&script, dialect, &environment) {
        Ok(execution) => execution,
        Err(error) => return output.fail(error),
    };
    for chunk in execution {
        match chunk {
            Ok(chunk) => {
                if output.write(&chunk).is_err() {
                    return;
                }
            }
            Err(error) => return output.fail(error),
        }
    }
    output.finish();
}

/// Nobody reads any more.
#[derive(Debug)]
struct Gone;

/// Gathers bytes into pieces, packs them if that pays, and sends them.
struct Output<'a> {
    sender: Sender<Piece>,
    progress: &'a Progress,
    delivery: Delivery,
    packer: Packer,
    begun: bool,
}

impl Output<'_> {
    fn send(&self, piece: Piece) -> Result<(), Gone> {
        self.progress.waits.store(true, Ordering::Relaxed);
        let sent = self.sender.blocking_send(piece);
        self.progress.waits.store(false, Ordering::Relaxed);
        sent.map_err(|_| Gone)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        if self.delivery == Delivery::Discard {
            return Ok(());
        }
        self.packer.write(bytes);
        if self.packer.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if !self.begun {
            self.begun = true;
            self.send(Piece::Begin { gzip: self.packer.is_packing() })?;
        }
        let bytes = self.packer.take();
        if bytes.is_empty() { Ok(()) } else { self.send(Piece::Bytes(bytes)) }
    }

    /// Ends an answer that has not begun: the evaluator reports what goes wrong later in the answer itself.
    fn fail(self, error: QueryError) {
        let error = if self.progress.overdue.load(Ordering::Relaxed) {
            QueryError {
                code: ErrorCode::Unavailable,
                message: "query took longer than it may".to_owned(),
            }
        } else {
            error
        };
        // Whoever has gone does not miss it.
        let _ = self.send(Piece::Failed(error));
    }

    fn finish(mut self) {
        self.packer.finish();
        let _ = self.flush().and_then(|()| self.send(Piece::End));
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error.code {
            ErrorCode::Invalid => Self::invalid(error.message),
            ErrorCode::NotFound => Self::not_found(error.message),
            ErrorCode::Unavailable => Self::busy(error.message),
            ErrorCode::Internal => Self::internal(&error),
        }
    }
}

/// Plain until there is enough of it to be worth packing.
#[derive(Debug)]
enum Packer {
    Undecided(Vec<u8>),
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Finished { bytes: Vec<u8>, packed: bool },
}

impl Packer {
    fn new(gzip: bool) -> Self {
        if gzip { Self::Undecided(Vec::new()) } else { Self::Plain(Vec::new()) }
    }

    fn write(&mut self, more: &[u8]) {
        match self {
            Self::Undecided(bytes) => {
                bytes.extend_from_slice(more);
                if bytes.len() > SMALLEST_PACKED {
                    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                    // Writing into memory cannot fail.
                    let _ = encoder.write_all(bytes);
                    *self = Self::Gzip(Box::new(encoder));
                }
            }
            Self::Plain(bytes) | Self::Finished { bytes, .. } => bytes.extend_from_slice(more),
            Self::Gzip(encoder) => {
                let _ = encoder.write_all(more);
            }
        }
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Undecided(_) => false,
            Self::Plain(bytes) | Self::Finished { bytes, .. } => bytes.len() >= PIECE_BYTES,
            Self::Gzip(encoder) => encoder.get_ref().len() >= PIECE_BYTES,
        }
    }

    fn is_packing(&self) -> bool {
        matches!(self, Self::Gzip(_) | Self::Finished { packed: true, .. })
    }

    fn take(&mut self) -> Bytes {
        let bytes = match self {
            Self::Undecided(bytes) | Self::Plain(bytes) | Self::Finished { bytes, .. } => bytes,
            Self::Gzip(encoder) => encoder.get_mut(),
        };
        std::mem::take(bytes).into()
    }

    /// Writes what ends the packed form.
    fn finish(&mut self) {
        let (bytes, packed) = match std::mem::replace(self, Self::Plain(Vec::new())) {
            Self::Undecided(bytes) | Self::Plain(bytes) => (bytes, false),
            Self::Gzip(encoder) => (encoder.finish().unwrap_or_default(), true),
            Self::Finished { bytes, packed } => (bytes, packed),
        };
        *self = Self::Finished { bytes, packed };
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn unpacked(pieces: &[Bytes]) -> String {
        let bytes = pieces.concat();
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        text
    }

    /// What a reader gets of an answer of `rows` lines.
    async fn answer(delivery: Delivery, rows: usize, end: Result<(), QueryError>) -> Vec<Piece> {
        let (sender, mut receiver) = mpsc::channel(PIECES_WAITING);
        let task = tokio::task::spawn_blocking(move || {
            let progress = Progress::default();
            let mut output = Output {
                sender,
                progress: &progress,
                delivery,
                packer: Packer::new(delivery == Delivery::Gzip),
                begun: false,
            };
            for _ in 0..rows {
                output.write(b",_result,0,some,values\r\n").unwrap();
            }
            match end {
                Ok(()) => output.finish(),
                Err(error) => output.fail(error),
            }
        });
        let mut pieces = Vec::new();
        while let Some(piece) = receiver.recv().await {
            pieces.push(piece);
        }
        task.await.unwrap();
        pieces
    }

    fn bytes(pieces: &[Piece]) -> Vec<Bytes> {
        let bytes = pieces.iter().filter_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        });
        bytes.collect()
    }

    #[tokio::test]
    async fn short_answers_are_plain_and_long_ones_packed() {
        let short = answer(Delivery::Gzip, 3, Ok(())).await;
        assert!(
            matches!(short[..], [Piece::Begin { gzip: false }, Piece::Bytes(_), Piece::End]),
            "{short:?}"
        );
        let long = answer(Delivery::Gzip, 50_000, Ok(())).await;
        assert!(matches!(long.first(), Some(Piece::Begin { gzip: true })));
        assert!(matches!(long.last(), Some(Piece::End)));
        assert_eq!(unpacked(&bytes(&long)), ",_result,0,some,values\r\n".repeat(50_000));
        let plain = answer(Delivery::Plain, 50_000, Ok(())).await;
        assert_eq!(bytes(&plain).concat(), ",_result,0,some,values\r\n".repeat(50_000).as_bytes());
    }

    #[tokio::test]
    async fn an_error_before_the_answer_is_all_there_is() {
        let error = QueryError { code: ErrorCode::Invalid, message: "it broke".to_owned() };
        for (delivery, rows) in
            [(Delivery::Plain, 0), (Delivery::Gzip, 0), (Delivery::Discard, 50_000)]
        {
            let pieces = answer(delivery, rows, Err(error.clone())).await;
            assert!(matches!(pieces[..], [Piece::Failed(_)]), "{pieces:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_counts_only_while_the_query_works() {
        let (progress, stopped) = (Arc::new(Progress::default()), Arc::new(AtomicBool::new(false)));
        progress.waits.store(true, Ordering::Relaxed);
        let guard = tokio::spawn(end_in_time(
            Duration::from_secs(60),
            Arc::clone(&progress),
            Arc::clone(&stopped),
        ));
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(!stopped.load(Ordering::Relaxed));
        progress.waits.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert!(!stopped.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(stopped.load(Ordering::Relaxed) && progress.overdue.load(Ordering::Relaxed));
        guard.await.unwrap();
    }
}
