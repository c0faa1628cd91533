//! What all handlers share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::clock::SystemClock;
use super::config::{Config, DeviceSettings};
use super::influx::{Connection, Session, TimeLimit};
use super::monitor::Monitor;
use super::mqtt::Mqtt;
use super::ports::{Clock, Result};
use super::rate::RateLimits;
use super::services::follow::pollers::Pollers;
use super::services::history::Overlap;
use super::services::listing::Judgement;
use super::services::locks::{DeviceLocks, Jobs};
use super::services::query::token::KnownToken;
use super::store_url::StoreUrl;
use crate::model::device::DeviceConfiguration;
use crate::model::leftover::Leftovers;
use crate::model::status::{BackendStatus, SettingValue};

/// The state of the router. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    pub options: LeptosOptions,
    pub shared: Arc<Shared>,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

/// One of each for the whole process.
#[derive(Debug)]
pub struct Shared {
    pub backend: Backend,
    pub clock: SystemClock,
    pub judgement: Judgement,
    pub devices: DeviceSettings,
    pub locks: DeviceLocks,
    pub jobs: Jobs,
    pub pollers: Pollers,
    /// Where there is a broker.
    pub mqtt: Option<Mqtt>,
    /// How many authorizations the last look found that belong to no registered device.
    leftovers: Mutex<Leftovers>,
    pub rates: RateLimits,
    pub monitor: Monitor,
    /// What is wrong with the configuration, and all settings as they are in force.
    pub problems: Vec<String>,
    pub settings: Vec<SettingValue>,
    pub store_url: StoreUrl,
    /// What callers' scripts run under.
    pub read_token: KnownToken,
    /// A warning for every page.
    pub banner: Option<String>,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
}

impl Shared {
    /// For how long a token goes on that was replaced.
    pub fn overlap(&self) -> Overlap {
        Overlap { refresh: self.devices.configuration_refresh }
    }

    pub fn note_leftovers(&self, leftovers: Leftovers) {
        *self.leftovers.lock().unwrap_or_else(PoisonError::into_inner) = leftovers;
    }

    /// What the last look at all authorizations found.
    pub fn leftovers(&self) -> Leftovers {
        *self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The backend and its state as of the last probe.
    pub fn backend_status(&self) -> BackendStatus {
        let (name, state) = self.backend.status();
        BackendStatus { name, state, banner: self.banner.clone() }
    }
}

impl AppState {
    /// Begins to listen to the broker, if there is one.
    pub fn new(
        options: LeptosOptions,
        config: &Config,
        backend: Backend,
        banner: Option<String>,
        shutdown: CancellationToken,
    ) -> Self {
        let (jobs, pollers) = (Jobs::default(), Pollers::default());
        let monitor = Monitor::new(config.monitor, backend.clone(), pollers.clone(), jobs.clone());
        let mqtt = config.mqtt.clone().map(|mqtt| Mqtt::start(mqtt, backend.clone(), SystemClock));
        let shared = Shared {
            backend,
            clock: SystemClock,
            judgement: Judgement { limits: config.liveness, look_back: config.look_back },
            devices: config.devices,
            leftovers: Mutex::default(),
            locks: DeviceLocks::default(),
            jobs,
            pollers,
            mqtt,
            rates: RateLimits::new(config.registrations_per_minute),
            monitor,
            problems: config.problems.clone(),
            settings: config.settings.clone(),
            store_url: StoreUrl::of(config),
            read_token: KnownToken::default(),
            banner,
            shutdown,
        };
        Self { options, shared: Arc::new(shared) }
    }

    /// InfluxDB, for a request without leptos: connected to and answering within this time.
    pub async fn influx(&self, total: Duration) -> Result<(Arc<Connection>, Session)> {
        let limit = TimeLimit { deadline: Instant::now() + total, total };
        let connection = self.shared.backend.connection(Some(limit)).await?;
        let session = Session::new(Arc::clone(&connection), Some(limit), self.shared.clock.now());
        Ok((connection, session))
    }

    /// Where a device writes to, for a caller that has reached this server as `host`: what
    /// [`requested_host`](super::middleware::host::requested_host) says behind the check of hosts.
    pub fn device_configuration(
        &self,
        connection: &Connection,
        host: Option<&str>,
    ) -> DeviceConfiguration {
        DeviceConfiguration {
            influx_url: self.shared.store_url.seen_by(connection.client.url(), host),
            organization: connection.organization_name.clone(),
            bucket: connection.telemetry.name.clone(),
        }
    }
}
