//! The export of points as a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use influx_client::{Client, Config};
use influx_wire::line_protocol::Precision;
use influx_wire::time::{format_rfc3339, parse_rfc3339};
use iot_center::server::listen;
use iot_center::server::ports::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::application::{Answer, Application, HOST, on_every_backend};

const HEADER: &str = "time,Temperature,Humidity,Pressure,CO2,TVOC,Lat,Lon";
const DAY: i64 = 86_400_000_000_000;

fn request(path: &str, accept: &str) -> Request<Body> {
    Request::get(path)
        .header(header::HOST, HOST)
        .header(header::ACCEPT, accept)
        .body(Body::empty())
        .unwrap()
}

async fn export(application: &Application, id: &str, query: &str) -> Answer {
    application.send(request(&format!("/dashboard/{id}/export.csv?{query}"), "*/*")).await
}

/// The lines of a file, each as its cells.
#[track_caller]
fn rows(answer: &Answer) -> Vec<Vec<&str>> {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let lines = answer.body.strip_suffix("\r\n").unwrap().split("\r\n");
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0].join(","), HEADER);
    rows[1..].to_vec()
}

async fn write(application: &Application, lines: String) {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let token = application.operator_token.clone();
    let config = Config::new(connection.client.url(), token, &connection.organization_name);
    let client = Client::new(config).unwrap();
    client.write(&connection.telemetry.name, lines, Precision::Nanoseconds).await.unwrap();
}

