//! What every server that we call an InfluxDB has to answer.
//!
//! One suite, run against the embedded store always, and against a real InfluxDB when there is one: the one that
//! `INFLUX_TEST_URL` names, or the one that `make influxd` has built, with hashed tokens and without.

mod fixture;
mod points;
mod queries;
mod resources;
mod setup;
mod tokens;

use std::path::Path;

use influx_client::testing::{self, Influxd, Target};
use influx_store::http::Limits;
use influx_store::storage::{Options, Store};

use fixture::Fixture;

const TOKEN: &str = "operator-token-of-the-contract==";

/// The embedded store on a free port, as long as the directory lives.
pub(crate) async fn embedded(directory: &Path) -> String {
    let store = Store::open(directory, Options::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(influx_store::http::serve(
        listener,
        store,
        Limits::default(),
        std::future::pending(),
    ));
    url
}

async fn everything(target: &Target) {
    let fixture = Fixture::new(target).await;
    resources::organizations(&fixture).await;
    resources::buckets(&fixture).await;
    resources::users_and_the_rest(&fixture).await;
    tokens::life_of_an_authorization(&fixture).await;
    tokens::refused_authorizations(&fixture).await;
    tokens::scoped_to_a_bucket(&fixture).await;
    tokens::inactive(&fixture).await;
    tokens::of_operators(&fixture).await;
    tokens::unknown(&fixture).await;
    points::writes(&fixture).await;
    points::refused_writes(&fixture).await;
    points::deletes(&fixture).await;
    points::refused_deletes(&fixture).await;
    queries::types_and_nulls(&fixture).await;
    queries::several_results(&fixture).await;
    queries::strings_stay_strings(&fixture).await;
    queries::request_bodies(&fixture).await;
    queries::errors(&fixture).await;
    queries::answers_of_the_applications(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store() {
    let directory = tempfile::tempdir().unwrap();
    let url = embedded(directory.path()).await;
    setup::before(&url).await;
    setup::refused_and_harmless(&url).await;
    let target = setup::done(&url, TOKEN).await;
    everything(&target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn influxdb_with_hashed_tokens() {
    built_influxdb(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn influxdb_with_plain_tokens() {
    built_influxdb(false).await;
}

async fn built_influxdb(hashed_tokens: bool) {
    let what = format!(
        "the contract against InfluxDB, hashed tokens {}",
        if hashed_tokens { "on" } else { "off" }
    );
    let Some(binary) = testing::binary() else {
        testing::skipped(
            &what,
            "influxd is not there; `make influxd` builds it where Go and rustup are installed",
        );
        return;
    };
    let influxd = Influxd::start(&binary, hashed_tokens).await.unwrap();
    setup::before(influxd.url()).await;
    let target = setup::done(influxd.url(), TOKEN).await;
    everything(&target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn influxdb_of_the_environment() {
    // Nothing to tell if it is not set: nobody has asked for it.
    if let Some(target) = testing::external().await.unwrap() {
        everything(&target).await;
    }
}
