//! No answer but the reveal, of one token or of several, holds a token.

use std::sync::{Arc, Mutex};

use axum::http::{Method, header};
use iot_center::server::influx::Session;
use iot_center::server::ports::scripts::ReadTokens;
use iot_center::server::ports::{Clock as _, Registry as _};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::application::{Answer, Application, on_every_backend_with, post};
use crate::rest::{call, call_from};

#[tokio::test]
async fn tokens_appear_in_the_reveal_only() {
    let application = Application::embedded().await;
    application.submit("/rpc/try_virtual_device", "", "/").await;
    let reveal =
        application.send(post("/devices/virtual_device/reveal", "", "application/json")).await;
    let token = reveal.json::<serde_json::Value>()["token"].as_str().unwrap().to_owned();
    assert!(token.len() >= 32 && application.operator_token.len() >= 32);

    let mut answers = Vec::new();
    for page in [
        "/",
        "/devices",
        "/devices/virtual_device",
        "/dashboard/virtual_device?range=7d",
        "/dashboard/virtual_device/export.csv?range=7d",
        "/dashboard",
        "/nowhere",
        "/health",
        "/ready",
        "/status",
        "/metrics",
    ] {
        answers.push(application.page(page).await);
    }
    for (name, query) in [
        ("list_devices", "request[search]=&request[sort]=id&request[page]=1&request[size]=100"),
        ("read_fleet", ""),
        ("read_status", ""),
        ("read_device", "id=virtual_device"),
        ("read_dashboard", "id=virtual_device&range=7d"),
    ] {
        let answer = application.read(name, query).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answers.push(answer);
    }
    answers.push(application.call("register_device", "device_id=virtual_device").await);
    answers.push(application.call("write_missing_data", "id=virtual_device&confirmed=true").await);
    answers.push(application.call("send_reading", "id=virtual_device").await);
    for path in ["/registrations", "/registrations/tokens"] {
        answers.push(application.submit(path, "ids=virtual_device", "/devices").await);
    }
    answers.push(
        application.send(post("/devices/virtual_device/reveal", "", "application/json")).await,
    );
    for answer in &answers {
        for secret in [&token, &application.operator_token] {
            assert!(!answer.body.contains(secret.as_str()), "{answer:?}");
            let in_header = answer
                .headers
                .values()
                .any(|value| value.to_str().is_ok_and(|value| value.contains(secret.as_str())));
            assert!(!in_header, "{:?}", answer.headers);
        }
    }
    assert!(
        answers.iter().any(|answer| answer.header(header::CONTENT_TYPE).starts_with("text/html"))
    );
}

/// Where the log of a test goes.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Nothing listens there.
const BROKER: &str = "mqtt://127.0.0.1:9";
const PASSWORD: &str = "canary-of-the-broker";

#[tokio::test]
async fn no_secret_is_in_any_answer_metric_or_log() {
    let settings = [
        ("MQTT_URL", BROKER),
        ("MQTT_TOPIC", "iot"),
        ("MQTT_USERNAME", "somebody"),
        ("MQTT_PASSWORD", PASSWORD),
        ("IOT_CENTER_MONITOR", "1"),
    ];
    on_every_backend_with(&settings, async |application| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        // While there is one subscriber only, tracing lets the thread that comes to a log statement first say for good whether it is
        // written (`callsite::dispatchers::Rebuilder::JustOne`): that may be another test's, which has no log.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        // All of the test and of the server run on this thread.
        let _log = tracing::subscriber::set_default(subscriber);

        let mut secrets = vec![application.operator_token.clone(), PASSWORD.to_owned()];
        let token_of =
            |answer: &Answer| answer.json::<Value>()["token"].as_str().unwrap().to_owned();
        let created = call(application, Method::POST, "/api/devices", r#"{"deviceId":"a"}"#).await;
        secrets.push(token_of(&created));
        let rotated = call(application, Method::POST, "/api/devices/a/rotate", "").await;
        secrets.push(token_of(&rotated));
        let configured = call(application, Method::GET, "/api/env/b", "").await.json::<Value>();
        secrets.push(configured["influx_token"].as_str().unwrap().to_owned());
        assert_eq!(configured["mqtt_password"], PASSWORD, "{}", application.name);
        let flux = r#"{"query":"from(bucket: \"iot_center\") |> range(start: -1h)"}"#;
        let asked = call(application, Method::POST, "/api/devices/a/measurements", flux).await;
        assert!(asked.status.is_success(), "{}: {asked:?}", application.name);
        let session = {
            let connection = application.state.shared.backend.connection_now().unwrap();
            Session::new(connection, None, application.state.shared.clock.now())
        };
        let read = ReadTokens::stored(&session).await.unwrap().unwrap();
        secrets.push(read.token.expose_secret().to_owned());
        let hidden = call_from(
            application,
            "127.0.0.1:9",
            Method::POST,
            "/api/devices/a/rotate",
            "",
            &[("sec-fetch-site", "same-origin")],
        )
        .await;
        let newest = session.token("a").await.unwrap().unwrap().expose_secret().to_owned();
        assert!(!secrets.contains(&newest));
        secrets.push(newest);

        let mut answers = vec![asked, hidden];
        for page in [
            "/",
            "/devices",
            "/devices/a",
            "/devices/b",
            "/devices/nobody",
            "/dashboard",
            "/dashboard/a",
            "/dashboard/a/export.csv",
            "/dashboard/a/export.svg",
            "/data?device=a",
            "/data?flux=buckets()",
            "/data/result.csv?flux=buckets()",
            "/buckets",
            "/status",
            "/authorizations",
            "/api",
            "/api/",
            "/metrics",
            "/health",
            "/ready",
            "/nowhere",
            "/api/openapi.json",
            "/api/devices",
            "/api/devices/a",
            "/api/events",
            "/api/buckets",
            "/api/gpxVirtual",
            "/api/env/a",
        ] {
            answers.push(application.page(page).await);
        }
        for (method, path, body) in [
            (Method::POST, "/api/devices", r#"{"deviceId":"a"}"#),
            (Method::POST, "/api/devices/generate", r#"{"deviceIds":["a","b","c"]}"#),
            (Method::POST, "/api/devices/a/disable", ""),
            (Method::GET, "/api/env/a", ""),
            (Method::POST, "/api/devices/a/enable", ""),
            (Method::POST, "/api/devices/a/measurements", r#"{"query":"nothing()"}"#),
            (Method::POST, "/mqtt/api/v2/write", "environment,clientId=a Temperature=1"),
            (Method::DELETE, "/api/devices/a", ""),
        ] {
            answers.push(call(application, method, path, body).await);
        }
        for (name, query) in [
            ("list_devices", "request[search]=&request[sort]=id&request[page]=1&request[size]=100"),
            ("read_fleet", ""),
            ("read_device", "id=b"),
            ("read_dashboard", "id=b&range=1d"),
            ("list_leftovers", ""),
            ("list_buckets", ""),
            ("list_operations", ""),
        ] {
            let answer = application.read(name, query).await;
            assert!(answer.status.is_success(), "{name}: {answer:?}");
            answers.push(answer);
        }
        let written = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
        assert!(written.contains("request"), "{}: the log is empty", application.name);
        for secret in &secrets {
            assert!(secret.len() >= 20, "{secret}");
            for answer in &answers {
                assert!(
                    !format!("{answer:?}").contains(secret),
                    "{}: {answer:?}",
                    application.name
                );
            }
            let line = written.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(line, None, "{}", application.name);
        }
    })
    .await;
}
