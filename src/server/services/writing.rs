//! "Write Missing Data": finds the minutes without a point and writes what the emulator would have measured.
//!
//! The reader of the progress drives the work: when it is gone, the job stops after the batches in hand. What was written stays, and
//! the next run goes on from there.

use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use super::details::{has_foreign_points, missing};
use super::locks::{Job, Jobs};
use super::{Error, Result};
use crate::model::device::DeviceId;
use crate::model::emulator::{self, Reading};
use crate::model::time::Timestamp;
use crate::model::writing::WriteProgress;
use crate::server::ports::{Cause, Clock, Naming, PortError, Telemetry};
use crate::server::services::listing::Judgement;

/// Lines a batch, a quarter of a week: large enough for InfluxDB, whose documentation recommends up to 5,000, and small enough
/// for progress that can be seen and a cancellation that comes in time.
const BATCH: usize = 2_520;

/// Batches on their way at once: while InfluxDB stores one, the next is made and sent.
const IN_FLIGHT: usize = 2;

/// A write job that may begin.
#[derive(Debug)]
pub struct Plan {
    device: DeviceId,
    minutes: Vec<Timestamp>,
    /// Until it is dropped no other job for this device begins.
    job: Job,
}

impl Plan {
    /// How many minutes it will write.
    pub fn total(&self) -> u32 {
        self.minutes.len() as u32
    }
}

/// Finds out what to write and whether that is allowed; writes nothing.
///
/// `confirmed` allows it on a device that has points which the emulator did not write.
pub async fn plan(
    ports: &impl Telemetry,
    clock: &impl Clock,
    judgement: Judgement,
    jobs: &Jobs,
    device: &DeviceId,
    confirmed: bool,
) -> Result<Plan> {
    let job = jobs.start(device.as_str()).ok_or_else(|| {
        Error::Conflict(format!("Missing data of \"{device}\" is being written at the moment."))
    })?;
    let now = Timestamp::from_nanoseconds(clock.now());
    let (points, types, minutes) = tokio::join!(
        ports.last_points(std::slice::from_ref(device), judgement.look_back),
        check_types(ports, now),
        missing(ports, now, device)
    );
    if !confirmed && has_foreign_points(&points?) {
        return Err(not_confirmed(device));
    }
    types?;
    Ok(Plan { device: device.clone(), minutes: minutes?, job })
}

/// Whether the bucket takes what the emulator writes: points of the last seven days may hold a field as another type.
pub(super) async fn check_types(ports: &impl Telemetry, now: Timestamp) -> Result<()> {
    let (from, _) = emulator::window(now);
    let conflicting = ports.conflicting_fields(from.to_nanoseconds()).await?;
    if conflicting.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "The bucket already holds {} as another type than the emulator writes, so nothing was written. \
         Use another bucket, or delete the points of the last seven days that have the other type.",
        conflicting.join(" and ")
    )))
}

/// Nobody has said that emulated values may be written into a real device.
pub(super) fn not_confirmed(device: &DeviceId) -> Error {
    Error::Conflict(format!(
        "\"{device}\" has points that the emulator did not write. Confirm that emulated values may be written between them."
    ))
}

/// Starts what was planned. The job reports after each batch, and ends early when its reports are no longer read.
pub fn start(
    ports: impl Telemetry + 'static,
    plan: Plan,
) -> impl Stream<Item = WriteProgress> + Send + 'static {
    // One report waits while the next batch is written; a job that nobody reads is never further ahead than that.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move { write(Arc::new(ports), plan, &sender).await });
    stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) })
}

/// Does all that was planned and gives the number of minutes that were written.
pub async fn finish(ports: impl Telemetry + 'static, plan: Plan) -> Result<u32> {
    match start(ports, plan).fold(None, async |_, progress| Some(progress)).await {
        Some(WriteProgress::Done { written }) => Ok(written),
        Some(WriteProgress::Failed { written, total, message }) => Err(Error::Port(PortError {
            sentence: format!(
                "{written} of {total} minutes were written, then writing failed. {message}"
            ),
            cause: Cause::Temporary,
        })),
        other => Err(Error::Internal(format!("the write job ended with {other:?}"))),
    }
}

async fn write(
    ports: Arc<impl Telemetry + 'static>,
    plan: Plan,
    progress: &mpsc::Sender<WriteProgress>,
) {
    let Plan { device, minutes, job } = plan;
    let total = minutes.len() as u32;
    let mut written = 0;
    if total > 0 && progress.send(WriteProgress::Writing { written, total }).await.is_err() {
        return;
    }
    let mut batches = minutes
        .chunks(BATCH)
        .map(|batch| write_batch(Arc::clone(&ports), device.clone(), batch.to_vec()));
    let mut in_flight: FuturesUnordered<_> = batches.by_ref().take(IN_FLIGHT).collect();
    let mut failure = None;
    let mut is_listened_to = true;
    while let Some(outcome) = in_flight.next().await {
        match outcome {
            Ok(newest) => written += newest,
            Err(error) => failure = failure.or(Some(explain_refusal(error).sentence)),
        }
        // What is on its way already is waited for in any case, so that the report is right.
        if failure.is_none() && is_listened_to {
            let report = progress.send(WriteProgress::Writing { written, total }).await;
            is_listened_to = report.is_ok();
            if is_listened_to {
                in_flight.extend(batches.next());
            }
        }
    }
    if !is_listened_to {
        tracing::info!(device.id = %device, written, total, "writing missing data was cancelled");
    }
    // Whoever reads that this job is over may begin the next one.
    drop(job);
    let end = match failure {
        None => WriteProgress::Done { written },
        Some(message) => WriteProgress::Failed { written, total, message },
    };
    let _ = progress.send(end).await;
}

