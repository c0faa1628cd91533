//! What the report of `/status` begins with: all that is known without asking anybody.

use super::mqtt::Mqtt;
use super::services::status::{Known, KnownBackend, Place};
use super::state::AppState;
use crate::model::time::Timestamp;

impl AppState {
    /// For a caller that has reached this server as `host`.
    pub fn known(&self, host: Option<&str>) -> Known {
        let (shared, address) = (&self.shared, self.options.site_addr);
        let is_exposed = !address.ip().is_loopback();
        let (name, state) = shared.backend.status();
        let place = shared.backend.connection_now().map(|connection| {
            let own = connection.client.url();
            let mut url_of_devices = shared.store_url.seen_by(own, host);
            if is_exposed && url_of_devices == own.trim_end_matches('/') {
                // Who asks from this machine is told what others would be.
                url_of_devices = shared.store_url.seen_by(own, Some("<this machine>"));
            }
            Place {
                organization: connection.organization_name.clone(),
                telemetry: connection.telemetry.name.clone(),
                registry: connection.registry.name.clone(),
                url_of_devices,
            }
        });
        Known {
            problems: shared.problems.clone(),
            settings: shared.settings.clone(),
            backend: KnownBackend {
                name,
                is_embedded: shared.backend.is_embedded(),
                url: shared.backend.url().map(str::to_owned),
                state: Some(state),
                is_out_of_reach: shared
                    .backend
                    .url()
                    .is_some_and(|url| shared.store_url.is_out_of_reach(url)),
                ahead_ms: shared.backend.clock_ahead_ms(),
                place,
            },
            mqtt: shared.mqtt.as_ref().map(Mqtt::status),
            address: Some(format!("http://{address}")),
            is_exposed,
            lost_observations: shared.monitor.lost(),
            started: Timestamp::from_nanoseconds(shared.monitor.started()),
        }
    }
}
