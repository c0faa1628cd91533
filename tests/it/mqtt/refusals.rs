//! What `/mqtt/api/v2/write` does not take, and how it says so; and brokers that do not let the server in.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use influx_client::testing;
use influx_wire::api::{
    Action, CreateAuthorization, Permission, Resource, Status, UpdateAuthorization,
};
use iot_center::model::mqtt::LinkState;
use serde_json::Value;

use super::broker::Broker;
use super::{
    gzip, points, request, settings, status, token, wait_for, wait_until_connected, write,
};
use crate::application::{Answer, Application, on_every_backend_with};

const LINE: &str = "mqtt,clientId=a v=1i 1";

/// An answer as InfluxDB words errors.
#[track_caller]
fn check(answer: &Answer, status: StatusCode, code: &str, part: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body: Value = answer.json();
    assert_eq!(body["code"], code, "{answer:?}");
    assert!(body["message"].as_str().unwrap().contains(part), "{answer:?}");
    assert_eq!(answer.header("x-platform-error-code"), code);
}

#[tokio::test]
async fn what_is_wrong_is_refused_as_influxdb_refuses_it() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend_with(&settings(&broker.url()), async |application| {
        let token = token(application, "device-1").await;
        wait_until_connected(application).await;
        let unauthorized = (StatusCode::UNAUTHORIZED, "unauthorized", "unauthorized access");
        let without = Request::post("/mqtt/api/v2/write").body(Body::from(LINE)).unwrap();
        for answer in [
            application.send(without).await,
            write(application, "guessed", "", LINE).await,
            write(application, &format!("{token}x"), "", LINE).await,
        ] {
            check(&answer, unauthorized.0, unauthorized.1, unauthorized.2);
        }
        let reader = reader(application).await;
        let answer = write(application, &reader, "", LINE).await;
        check(&answer, StatusCode::FORBIDDEN, "forbidden", "insufficient permissions");

        for query in ["?bucket=iot_center_devices", "?bucket=other", "?org=other", "?orgID=0"] {
            let answer = write(application, &token, query, LINE).await;
            check(&answer, StatusCode::NOT_FOUND, "not found", "not found");
        }
        for (query, body, part) in [
            ("?precision=minutes", LINE, "precision"),
            ("?precision=auto", LINE, "precision"),
            ("?bucket=a&bucket=b", LINE, "parameters"),
            ("", "mqtt v=1i 1\nmqtt v=\"canary\" x\n", "line 2: bad timestamp"),
            ("?precision=s", "mqtt v=1i 99999999999", "line 1"),
        ] {
            let answer = write(application, &token, query, body).await;
            check(&answer, StatusCode::BAD_REQUEST, "invalid", part);
            assert!(!answer.body.contains("canary"), "{answer:?}");
        }
        let answer = application.send(request("", &token, &b"m v=\xff"[..])).await;
        check(&answer, StatusCode::BAD_REQUEST, "invalid", "UTF-8");
        for body in [b"not gzip".to_vec(), gzip(LINE.as_bytes())[..20].to_vec()] {
            let answer = send_packed(application, &token, body).await;
            check(&answer, StatusCode::BAD_REQUEST, "invalid", "gzip");
        }
        let large = vec![b'#'; (10 << 20) + 1];
        let bomb = gzip(&vec![b'#'; 3 << 20]);
        for answer in [
            application.send(request("", &token, large)).await,
            send_packed(application, &token, bomb).await,
        ] {
            check(&answer, StatusCode::PAYLOAD_TOO_LARGE, "request too large", "too large");
        }
        let get = Request::get("/mqtt/api/v2/write").body(Body::empty()).unwrap();
        let answer = application.send(get).await;
        check(&answer, StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "POST");
        assert_eq!(answer.header(header::ALLOW), "POST");
        // What pages may not do, scripts of other sites may not either.
        let mut foreign = request("", &token, LINE);
        foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        assert_eq!(application.send(foreign).await.status, StatusCode::FORBIDDEN);

        assert_eq!(points(application).await, [], "{}", application.name);
    })
    .await;
}

/// A token that may read the telemetry bucket and nothing else.
async fn reader(application: &Application) -> String {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let request = CreateAuthorization {
        org_id: connection.organization_id.clone(),
        description: "reader".to_owned(),
        status: Some(Status::Active),
        user_id: None,
        permissions: vec![Permission {
            action: Action::Read,
            resource: Resource {
                kind: "buckets".to_owned(),
                id: Some(connection.telemetry.id.clone()),
                org_id: Some(connection.organization_id.clone()),
                name: None,
                org: None,
            },
        }],
    };
    connection.client.create_authorization(&request).await.unwrap().token
}

