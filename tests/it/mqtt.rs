//! From devices over a real broker into every InfluxDB, through restarts and outages on all sides.

mod broker;
mod kills;
mod outages;
mod refusals;
mod switch;
mod tls;

use std::io::Write as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use influx_wire::csv::ColumnData;
use iot_center::model::mqtt::{LinkState, MqttStatus};
use serde_json::Value;

use self::broker::{Broker, Device};
use crate::application::{Answer, Application, on_every_backend_with, post};

const TOPIC: &str = "iot/environment";

/// The settings of an application on a broker.
fn settings(url: &str) -> [(&str, &str); 2] {
    [("MQTT_URL", url), ("MQTT_TOPIC", TOPIC)]
}

fn status(application: &Application) -> MqttStatus {
    application.state.shared.mqtt.as_ref().unwrap().status()
}

/// Waits until the status is as it should be.
async fn wait_for(application: &Application, what: &str, is_so: impl Fn(&MqttStatus) -> bool) {
    let begin = Instant::now();
    while !is_so(&status(application)) {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{}: not {what}: {:?}",
            application.name,
            status(application)
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait_until_connected(application: &Application) {
    let is_connected = |status: &MqttStatus| {
        [&status.consumer, &status.publisher].map(|link| *link == LinkState::Connected) == [true; 2]
    };
    wait_for(application, "connected", is_connected).await;
}

/// All points of measurement `mqtt`: their times in nanoseconds and their values, sorted.
async fn points(application: &Application) -> Vec<(i64, i64)> {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let script = r#"from(bucket: "iot_center")
        |> range(start: 1960-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)
        |> filter(fn: (r) => r._measurement == "mqtt" and r._field == "v")"#;
    let mut points = Vec::new();
    for batch in connection.client.query_all(script).await.unwrap() {
        let column = |label: &str| {
            let index = batch.columns.iter().position(|column| column.label == label).unwrap();
            &batch.data[index]
        };
        let (ColumnData::Time(times), ColumnData::Long(values)) =
            (column("_time"), column("_value"))
        else {
            panic!("{batch:?}");
        };
        points
            .extend(times.iter().zip(values).map(|(time, value)| (time.unwrap(), value.unwrap())));
    }
    points.sort_unstable();
    points
}

/// Waits until there are so many points, and then some more, so that there are not too many.
async fn wait_for_points(application: &Application, count: usize) -> Vec<(i64, i64)> {
    let begin = Instant::now();
    loop {
        let points = points(application).await;
        if points.len() >= count || begin.elapsed() > Duration::from_secs(60) {
            assert_eq!(points.len(), count, "{}: {points:?}", application.name);
            return points;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Registers a device and gives its token.
async fn token(application: &Application, id: &str) -> String {
    let answer = application.call("register_device", &format!("device_id={id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let answer =
        application.send(post(&format!("/devices/{id}/reveal"), "", "application/json")).await;
    answer.json::<Value>()["token"].as_str().unwrap().to_owned()
}

/// A request to write, as a device sends it.
fn request(query: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/mqtt/api/v2/write{query}"))
        .header(header::AUTHORIZATION, format!("Token {token}"))
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(body.into())
        .unwrap()
}

async fn write(application: &Application, token: &str, query: &str, body: &str) -> Answer {
    application.send(request(query, token, body.to_owned())).await
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

const SECOND: i64 = 1_000_000_000;

#[tokio::test]
async fn what_a_device_sends_to_the_server_goes_over_the_broker_into_influxdb() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend_with(&settings(&broker.url()), async |application| {
        let token = token(application, "device-1").await;
        wait_until_connected(application).await;
        let name = application.name;
        for (query, body) in [
            ("", "mqtt,clientId=a v=1i 1000000000"),
            ("?org=&bucket=&precision=", "mqtt,clientId=a v=2i 2000000000\n"),
            ("?bucket=iot_center&precision=us", "mqtt,clientId=a v=3i 3000000\n# end"),
            ("?precision=ms", "mqtt,clientId=a v=4i 4000\n\nmqtt,clientId=b v=4i 4000"),
            ("?precision=s", "mqtt,clientId=a v=5i 5"),
            ("?precision=s", ""),
            ("?precision=s", "# nothing"),
        ] {
            let answer = write(application, &token, query, body).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (StatusCode::NO_CONTENT, ""),
                "{name}: {query} {body}: {answer:?}"
            );
        }
        let mut packed = request("?precision=s", &token, gzip(b"mqtt,clientId=a v=6i 6"));
        packed.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(application.send(packed).await.status, StatusCode::NO_CONTENT);
        // One that is split into several messages.
        let long: Vec<String> =
            (10..5_010).map(|v| format!("mqtt,clientId=a,note={:060} v={v}i {v}", 0)).collect();
        let long = long.join("\n");
        let answer = write(application, &token, "?precision=s", &long).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{name}: {answer:?}");

        let points = wait_for_points(application, 5_007).await;
        let expected: Vec<(i64, i64)> =
            [1, 2, 3, 4, 4, 5, 6].into_iter().chain(10..5_010).map(|v| (v * SECOND, v)).collect();
        assert_eq!(points, expected, "{name}");
        wait_for(application, "done", |status| status.held_messages == 0).await;
        let status = status(application);
        assert_eq!((status.written_lines, status.rejected), (5_007, 0), "{name}");

        // Without a timestamp it is the server's time.
        let before = now();
        write(application, &token, "?precision=s", "mqtt,clientId=now v=1i").await;
        let (time, _) = *wait_for_points(application, 5_008).await.last().unwrap();
        assert!((before..=now()).contains(&time), "{name}: {time}");
    })
    .await;
}

fn now() -> i64 {
    let elapsed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(elapsed.as_nanos()).unwrap()
}

#[tokio::test]
async fn what_a_device_publishes_by_itself_is_written_and_nonsense_is_not_in_the_way() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend_with(&settings(&broker.url()), async |application| {
        wait_until_connected(application).await;
        let device = Device::connect(&broker, TOPIC).await;
        let start = 1_644_359_970;
        // The size of a timestamp tells its unit.
        device.publish(format!("mqtt,clientId=a v=1i {start}")).await;
        device.publish(format!("mqtt,clientId=b v=2i {start}000\n")).await;
        device.publish(format!("mqtt,clientId=c v=3i {start}000000000")).await;
        device.publish(gzip(format!("mqtt,clientId=d v=4i {start}").as_bytes())).await;
        // A message may say it itself: 7 nanoseconds.
        device.publish_as("mqtt,clientId=e v=5i 7", Some("ns")).await;
        for nonsense in [
            &b"\xff\xfe\xfd"[..],
            b"\x1f\x8bis not gzip",
            b"{\"password\":\"canary\"}",
            b"mqtt,clientId=f",
            // Its field is an integer, and stays one.
            b"mqtt,clientId=f v=\"canary\" 9",
        ] {
            device.publish(nonsense).await;
        }
        device.publish("mqtt,clientId=f v=6i 8\nnonsense\nmqtt,clientId=f v=7i 9").await;
        let expected = [
            (7, 5),
            (8 * SECOND, 6),
            (9 * SECOND, 7),
            (start * SECOND, 1),
            (start * SECOND, 2),
            (start * SECOND, 3),
            (start * SECOND, 4),
        ];
        let name = application.name;
        assert_eq!(wait_for_points(application, 7).await, expected, "{name}");
        wait_for(application, "done", |status| status.held_messages == 0).await;
        let status = status(application);
        assert_eq!((status.written_lines, status.rejected), (7, 6), "{name}: {status:?}");
        let rejection = status.last_rejection.unwrap();
        assert!(
            rejection.contains("nonsense") || rejection.contains("mqtt,clientId"),
            "{rejection}"
        );
        assert!(!rejection.contains("canary"), "{rejection}");
    })
    .await;
}

#[tokio::test]
async fn many_messages_keep_their_order() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend_with(&settings(&broker.url()), async |application| {
        wait_until_connected(application).await;
        let device = Device::connect(&broker, TOPIC).await;
        // All are the same point: the last one stays.
        for value in 1..=500 {
            device.publish(format!("mqtt,clientId=a v={value}i 1")).await;
        }
        let all = |status: &MqttStatus| status.written_lines == 500 && status.held_messages == 0;
        wait_for(application, "all written", all).await;
        assert_eq!(points(application).await, [(SECOND, 500)], "{}", application.name);
    })
    .await;
}
