//! The official clients of InfluxDB against the embedded store, and against a real InfluxDB to know that the tests
//! themselves are right.

use std::path::{Path, PathBuf};
use std::process::Command;

use influx_client::testing::{self, Influxd, Target};

use crate::contract::embedded;

const TOKEN: &str = "operator-token-of-the-clients==";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../end2end/clients")
}

/// Why the JavaScript client cannot be tested here, if so.
fn missing_javascript() -> Option<&'static str> {
    if Command::new("node").arg("--version").output().is_err() {
        return Some("Node.js is not installed");
    }
    let client = directory().join("node_modules/@influxdata/influxdb-client");
    (!client.is_dir()).then_some("`npm ci` has not been run in end2end/clients")
}

async fn javascript(target: Target) {
    let run = tokio::task::spawn_blocking(move || {
        Command::new("node")
            .args(["--test", "javascript.test.mjs"])
            .current_dir(directory())
            .env("INFLUX_URL", target.url)
            .env("INFLUX_TOKEN", target.token)
            .env("INFLUX_ORG", target.organization)
            .output()
    });
    let output = run.await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("# pass 5"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_client_and_the_embedded_store() {
    if let Some(why) = missing_javascript() {
        testing::skipped("the official JavaScript client against the embedded store", why);
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let url = embedded(data.path()).await;
    javascript(Target::onboard(&url, TOKEN).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_client_and_influxdb() {
    let what = "the official JavaScript client against InfluxDB";
    if let Some(why) = missing_javascript() {
        testing::skipped(what, why);
        return;
    }
    let Some(binary) = testing::binary() else {
        testing::skipped(what, testing::NO_BINARY);
        return;
    };
    let influxd = Influxd::start(&binary, true).await.unwrap();
    javascript(Target::onboard(influxd.url(), TOKEN).await.unwrap()).await;
}
