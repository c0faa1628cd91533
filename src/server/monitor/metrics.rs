//! The figures of `/metrics`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tokio::runtime::Handle;

use crate::model::status::BackendState;
use crate::server::backend::Backend;
use crate::server::clock::SystemClock;
use crate::server::ports::Clock;
use crate::server::process;
use crate::server::services::follow::pollers::Pollers;
use crate::server::services::locks::Jobs;
use crate::server::services::monitoring::Samples;

/// Upper bounds in seconds: from an answer out of memory to the longest that anybody is made to wait.
const BOUNDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const NANOSECONDS: f64 = 1e9;

/// Route, method and class of the status.
type Labels = [(&'static str, String); 3];

/// What is counted as it happens, and what is looked at when somebody asks.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    durations: Family<Labels, Histogram, Durations>,
}

/// Makes a histogram of durations.
#[derive(Debug, Clone, Copy)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(BOUNDS)
    }
}

impl Metrics {
    pub(super) fn new(
        started: i64,
        backend: Backend,
        pollers: Pollers,
        jobs: Jobs,
        samples: Option<Arc<Samples>>,
    ) -> Self {
        let mut registry = Registry::default();
        let durations = Family::new_with_constructor(Durations);
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's arrival until the head of its answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register(
            "iot_center_build",
            "This program",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let started = started as f64 / NANOSECONDS;
        let state = State { started, backend, pollers, jobs, samples };
        registry.register_collector(Box::new(state));
        Self { registry, durations }
    }

    pub(super) fn request(
        &self,
        route: &str,
        method: &'static str,
        status: u16,
        duration: Duration,
    ) {
        let labels = [
            ("route", route.to_owned()),
            ("method", method.to_owned()),
            ("status", format!("{}xx", status / 100)),
        ];
        self.durations.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What is looked at when somebody asks.
#[derive(Debug)]
struct State {
    /// In seconds since the Unix epoch.
    started: f64,
    backend: Backend,
    pollers: Pollers,
    jobs: Jobs,
    samples: Option<Arc<Samples>>,
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut figures = Figures { encoder: &mut encoder };
        figures.gauge(
            "process_start_time",
            "When the process began, in seconds since the Unix epoch",
            Some(Unit::Seconds),
            self.started,
        )?;
        let uptime = SystemClock.now() as f64 / NANOSECONDS - self.started;
        figures.gauge(
            "iot_center_uptime",
            "Time since the process began",
            Some(Unit::Seconds),
            uptime,
        )?;
        cost(&mut figures)?;
        runtime(&mut figures)?;
        self.backend(&mut figures)?;
        figures.gauge(
            "iot_center_followed_devices",
            "Devices whose new points are streamed to somebody",
            None,
            self.pollers.count() as f64,
        )?;
        figures.gauge(
            "iot_center_write_jobs",
            "Devices whose missing data is being written",
            None,
            self.jobs.count() as f64,
        )?;
        let Some(samples) = &self.samples else { return Ok(()) };
        figures.gauge(
            "iot_center_monitor_points_waiting",
            "Observations of this server that are not written to InfluxDB yet",
            None,
            samples.len() as f64,
        )?;
        figures.counter(
            "iot_center_monitor_points_dropped",
            "Observations of this server that were not written to InfluxDB and never will be",
            None,
            samples.dropped() as f64,
        )
    }
}

impl State {
    fn backend(&self, figures: &mut Figures) -> fmt::Result {
        let is_up = match self.backend.status().1 {
            BackendState::Ready | BackendState::Delayed => 1.0,
            BackendState::Failing(_) => 0.0,
        };
        figures.gauge(
            "iot_center_backend_up",
            "Whether InfluxDB or the embedded store answered the last probe",
            None,
            is_up,
        )?;
        let Some(probed) = self.backend.last_probe() else { return Ok(()) };
        figures.gauge(
            "iot_center_backend_last_probe_timestamp",
            "When it was last probed, in seconds since the Unix epoch",
            Some(Unit::Seconds),
            probed as f64 / NANOSECONDS,
        )
    }
}

/// What the process costs the machine.
fn cost(figures: &mut Figures) -> fmt::Result {
    let Some(process) = process::figures() else { return Ok(()) };
    figures.counter(
        "process_cpu",
        "Processor time that was spent",
        Some(Unit::Seconds),
        process.user_seconds + process.system_seconds,
    )?;
    let bytes = || Some(Unit::Bytes);
    figures.gauge("process_resident_memory", "Memory in use", bytes(), process.resident_bytes)?;
    figures.gauge(
        "process_virtual_memory",
        "Memory addresses in use",
        bytes(),
        process.virtual_bytes,
    )?;
    figures.gauge("process_open_fds", "Open file descriptors", None, process.open_files)?;
    figures.gauge("process_threads", "Threads", None, process.threads)
}

/// Of the runtime that answers, which is the one of all.
fn runtime(figures: &mut Figures) -> fmt::Result {
    let Ok(runtime) = Handle::try_current() else { return Ok(()) };
    let metrics = runtime.metrics();
    let (workers, tasks) = (metrics.num_workers(), metrics.num_alive_tasks());
    figures.gauge("tokio_workers", "Threads that run tasks", None, workers as f64)?;
    figures.gauge("tokio_alive_tasks", "Tasks that have not ended", None, tasks as f64)
}

/// Writes figures without labels.
struct Figures<'a, 'b> {
    encoder: &'a mut DescriptorEncoder<'b>,
}

impl Figures<'_, '_> {
    fn gauge(&mut self, name: &str, help: &str, unit: Option<Unit>, value: f64) -> fmt::Result {
        self.write(name, help, unit, &ConstGauge::new(value))
    }

    fn counter(&mut self, name: &str, help: &str, unit: Option<Unit>, value: f64) -> fmt::Result {
        self.write(name, help, unit, &ConstCounter::new(value))
    }

    fn write(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<Unit>,
        metric: &impl EncodeMetric,
    ) -> fmt::Result {
        // As the library ends those of the registry.
        let help = format!("{help}.");
        let kind = metric.metric_type();
        metric.encode(self.encoder.encode_descriptor(name, &help, unit.as_ref(), kind)?)
    }
}
