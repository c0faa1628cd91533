//! Observations of this server on their way to InfluxDB, in batches.
//!
//! **Whoever observes never waits.** What cannot be written is kept up to a limit, beyond which the oldest go and are counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Result;
use crate::server::ports::monitoring::{Monitoring, Observed, Sample};
use crate::server::ports::{Cause, Clock};

/// How many observations are kept: one batch is not larger either, whatever storm of requests there was.
const MOST: usize = 5_000;

/// What was observed and is not written yet.
#[derive(Debug, Default)]
pub struct Samples {
    queue: Mutex<VecDeque<Sample>>,
    dropped: AtomicU64,
}

impl Samples {
    /// Adds an observation of now.
    pub fn add(&self, clock: &impl Clock, observed: Observed) {
        let now = clock.now();
        let mut queue = self.queue();
        // Two points of one series at the same time would be one.
        let time = queue.back().map_or(now, |last| now.max(last.time.saturating_add(1)));
        queue.push_back(Sample { time, observed });
        self.shorten(&mut queue);
    }

    /// How many are waiting.
    pub fn len(&self) -> usize {
        self.queue().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were lost since the server started.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn take(&self) -> Vec<Sample> {
        std::mem::take(&mut *self.queue()).into()
    }

    /// Puts back what could not be written, in front of what has come since.
    fn give_back(&self, samples: Vec<Sample>) {
        let mut queue = self.queue();
        let newer = std::mem::replace(&mut *queue, samples.into());
        queue.extend(newer);
        self.shorten(&mut queue);
    }

    fn shorten(&self, queue: &mut VecDeque<Sample>) {
        let surplus = queue.len().saturating_sub(MOST);
        queue.drain(..surplus);
        self.dropped.fetch_add(surplus as u64, Ordering::Relaxed);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all that is waiting. What fails and may succeed later is kept for the next time.
pub async fn flush(ports: &impl Monitoring, host: &str, samples: &Samples) -> Result<()> {
    let batch = samples.take();
    if batch.is_empty() {
        return Ok(());
    }
    let written = ports.write_samples(host, &batch).await;
    if let Err(error) = &written {
        match error.cause {
            Cause::Temporary | Cause::Configuration => samples.give_back(batch),
            // It would fail for ever, and all others behind it.
            Cause::FieldType | Cause::TooLarge | Cause::Unexpected => {
                samples.dropped.fetch_add(batch.len() as u64, Ordering::Relaxed);
            }
        }
    }
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ports::PortError;
    use crate::server::ports::monitoring::RequestFigures;
    use crate::server::services::testing::TestClock;

    /// Keeps what is written, or refuses it.
    #[derive(Debug, Default)]
    struct Target {
        written: Mutex<Vec<Sample>>,
        refuses: Mutex<Option<Cause>>,
    }

    #[expect(clippy::unused_async_trait_impl, reason = "memory waits for nothing")]
    impl Monitoring for Target {
        async fn write_samples(&self, _: &str, samples: &[Sample]) -> Result<(), PortError> {
            if let Some(cause) = *self.refuses.lock().unwrap() {
                return Err(PortError { sentence: "It does not work.".to_owned(), cause });
            }
            self.written.lock().unwrap().extend_from_slice(samples);
            Ok(())
        }
    }

    fn request(status: u16) -> Observed {
        let route = "/devices/{id}".to_owned();
        Observed::Request(RequestFigures { route, method: "GET", status, milliseconds: 1.5 })
    }

    #[tokio::test]
    async fn what_was_observed_is_written_once_and_at_different_times() {
        let (samples, target, clock) =
            (Samples::default(), Target::default(), TestClock::default());
        flush(&target, "h", &samples).await.unwrap();
        for status in [200, 404, 200] {
            samples.add(&clock, request(status));
        }
        flush(&target, "h", &samples).await.unwrap();
        flush(&target, "h", &samples).await.unwrap();
        let written = target.written.lock().unwrap();
        assert_eq!(
            written.iter().map(|sample| &sample.observed).collect::<Vec<_>>(),
            [&request(200), &request(404), &request(200)]
        );
        assert!(written.is_sorted_by_key(|sample| sample.time));
        assert!(written[0].time < written[1].time && written[1].time < written[2].time);
        assert_eq!(samples.dropped(), 0);
    }

    #[tokio::test]
    async fn what_cannot_be_written_now_is_kept_in_order() {
        let (samples, target, clock) =
            (Samples::default(), Target::default(), TestClock::default());
        *target.refuses.lock().unwrap() = Some(Cause::Temporary);
        samples.add(&clock, request(201));
        assert!(flush(&target, "h", &samples).await.is_err());
        samples.add(&clock, request(202));
        *target.refuses.lock().unwrap() = None;
        flush(&target, "h", &samples).await.unwrap();
        let written = target.written.lock().unwrap();
        assert_eq!(written.len(), 2);
        assert_eq!(written[0].observed, request(201));
    }

    #[tokio::test]
    async fn what_can_never_be_written_does_not_stand_in_the_way() {
        let (samples, target, clock) =
            (Samples::default(), Target::default(), TestClock::default());
        *target.refuses.lock().unwrap() = Some(Cause::FieldType);
        samples.add(&clock, request(200));
        assert!(flush(&target, "h", &samples).await.is_err());
        assert_eq!((samples.len(), samples.dropped()), (0, 1));
    }

    #[test]
    fn a_storm_costs_no_more_than_the_limit_and_the_oldest_go() {
        let (samples, clock) = (Samples::default(), TestClock::default());
        for _ in 0..MOST {
            samples.add(&clock, request(200));
        }
        for _ in 0..3 {
            samples.add(&clock, request(500));
        }
        assert_eq!((samples.len(), samples.dropped()), (MOST, 3));
        let batch = samples.take();
        assert_eq!(batch.last().unwrap().observed, request(500));
        samples.add(&clock, request(404));
        samples.give_back(batch);
        assert_eq!((samples.len(), samples.dropped()), (MOST, 4));
        assert_eq!(samples.take().last().unwrap().observed, request(404));
    }
}
