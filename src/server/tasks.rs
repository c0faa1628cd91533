//! What goes on besides requests: putting registrations right, and watching for outages. All of it ends with the server.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::influx::Session;
use super::ports::{Clock, Events as _};
use super::services::outages;
use super::services::query::token::tidy_up;
use super::services::reconciler::reconcile;
use super::state::{AppState, Shared};
use crate::model::event::{Event, EventKind};
use crate::model::status::BackendState;
use crate::model::time::Timestamp;

/// Between two runs of the reconciler.
const RECONCILE_EVERY: Duration = Duration::from_secs(60);

/// Between two looks at what was left of tokens for queries: it permits little, and each look lists all authorizations.
const TIDY_UP_EVERY: Duration = Duration::from_hours(1);

/// Between two looks for devices that have fallen silent or are back.
const WATCH_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether InfluxDB answers; the probes are made by others.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A shorter outage of InfluxDB is none: nobody has noticed.
const SHORTEST_OUTAGE: Duration = Duration::from_secs(5);

/// Starts all of it.
pub fn start(state: &AppState, shutdown: &CancellationToken) {
    let tasks: [fn(Arc<Shared>) -> BoxFuture<'static, ()>; 4] = [
        |shared| reconcile_for_ever(shared).boxed(),
        |shared| tidy_up_for_ever(shared).boxed(),
        |shared| watch_devices(shared).boxed(),
        |shared| watch_backend(shared).boxed(),
    ];
    for task in tasks {
        let work = task(Arc::clone(&state.shared));
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(work));
    }
}

/// Puts registrations right that stopped half-way, and revokes replaced tokens: at the start and every minute.
async fn reconcile_for_ever(shared: Arc<Shared>) {
    loop {
        let Some(session) = session(&shared).await else { return };
        match reconcile(&session, &shared.clock, &shared.locks, shared.overlap()).await {
            Ok((_, audit)) => shared.note_leftovers(audit.leftovers()),
            Err(error) => tracing::debug!(%error, "registrations could not be checked"),
        }
        sleep(RECONCILE_EVERY).await;
    }
}

/// Deletes what was left half-way of tokens for queries: at the start and every hour.
async fn tidy_up_for_ever(shared: Arc<Shared>) {
    loop {
        let Some(session) = session(&shared).await else { return };
        match tidy_up(&session, &shared.clock).await {
            Ok(0) => {}
            Ok(revoked) => tracing::info!(
                revoked,
                "authorizations for queries that nobody had finished were deleted"
            ),
            Err(error) => {
                tracing::debug!(%error, "authorizations for queries could not be checked");
            }
        }
        sleep(TIDY_UP_EVERY).await;
    }
}

/// Notes outages of devices in the log of events.
async fn watch_devices(shared: Arc<Shared>) {
    loop {
        let Some(session) = session(&shared).await else { return };
        if let Err(error) = outages::watch(&session, &shared.clock, shared.judgement).await {
            tracing::debug!(%error, "it could not be looked for silent devices");
        }
        sleep(WATCH_EVERY).await;
    }
}

/// Notes outages of InfluxDB, once it can be written to again.
async fn watch_backend(shared: Arc<Shared>) {
    let mut failing: Option<(Instant, Timestamp, String)> = None;
    loop {
        sleep(LOOK_EVERY).await;
        let now = Timestamp::from_nanoseconds(shared.clock.now());
        match shared.backend.status().1 {
            BackendState::Failing(reason) => {
                failing.get_or_insert((Instant::now(), now, reason));
            }
            BackendState::Ready | BackendState::Delayed => {
                let Some((since, time, reason)) = failing.take() else { continue };
                if since.elapsed() < SHORTEST_OUTAGE {
                    continue;
                }
                let Some(session) = session(&shared).await else { return };
                let event = Event {
                    kind: EventKind::BackendOutage,
                    device: None,
                    time,
                    until: Some(now),
                    detail: Some(reason.clone()),
                };
                if session.record(std::slice::from_ref(&event)).await.is_err() {
                    // It answers, and is not yet itself: the outage goes on.
                    failing = Some((since, time, reason));
                }
            }
        }
    }
}

/// InfluxDB for one round, as soon as there is one.
async fn session(shared: &Shared) -> Option<Session> {
    let connection = shared.backend.connected().await?;
    Some(Session::new(connection, None, shared.clock.now()))
}
