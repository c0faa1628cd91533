//! What this server observes of itself: how long requests took and what the process costs, for `/metrics` and, where that is wanted, as points
//! in InfluxDB.
//!
//! **Nothing that a stranger chooses becomes a label or a tag:** routes are templates, methods known ones.

mod metrics;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::metrics::Metrics;
use super::backend::Backend;
use super::clock::SystemClock;
use super::influx::{Session, TimeLimit};
use super::ports::Clock;
use super::ports::monitoring::{Observed, RequestFigures};
use super::process;
use super::services::follow::pollers::Pollers;
use super::services::locks::Jobs;
use super::services::monitoring::{Samples, flush};
use super::state::Shared;

/// Between two writes to InfluxDB, as in IoT Center.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// A write has this long; so the last one does not hold up the end of the server.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// The label of files that browsers load, and of all else that has no route.
const FILES: &str = "files";
const UNMATCHED: &str = "unmatched";

/// Collects what is observed.
#[derive(Debug)]
pub struct Monitor {
    started: i64,
    metrics: Metrics,
    /// On their way to InfluxDB; `None` where nobody wants them there.
    samples: Option<Arc<Samples>>,
}

impl Monitor {
    /// `reports` to InfluxDB as well.
    pub fn new(reports: bool, backend: Backend, pollers: Pollers, jobs: Jobs) -> Self {
        let started = SystemClock.now();
        let samples = reports.then(Arc::default);
        let metrics = Metrics::new(started, backend, pollers, jobs, samples.clone());
        Self { started, metrics, samples }
    }

    /// A request that was answered. `route` is the template that it has matched, if any.
    pub fn request(&self, route: Option<&str>, method: &Method, status: u16, duration: Duration) {
        let route = match route {
            Some(route) => route,
            None if status < 400 => FILES,
            None => UNMATCHED,
        };
        let method = known(method);
        self.metrics.request(route, method, status, duration);
        if let Some(samples) = &self.samples {
            let milliseconds = duration.as_secs_f64() * 1_000.0;
            let route = route.to_owned();
            let figures = RequestFigures { route, method, status, milliseconds };
            samples.add(&SystemClock, Observed::Request(figures));
        }
    }

    /// How many observations will never get to InfluxDB.
    pub fn lost(&self) -> u64 {
        self.samples.as_ref().map_or(0, |samples| samples.dropped())
    }

    /// When this server started, in nanoseconds since the Unix epoch.
    pub fn started(&self) -> i64 {
        self.started
    }

    /// All of it in the text format of OpenMetrics.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        self.metrics.text()
    }
}

/// The name of a method that this server has a use for.
fn known(method: &Method) -> &'static str {
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    methods.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

/// Writes to InfluxDB what was observed, every ten seconds and once more at `stop`. Does nothing where that is not wanted.
pub async fn report(shared: Arc<Shared>, stop: CancellationToken) {
    let Some(samples) = shared.monitor.samples.clone() else { return };
    let host = process::host_name();
    let mut turns = interval(REPORT_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_sentence = String::new();
    loop {
        let is_last = tokio::select! {
            _ = turns.tick() => false,
            () = stop.cancelled() => true,
        };
        if let Some(figures) = process::figures() {
            samples.add(&shared.clock, Observed::Process(Box::new(figures)));
        }
        // Without a connection they wait.
        if let Some(connection) = shared.backend.connection_now() {
            let limit = TimeLimit { deadline: Instant::now() + REPORT_LIMIT, total: REPORT_LIMIT };
            let session = Session::new(connection, Some(limit), shared.clock.now());
            let sentence = match flush(&session, &host, &samples).await {
                Ok(()) => String::new(),
                Err(error) => error.to_string(),
            };
            if !sentence.is_empty() && sentence != last_sentence {
                tracing::warn!("IOT_CENTER_MONITOR: {sentence}");
            }
            last_sentence = sentence;
        }
        if is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_nobody_knows_are_one() {
        assert_eq!(known(&Method::GET), "GET");
        assert_eq!(known(&Method::DELETE), "DELETE");
        for name in ["TRACE", "CONNECT", "get", "PROPFIND", "X-\u{7e}"] {
            assert_eq!(known(&Method::from_bytes(name.as_bytes()).unwrap()), "other", "{name}");
        }
    }
}
