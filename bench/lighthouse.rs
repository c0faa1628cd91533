//! What Lighthouse says of every page, as a desktop and as a mobile phone: performance, accessibility, best practices.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Server;
use super::host::Host;

/// The device has a week of points.
pub(super) fn lighthouse(server: &Server, device: &str) {
    let paths = [
        "/",
        "/devices",
        &format!("/devices/{device}"),
        "/dashboard",
        &format!("/dashboard/{device}?range=7d"),
        &format!("/data?device={device}&range=1d&window=1h"),
        "/buckets",
        "/status",
        "/authorizations",
        "/api",
    ];
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/lighthouse/pages.js");
    let mut node = Command::new("node")
        .arg(script)
        .args(paths.map(|path| format!("{}{path}", server.url)))
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    // Each page takes minutes: they are printed as they come.
    let lines = BufReader::new(node.stdout.take().expect("is piped")).lines();
    let mut judged = 0;
    let mut host = Host::now();
    for line in lines {
        let page: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        judged += 1;
        for form in ["desktop", "mobile"] {
            let result = &page[form];
            let scores = result["scores"].as_array().expect("scores").iter();
            let scores: Vec<String> = scores.map(ToString::to_string).collect();
            println!(
                "| Lighthouse, {form}: {} (layout shift {}, blocking {} ms, largest paint {} ms) | {} | | |",
                page["page"].as_str().expect("a path"),
                result["shift"],
                result["blocking_ms"],
                result["largest_paint_ms"],
                scores.join(", "),
            );
            let complaints = result["complaints"].as_array().expect("a list");
            assert!(complaints.is_empty(), "{}, {form}: {complaints:?}", page["page"]);
        }
        host.row();
    }
    assert!(node.wait().expect("node ends").success(), "lighthouse failed");
    assert_eq!(judged, paths.len());
}
