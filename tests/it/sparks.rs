//! Spark lines: plain SVG in the pages of every backend, and pages that are complete where they cannot be read.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use iot_center::model::device::{DeviceDetails, DeviceList, Fleet};
use iot_center::server::ports::Clock;
use serde_json::json;

use crate::application::{Application, on_every_backend};
use crate::services::write;

const HOUR_NS: i64 = 3_600_000_000_000;

/// A page whose reader waits longer than a second: without optimization and beside other tests a week takes its time.
async fn patient_page(application: &Application, path: &str) -> String {
    let request =
        Request::get(path).header(header::ACCEPT, "text/html").header("prefer", "wait=10");
    application.send(request.body(Body::empty()).unwrap()).await.body
}

/// The spark lines of a page, as markup.
fn lines(page: &str) -> Vec<&str> {
    let pictures = page.split("<svg ").skip(1).filter_map(|rest| rest.split("</svg>").next());
    pictures.filter(|picture| picture.contains(r#"class="spark spark--"#)).collect()
}

/// A page has so many lines, each of which says in words what it shows, and is small.
#[track_caller]
fn check_lines(page: &str, expected: usize) {
    let lines = lines(page);
    assert_eq!(lines.len(), expected, "{page}");
    for line in lines {
        assert!(line.contains(r#"role="img" aria-label=""#), "{line}");
        assert!(line.contains(" over the last day: "), "{line}");
        assert!(line.contains(r#"<path class="band" d="M"#), "{line}");
        assert!(line.len() < 500, "{} bytes: {line}", line.len());
    }
}

#[tokio::test]
async fn lines_are_in_the_html_of_list_fleet_and_device() {
    on_every_backend(async |application| {
        let name = application.name;
        for id in ["never-written", "written"] {
            application.call("register_device", &format!("device_id={id}")).await;
        }
        let empty = application.page("/devices").await.body;
        check_lines(&empty, 0);
        assert_eq!(empty.matches("spark--none").count(), 2, "{name}: {empty}");
        let answer = application.call("write_missing_data", "id=written&confirmed=false").await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {answer:?}");

        for (path, lines) in [("/", 1), ("/devices", 1), ("/devices/written", 5)] {
            let page = patient_page(application, path).await;
            check_lines(&page, lines);
            assert!(page.contains("spark--temperature"), "{name} {path}");
            assert!(page.contains("aggregateWindow(every: 1h, fn: min"), "{name} {path}: {page}");
        }
        let list: DeviceList = application.list().await.json();
        let known: Vec<usize> = list
            .rows
            .iter()
            .map(|row| row.temperature.as_ref().map_or(0, |spark| spark.windows.len()))
            .collect();
        assert_eq!(known[0], 0, "{name}");
        assert!((24..=25).contains(&known[1]), "{name}: {known:?}");
        assert_eq!(list.how.len(), 3, "{name}: two calls for the list, one for all lines");
    })
    .await;
}

#[tokio::test]
async fn lines_show_the_extremes_of_all_series_of_a_device() {
    on_every_backend(async |application| {
        let name = application.name;
        let now = application.state.shared.clock.now();
        let lines = format!(
            "environment,clientId=a Temperature=20 {0}\n\
             environment,clientId=a,TemperatureSensor=BME280 Temperature=-7.5 {0}\n\
             environment,device=a Temperature=31.25 {0}\n\
             environment,clientId=a Temperature=99 {1}\n\
             environment,clientId=b Temperature=50 {0}\n",
            now - HOUR_NS,
            now - 26 * HOUR_NS,
        );
        write(application, &application.operator_token, &lines).await.unwrap();
        let page = patient_page(application, "/devices/a").await;
        assert!(page.contains("Temperature over the last day: -7.5 to 31.2 °C"), "{name}: {page}");
    })
    .await;
}

#[tokio::test]
async fn a_page_of_the_list_has_all_its_lines() {
    on_every_backend(async |application| {
        let name = application.name;
        let connection = application.state.shared.backend.connection_now().unwrap();
        let now = application.state.shared.clock.now();
        let (mut registered, mut points) = (String::new(), String::new());
        for id in 0..150 {
            writeln!(registered, r#"deviceauth,deviceId=d{id:03} key="0123456789abcdef" 1"#)
                .unwrap();
            writeln!(points, "environment,clientId=d{id:03} Temperature={id} {now}").unwrap();
        }
        let precision = influx_wire::line_protocol::Precision::Nanoseconds;
        connection.client.write(&connection.registry.name, registered, precision).await.unwrap();
        write(application, &application.operator_token, &points).await.unwrap();

        // By their ids up to a hundred, and without them beyond.
        for size in [100, 1_000] {
            let query =
                format!("request[search]=&request[sort]=id&request[page]=1&request[size]={size}");
            let list: DeviceList = application.read("list_devices", &query).await.json();
            assert_eq!(list.rows.len(), size.min(150), "{name}");
            for (id, row) in list.rows.iter().enumerate() {
                let highest = row.temperature.as_ref().map(|spark| spark.windows[0].high);
                assert_eq!(highest, Some(id as f64), "{name} {size}: {row:?}");
            }
        }
        let fleet: Fleet = application.read("read_fleet", "").await.json();
        assert_eq!(fleet.tiles.len(), Fleet::MAX_TILES, "{name}");
        assert!(fleet.tiles.iter().all(|tile| tile.device.temperature.is_some()), "{name}");
    })
    .await;
}

/// What becomes of the query for the lines.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Fails,
    Hangs,
    IsRefused,
    IsCutOff,
}

/// An InfluxDB with one device, which answers all queries but that for the lines.
async fn upstream(fault: Fault, now: i64) -> String {
    let named = |name: &'static str, key: &'static str| {
        axum::Json(
            json!({ key: [{ "id": "0000000000000001", "orgID": "0000000000000001", "name": name }] }),
        )
    };
    let buckets = async move |axum::extract::RawQuery(query): axum::extract::RawQuery| {
        let is_registry = query.unwrap_or_default().contains("iot_center_devices");
        named(if is_registry { "iot_center_devices" } else { "iot_center" }, "buckets")
    };
    let answer = async move |body: String| answer(fault, &body, now).await;
    let router = Router::new()
        .route("/ping", get(async || StatusCode::NO_CONTENT))
        .route("/api/v2/setup", get(async || axum::Json(json!({ "allowed": false }))))
        .route("/api/v2/orgs", get(async move || named("tests", "orgs")))
        .route("/api/v2/buckets", get(buckets))
        .route("/api/v2/query", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn answer(fault: Fault, query: &str, now: i64) -> Response {
    let csv = |body: String| ([("content-type", "text/csv; charset=utf-8")], body).into_response();
    // Strings, save the time and the value.
    let table = |columns: &str, types: &str, row: &str| {
        let commas = ",".repeat(columns.matches(',').count());
        csv(format!(
            "#datatype,string,long,{types}\r\n#group,false,false{commas},false\r\n#default,_result,{commas},\r\n\
             ,result,table,{columns}\r\n,,0,{row}\r\n\r\n"
        ))
    };
    let time = iot_center::model::time::Timestamp::from_nanoseconds(now).rfc3339();
    if query.contains("deviceauth") {
        let columns = "_time,_value,_field,deviceId";
        let types = "dateTime:RFC3339,string,string,string";
        return table(columns, types, "1970-01-01T00:00:00Z,0123456789abcdef,key,known");
    }
    if query.contains("fn: min") {
        return match fault {
            Fault::Fails => (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response(),
            Fault::Hangs => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                csv(String::new())
            }
            Fault::IsRefused => (
                StatusCode::BAD_REQUEST,
                axum::Json(json!({ "code": "invalid", "message": "unsupported input type" })),
            )
                .into_response(),
            Fault::IsCutOff => csv("#datatype,string,long\r\n#group,false".to_owned()),
        };
    }
    if query.contains("column: \\\"_time\\\"") && !query.contains("distinct") {
        let types = "dateTime:RFC3339,string";
        return table("_time,clientId", types, &format!("{time},known"));
    }
    if query.contains("yield(name: \\\"count\\\")") || query.contains("last()") {
        let result = if query.contains("yield") { "count" } else { "_result" };
        return csv(format!(
            "#datatype,string,long,dateTime:RFC3339,double,string,string\r\n#group,false,false,false,false,true,true\r\n\
             #default,{result},,,,,\r\n,result,table,_time,_value,_field,clientId\r\n,,0,{time},21.5,Temperature,known\r\n\r\n"
        ));
    }
    csv(String::new())
}

#[tokio::test]
async fn pages_are_complete_without_their_lines() {
    for fault in [Fault::Fails, Fault::Hangs, Fault::IsRefused, Fault::IsCutOff] {
        let now = iot_center::server::clock::SystemClock.now();
        let application = Application::upstream(&upstream(fault, now).await, "a-token");
        application.wait_until_ready().await;
        for path in ["/", "/devices", "/devices/known"] {
            let begin = Instant::now();
            let page = application.page(path).await;
            let elapsed = begin.elapsed();
            assert!(elapsed < Duration::from_millis(1_500), "{fault:?} {path}: {elapsed:?}");
            assert_eq!(page.status, StatusCode::OK, "{fault:?} {path}");
            assert!(page.body.contains("known"), "{fault:?} {path}: {}", page.body);
            assert!(page.body.contains("fn: min"), "{fault:?} {path}: the lines were asked for");
            assert!(!page.body.contains("notice--danger"), "{fault:?} {path}: {}", page.body);
            assert!(lines(&page.body).is_empty(), "{fault:?} {path}");
        }
        // A call waits longer than a page.
        if matches!(fault, Fault::Hangs) {
            continue;
        }
        let list: DeviceList = application.list().await.json();
        assert!(list.rows[0].last_seen.is_some() && list.last_seen_failed.is_none(), "{fault:?}");
        let fleet: Fleet = application.read("read_fleet", "").await.json();
        assert_eq!(fleet.tiles[0].values.len(), 1, "{fault:?}");
        let details: DeviceDetails = application.read("read_device", "id=known").await.json();
        assert!(details.last_seen.is_some(), "{fault:?}");
    }
}
