//! What all handlers share.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::config::Config;
use super::influx::Connection;
use super::ports::Clock;
use super::services::follow::pollers::Pollers;
use super::services::listing::Judgement;
use super::services::locks::{DeviceLocks, Jobs};
use super::services::query::token::KnownToken;
use crate::model::device::DeviceConfiguration;
use crate::model::status::BackendStatus;

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
    pub locks: DeviceLocks,
    pub jobs: Jobs,
    pub pollers: Pollers,
    /// What callers' scripts run under.
    pub read_token: KnownToken,
    /// The address of the store as devices see it, if it is not the server's own.
    pub store_url: Option<String>,
    /// A warning for every page.
    pub banner: Option<String>,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
}

impl Shared {
    /// The backend and its state as of the last probe.
    pub fn backend_status(&self) -> BackendStatus {
        let (name, state) = self.backend.status();
        BackendStatus { name, state, banner: self.banner.clone() }
    }
}

impl AppState {
    pub fn new(
        options: LeptosOptions,
        config: &Config,
        backend: Backend,
        banner: Option<String>,
        shutdown: CancellationToken,
    ) -> Self {
        let shared = Shared {
            backend,
            clock: SystemClock,
            judgement: Judgement { limits: config.liveness, look_back: config.look_back },
            locks: DeviceLocks::default(),
            jobs: Jobs::default(),
            pollers: Pollers::default(),
            read_token: KnownToken::default(),
            store_url: config.store_url.clone(),
            banner,
            shutdown,
        };
        Self { options, shared: Arc::new(shared) }
    }

    /// Where a device writes to.
    pub fn device_configuration(&self, connection: &Connection) -> DeviceConfiguration {
        let own = connection.client.url().trim_end_matches('/');
        DeviceConfiguration {
            influx_url: self.shared.store_url.clone().unwrap_or_else(|| own.to_owned()),
            organization: connection.organization_name.clone(),
            bucket: connection.telemetry.name.clone(),
        }
    }
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)
    }
}