async fn send_packed(application: &Application, token: &str, body: Vec<u8>) -> Answer {
    let mut request = request("", token, body);
    request.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    application.send(request).await
}

#[tokio::test]
async fn a_token_that_is_not_active_opens_nothing() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend_with(&settings(&broker.url()), async |application| {
        let token = token(application, "device-1").await;
        wait_until_connected(application).await;
        let connection = application.state.shared.backend.connection_now().unwrap();
        let client = &connection.client;
        let all = client.list_authorizations(&connection.organization_id).await.unwrap();
        let device = all.iter().find(|one| one.description == "IoTCenterDevice: device-1").unwrap();
        let inactive = UpdateAuthorization { status: Some(Status::Inactive), description: None };
        client.update_authorization(&device.id, &inactive).await.unwrap();
        let answer = write(application, &token, "", "mqtt v=1i 1").await;
        assert!(
            [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].contains(&answer.status),
            "{}: {answer:?}",
            application.name
        );
    })
    .await;
}

#[tokio::test]
async fn without_a_broker_there_is_nothing_to_write_to() {
    let application = Application::embedded().await;
    let answer = write(&application, "any", "", "mqtt v=1i 1").await;
    check(&answer, StatusCode::NOT_FOUND, "not found", "MQTT_URL");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_waited_for() {
    let (_closed, address) = testing::closed_address().unwrap();
    let url = format!("mqtt://{address}");
    let application = Application::embedded_with(&settings(&url)).await;
    let token = token(&application, "device-1").await;
    let is_failing = |link: &LinkState| matches!(link, LinkState::Failing(why) if why.contains("cannot be reached"));
    wait_for(&application, "failing", |status| {
        is_failing(&status.consumer) && is_failing(&status.publisher)
    })
    .await;
    let answer = write(&application, &token, "", "mqtt v=1i 1").await;
    check(&answer, StatusCode::SERVICE_UNAVAILABLE, "unavailable", "cannot be reached");
    assert_eq!(answer.header(header::RETRY_AFTER), "5");
    // The rest of the server does not mind.
    assert_eq!(application.page("/devices").await.status, StatusCode::OK);
    let begin = std::time::Instant::now();
    application.stop_mqtt().await;
    assert!(begin.elapsed() < std::time::Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn credentials_are_used_and_wrong_ones_are_named() {
    let Some(broker) = Broker::start_with(|folder| {
        let passwords = folder.join("passwords");
        let made = std::process::Command::new("mosquitto_passwd")
            .args(["-b", "-c"])
            .arg(&passwords)
            .args(["server", "canary password"])
            .status()
            .unwrap();
        assert!(made.success());
        // Two topics: the server may use one of them.
        let rules = folder.join("rules");
        std::fs::write(&rules, "user server\ntopic readwrite iot/environment\n").unwrap();
        format!(
            "allow_anonymous false\npassword_file {}\nacl_file {}\n",
            passwords.display(),
            rules.display()
        )
    }) else {
        return;
    };
    let url = broker.url();
    let with = |more: &[(&'static str, &'static str)]| {
        settings(&url).into_iter().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    for wrong in [
        with(&[]),
        with(&[("MQTT_USERNAME", "server")]),
        with(&[("MQTT_USERNAME", "server"), ("MQTT_PASSWORD", "canary guess")]),
    ] {
        let application = Application::embedded_with(&wrong).await;
        wait_for(&application, "refused", |status| {
            let LinkState::Failing(why) = &status.consumer else { return false };
            assert!(!why.contains("canary"), "{why}");
            why.contains("MQTT_USERNAME")
        })
        .await;
        application.stop_mqtt().await;
    }
    let right = with(&[("MQTT_USERNAME", "server"), ("MQTT_PASSWORD", "canary password")]);
    let application = Application::embedded_with(&right).await;
    let token = token(&application, "device-1").await;
    wait_until_connected(&application).await;
    let answer = write(&application, &token, "", "mqtt v=1i 1").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    super::wait_for_points(&application, 1).await;
    assert!(!format!("{:?} {:?}", application.state, status(&application)).contains("canary"));
    application.stop_mqtt().await;

    // A topic that the rules of the broker forbid. Mosquitto permits to subscribe to it, and then sends nothing.
    let forbidden = [
        ("MQTT_URL", url.as_str()),
        ("MQTT_TOPIC", "iot/other"),
        ("MQTT_USERNAME", "server"),
        ("MQTT_PASSWORD", "canary password"),
    ];
    let application = Application::embedded_with(&forbidden).await;
    let token = super::token(&application, "device-1").await;
    wait_until_connected(&application).await;
    let answer = write(&application, &token, "", "mqtt v=1i 1").await;
    check(
        &answer,
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "does not let this server publish",
    );
    application.stop_mqtt().await;
}
