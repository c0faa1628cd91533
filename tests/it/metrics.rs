//! What the server tells of itself: at `/metrics`, and as points in InfluxDB where that is wanted.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use influx_client::testing::free_port;
use influx_client::{Client, Config};
use influx_wire::csv::ColumnData;
use iot_center::server::monitor::report;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::application::{Application, HOST, on_every_backend_with, post};
use crate::program::{self, Program};

const DURATIONS: &str = "http_request_duration_seconds";

async fn metrics(application: &Application) -> String {
    let answer = application.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.header(header::CONTENT_TYPE).starts_with("application/openmetrics-text; version=1.")
    );
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
    answer.body
}

/// The value of a figure without labels.
#[track_caller]
fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
}

/// How often requests with these labels were answered.
fn count(text: &str, route: &str, method: &str, status: &str) -> f64 {
    let labels = format!("{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}");
    let name = format!("{DURATIONS}_count{labels}");
    if text.contains(&name) { figure(text, &name) } else { 0.0 }
}

/// All values of a label.
fn values<'a>(text: &'a str, label: &str) -> HashSet<&'a str> {
    let begin = format!("{label}=\"");
    text.lines()
        .filter(|line| line.starts_with(DURATIONS))
        .filter_map(|line| line.split(begin.as_str()).nth(1)?.split('"').next())
        .collect()
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_class_of_status() {
    let application = Application::embedded().await;
    application.page("/").await;
    application.page("/devices/unknown").await;
    application.page("/devices/%22").await;
    application.page("/pkg/iot-center.css").await;
    application.list().await;
    application.call("register_device", "device_id=a").await;
    application.call("register_device", "device_id=a").await;
    let mut foreign = post("/rpc/register_device", "device_id=b", "application/json");
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    application.send(foreign).await;
    let text = metrics(&application).await;
    for (route, method, status, expected) in [
        ("/", "GET", "2xx", 1.0),
        ("/devices/{id}", "GET", "4xx", 2.0),
        ("/devices/{id}", "GET", "2xx", 0.0),
        ("files", "GET", "2xx", 1.0),
        ("/rpc/list_devices", "GET", "2xx", 1.0),
        ("/rpc/register_device", "POST", "2xx", 1.0),
        ("/rpc/register_device", "POST", "4xx", 2.0),
    ] {
        assert_eq!(
            count(&text, route, method, status),
            expected,
            "{method} {route} {status}\n{text}"
        );
    }
    let text = metrics(&application).await;
    assert_eq!(count(&text, "/metrics", "GET", "2xx"), 1.0, "the ones before");
}

#[tokio::test]
async fn whatever_strangers_ask_for_there_are_only_so_many_labels() {
    let application = Application::embedded().await;
    let methods = ["GET", "POST", "PUT", "PROPFIND", "X", "get", "TRACE"];
    for number in 0..40 {
        for path in [
            format!("/devices/stranger-{number}"),
            format!("/stranger-{number}"),
            format!("/rpc/stranger-{number}"),
            format!("/pkg/stranger-{number}.js"),
            format!("/dashboard/stranger-{number}/export.csv"),
            format!("/devices/stranger-{number}/reveal"),
        ] {
            let method = methods[number % methods.len()];
            let request = Request::builder()
                .method(Method::from_bytes(method.as_bytes()).unwrap())
                .uri(path)
                .header(header::HOST, if number % 3 == 0 { "stranger" } else { HOST });
            application.send(request.body(Body::empty()).unwrap()).await;
        }
        let method = Method::from_bytes(format!("STRANGER{number}").as_bytes()).unwrap();
        let request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
        application.send(request).await;
    }
    let text = metrics(&application).await;
    assert!(!text.to_lowercase().contains("stranger"), "{text}");
    let routes = values(&text, "route");
    assert!(routes.contains("unmatched") && routes.len() <= 8, "{routes:?}");
    let methods = values(&text, "method");
    assert!(methods.contains("other") && methods.len() <= 8, "{methods:?}");
    assert!(values(&text, "status").len() <= 4);
}

#[tokio::test]
async fn a_stream_is_over_for_the_clock_when_it_begins() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=a").await;
    let request = Request::get("/rpc/follow_series?id=a&since_ms=0").header(header::HOST, HOST);
    let stream =
        application.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let text = metrics(&application).await;
    assert_eq!(count(&text, "/rpc/follow_series", "GET", "2xx"), 1.0, "{text}");
    assert_eq!(figure(&text, "iot_center_followed_devices"), 1.0);
    drop(stream);
}

#[tokio::test]
async fn the_process_and_the_backend_are_described() {
    let application = Application::embedded().await;
    let text = metrics(&application).await;
    assert!(figure(&text, "process_resident_memory_bytes") > 1e6);
    assert!(figure(&text, "process_virtual_memory_bytes") > 1e6);
    assert!(figure(&text, "process_cpu_seconds_total") >= 0.0);
    assert!(figure(&text, "process_open_fds") > 2.0);
    assert!(figure(&text, "process_threads") >= 1.0);
    assert!(figure(&text, "process_start_time_seconds") > 1.6e9);
    assert!(figure(&text, "iot_center_uptime_seconds") > 0.0);
    assert!(figure(&text, "iot_center_backend_last_probe_timestamp_seconds") > 1.6e9);
    assert_eq!(figure(&text, "iot_center_backend_up"), 1.0);
    assert_eq!(figure(&text, "iot_center_followed_devices"), 0.0);
    assert_eq!(figure(&text, "iot_center_write_jobs"), 0.0);
    assert!(figure(&text, "tokio_workers") >= 1.0);
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.contains(&format!("iot_center_build_info{{version=\"{version}\"}} 1\n")));
    assert!(!text.contains("iot_center_monitor"), "nobody has asked for points");

    let broken = Application::misconfigured(&[("INFLUX_TOKEN", "a-token-of-the-tests")]);
    let text = metrics(&broken).await;
    assert_eq!(figure(&text, "iot_center_backend_up"), 0.0);
    assert!(!text.contains("a-token-of-the-tests"));
}

