//! No answer but the reveal, of one token or of several, holds a token.

use axum::http::header;

use crate::application::{Application, post};

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
