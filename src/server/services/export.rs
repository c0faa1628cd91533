//! The points of a device over a range as CSV text, however many they are.
//!
//! The range is read in chunks of time, each as long as holds about ten thousand rows where the points lie as dense as in the
//! chunk before. A chunk is read when the text of the former was taken, and not earlier: so the memory that is needed depends on
//! neither the range nor the reader, and when the text is dropped, so is the query behind it.

mod csv;

use std::ops::Range;

use futures::{Stream, StreamExt, stream};

use super::Result;
use super::dashboard::checked;
use super::details::not_found;
use super::listing::Judgement;
use super::registry::{EntryState, entry};
use crate::model::device::DeviceId;
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::server::ports::{Cause, PortError, Registry, Telemetry};

/// A chunk is to have so many rows: enough that the query, not the way to it, takes the time.
const AIM: usize = 10_000;

/// More rows of a chunk are not held. Eight times the aim, because rows are counted before they are merged, and each of the seven
/// fields may stand in a row of its own.
const MOST: usize = 8 * AIM;

/// The length of the first chunk in nanoseconds: an hour, so that an answer soon begins or is refused, whatever the range.
const FIRST: i64 = 3_600_000_000_000;

/// From one chunk to the next, the length grows at most so many times, and it shrinks by as much for the next try.
const STEP: i64 = 8;

/// The text of a range, piece by piece; an error ends it, and what came before is then incomplete.
///
/// Whatever can be said before the first point is said by the outcome of this function, as the first chunk is read by then: the
/// device is known by the same rule as its dashboard, the range can be read, and InfluxDB answers.
pub async fn start<P: Registry + Telemetry>(
    ports: P,
    judgement: Judgement,
    device: DeviceId,
    from: Timestamp,
    to: Timestamp,
) -> Result<impl Stream<Item = Result<String>> + Send + use<P>> {
    let (from, to) = checked(from, to)?;
    check_known(&ports, judgement, &device).await?;
    let mut chunks = Chunks { ports, device, from, to, length: FIRST, dense: from..from };
    let mut beginning = csv::header();
    if let Some(rows) = chunks.next().await? {
        csv::append(&mut beginning, &rows);
    }
    let rest = stream::try_unfold(chunks, async |mut chunks| {
        Ok(chunks.next_text().await?.map(|text| (text, chunks)))
    });
    Ok(stream::once(async { Ok(beginning) }).chain(rest))
}

/// A device that is neither registered nor has data is not found.
async fn check_known(
    ports: &(impl Registry + Telemetry),
    judgement: Judgement,
    device: &DeviceId,
) -> Result<()> {
    let (entry, points) = tokio::join!(
        entry(ports, device.as_str()),
        ports.last_points(std::slice::from_ref(device), judgement.look_back)
    );
    let (entry, points) = (entry?, points?);
    if entry.state() != EntryState::Registered && points.is_empty() {
        return Err(not_found(device.as_str()));
    }
    Ok(())
}

/// What is still to be read of a range.
#[derive(Debug)]
struct Chunks<P> {
    ports: P,
    device: DeviceId,
    /// In nanoseconds, half open.
    from: i64,
    to: i64,
    /// Of the next chunk, in nanoseconds.
    length: i64,
    /// The chunk that failed last, and was tried again in a shorter one. Somewhere in it points lie dense.
    dense: Range<i64>,
}

impl<P: Telemetry> Chunks<P> {
    /// The text of the next chunk that has points; `None` after the last one.
    async fn next_text(&mut self) -> Result<Option<String>, PortError> {
        while let Some(rows) = self.next().await? {
            if !rows.times.is_empty() {
                let mut text = String::new();
                csv::append(&mut text, &rows);
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The next chunk, which may be empty; `None` after the last one.
    async fn next(&mut self) -> Result<Option<Series>, PortError> {
        while self.from < self.to {
            let end = self.from.saturating_add(self.length).min(self.to);
            let length = end - self.from;
            match self.ports.rows(&self.device, self.from, end, MOST).await {
                Ok(rows) => {
                    self.from = end;
                    self.length = following(length, rows.times.len()).min(self.longest());
                    return Ok(Some(rows));
                }
                Err(error) => {
                    self.length = shorter(length, error.cause).ok_or(error)?;
                    self.dense = self.from..end;
                }
            }
        }
        Ok(None)
    }

    /// Where points lie dense, chunks stay short, however few rows are found at first: to run into the dense ones again and again
    /// could take InfluxDB's time limit each time.
    fn longest(&self) -> i64 {
        if self.from < self.dense.end {
            (self.dense.end - self.dense.start) / STEP + 1
        } else {
            i64::MAX
        }
    }
}

/// How long the chunk after one of this length is, which had so many rows.
fn following(length: i64, rows: usize) -> i64 {
    let longest = length.saturating_mul(STEP);
    let fitting = i128::from(length) * AIM as i128 / rows.max(1) as i128;
    i64::try_from(fitting).unwrap_or(i64::MAX).clamp(1, longest)
}

/// How long the next try is after a chunk of this length failed; `None` if no shorter one can be expected to succeed.
fn shorter(length: i64, cause: Cause) -> Option<i64> {
    let shortest = match cause {
        Cause::TooLarge => 1,
        // It may have been too much for InfluxDB in its time or its memory, where points suddenly lie dense.
        Cause::Temporary => FIRST,
        Cause::Configuration | Cause::FieldType | Cause::Unexpected => return None,
    };
    Some((length / STEP).max(shortest)).filter(|shorter| *shorter < length)
}

#[cfg(test)]
mod tests;