#[tokio::test]
async fn no_id_and_no_token_is_a_metric() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=canary").await;
    let reveal = application.send(post("/devices/canary/reveal", "", "application/json")).await;
    let token = reveal.json::<serde_json::Value>()["token"].as_str().unwrap().to_owned();
    application.page(&format!("/devices/{token}")).await;
    application.page(&format!("/{token}?{token}")).await;
    let text = metrics(&application).await;
    for secret in [token.as_str(), &application.operator_token, "canary"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn other_hosts_get_no_metrics() {
    let application = Application::embedded().await;
    let request =
        Request::get("/metrics").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    assert_eq!(application.send(request).await.status, StatusCode::MISDIRECTED_REQUEST);
}

/// The rows of a query, each as `column=value` of the columns that are asked for.
async fn rows(client: &Client, script: &str, columns: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in client.query_all(script).await.unwrap() {
        for row in 0..batch.tables.len() {
            let cells = columns.iter().map(|name| {
                let index = batch.columns.iter().position(|column| column.label == **name).unwrap();
                let ColumnData::String(values) = &batch.data[index] else { panic!("{name}") };
                format!("{name}={}", values[row].as_deref().unwrap_or_default())
            });
            rows.push(cells.collect::<Vec<_>>().join(" "));
        }
    }
    rows.sort();
    rows
}

const REQUESTS: &str = "|> range(start: -1h) |> filter(fn: (r) => r._measurement == \"express_http_server\") |> group() |> sort(columns: [\"_time\"])";

#[tokio::test]
async fn points_are_written_on_every_backend() {
    on_every_backend_with(&[("IOT_CENTER_MONITOR", "1")], async |application| {
        let name = application.name;
        application.page("/devices").await;
        application.page("/devices/unknown").await;
        application.page("/devices/unknown").await;
        application.page("/no/such/page").await;
        let stop = CancellationToken::new();
        stop.cancel();
        report(Arc::clone(&application.state.shared), stop).await;

        let connection = application.state.shared.backend.connection_now().unwrap();
        let url = connection.client.url().to_owned();
        let organization = connection.organization_name.clone();
        let client =
            Client::new(Config::new(url, &application.operator_token, organization)).unwrap();
        let found = rows(
            &client,
            &format!("from(bucket: \"iot_center\") {REQUESTS}"),
            &["_field", "method", "service", "status", "uri"],
        )
        .await;
        let expected = |status: &str, uri: &str| {
            format!("_field=response_time method=GET service=iot_center status={status} uri={uri}")
        };
        assert_eq!(
            found,
            [
                expected("200", "/devices"),
                expected("404", "/devices/{id}"),
                expected("404", "/devices/{id}"),
                expected("404", "unmatched"),
            ],
            "{name}: the server's own writes are no requests"
        );
        let fields = rows(
            &client,
            "from(bucket: \"iot_center\") |> range(start: -1h) |> filter(fn: (r) => r._measurement =~ /^node_/) |> last() |> group()",
            &["_measurement", "_field"],
        )
        .await;
        for field in [
            "_measurement=node_memory_usage _field=rss",
            "_measurement=node_cpu_usage _field=user",
            "_measurement=node_cpu_usage _field=system",
            "_measurement=node_resource_usage _field=maxRSS",
        ] {
            assert!(fields.iter().any(|found| found == field), "{name}: {field} in {fields:?}");
        }
        let text = metrics(application).await;
        assert_eq!(figure(&text, "iot_center_monitor_points_dropped_total"), 0.0, "{name}");
    })
    .await;
}

#[tokio::test]
async fn what_was_observed_last_is_written_before_the_program_ends() {
    const ASKED: usize = 25;
    let directory = program::directory();
    let directory = directory.path();
    let (port, store_port) = (free_port().unwrap(), free_port().unwrap());
    let (address, store_address) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{store_port}"));
    let settings = [
        ("LEPTOS_SITE_ADDR", address.as_str()),
        ("IOT_CENTER_STORE_ADDR", &store_address),
        ("IOT_CENTER_MONITOR", "1"),
    ];
    let mut server = Program::start(directory, &[], &settings);
    server.until_ready(directory, &format!("http://{address}/ready")).await;
    for _ in 0..ASKED {
        let answer = program::client().get(format!("http://{address}/health")).send().await;
        assert!(answer.unwrap().status().is_success());
    }
    assert!(server.terminate().success());

    let mut store = Program::start(directory, &["store", "serve", "--addr", &store_address], &[]);
    let url = format!("http://{store_address}");
    store.until_ready(directory, &format!("{url}/health")).await;
    let token = std::fs::read_to_string(directory.join("data/operator-token")).unwrap();
    let client = Client::new(Config::new(url, token.trim(), "iot-center")).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let found = rows(
        &client.with_deadline(deadline),
        &format!(
            "from(bucket: \"iot_center\") {REQUESTS} |> filter(fn: (r) => r.uri == \"/health\")"
        ),
        &["status"],
    )
    .await;
    assert_eq!(found, vec!["status=200".to_owned(); ASKED]);
}
