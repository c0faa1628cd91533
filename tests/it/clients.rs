//! The clients of the systems that this one follows, replayed byte for byte over real connections.

use std::net::SocketAddr;

use iot_center::server::listen;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::application::{Application, HOST, on_every_backend};

/// The application on a port of its own, until it is dropped.
struct Server {
    address: SocketAddr,
    _stop: DropGuard,
}

impl Server {
    async fn start(application: &Application) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let listeners = listen::bind(any, false, "LEPTOS_SITE_ADDR").await.unwrap();
        let address = listeners[0].local_addr().unwrap();
        let shutdown = CancellationToken::new();
        tokio::spawn(listen::serve(listeners, application.router.clone(), shutdown.clone()));
        Self { address, _stop: shutdown.drop_guard() }
    }

    /// Status and body of the answer to these bytes, in which `HOST` stands for the name of the server.
    async fn exchange(&self, request: &str) -> (u16, String) {
        exchange(self.address, &request.replace("HOST", HOST)).await
    }
}

async fn exchange(address: SocketAddr, request: &str) -> (u16, String) {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let length =
        if body.is_empty() { String::new() } else { format!("\r\ncontent-length: {}", body.len()) };
    let head = head.trim().replace('\n', "\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}{length}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The connections are kept alive: the answer ends where its length says.
    loop {
        let mut part = [0; 8_192];
        let read = stream.read(&mut part).await.unwrap();
        answer.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "{text}");
            continue;
        };
        let status = head[9..12].parse().unwrap();
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
        });
        let chunked_end =
            head.to_ascii_lowercase().contains("chunked") && body.ends_with("0\r\n\r\n");
        let is_whole =
            length.map_or(chunked_end || status == 204, |length: usize| body.len() >= length);
        if is_whole || read == 0 {
            return (status, body.to_owned());
        }
    }
}

/// The address of the InfluxDB that a configuration names.
fn influx(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().replace("localhost", "127.0.0.1").parse().unwrap()
}

/// As the Arduino client cuts a value out of its configuration.
fn cut<'a>(text: &'a str, key: &str) -> &'a str {
    let after = &text[text.find(key).unwrap() + key.len()..];
    let after = &after[after.find(':').unwrap() + 2..];
    &after[..after.find('\n').unwrap()]
}

#[tokio::test]
async fn the_arduino_client_of_iot_center() {
    on_every_backend(async |application| {
        let name = application.name;
        let server = Server::start(application).await;
        let (status, text) = server
            .exchange(
                "GET /api/env/ESP8266-5CCF7F1DC2E5 HTTP/1.1\nHost: HOST\nUser-Agent: ESP8266HTTPClient\n\
                 Accept-Encoding: identity;q=1,chunked;q=0.1,*;q=0\nConnection: keep-alive\nAccept: text/plain\n",
            )
            .await;
        assert_eq!(status, 200, "{name}: {text}");
        for (key, default) in [("measurement_interval", "60"), ("configuration_refresh", "3600")] {
            assert_eq!(cut(&text, key), default, "{name}");
        }
        assert_eq!(cut(&text, "write_endpoint"), "/influx");
        let seconds = cut(&text, "serverTime");
        assert!(seconds.ends_with('Z') && seconds.as_bytes()[19] == b'.', "{seconds}");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let write = format!(
            "POST /api/v2/write?org={}&bucket={}&precision=s HTTP/1.1\nHost: x\n\
             User-Agent: influxdb-client-arduino/3.7.0 (ESP8266)\nConnection: keep-alive\nAuthorization: Token {}\n\
             Content-Type: text/plain\n\n\
             environment,clientId=ESP8266-5CCF7F1DC2E5,Device=ESP8266,Version=0.7,TemperatureSensor=BME280,HumiditySensor=BME280,\
             PressureSensor=BME280,CO2Sensor=CCS811,TVOCSensor=CCS811,GPSSensor=NEO-M8N \
             Temperature=22.42,Humidity=37.13,Pressure=984.21,CO2=512i,TVOC=17i,Lat=50.087325,Lon=14.407154 {}",
            cut(&text, "influx_org"),
            cut(&text, "influx_bucket"),
            cut(&text, "influx_token"),
            now.as_secs(),
        );
        let (status, body) = exchange(influx(cut(&text, "influx_url")), &write).await;
        assert_eq!(status, 204, "{name}: {body}");
        let details: Value =
            application.read("read_device", "id=ESP8266-5CCF7F1DC2E5").await.json();
        assert_eq!(details["fields"].as_array().unwrap().len(), 7, "{name}: {details}");
        assert_eq!(details["fields"][0]["sensor"], "BME280", "{name}");
    })
    .await;
}

