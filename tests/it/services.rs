//! The whole loop over HTTP, on every backend that there is.

use std::fmt::Write as _;
use std::time::Instant;

use axum::http::{StatusCode, header};
use influx_client::{Client, Config, Error};
use influx_wire::line_protocol::Precision;
use iot_center::model::dashboard::Dashboard;
use iot_center::model::device::{DeviceDetails, DeviceList, Fleet, Liveness, Reveal};
use iot_center::model::field::Field;
use iot_center::model::series::{Row, Series};
use iot_center::model::writing::WriteProgress;
use serde_json::Value;

use crate::application::{Application, on_every_backend, post};

async fn details(application: &Application, id: &str) -> DeviceDetails {
    let answer = application.read("read_device", &format!("id={id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}: {answer:?}", application.name);
    answer.json()
}

/// The token of a device, as a script reveals it.
async fn reveal(application: &Application, id: &str) -> (StatusCode, Value) {
    let answer =
        application.send(post(&format!("/devices/{id}/reveal"), "", "application/json")).await;
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    (answer.status, answer.json())
}

async fn written(application: &Application, id: &str, confirmed: bool) -> Vec<WriteProgress> {
    let answer =
        application.call("write_missing_data", &format!("id={id}&confirmed={confirmed}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}: {answer:?}", application.name);
    answer.body.lines().map(|line| WriteProgress::from_line(line).unwrap()).collect()
}

/// What the bucket of a connection is written to with a token.
pub(crate) async fn write(
    application: &Application,
    token: &str,
    lines: &str,
) -> Result<(), Error> {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let client =
        Client::new(Config::new(connection.client.url(), token, &connection.organization_name))
            .unwrap();
    client.write(&connection.telemetry.name, lines.to_owned(), Precision::Nanoseconds).await
}

#[tokio::test]
async fn register_reveal_write_look_unregister() {
    on_every_backend(async |application| {
        let name = application.name;
        let answer = application.call("register_device", "device_id=device-1").await;
        assert_eq!(
            (answer.status, answer.header(header::LOCATION)),
            (StatusCode::OK, "/devices/device-1"),
            "{name}"
        );
        let again = application.call("register_device", "device_id=device-1").await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{name}: {again:?}");
        assert!(again.body.contains("already registered"), "{again:?}");

        let list: DeviceList = application.list().await.json();
        assert_eq!(list.rows.len(), 1, "{name}");
        assert_eq!(
            (list.rows[0].id.as_str(), list.rows[0].liveness),
            ("device-1", Liveness::NeverSeen),
            "{name}"
        );
        assert!(
            list.rows[0].registered_at.is_some() && list.last_seen_failed.is_none(),
            "{name}: {list:?}"
        );
        assert_eq!(list.how.len(), 2, "{name}: two calls for all devices");

        let fresh = details(application, "device-1").await;
        assert_eq!(fresh.missing.count, 10_080, "{name}");
        assert!(matches!(fresh.registration.unwrap().reveal, Reveal::Available { .. }), "{name}");
        let (status, revealed) = reveal(application, "device-1").await;
        assert_eq!(status, StatusCode::OK, "{name}: {revealed}");
        let token = revealed["token"].as_str().unwrap().to_owned();
        assert_eq!(reveal(application, "device-1").await.0, StatusCode::GONE, "{name}");

        let progress = written(application, "device-1", false).await;
        assert_eq!(
            progress.first(),
            Some(&WriteProgress::Writing { written: 0, total: 10_080 }),
            "{name}"
        );
        let Some(WriteProgress::Done { written: count }) = progress.last() else {
            panic!("{name}: {progress:?}")
        };
        assert_eq!(*count, 10_080, "{name}");
        let Some(WriteProgress::Done { written: second }) =
            written(application, "device-1", false).await.pop()
        else {
            panic!("{name}: not done")
        };
        // A minute may have passed.
        assert!(second <= 1, "{name}: {second} minutes written the second time");

        let full = details(application, "device-1").await;
        let fields: Vec<&str> = full.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(fields, Field::ALL.map(Field::key), "{name}");
        for field in &full.fields {
            assert!((10_080..=10_081).contains(&field.count), "{name}: {field:?}");
            assert!(field.min <= field.last && field.last <= field.max, "{name}: {field:?}");
            let tag = Field::from_key(&field.name).unwrap().sensor_tag();
            assert_eq!(field.sensor.as_deref(), Some(format!("virtual_{tag}").as_str()), "{name}");
        }
        assert!(
            full.missing.count <= 1 && !full.missing.has_foreign_points,
            "{name}: {:?}",
            full.missing
        );
        assert_eq!(full.liveness, Liveness::Online, "{name}");
        assert!(!format!("{:?}", full.how).contains(&token), "{name}");

        let dashboard: Dashboard =
            application.read("read_dashboard", "id=device-1&range=7d").await.json();
        assert_eq!(dashboard.latest.len(), 7, "{name}: {:?}", dashboard.latest);
        assert!(dashboard.is_registered, "{name}");
        let (from, to) = (dashboard.from.0, dashboard.to.0);
        let series = read_series(application, "device-1", from, to, 8_000).await;
        // Few pixels: each window has the extremes of its points.
        let windows = read_series(application, "device-1", from, to, 500).await;
        let window = windows.window.expect("has windows");
        assert_eq!(window.get(), 24 * 60_000_000_000, "{name}");
        let fine = read_series(application, "device-1", from, to, 8_000).await;
        assert_eq!(without_ends(&windows), without_ends(&fine.folded(window)), "{name}");
        // A window of two minutes is the shortest that seven days have.
        assert!((5_039..=5_042).contains(&series.times.len()), "{name}: {}", series.times.len());
        assert!(series.times.is_sorted_by(|left, right| left < right), "{name}");
        assert_eq!(series.columns.len(), 5, "{name}");
        assert!(
            series.columns.iter().all(|column| column.values.iter().all(|value| value.is_finite())),
            "{name}"
        );

        let fleet: Fleet = application.read("read_fleet", "").await.json();
        assert_eq!((fleet.online, fleet.never_seen), (1, 0), "{name}: {fleet:?}");
        // A minute may have passed since.
        let rate = fleet.points_per_minute.expect("is known");
        assert!((0.8..=1.0).contains(&rate), "{name}: {rate} points a minute");
        assert_eq!(fleet.tiles[0].values.len(), 7, "{name}");

        // The device's own token writes until the device is unregistered.
        let line = format!(
            "environment,clientId=device-1 Temperature=21.5 {}",
            dashboard.now.to_nanoseconds()
        );
        write(application, &token, &line).await.unwrap();
        let answer = application.call("unregister_device", "device_id=device-1").await;
        assert_eq!(
            (answer.status, answer.header(header::LOCATION)),
            (StatusCode::OK, "/devices"),
            "{name}: {answer:?}"
        );
        assert!(
            matches!(write(application, &token, &line).await, Err(Error::Unauthorized { .. })),
            "{name}"
        );
        assert_eq!(
            application.call("unregister_device", "device_id=device-1").await.status,
            StatusCode::NOT_FOUND
        );
        let list: DeviceList = application.list().await.json();
        assert!(list.rows.is_empty(), "{name}: {list:?}");

        let kept = details(application, "device-1").await;
        assert!(
            kept.registration.is_none() && !kept.fields.is_empty(),
            "{name}: the telemetry stays"
        );
        assert!(kept.missing.has_foreign_points, "{name}: the device's own point");
        let refused = application.call("write_missing_data", "id=device-1&confirmed=false").await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{name}: {refused:?}");
        application.call("register_device", "device_id=device-1").await;
        assert_eq!(
            reveal(application, "device-1").await.0,
            StatusCode::OK,
            "{name}: a new registration, a new token"
        );
    })
    .await;
}

/// The first and the last window may be cut differently.
fn without_ends(series: &Series) -> Vec<(i64, Vec<Option<Row>>)> {
    let rows = series.times.iter().enumerate().map(|(index, time)| {
        (*time, series.columns.iter().map(|column| column.row(index)).collect())
    });
    rows.skip(1).take(series.times.len().saturating_sub(2)).collect()
}

async fn read_series(
    application: &Application,
    id: &str,
    from: i64,
    to: i64,
    columns: u32,
) -> Series {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;
    let path = format!("/rpc/read_series?id={id}&from_ms={from}&to_ms={to}&columns={columns}");
    let request = Request::get(path)
        .header(header::HOST, crate::application::HOST)
        .body(Body::empty())
        .unwrap();
    let response = application.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{}", application.name);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Series::decode(&bytes).unwrap()
}

#[tokio::test]
async fn points_of_other_programs() {
    on_every_backend(async |application| {
        let name = application.name;
        let operator = application.operator_token.clone();
        let now = iot_center::server::ports::Clock::now(&application.state.shared.clock);
        let minute = 60_000_000_000;
        let lines = format!(
            "environment,device=other Temperature=20i,note=\"warm\" {}\n\
             environment,clientId=other,TemperatureSensor=BME280 Temperature=30i {}\n\
             environment,clientId=other Humidity=50,on=true {}\n",
            now - 3 * minute,
            now - 2 * minute,
            now - 2 * minute
        );
        write(application, &operator, &lines).await.unwrap();
        let found = details(application, "other").await;
        assert!(found.registration.is_none(), "{name}");
        let names: Vec<&str> = found.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            ["Temperature", "Humidity"],
            "{name}: strings and booleans are no numbers"
        );
        let temperature = &found.fields[0];
        assert_eq!(
            (temperature.min, temperature.max, temperature.last, temperature.count),
            (20.0, 30.0, 30.0, 2),
            "{name}"
        );
        assert_eq!(temperature.sensor.as_deref(), Some("BME280"), "{name}");
        assert_eq!(found.missing.count, 10_078, "{name}: by both tags");

        let now_ms = now / 1_000_000;
        let series = read_series(application, "other", now_ms - 600_000, now_ms, 1_000).await;
        assert_eq!(series.times, [now - 3 * minute, now - 2 * minute], "{name}");
        let humidity =
            series.columns.iter().find(|column| column.field == Field::Humidity).unwrap();
        assert!(humidity.values[0].is_nan() && humidity.values[1] == 50.0, "{name}: {humidity:?}");

        // The emulator writes Temperature as a float: that is said before anything is written.
        let answer =
            application.call("write_missing_data", "id=virtual_device&confirmed=false").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{name}: {answer:?}");
        assert!(
            answer.body.contains("Temperature") && !answer.body.contains("Humidity"),
            "{name}: {answer:?}"
        );
        let absent = application.read("read_device", "id=virtual_device").await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND, "{name}: {absent:?}");
    })
    .await;
}