/// Writes on a thread of its own, so that two batches are made at the same time. Gives the number of minutes that were written.
fn write_batch(
    ports: Arc<impl Telemetry + 'static>,
    device: DeviceId,
    minutes: Vec<Timestamp>,
) -> impl Future<Output = std::result::Result<u32, PortError>> {
    let task = tokio::spawn(async move {
        let readings: Vec<Reading> =
            minutes.iter().map(|minute| emulator::reading(*minute, fastrand::f64)).collect();
        ports.write(&device, &readings, Naming::Usual).await.map(|()| minutes.len() as u32)
    });
    async {
        // Nobody aborts the task, so this is a panic: it goes on where it is caught.
        task.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// Says of points that were refused for the type of a field whose types they are.
pub(super) fn explain_refusal(error: PortError) -> PortError {
    match error.cause {
        Cause::FieldType => PortError {
            sentence: format!(
                "A field of the bucket has another type than the emulator writes. {}",
                error.sentence
            ),
            ..error
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::device::LivenessLimits;
    use crate::server::services::testing::{Memory, TestClock};

    fn judgement() -> Judgement {
        Judgement { limits: LivenessLimits::default(), look_back: Duration::from_hours(365 * 24) }
    }

    async fn planned(memory: &Memory, jobs: &Jobs, confirmed: bool) -> Result<Plan> {
        let id = DeviceId::parse("virtual_device").unwrap();
        plan(memory, &TestClock::default(), judgement(), jobs, &id, confirmed).await
    }

    #[tokio::test]
    async fn writes_a_week_once() {
        let (memory, jobs) = (Memory::default(), Jobs::default());
        let first = planned(&memory, &jobs, false).await.unwrap();
        assert_eq!(finish(memory.clone(), first).await, Ok(10_080));
        assert_eq!(memory.batches(), [2_520, 2_520, 2_520, 2_520]);
        let second = planned(&memory, &jobs, false).await.unwrap();
        assert_eq!(second.total(), 0);
        assert_eq!(finish(memory.clone(), second).await, Ok(0));
        assert_eq!(memory.batches().len(), 4);
    }

    #[tokio::test]
    async fn stops_when_nobody_listens() {
        let (memory, jobs) = (Memory::default(), Jobs::default());
        let plan = planned(&memory, &jobs, false).await.unwrap();
        let mut progress = Box::pin(start(memory.clone(), plan));
        assert!(progress.next().await.is_some());
        drop(progress);
        while jobs.is_running("virtual_device") {
            tokio::task::yield_now().await;
        }
        assert!(memory.batches().len() <= IN_FLIGHT + 1, "{:?}", memory.batches());
        assert!(planned(&memory, &jobs, false).await.unwrap().total() >= BATCH as u32);
    }

    #[tokio::test]
    async fn one_job_a_device_at_a_time() {
        let (memory, jobs) = (Memory::default(), Jobs::default());
        let first = planned(&memory, &jobs, false).await.unwrap();
        assert!(matches!(planned(&memory, &jobs, false).await, Err(Error::Conflict(_))));
        drop(first);
        assert!(planned(&memory, &jobs, false).await.is_ok());
    }

    #[tokio::test]
    async fn foreign_points_must_be_confirmed() {
        let (memory, jobs) = (Memory::default(), Jobs::default());
        memory.add_foreign_point("virtual_device");
        assert!(matches!(planned(&memory, &jobs, false).await, Err(Error::Conflict(_))));
        assert!(planned(&memory, &jobs, true).await.is_ok());
    }

    #[tokio::test]
    async fn a_type_conflict_is_said_before_anything_is_written() {
        let (memory, jobs) = (Memory::default(), Jobs::default());
        memory.add_conflicting_field("CO2");
        let error = planned(&memory, &jobs, true).await.unwrap_err();
        assert!(error.to_string().contains("CO2"), "{error}");
        assert_eq!(memory.batches(), [0; 0]);
    }

    #[tokio::test]
    async fn a_failure_says_how_far_it_came() {
        let (memory, jobs) = (Memory::default(), Jobs::default());
        let plan = planned(&memory, &jobs, false).await.unwrap();
        memory.fail_writes_after(1);
        let error = finish(memory, plan).await.unwrap_err();
        assert!(error.to_string().starts_with("2520 of 10080 minutes were written"), "{error}");
    }
}
