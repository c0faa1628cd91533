//! The page of the data, its forms and its files.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use influx_client::ExposeSecret;
use iot_center::server::influx::Session;
use iot_center::server::ports::Clock;
use iot_center::server::ports::scripts::ReadTokens;

use crate::application::{Answer, Application, on_every_backend, post};
use crate::services::write;

const READ: &str =
    "from(bucket: \"iot_center\") |> range(start: -1h) |> keep(columns: [\"_time\", \"_value\"])";

/// An application with a device that has measured something just now.
async fn measure(application: &Application) {
    application.call("register_device", "device_id=d").await;
    let now = application.state.shared.clock.now();
    let line = format!("environment,clientId=d Temperature=17.5 {}", now - 60_000_000_000);
    write(application, &application.operator_token, &line).await.unwrap();
}

fn encoded(script: &str) -> String {
    script.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}

/// As somebody's browser asks who follows a link of another site.
async fn from_elsewhere(application: &Application, path: &str) -> Answer {
    let request = Request::get(path)
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate");
    application.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn questions_are_answered_without_a_script_in_the_browser() {
    on_every_backend(async |application| {
        let name = application.name;
        measure(application).await;
        let page = application.page("/data?device=d&range=1h&window=none").await;
        assert_eq!(page.status, StatusCode::OK, "{name}");
        for part in [
            "<td class=\"number\">17.5",
            "1 row in 1 table.",
            "Temperature",
            "lines__line--1",
            "How it works",
        ] {
            assert!(page.body.contains(part), "{name}: {part} is not in {}", page.body);
        }
        // What it asks is what it shows.
        assert!(page.body.contains("r.clientId == \"d\" or r.device == \"d\""), "{name}");

        let page = application.page(&format!("/data?flux={}", encoded(READ))).await;
        assert!(page.body.contains("17.5") && page.body.contains("<textarea"), "{name}");
        assert!(page.body.contains("/data/result.csv?flux="), "{name}");

        let wrong = "from(bucket: \"iot_center\")\n  |> range(start: -1h)\n  |> lmit(n: 5)";
        let page = application.page(&format!("/data?flux={}", encoded(wrong))).await;
        for part in [
            "aria-invalid=\"true\"",
            "Line 3, column 6",
            "undefined identifier lmit",
            "<mark class=\"fault__mark\">lmit",
        ] {
            assert!(page.body.contains(part), "{name}: {part} is not in {}", page.body);
        }
        for (query, part) in
            [("range=1y", "5m, 15m"), ("device=a%20b", "device"), ("fn=to", "mean, median")]
        {
            let page = application.page(&format!("/data?{query}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}: {query}");
            assert!(page.body.contains(part), "{name}: {query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_script_that_is_sent_gets_an_address_if_it_fits() {
    let application = Application::embedded().await;
    measure(&application).await;
    let answer = application.submit("/data", "flux=a%0D%0Ab+%7C%3E", "/data").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/data?flux=a%0Ab%20%7C%3E");

    let long = format!("{READ} // {}", "<\"x\">".repeat(1_000));
    let answer = application.submit("/data", &format!("flux={}", encoded(&long)), "/data").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("17.5") && answer.body.contains("action=\"/data/result.csv\""));
    let places: Vec<&str> =
        answer.body.match_indices("x\"").map(|(at, _)| &answer.body[at - 8..at + 8]).collect();
    assert!(
        answer.body.contains("&lt;\"x\"&gt;") && !answer.body.contains("<\"x\">"),
        "{places:?}"
    );
    assert!(answer.header(header::CONTENT_SECURITY_POLICY).contains("nonce-"));

    let mut foreign = post("/data", "flux=a", "text/html");
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(application.send(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn answers_are_files_too() {
    on_every_backend(async |application| {
        let name = application.name;
        measure(application).await;
        let file = application.page(&format!("/data/result.csv?flux={}", encoded(READ))).await;
        assert_eq!(file.status, StatusCode::OK, "{name}: {file:?}");
        assert_eq!(file.header(header::CONTENT_TYPE), "text/csv; charset=utf-8");
        assert_eq!(file.header(header::CONTENT_DISPOSITION), "attachment; filename=\"result.csv\"");
        assert!(
            file.body.starts_with("#group,") && file.body.contains(",17.5\r\n"),
            "{name}: {file:?}"
        );
        let built = application.page("/data/result.csv?device=d&range=1h&window=none").await;
        assert!(built.body.contains(",17.5,"), "{name}: {built:?}");
        let sent = application
            .submit("/data/result.csv", &format!("flux={}", encoded(READ)), "/data")
            .await;
        assert_eq!(sent.body, file.body, "{name}");

        for (query, status, part) in [
            ("flux=x+%3D", StatusCode::BAD_REQUEST, "expected an expression"),
            ("flux=nowhere%28%29", StatusCode::BAD_REQUEST, "undefined identifier nowhere"),
            ("device=a+b", StatusCode::BAD_REQUEST, "names no device"),
            ("", StatusCode::BAD_REQUEST, "names no device"),
            ("device=d&range=1y", StatusCode::BAD_REQUEST, "5m, 15m"),
        ] {
            let refused = application.page(&format!("/data/result.csv?{query}")).await;
            assert_eq!(refused.status, status, "{name}: {query}: {refused:?}");
            assert!(refused.body.contains(part), "{name}: {query}: {refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_run_at_the_word_of_another_site() {
    let application = Application::embedded().await;
    measure(&application).await;
    for path in [format!("/data?flux={}", encoded(READ)), "/data?device=d".to_owned()] {
        let page = from_elsewhere(&application, &path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Not run yet") && !page.body.contains("17.5"), "{path}");
    }
    let file =
        from_elsewhere(&application, &format!("/data/result.csv?flux={}", encoded(READ))).await;
    assert_eq!(file.status, StatusCode::FORBIDDEN);
    let connection = application.state.shared.backend.connection_now().unwrap();
    let session = Session::new(connection, None, application.state.shared.clock.now());
    assert!(session.stored().await.unwrap().is_none(), "not even a token was made");
}

#[tokio::test]
async fn where_one_bucket_holds_everything_the_page_says_so() {
    let application = Application::embedded_with(&[("INFLUX_BUCKET_AUTH", "iot_center")]).await;
    application.call("register_device", "device_id=d").await;
    for path in ["/data", "/data?flux=x", "/data/result.csv?flux=x"] {
        let page = application.page(path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.body.contains("INFLUX_BUCKET_AUTH"), "{path}");
    }
}

#[tokio::test]
async fn no_token_is_on_these_pages() {
    on_every_backend(async |application| {
        measure(application).await;
        let reveal = application.send(post("/devices/d/reveal", "", "application/json")).await;
        let device = reveal.json::<serde_json::Value>()["token"].as_str().unwrap().to_owned();
        application.page("/data?device=d").await;
        let connection = application.state.shared.backend.connection_now().unwrap();
        let session = Session::new(connection, None, application.state.shared.clock.now());
        let read = session.stored().await.unwrap().unwrap().token.expose_secret().to_owned();
        assert!(read.len() >= 32 && device.len() >= 32);
        let registry = encoded("from(bucket: \"iot_center_devices\") |> range(start: 0)");
        let everything = encoded("from(bucket: \"iot_center\") |> range(start: 0)");
        for path in [
            "/data".to_owned(),
            "/data?device=d&field=*&window=none".to_owned(),
            format!("/data?flux={registry}"),
            format!("/data?flux={everything}"),
            format!("/data/result.csv?flux={registry}"),
            format!("/data/result.csv?flux={everything}"),
            "/data?flux=buckets%28%29".to_owned(),
            "/buckets".to_owned(),
            "/rpc/list_buckets".to_owned(),
        ] {
            let answer = application.page(&path).await;
            for secret in [&device, &read, &application.operator_token] {
                assert!(
                    !answer.body.contains(secret.as_str()),
                    "{}: {path}: {answer:?}",
                    application.name
                );
            }
        }
    })
    .await;
}