#[tokio::test]
async fn what_was_written_comes_out() {
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=sensor.1:a").await;
        application.call("write_missing_data", "id=sensor.1:a&confirmed=false").await;
        let answer = export(application, "sensor.1:a", "range=7d").await;
        for (header, expected) in [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            assert_eq!(answer.header(&header), expected, "{name}");
        }
        let rows = rows(&answer);
        assert!((10_079..=10_081).contains(&rows.len()), "{name}: {}", rows.len());
        let mut before = 0;
        for row in rows {
            let time = parse_rfc3339(row[0]).unwrap();
            assert!(before < time && time % 60_000_000_000 == 0, "{name}: {row:?}");
            before = time;
            assert_eq!(row.len(), 8, "{name}: {row:?}");
            let is_integer = |cell: &str| cell.parse::<i64>().is_ok();
            assert!(is_integer(row[4]) && is_integer(row[5]), "{name}: {row:?}");
            for cell in &row[1..] {
                let value: f64 = cell.parse().unwrap();
                assert_eq!(value.to_string(), **cell, "{name}: the shortest form");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_point_is_merged_in_its_place() {
    on_every_backend(async |application| {
        let name = application.name;
        let start = (application.state.shared.clock.now() / DAY - 200) * DAY;
        let (later, end) = (start + 100 * DAY + 1_500_000_000, start + 150 * DAY);
        let lines = format!(
            "environment,clientId=a Temperature=21.5,CO2=400i {start}\n\
             environment,device=a,GPSSensor=x Lat=50.126144,Lon=-14.5 {start}\n\
             environment,clientId=a,TemperatureSensor=y Temperature=-0.1 {}\n\
             environment,device=a Humidity=1e-7 {later}\n\
             environment,clientId=b Humidity=1 {later}\n\
             environment,device=a Humidity=99 {end}\n",
            start + 1
        );
        write(application, lines).await;
        let range = format!("from={}&to={}", format_rfc3339(start), format_rfc3339(end));
        let answer = export(application, "a", &range).await;
        let day = |time: i64| format_rfc3339(time).split('T').next().unwrap().to_owned();
        assert_eq!(
            answer.body,
            format!(
                "{HEADER}\r\n{start},21.5,,,400,,50.126144,-14.5\r\n{second},-0.1,,,,,,\r\n{third},,0.0000001,,,,,\r\n",
                start = format_rfc3339(start),
                second = format_rfc3339(start + 1),
                third = format_rfc3339(later)
            ),
            "{name}"
        );
        assert_eq!(
            answer.header(header::CONTENT_DISPOSITION),
            format!(
                "attachment; filename=\"a_{}T00-00-00Z_{}T00-00-00Z.csv\"",
                day(start),
                day(end)
            )
        );
        let empty = format!("from={}&to={}", format_rfc3339(start - DAY), format_rfc3339(start));
        assert!(rows(&export(application, "a", &empty).await).is_empty(), "{name}");
    })
    .await;
}

#[tokio::test]
async fn a_device_without_points_has_an_empty_file() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=a").await;
    for query in ["", "range=30d", "from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"] {
        assert!(rows(&export(&application, "a", query).await).is_empty(), "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=a").await;
    let refused = [
        ("unknown", "range=1d", StatusCode::NOT_FOUND, "not registered and has no data"),
        ("..%2Fx", "", StatusCode::NOT_FOUND, "\"../x\""),
        ("%22%0D%0Ax:%20y", "", StatusCode::NOT_FOUND, "not registered"),
        ("%3Cb%3E", "", StatusCode::NOT_FOUND, "not registered"),
        ("a", "range=2w", StatusCode::BAD_REQUEST, "the range is one of 5m"),
        ("a", "range=1d&range=7d", StatusCode::BAD_REQUEST, "range"),
        ("a", "from=x&to=y", StatusCode::BAD_REQUEST, "is not a time"),
        ("a", "from=2026-01-01T00:00:00Z", StatusCode::BAD_REQUEST, "give either"),
        (
            "a",
            "from=2025-01-01T00:00:00Z&to=2026-01-03T00:00:00Z",
            StatusCode::BAD_REQUEST,
            "longer than a year",
        ),
        (
            "a",
            "from=1500-01-01T00:00:00Z&to=1500-01-03T00:00:00Z",
            StatusCode::BAD_REQUEST,
            "InfluxDB has no times",
        ),
    ];
    for (id, query, status, sentence) in refused {
        let path = format!("/dashboard/{id}/export.csv?{query}");
        let text = application.send(request(&path, "*/*")).await;
        assert_eq!(text.status, status, "{path}: {text:?}");
        assert!(text.body.contains(sentence) && text.body.ends_with(".\n"), "{path}: {text:?}");
        assert!(text.header(header::CONTENT_TYPE).starts_with("text/plain"), "{path}");
        let page = application.page(&path).await;
        assert_eq!(page.status, status, "{path}: {page:?}");
        assert!(page.header(header::CONTENT_TYPE).starts_with("text/html"), "{path}");
        assert!(page.body.starts_with("<!DOCTYPE html>") && page.body.contains("role=\"alert\""));
        assert!(!page.body.contains("<script") && !page.body.contains("<b>"), "{}", page.body);
        for answer in [text, page] {
            assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
            assert_eq!(answer.header(header::CONTENT_DISPOSITION), "", "{path}");
        }
    }
    assert_eq!(application.page("/dashboard/../x/export.csv").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_head_is_that_of_the_file() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=a").await;
    for (id, status) in [("a", StatusCode::OK), ("b", StatusCode::NOT_FOUND)] {
        let mut request = request(&format!("/dashboard/{id}/export.csv"), "*/*");
        *request.method_mut() = Method::HEAD;
        let answer = application.send(request).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, ""));
        let is_file = answer.header(header::CONTENT_TYPE) == "text/csv; charset=utf-8";
        assert_eq!(is_file, status == StatusCode::OK);
    }
}

#[tokio::test]
async fn influxdb_is_down() {
    let application = Application::upstream("http://127.0.0.1:1", "canary-token");
    let text = export(&application, "a", "").await;
    assert_eq!(text.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.body.contains("cannot be reached"), "{text:?}");
    let page = application.page("/dashboard/a/export.csv").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("cannot be reached"), "{page:?}");
}

/// An InfluxDB that gives one chunk of points and fails then. The number counts the chunks that it was asked for.
async fn breaks_down(asked: Arc<AtomicUsize>) -> String {
    async fn query(
        State(asked): State<Arc<AtomicUsize>>,
        axum::Json(request): axum::Json<Value>,
    ) -> Response {
        let csv = |body: &'static str| {
            ([("content-type", "text/csv; charset=utf-8")], body).into_response()
        };
        let script = request["query"].as_str().unwrap();
        if script.contains("deviceauth") {
            return csv("");
        }
        if !script.contains("fieldsAsCols") {
            return csv(
                "#datatype,string,long,dateTime:RFC3339,double,string,string\r\n#group,false,false,false,false,true,true\r\n#default,_result,,,,,\r\n,result,table,_time,_value,_field,clientId\r\n,,0,2026-01-01T00:00:00Z,1,Temperature,a\r\n\r\n",
            );
        }
        if asked.fetch_add(1, Ordering::Relaxed) > 0 {
            let body = axum::Json(json!({ "code": "internal error", "message": "out of memory" }));
            return (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
        }
        csv(
            "#datatype,string,long,dateTime:RFC3339,double\r\n#group,false,false,false,false\r\n#default,_result,,,\r\n,result,table,_time,Temperature\r\n,,0,2026-01-01T00:00:00Z,21.5\r\n\r\n",
        )
    }
    let organization = json!({ "orgs": [{ "id": "0000000000000001", "name": "tests" }] });
    let bucket =
        |name: &str| json!({ "id": "0000000000000002", "orgID": "0000000000000001", "name": name });
    let buckets = json!({ "buckets": [bucket("iot_center"), bucket("iot_center_devices")] });
    let router = Router::new()
        .route("/ping", get(async || StatusCode::NO_CONTENT))
        .route("/api/v2/setup", get(async || axum::Json(json!({ "allowed": false }))))
        .route("/api/v2/orgs", get(async move || axum::Json(organization.clone())))
        .route("/api/v2/buckets", get(async move || axum::Json(buckets.clone())))
        .route("/api/v2/query", post(query))
        .with_state(asked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn a_failure_midway_breaks_the_connection() {
    let asked = Arc::new(AtomicUsize::new(0));
    let application = Application::upstream(&breaks_down(Arc::clone(&asked)).await, "a-token");
    let listeners =
        listen::bind("127.0.0.1:0".parse().unwrap(), false, "LEPTOS_SITE_ADDR").await.unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let shutdown = CancellationToken::new();
    let server =
        tokio::spawn(listen::serve(listeners, application.router.clone(), shutdown.clone()));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET /dashboard/a/export.csv?range=30d HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The connection ends, although it was not asked to, and may do so with an error.
    let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("2026-01-01T00:00:00Z,21.5,,,,,,\r\n"), "{answer}");
    assert!(!answer.ends_with("0\r\n\r\n"), "it looks whole: {answer}");
    assert_eq!(asked.load(Ordering::Relaxed), 3, "a chunk, one that fails, a shorter one");
    shutdown.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_reader_who_goes_leaves_nothing_running() {
    let asked = Arc::new(AtomicUsize::new(0));
    let application = Application::upstream(&breaks_down(Arc::clone(&asked)).await, "a-token");
    let path = "/dashboard/a/export.csv?range=30d";
    let answer = application.router.clone().oneshot(request(path, "*/*")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the answer has begun with the first chunk");
    drop(answer);
    tokio::task::yield_now().await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