#[tokio::test]
async fn hostile_ids() {
    on_every_backend(async |application| {
        let name = application.name;
        let too_long = "a".repeat(65);
        for id in [
            "",
            "..%2Fx",
            "%22",
            "__proto__",
            "a%20b",
            "a%0Ab",
            "%F0%9F%98%80",
            "a%22%20or%20true",
            &too_long,
        ] {
            let answer = application.call("register_device", &format!("device_id={id}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name} {id}: {answer:?}");
            let answer = application.read("read_device", &format!("id={id}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} {id}: {answer:?}");
            let answer =
                application.call("write_missing_data", &format!("id={id}&confirmed=true")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} {id}: {answer:?}");
            let answer = application
                .send(post(&format!("/devices/{id}/reveal"), "", "application/json"))
                .await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} {id}: {answer:?}");
        }
        // One is the prefix of the other, and neither is the other.
        application.call("register_device", "device_id=ab").await;
        assert_eq!(reveal(application, "a").await.0, StatusCode::NOT_FOUND, "{name}");
        assert_eq!(
            application.call("unregister_device", "device_id=a").await.status,
            StatusCode::NOT_FOUND,
            "{name}"
        );
        application.call("register_device", "device_id=a").await;
        application.call("unregister_device", "device_id=a").await;
        let list: DeviceList = application.list().await.json();
        assert_eq!(
            list.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(),
            ["ab"],
            "{name}"
        );

        // What other programs have put into the registry is listed as it is and can be taken off.
        let connection = application.state.shared.backend.connection_now().unwrap();
        for (line, id) in [
            (r#"deviceauth,deviceId=../x" key="no id",token="t" 1"#, r#"../x""#),
            (r#"deviceauth,deviceId=a\ or\ b\\c key="0123456789abcdef",token="t" 1"#, r"a or b\\c"),
            (r#"deviceauth,deviceId=<b>é</b> key="0123456789abcdef",token="t" 1"#, "<b>é</b>"),
        ] {
            connection
                .client
                .write(&connection.registry.name, line.to_owned(), Precision::Nanoseconds)
                .await
                .unwrap();
            let list: DeviceList = application.list().await.json();
            let row = list.rows.iter().find(|row| row.id == id);
            assert!(row.is_some_and(|row| !row.has_page), "{name} {id}: {list:?}");
            let page = application.page("/devices").await;
            assert!(!page.body.contains("<b>é"), "{name}");
            let form = encoded(&[("device_id", id)]);
            let answer = application.call("unregister_device", &form).await;
            assert_eq!(answer.status, StatusCode::OK, "{name} {id}: {answer:?}");
            let list: DeviceList = application.list().await.json();
            assert_eq!(list.rows.len(), 1, "{name} {id}: {list:?}");
        }
    })
    .await;
}

/// Form fields, percent-encoded.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut encoded, byte| {
            write!(encoded, "%{byte:02X}").unwrap();
            encoded
        })
    };
    fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[tokio::test]
async fn forms_without_scripts() {
    let application = Application::embedded().await;
    let answer = application.submit("/rpc/register_device", "device_id=a", "/devices").await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::FOUND, "/devices/a"));
    let answer = application.submit("/rpc/write_all_missing_data", "id=a", "/devices/a").await;
    assert_eq!(
        (answer.status, answer.header(header::LOCATION)),
        (StatusCode::FOUND, "/devices/a?written=10080"),
        "{answer:?}"
    );
    let answer = application.submit("/devices/a/reveal", "", "/devices/a").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.header(header::CONTENT_TYPE).starts_with("text/html")
            && answer.body.starts_with("<!DOCTYPE html>")
    );
    assert!(!answer.body.contains("<script"), "{}", answer.body);
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    let answer = application.submit("/devices/a/reveal", "", "/devices/a").await;
    assert_eq!(answer.status, StatusCode::GONE);
    assert!(answer.body.contains("rotate it"), "{}", answer.body);
    let answer = application.submit("/rpc/unregister_device", "device_id=a", "/devices").await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::FOUND, "/devices"));
}