#[tokio::test]
async fn the_python_client_of_iot_center() {
    on_every_backend(async |application| {
        let name = application.name;
        let server = Server::start(application).await;
        let (status, text) = server
            .exchange(
                "GET /api/env/raspberry-1 HTTP/1.1\nHost: HOST\nUser-Agent: python-requests/2.25.1\n\
                 Accept-Encoding: gzip, deflate\nAccept: */*\nConnection: keep-alive\n",
            )
            .await;
        assert_eq!(status, 200, "{name}: {text}");
        let configuration: Value = serde_json::from_str(&text).unwrap();
        let get = |key: &str| configuration[key].as_str().unwrap();
        let write = format!(
            "POST /api/v2/write?org={}&bucket={}&precision=ns HTTP/1.1\nHost: x\nAccept-Encoding: identity\n\
             Accept: application/json\nContent-Type: text/plain\nUser-Agent: influxdb-client-python/1.17.0\n\
             Authorization: Token {}\n\n\
             environment,TemperatureSensor=bme280,HumiditySensor=bme280,PressureSensor=bme280,clientId={},device=raspberrypi \
             Humidity=40.5,Lat=50.0873254,Lon=14.4071543,Pressure=1013.25,Temperature=21.5",
            get("influx_org"),
            get("influx_bucket"),
            get("influx_token"),
            get("id"),
        );
        let (status, body) = exchange(influx(get("influx_url")), &write).await;
        assert_eq!(status, 204, "{name}: {body}");
        let details: Value = application.read("read_device", "id=raspberry-1").await.json();
        assert_eq!(details["liveness"], "Online", "{name}: {details}");
    })
    .await;
}

/// What Next.js passes on of a browser's request.
fn through_next(method: &str, path: &str, body: &str) -> String {
    let origin = if body.is_empty() {
        ""
    } else {
        "content-type: text/plain;charset=UTF-8\norigin: http://localhost:3001\n"
    };
    format!(
        "{method} /api{path} HTTP/1.1\nhost: HOST\nconnection: close\nsec-ch-ua-mobile: ?0\nuser-agent: Mozilla/5.0\naccept: */*\n\
         {origin}sec-fetch-site: same-origin\nsec-fetch-mode: cors\nsec-fetch-dest: empty\n\
         referer: http://localhost:3001/devices\naccept-language: en-US,en;q=0.9\nx-forwarded-host: localhost:3001\n\
         x-forwarded-for: ::1\n\n{body}"
    )
}

#[tokio::test]
async fn the_pages_of_iot_api_ui() {
    on_every_backend(async |application| {
        let name = application.name;
        let server = Server::start(application).await;
        let (status, text) = server.exchange(&through_next("GET", "/devices", "")).await;
        assert_eq!((status, text.as_str()), (200, "[]"), "{name}");
        // Typed, and searched for with every key.
        let (status, text) = server.exchange(&through_next("GET", "/devices/te", "")).await;
        assert_eq!((status, text.as_str()), (200, "[]"), "{name}");
        let (status, text) =
            server.exchange(&through_next("POST", "/devices", r#"{"deviceId":"test-1"}"#)).await;
        assert_eq!(status, 201, "{name}: {text}");
        assert!(!text.contains("token"), "{name}: {text}");
        let (status, text) =
            server.exchange(&through_next("POST", "/devices", r#"{"deviceId":"test-1"}"#)).await;
        assert_eq!(status, 409, "{name}: {text}");
        assert!(serde_json::from_str::<Value>(&text).unwrap()["error"].is_string());
        let (_, text) = server.exchange(&through_next("GET", "/devices/test-1", "")).await;
        let device: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(device[0]["deviceId"], "test-1", "{name}");
        assert!(device[0]["updatedAt"].is_string() && !text.contains("token"), "{name}");
        let (status, text) = server
            .exchange(&through_next("POST", "/devices/generate", r#"{"deviceIds":["test-1"]}"#))
            .await;
        assert_eq!(status, 200, "{name}: {text}");
        // The charts: three of these at once.
        for field in ["Humidity", "Pressure", "Temperature"] {
            let flux = format!(
                "from(bucket: \"iot_center\")\n    |> range(start: -60d)\n    |> filter(fn: (r) => r._measurement == \"environment\")\n    \
                 |> filter(fn: (r) => r.device == \"test-1\")\n    |> filter(fn: (r) => r._field == \"{field}\")\n    \
                 |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)"
            );
            let body = serde_json::json!({ "query": flux }).to_string();
            let request = through_next("POST", "/devices/test-1/measurements", &body);
            let (status, text) = server.exchange(&request).await;
            assert_eq!(status, 200, "{name}: {text}");
            assert!(text.contains("#datatype,") && text.contains(&format!(",{field},")), "{name}: {text}");
        }
    })
    .await;
}
