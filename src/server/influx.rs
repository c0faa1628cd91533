//! The ports of the use-cases over InfluxDB: the only place with Flux, buckets and line protocol.
//!
//! A [`Session`] lives as long as one request: it has the request's time limit and records its calls for "How it works".

mod authorizations;
mod buckets;
mod columns;
mod events;
mod explain;
mod extremes;
pub mod intake;
mod monitoring;
mod queries;
mod read_tokens;
mod registry;
mod schema;
mod script;
mod series;
mod telemetry;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use influx_client::{Client, Query};
use influx_wire::csv::Batch;
use tokio::time::Instant;

pub use explain::Explainer;

use super::config::DeviceTag;
use super::ports::{Explain, Result};
use crate::model::device::{DeviceId, HowItWorks};
use crate::model::resolution::Resolution;

/// A bucket as calls name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub id: String,
    pub name: String,
}

/// An InfluxDB that is set up and has both buckets.
#[derive(Debug, Clone)]
pub struct Connection {
    pub client: Client,
    /// The same for scripts that somebody has written, which may compute for long before they answer.
    pub patient: Client,
    pub organization_id: String,
    pub organization_name: String,
    pub telemetry: Bucket,
    pub registry: Bucket,
    pub device_tag: DeviceTag,
    /// Words its errors.
    pub explainer: Explainer,
    /// The types of the emulator's fields were found right and are not looked at again until then, in nanoseconds: the look is at
    /// every series of the bucket. InfluxDB refuses what does not fit in any case.
    pub types_fit_until: Arc<AtomicI64>,
}

/// The calls of one request.
#[derive(Debug, Clone)]
pub struct Session {
    connection: Arc<Connection>,
    /// With the request's time limit.
    client: Client,
    deadline: Option<Instant>,
    /// What `now()` is in the queries of this request.
    now: i64,
    calls: Arc<Mutex<Vec<HowItWorks>>>,
    explainer: Explainer,
}

/// How long a request may wait for InfluxDB.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    pub deadline: Instant,
    /// How long that was at the beginning, for the error's text.
    pub total: Duration,
}

impl Session {
    /// Without a limit every call still ends within the client's own.
    pub fn new(connection: Arc<Connection>, limit: Option<TimeLimit>, now: i64) -> Self {
        let client = match limit {
            Some(limit) => connection.client.with_deadline(limit.deadline),
            None => connection.client.clone(),
        };
        let explainer = match limit {
            Some(limit) => connection.explainer.clone().within(limit.total),
            None => connection.explainer.clone(),
        };
        let deadline = limit.map(|limit| limit.deadline);
        Self { client, deadline, now, calls: Arc::default(), explainer, connection }
    }

    /// Runs a query and gives its whole answer.
    async fn query(&self, title: &str, script: String) -> Result<Vec<Batch>> {
        self.record_query(title, &script);
        let query = Query::new(script).now(self.now);
        self.client.query_all(query).await.map_err(|error| self.explainer.explain(error))
    }

    fn record_query(&self, title: &str, script: &str) {
        let request = format!("POST /api/v2/query?org={}", self.client.organization());
        self.record(title, request, script.to_owned());
    }

    fn record(&self, title: &str, request: String, body: String) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let call = HowItWorks { title: title.to_owned(), request, body };
        // Who reads it learns nothing from the same once more.
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
}

impl Explain for Session {
    fn how(&self) -> Vec<HowItWorks> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_series(&self, device: &DeviceId, from: i64, to: i64, resolution: Resolution) {
        series::note(self, device, from, to, resolution);
    }
}
