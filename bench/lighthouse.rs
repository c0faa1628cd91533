//! What Lighthouse says of every page, as a desktop and as a mobile phone: performance, accessibility, best practices.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Server;

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
    let output = Command::new("node")
        .arg(script)
        .args(paths.map(|path| format!("{}{path}", server.url)))
        .stderr(Stdio::inherit())
        .output()
        .expect("node runs");
    assert!(output.status.success(), "lighthouse failed");
    let lines = String::from_utf8(output.stdout).expect("text");
    let pages: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(pages.len(), paths.len());
    for page in pages {
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
    }
}
