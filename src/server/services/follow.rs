//! The points of a device as they come, for a dashboard that is live.
//!
//! InfluxDB tells nobody that points were written, so it is asked again and again: by one poller a device, however many follow it
//! ([`pollers`]). What a follower sends is bounded by what its reader takes: it looks at the newest progress of the poller, and what
//! it has missed meanwhile, because it came late or its reader was slow, it reads by a query of its own. Nothing is kept for it.
//!
//! What always holds: a follower sends every point once that is newer than all which polls have seen before it, in order. Points that
//! come late, with times before that, are not its concern; neither is a field that is written later to a point that was seen.

pub mod pollers;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use self::pollers::{Pollers, Progress, wait_after};
use super::Result;
use super::details::not_found;
use super::registry::EntryState;
use crate::model::device::DeviceId;
use crate::model::live::{LiveFrame, MOST_ROWS};
use crate::model::series::Series;
use crate::model::time::Timestamp;
use crate::server::ports::{self, Clock, Registry, Telemetry};

/// After so long a silence a follower says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// No follower is sent what is older than this when it begins, in nanoseconds: a longer gap is read like any other range.
const LONGEST_GAP: i64 = 3_600_000_000_000;

/// So far, in nanoseconds, points may be ahead of the server's clock: those of devices have clocks of their own.
const AHEAD: i64 = 3_600_000_000_000;

/// Follows a device that is registered or has points: what it has measured after `since` (nanoseconds), but in the last hour at
/// most, then what it measures. The stream does not end by itself; whoever drops it does not follow any more.
///
/// `open` makes the port for one call. A port is not kept for longer, because it remembers what it was asked.
pub async fn follow<O, P, C>(
    open: O,
    clock: C,
    look_back: Duration,
    pollers: &Pollers,
    device: &DeviceId,
    since: i64,
) -> Result<impl Stream<Item = LiveFrame> + Send + use<O, P, C>>
where
    O: Fn() -> P + Clone + Send + Sync + 'static,
    P: Registry + Telemetry + 'static,
    C: Clock + Clone + 'static,
{
    check_exists(&open(), look_back, device).await?;
    let points = Opened { open, device: device.clone() };
    Ok(frames(Source { points, clock }, pollers, device, since))
}

async fn check_exists(
    ports: &(impl Registry + Telemetry),
    look_back: Duration,
    device: &DeviceId,
) -> Result<()> {
    let entries = ports.entries(Some(device.as_str())).await?;
    if entries.iter().any(|entry| entry.state() == EntryState::Registered) {
        return Ok(());
    }
    let points = ports.last_points(std::slice::from_ref(device), look_back).await?;
    if points.is_empty() { Err(not_found(device.as_str())) } else { Ok(()) }
}

/// What a follower needs of [`Telemetry`]: the charted fields of its device from one time up to another (nanoseconds, half open).
trait Points: Clone + Send + Sync + 'static {
    fn read(&self, from: i64, to: i64) -> impl Future<Output = ports::Result<Series>> + Send;
}

/// Points of a device, each time from a new port.
#[derive(Clone)]
struct Opened<O> {
    open: O,
    device: DeviceId,
}

impl<O, P> Points for Opened<O>
where
    O: Fn() -> P + Clone + Send + Sync + 'static,
    P: Telemetry + 'static,
{
    async fn read(&self, from: i64, to: i64) -> ports::Result<Series> {
        let port = (self.open)();
        port.series(&self.device, from, to).await
    }
}

/// Where the points of one device come from.
#[derive(Clone)]
struct Source<P, C> {
    points: P,
    clock: C,
}

impl<P: Points, C: Clock> Source<P, C> {
    /// All points after `after`, also those that are ahead of the clock.
    async fn newer(&self, after: i64) -> ports::Result<Series> {
        self.between(after, self.clock.now().saturating_add(AHEAD)).await
    }

    /// The points after `after`, up to and including `until`.
    async fn between(&self, after: i64, until: i64) -> ports::Result<Series> {
        // InfluxDB refuses a range that ends where it begins.
        if until <= after {
            return Ok(Series::default());
        }
        self.points.read(after.saturating_add(1), until.saturating_add(1)).await
    }
}