#[tokio::test]
async fn the_virtual_device_in_one_click() {
    let application = Application::embedded().await;
    for _ in 0..2 {
        let answer = application.submit("/rpc/try_virtual_device", "", "/").await;
        assert_eq!(
            (answer.status, answer.header(header::LOCATION)),
            (StatusCode::FOUND, "/dashboard/virtual_device?range=7d")
        );
    }
    assert_eq!(details(&application, "virtual_device").await.liveness, Liveness::Online);
}

#[tokio::test]
async fn one_write_job_a_device_and_a_dropped_one_stops() {
    use futures::StreamExt;
    use tower::ServiceExt;
    let application = Application::embedded().await;
    let request = || {
        let mut request = post("/rpc/write_missing_data", "id=a&confirmed=false", "text/plain");
        request.headers_mut().insert(header::HOST, crate::application::HOST.parse().unwrap());
        request
    };
    let first = application.router.clone().oneshot(request()).await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    let second = application.router.clone().oneshot(request()).await.unwrap();
    assert_eq!(second.status(), StatusCode::CONFLICT);
    let mut body = first.into_body().into_data_stream();
    let mut progress = String::new();
    while !progress.contains("writing 2520 ") {
        progress.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    drop(body);
    let begin = Instant::now();
    while application.state.shared.jobs.is_running("a") {
        assert!(begin.elapsed().as_secs() < 5);
        tokio::task::yield_now().await;
    }
    let missing = details(&application, "a").await.missing.count;
    assert!(
        (2_520..=7_561).contains(&missing),
        "{missing}: some batches were written, and not all"
    );
    assert_eq!(
        written(&application, "a", false).await.last(),
        Some(&WriteProgress::Done { written: missing })
    );
}

#[tokio::test]
async fn ranges_that_are_none_are_refused() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=a").await;
    for query in [
        "id=a&range=2w",
        "id=a&from=x&to=y",
        "id=a&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    ] {
        let answer = application.read("read_dashboard", query).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {answer:?}");
    }
    for query in
        ["id=a&from_ms=2&to_ms=1&columns=9", "id=a&from_ms=0&to_ms=99999999999999&columns=9"]
    {
        let answer = application.read("read_series", query).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_for_the_two_buckets_is_enough_to_look() {
    use influx_wire::api::{Action, CreateAuthorization, Permission, Resource};
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=a").await;
        let connection = application.state.shared.backend.connection_now().unwrap();
        let permission = |id: &str| Permission {
            action: Action::Read,
            resource: Resource {
                kind: "buckets".to_owned(),
                id: Some(id.to_owned()),
                org_id: Some(connection.organization_id.clone()),
                name: None,
                org: None,
            },
        };
        let request = CreateAuthorization {
            org_id: connection.organization_id.clone(),
            description: "for the two buckets".to_owned(),
            status: None,
            user_id: None,
            permissions: vec![
                permission(&connection.telemetry.id),
                permission(&connection.registry.id),
            ],
        };
        let token = connection.client.create_authorization(&request).await.unwrap().token;
        for organization in [&connection.organization_name, &connection.organization_id] {
            let reader = Application::upstream_in(connection.client.url(), &token, organization);
            reader.wait_until_ready().await;
            let list: DeviceList = reader.list().await.json();
            assert_eq!(list.rows.len(), 1, "{name} {organization}: {list:?}");
            let refused = reader.call("register_device", "device_id=b").await;
            assert_eq!(
                refused.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{name} {organization}: {refused:?}"
            );
        }
    })
    .await;
}
