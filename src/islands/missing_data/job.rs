//! A run of "Write Missing Data", as the page sees it.
//!
//! The answer's stream drives the work on the server: dropping it, by "Cancel" or by leaving the page, stops the
//! work after the batch in hand.

use futures::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use crate::api::ApiError;
use crate::api::writing::WriteMissingData;
use crate::hooks::answer::post;
use crate::hooks::navigation::refresh_page;
use crate::hooks::stopwatch::milliseconds;
use crate::model::device::DeviceId;
use crate::model::writing::WriteProgress;

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// None was started.
    Idle,
    /// Asked for; the server is still looking for what is missing.
    Starting,
    Writing {
        written: u32,
        total: u32,
        elapsed_ms: f64,
    },
    Done {
        written: u32,
    },
    Cancelled {
        written: u32,
    },
    Failed {
        written: u32,
        message: String,
    },
}

impl State {
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Starting | Self::Writing { .. })
    }

    fn written(&self) -> u32 {
        match *self {
            Self::Idle | Self::Starting => 0,
            Self::Writing { written, .. }
            | Self::Done { written }
            | Self::Cancelled { written }
            | Self::Failed { written, .. } => written,
        }
    }
}

/// The run that the page shows; a copyable handle.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    state: RwSignal<State>,
    abort: StoredValue<Option<AbortHandle>>,
}

impl Job {
    /// Made once by a page; a run ends with it.
    pub fn for_this_page() -> Self {
        let job = Self { state: RwSignal::new(State::Idle), abort: StoredValue::new(None) };
        on_cleanup(move || job.abort());
        job
    }

    pub fn state(self) -> RwSignal<State> {
        self.state
    }

    /// Stops a run; what was written stays.
    pub fn cancel(self) {
        self.abort();
        self.state.update(|state| {
            if state.is_running() {
                *state = State::Cancelled { written: state.written() };
            }
        });
    }

    /// Starts a run. Whatever its end, the page is asked for again.
    pub fn start(self, id: DeviceId, confirmed: bool) {
        self.abort();
        self.state.set(State::Starting);
        let (run, handle) = abortable(self.run(id, confirmed));
        self.abort.set_value(Some(handle));
        spawn_local(async move {
            if let Ok(end) = run.await {
                // The page may be gone by then.
                self.state.try_set(end);
                refresh_page();
            }
        });
    }

    fn abort(self) {
        if let Some(handle) = self.abort.try_get_value().flatten() {
            handle.abort();
        }
    }

    /// Follows the server's answer to its end.
    async fn run(self, id: DeviceId, confirmed: bool) -> State {
        let started = milliseconds();
        let form = format!("id={id}&confirmed={confirmed}");
        let mut answer = match post(WriteMissingData::url(), form).await {
            Ok(answer) => answer,
            Err(error) => {
                return State::Failed { written: 0, message: ApiError::from(error).to_string() };
            }
        };
        let mut lines = Lines::default();
        loop {
            let chunk = match answer.piece().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return self.failed(ApiError::from(error).to_string()),
            };
            for progress in lines.push(&chunk) {
                match progress {
                    WriteProgress::Writing { written, total } => {
                        self.state.try_set(State::Writing {
                            written,
                            total,
                            elapsed_ms: milliseconds() - started,
                        });
                    }
                    WriteProgress::Done { written } => return State::Done { written },
                    WriteProgress::Failed { written, message, .. } => {
                        return State::Failed { written, message };
                    }
                }
            }
        }
        self.failed("The server ended the answer before the work was done.".to_owned())
    }

    fn failed(self, message: String) -> State {
        State::Failed {
            written: self.state.try_with_untracked(State::written).unwrap_or_default(),
            message,
        }
    }
}

/// Puts lines together from chunks that end anywhere.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) -> Vec<WriteProgress> {
        self.rest.extend_from_slice(chunk);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.rest.split_off(end + 1);
        let complete = std::mem::replace(&mut self.rest, rest);
        let lines = complete.split(|byte| *byte == b'\n');
        lines.filter_map(|line| WriteProgress::from_line(std::str::from_utf8(line).ok()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_together_from_any_chunks() {
        let sent = [
            WriteProgress::Writing { written: 2_000, total: 10_080 },
            WriteProgress::Writing { written: 10_080, total: 10_080 },
            WriteProgress::Done { written: 10_080 },
        ];
        let text: String = sent.iter().map(WriteProgress::to_line).collect();
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut received = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                received.extend(lines.push(chunk));
            }
            assert_eq!(received, sent, "in chunks of {size}");
        }
    }
}