/// What [`follow`] gives of a device that exists.
fn frames<P: Points, C: Clock + Clone + 'static>(
    source: Source<P, C>,
    pollers: &Pollers,
    device: &DeviceId,
    since: i64,
) -> impl Stream<Item = LiveFrame> + Send + use<P, C> {
    let now = source.clock.now();
    let position = since.max(now.saturating_sub(LONGEST_GAP));
    let clock = source.clock.clone();
    let follower = Follower {
        // A poller begins before now, whatever the first who follows says: others follow, too.
        progress: pollers.join(device, position.min(now), source.clone()),
        source,
        position,
        trouble: None,
        failures: 0,
        ready: VecDeque::from([LiveFrame::Alive { now: Timestamp::from_nanoseconds(now) }]),
    };
    let frames = stream::unfold(follower, |mut follower| async {
        let frame = follower.next().await?;
        Some((frame, follower))
    });
    with_heartbeats(frames, clock)
}

/// One who follows a device.
struct Follower<P, C> {
    source: Source<P, C>,
    progress: watch::Receiver<Progress>,
    /// All points up to here, in nanoseconds, were sent or are `ready`.
    position: i64,
    /// What was said to be wrong and is not over yet.
    trouble: Option<String>,
    /// Tries to read what was missed that have failed, since the last that has not.
    failures: u32,
    /// What is to be sent next.
    ready: VecDeque<LiveFrame>,
}

impl<P: Points, C: Clock> Follower<P, C> {
    /// `None` when there is no poller any more.
    async fn next(&mut self) -> Option<LiveFrame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            tokio::select! {
                changed = self.progress.changed() => changed.ok()?,
                () = sleep(wait_after(self.failures)), if self.failures > 0 => {}
            }
            let progress = self.progress.borrow_and_update().clone();
            self.take(progress).await;
        }
    }

    /// Makes frames of what polls have found.
    async fn take(&mut self, progress: Progress) {
        if let Some(sentence) = progress.trouble {
            return self.complain(sentence);
        }
        match self.source.between(self.position, progress.after).await {
            Ok(missed) => self.send(missed, progress.after),
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                return self.complain(error.sentence);
            }
        }
        self.failures = 0;
        self.send(Series::clone(&progress.points), progress.position);
        if self.trouble.take().is_some() {
            let now = Timestamp::from_nanoseconds(self.source.clock.now());
            self.ready.push_back(LiveFrame::Alive { now });
        }
    }

    /// Sends those points that were not sent, after which all up to `position` were.
    fn send(&mut self, points: Series, position: i64) {
        self.ready.extend(pieces(points, self.position).map(LiveFrame::Points));
        self.position = self.position.max(position);
    }

    /// Says what is wrong, unless that was said.
    fn complain(&mut self, sentence: String) {
        if self.trouble.as_ref() != Some(&sentence) {
            self.ready.push_back(LiveFrame::Trouble(sentence.clone()));
            self.trouble = Some(sentence);
        }
    }
}

/// The rows after `after`, in pieces that fit a frame.
fn pieces(mut series: Series, after: i64) -> impl Iterator<Item = Series> {
    let times = std::mem::take(&mut series.times);
    let columns: Vec<Vec<f64>> =
        series.columns.iter_mut().map(|column| std::mem::take(&mut column.values)).collect();
    // What is left is a piece without rows.
    let empty = series;
    let first = times.partition_point(|time| *time <= after);
    (first..times.len()).step_by(MOST_ROWS).map(move |start| {
        let rows = start..times.len().min(start + MOST_ROWS);
        let mut piece = empty.clone();
        piece.times.extend(times.get(rows.clone()).unwrap_or_default());
        for (column, values) in piece.columns.iter_mut().zip(&columns) {
            column.values.extend(values.get(rows.clone()).unwrap_or_default());
        }
        piece
    })
}

/// Breaks every silence by saying how things stand: alive, or the same trouble as before.
///
/// Around the follower and not in it, so that it also holds while a query takes its time.
fn with_heartbeats(
    frames: impl Stream<Item = LiveFrame> + Send,
    clock: impl Clock,
) -> impl Stream<Item = LiveFrame> + Send {
    let state = (Box::pin(frames), clock, None::<String>);
    stream::unfold(state, |(mut frames, clock, mut trouble)| async {
        let frame = match timeout(HEARTBEAT, frames.next()).await {
            Ok(frame) => frame?,
            Err(_) => match &trouble {
                Some(sentence) => LiveFrame::Trouble(sentence.clone()),
                None => LiveFrame::Alive { now: Timestamp::from_nanoseconds(clock.now()) },
            },
        };
        match &frame {
            LiveFrame::Alive { .. } => trouble = None,
            LiveFrame::Trouble(sentence) => trouble = Some(sentence.clone()),
            LiveFrame::Points(_) => {}
        }
        Some((frame, (frames, clock, trouble)))
    })
}
