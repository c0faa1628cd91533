//! Takes lines of devices into the telemetry bucket, whatever happens meanwhile: it waits for an InfluxDB that is away, and finds the
//! lines that no InfluxDB would take.
//!
//! **Invariant: when [`take`] returns, InfluxDB has every line but those that it returns.** Dropping it leaves some lines taken and others
//! not; taking all of them again leaves the same points.

use std::ops::Range;
use std::time::Duration;

use crate::server::ports::intake::{Intake, IntakeError, Lines};
use crate::server::ports::{Cause, PortError};

/// One write holds at most so many bytes and lines.
const MOST_BYTES: usize = 1 << 20;
const MOST_LINES: usize = 5_000;

/// The first wait after a failure; the next is twice as long, and so on.
const BACKOFF: Duration = Duration::from_millis(250);

/// No wait is longer, unless InfluxDB asks for one.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// Where somebody has to change something first.
const CONFIGURATION_BACKOFF: Duration = Duration::from_secs(30);

/// Lines that InfluxDB refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// How many.
    pub lines: u64,
    /// Why, in InfluxDB's words.
    pub sentence: String,
    /// One of them, counted from 0, where it was found.
    pub example: Option<usize>,
}

/// Takes all lines, in order; returns when each of them was taken or refused for good. `waiting` hears why it takes longer.
pub async fn take(
    intake: &impl Intake,
    lines: &Lines,
    mut waiting: impl FnMut(&PortError),
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut todo: Vec<Range<usize>> = lines.ranges(MOST_BYTES, MOST_LINES).collect();
    todo.reverse();
    while let Some(range) = todo.pop() {
        let sentence = match patiently(intake, lines.text(range.clone()), &mut waiting).await {
            Verdict::Taken => continue,
            Verdict::Partly { sentence, dropped } => {
                let example = example(intake, lines, range, &mut waiting).await;
                refusals.push(Refusal { lines: dropped, sentence, example });
                continue;
            }
            Verdict::Refused { sentence } => sentence,
        };
        if let Some((first, second)) = halves(&range) {
            // The first one on top, to keep the order.
            todo.push(second);
            todo.push(first);
            continue;
        }
        // Not even one line. Is it the line, or would anything be refused, as a proxy in between does that is set up wrongly?
        match patiently(intake, "", &mut waiting).await {
            Verdict::Refused { sentence } => {
                let error = PortError {
                    sentence: format!(
                        "InfluxDB refuses everything, even to write nothing: {sentence}. Check INFLUX_URL and what is between."
                    ),
                    cause: Cause::Configuration,
                };
                pause(&error, None, 0, &mut waiting).await;
                todo.push(range);
            }
            Verdict::Taken | Verdict::Partly { .. } => {
                refusals.push(Refusal { lines: 1, sentence, example: Some(range.start) });
            }
        }
    }
    refusals
}

/// What became of some lines in the end.
enum Verdict {
    Taken,
    Partly { sentence: String, dropped: u64 },
    Refused { sentence: String },
}

/// Offers lines until there is a verdict.
async fn patiently(
    intake: &impl Intake,
    lines: &str,
    waiting: &mut impl FnMut(&PortError),
) -> Verdict {
    let mut failures = 0;
    loop {
        match intake.take(lines).await {
            Ok(()) => return Verdict::Taken,
            Err(IntakeError::Partly { sentence, dropped }) => {
                return Verdict::Partly { sentence, dropped };
            }
            Err(IntakeError::Refused { sentence }) => return Verdict::Refused { sentence },
            Err(IntakeError::TooLarge) => {
                let sentence = "it is too large for InfluxDB".to_owned();
                return Verdict::Refused { sentence };
            }
            Err(IntakeError::Later { error, after }) => {
                pause(&error, after, failures, waiting).await;
                failures += 1;
            }
        }
    }
}

/// Waits after a failure, the longer the more there were before.
async fn pause(
    error: &PortError,
    after: Option<Duration>,
    failures_before: u32,
    waiting: &mut impl FnMut(&PortError),
) {
    waiting(error);
    let backoff = if error.cause == Cause::Configuration {
        CONFIGURATION_BACKOFF
    } else {
        BACKOFF.saturating_mul(1 << failures_before.min(10)).min(LONGEST_BACKOFF)
    };
    // Somewhere in the upper half, so that several servers do not come back at the same moment.
    let backoff = backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
    tokio::time::sleep(after.unwrap_or(backoff)).await;
}

/// Finds one of the lines that InfluxDB leaves out of a range. Lines may be taken once more, which changes nothing.
async fn example(
    intake: &impl Intake,
    lines: &Lines,
    mut range: Range<usize>,
    waiting: &mut impl FnMut(&PortError),
) -> Option<usize> {
    while let Some((first, second)) = halves(&range) {
        range = match patiently(intake, lines.text(first.clone()), waiting).await {
            Verdict::Taken => second,
            Verdict::Partly { .. } => first,
            // It was not a moment ago.
            Verdict::Refused { .. } => return None,
        };
    }
    Some(range.start)
}

fn halves(range: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let middle = range.start.midpoint(range.end);
    (range.start < middle).then_some((range.start..middle, middle..range.end))
}

#[cfg(test)]
mod tests;
