//! The HTTP API: what InfluxDB 2.x answers, on top of the store.
//!
//! Each resource has a module; `serve` is the loop that owns the connections. Every call is authenticated before
//! it is routed, as in InfluxDB, and nothing here ever answers with a success that did not happen.

mod authorizations;
mod body;
mod buckets;
mod delete;
mod error;
mod health;
mod json;
mod middleware;
mod organizations;
mod parameters;
mod query;
mod represent;
mod serve;
mod setup;
mod users;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{MethodRouter, get, post};
use jiff::Timestamp;
use tokio::sync::Semaphore;

pub use serve::serve;

use crate::storage::Store;
use error::ApiError;

/// The version whose behaviour is followed; what stands behind the plus sign says who follows it.
pub(crate) const VERSION: &str = "v2.9.1+iot-center";

/// How much the API takes on at once. The defaults suit two cores and a gibibyte of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all, and from one address.
    pub connections: usize,
    pub connections_per_address: usize,
    /// Between two pieces of a body.
    pub read_idle: Duration,
    /// Until the head of the next request is there. Clients keep connections to use them again, so this is also how
    /// long one may rest; the number of connections bounds what somebody can do with it.
    pub keep_alive: Duration,
    /// A body of line protocol, on the wire and unpacked, in bytes.
    pub write_body: usize,
    pub write_body_unpacked: usize,
    /// Writes that are received or written at the same moment, and the bytes that they may hold.
    pub writes: usize,
    pub write_bytes: usize,
    /// Queries that run at the same moment, that wait, and how long they wait.
    pub queries: usize,
    pub queries_waiting: usize,
    pub query_wait: Duration,
    /// How long a query may run, not counting the time in which its reader does not read.
    pub query_time: Duration,
    /// How long requests may go on after the server was told to end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_address: 64,
            read_idle: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            write_body: 10 << 20,
            write_body_unpacked: 50 << 20,
            writes: 256,
            write_bytes: 64 << 20,
            queries: 4,
            queries_waiting: 64,
            query_wait: Duration::from_secs(10),
            query_time: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Api(Arc<State>);

pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) started: (Timestamp, Instant),
    pub(crate) ending: AtomicBool,
    pub(crate) writes: Semaphore,
    /// In units of [`WRITE_UNIT`].
    pub(crate) write_memory: Arc<Semaphore>,
    /// The queries that run, and those that run or wait.
    pub(crate) running_queries: Arc<Semaphore>,
    pub(crate) admitted_queries: Arc<Semaphore>,
}

/// The grain in which memory for bodies is handed out.
pub(crate) const WRITE_UNIT: usize = 4_096;

impl std::ops::Deref for Api {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Api {
    fn new(store: Store, limits: Limits) -> Self {
        Self(Arc::new(State {
            store,
            limits,
            started: (Timestamp::now(), Instant::now()),
            ending: AtomicBool::new(false),
            writes: Semaphore::new(limits.writes),
            write_memory: Arc::new(Semaphore::new(limits.write_bytes / WRITE_UNIT)),
            running_queries: Arc::new(Semaphore::new(limits.queries)),
            admitted_queries: Arc::new(Semaphore::new(limits.queries + limits.queries_waiting)),
        }))
    }

    fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }
}

/// The API as a service of its own, for a server or a test that brings its connections itself.
pub fn router(store: Store, limits: Limits) -> Router {
    routes(Api::new(store, limits))
}

fn routes(api: Api) -> Router {
    let router = Router::new()
        .route("/health", axum::routing::any(health::health))
        .route("/ready", axum::routing::any(health::ready))
        .route("/ping", get(health::ping).head(health::ping))
        .route("/api/v2", get(health::links))
        .route("/api/v2/write", only_post(post(write::write)))
        .route("/api/v2/query", only_post(post(query::query)))
        .route("/api/v2/delete", only_post(post(delete::delete)));
    let router = ["write", "query", "delete"].into_iter().fold(router, |router, name| {
        router.route(&format!("/api/v2/{name}/"), axum::routing::any(middleware::without_slash))
    });
    let resources: [(&str, MethodRouter<Api>); 11] = [
        ("/setup", get(setup::allowed).post(setup::setup)),
        ("/me", get(users::me)),
        ("/users", get(users::list)),
        ("/users/{id}", get(users::find)),
        ("/orgs", get(organizations::list).post(organizations::create)),
        ("/orgs/{id}", get(organizations::find)),
        ("/buckets", get(buckets::list).post(buckets::create)),
        ("/buckets/{id}", get(buckets::find).patch(buckets::update).delete(buckets::delete)),
        ("/buckets/{id}/labels", get(buckets::labels)),
        ("/authorizations", get(authorizations::list).post(authorizations::create)),
        (
            "/authorizations/{id}",
            get(authorizations::find).patch(authorizations::update).delete(authorizations::delete),
        ),
    ];
    resources
        .into_iter()
        .fold(router, |router, (path, methods)| {
            // With a slash at the end it is the same resource.
            router
                .route(&format!("/api/v2{path}"), methods.clone())
                .route(&format!("/api/v2{path}/"), methods)
        })
        .fallback(middleware::unknown_path)
        .layer(axum::middleware::from_fn_with_state(api.clone(), middleware::authenticate))
        .layer(axum::middleware::from_fn(middleware::cross_origin))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(middleware::panicked))
        .layer(axum::middleware::from_fn(middleware::version))
        .layer(axum::middleware::from_fn(middleware::head_limit))
        .with_state(api)
}

fn only_post(methods: MethodRouter<Api>) -> MethodRouter<Api> {
    methods.fallback(async || ApiError::method_not_allowed("OPTIONS, POST"))
}
