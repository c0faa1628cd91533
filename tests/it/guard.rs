//! The guard in front of everything: hosts, origins, headers, sizes, panics.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use iot_center::server::listen::Endpoints;

use crate::application::{Application, HOST, post};

/// Everything that changes something.
const MUTATING: [&str; 11] = [
    "/rpc/register_device",
    "/rpc/unregister_device",
    "/rpc/try_virtual_device",
    "/rpc/write_missing_data",
    "/rpc/write_all_missing_data",
    "/rpc/send_reading",
    "/registrations",
    "/registrations/tokens",
    "/preferences",
    "/devices/a/reveal",
    "/health",
];

#[tokio::test]
async fn other_hosts_are_not_served() {
    let application = Application::embedded_with(&[("IOT_CENTER_HOSTS", "iot.example")]).await;
    let status = async |host: &str| {
        let request =
            Request::get("/health").header(header::HOST, host).body(Body::empty()).unwrap();
        application.send(request).await.status
    };
    for host in [
        "127.0.0.1:3000",
        "localhost:3000",
        "LocalHost:3000",
        "[::1]:3000",
        "iot.example",
        "iot.example:3000",
    ] {
        assert_eq!(status(host).await, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:3000",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost",
        "localhost:3001",
        "localhost:3000.evil.example",
        "a.localhost:3000",
        "iot.example.evil.example",
        "0.0.0.0:3000",
        "127.0.0.1:3000, evil.example",
        "user@localhost:3000",
        "",
    ] {
        assert_eq!(status(host).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn a_request_with_two_hosts_or_none_is_not_served() {
    let application = Application::embedded().await;
    let two = Request::get("/health")
        .header(header::HOST, HOST)
        .header(header::HOST, "evil")
        .body(Body::empty())
        .unwrap();
    assert_eq!(application.send(two).await.status, StatusCode::MISDIRECTED_REQUEST);
    let other =
        Request::get("http://evil/health").header(header::HOST, HOST).body(Body::empty()).unwrap();
    assert_eq!(application.send(other).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn no_other_site_changes_anything() {
    let application = Application::embedded().await;
    let foreign: [&[(&str, &str)]; 12] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:3000")],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://127.0.0.1:3001"),
            ("cookie", "theme=dark"),
        ],
        &[("origin", "null")],
        &[("origin", "http://evil.example")],
        &[("origin", "http://127.0.0.1:3001")],
        &[("origin", "http://localhost:3000")],
        &[("origin", "http://127.0.0.1:3000.evil.example")],
        &[("cookie", "theme=dark")],
        &[("cookie", "theme=dark"), ("origin", "file://")],
    ];
    for path in MUTATING {
        for headers in foreign {
            for content_type in
                ["application/x-www-form-urlencoded", "text/plain", "application/json"]
            {
                for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                    let mut request = Request::builder()
                        .method(&method)
                        .uri(path)
                        .header(header::CONTENT_TYPE, content_type);
                    for (name, value) in headers {
                        request = request.header(*name, *value);
                    }
                    let request = request
                        .body(Body::from("device_id=a&id=a&ids=a&confirmed=true&theme=dark"))
                        .unwrap();
                    let answer = application.send(request).await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path} {headers:?}");
                    assert!(!answer.headers.contains_key("access-control-allow-origin"));
                }
            }
        }
    }
    assert_eq!(application.list().await.json::<serde_json::Value>()["registered"], 0);
}

#[tokio::test]
async fn reading_functions_change_nothing_and_changing_functions_take_no_get() {
    let application = Application::embedded().await;
    for path in MUTATING.iter().filter(|path| path.starts_with("/rpc/")) {
        let request = Request::get(format!("{path}?device_id=a&id=a&confirmed=true"))
            .body(Body::empty())
            .unwrap();
        let status = application.send(request).await.status;
        assert!(status.is_client_error(), "{path}: {status}");
    }
    assert_eq!(application.list().await.json::<serde_json::Value>()["registered"], 0);
}

#[tokio::test]
async fn callers_that_are_no_browser_may_register() {
    let application = Application::embedded().await;
    let mut request = post("/rpc/register_device", "device_id=a", "*/*");
    request.headers_mut().remove("sec-fetch-site");
    assert_eq!(application.send(request).await.status, StatusCode::OK);
    assert_eq!(application.list().await.json::<serde_json::Value>()["registered"], 1);
}

#[tokio::test]
async fn other_machines_may_register_only_so_often() {
    let application = Application::embedded().await;
    let register = async |peer: &str, accept: &str| {
        let mut request = post("/rpc/register_device", "device_id=a", accept);
        let peer = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(Endpoints { local: None, peer }));
        let page = format!("http://{HOST}/devices");
        request.headers_mut().insert(header::REFERER, page.parse().unwrap());
        application.send(request).await
    };
    let mut permitted = 0;
    while register("10.0.0.9:9", "application/json").await.status != StatusCode::TOO_MANY_REQUESTS {
        permitted += 1;
    }
    // A slow test gets a turn back every two seconds.
    assert!((30..40).contains(&permitted), "{permitted}");
    let refused = register("10.0.0.9:9", "application/json").await;
    assert!(!refused.header(header::RETRY_AFTER).is_empty(), "{refused:?}");
    let form = register("10.0.0.9:9", "text/html").await;
    assert!(form.header(header::LOCATION).contains("/devices?__path="), "{form:?}");
    assert!(form.body.contains("too often"), "{form:?}");
    for peer in ["10.0.0.8:9", "127.0.0.1:9"] {
        let answer = register(peer, "application/json").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{peer}");
    }
}

#[tokio::test]
async fn other_machines_may_register_only_so_many_at_once() {
    let settings = [("IOT_CENTER_REGISTRATIONS_PER_MINUTE", "3")];
    let application = Application::embedded_with(&settings).await;
    let register = async |peer: &str, ids: &str| {
        let mut request = post("/registrations", &format!("ids={ids}"), "text/html");
        let peer = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(Endpoints { local: None, peer }));
        application.send(request).await
    };
    let refused = register("10.0.0.9:9", "a%0Ab%0Ac%0Ad").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    assert!(refused.body.contains("at most 3 devices") && refused.body.contains("these are 4"));
    assert_eq!(register("10.0.0.9:9", "a%0Ab%0Aa").await.status, StatusCode::OK);
    let refused = register("10.0.0.9:9", "c%0Ad").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    assert!(!refused.header(header::RETRY_AFTER).is_empty(), "{refused:?}");
    assert_eq!(register("127.0.0.1:9", "c%0Ad%0Ae%0Af").await.status, StatusCode::OK);
    assert_eq!(application.list().await.json::<serde_json::Value>()["registered"], 6);
}

#[tokio::test]
async fn forms_are_never_answered_with_a_way_to_another_site() {
    let application = Application::embedded().await;
    for referer in [
        "http://evil.example/",
        "http://127.0.0.1:3000//evil.example",
        "http://127.0.0.1:3000@evil.example/",
        "javascript:alert(1)",
    ] {
        for (path, form) in
            [("/rpc/register_device", "device_id=%22"), ("/preferences", "theme=dark")]
        {
            let mut request = post(path, form, "text/html");
            request.headers_mut().insert(header::REFERER, referer.parse().unwrap());
            let answer = application.send(request).await;
            assert!(!answer.header(header::LOCATION).contains("evil"), "{referer}: {answer:?}");
            assert!(
                !answer.header(header::LOCATION).contains("javascript"),
                "{referer}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_theme_is_kept_in_a_cookie() {
    let application = Application::embedded().await;
    let answer = application.submit("/preferences", "theme=dark", "/devices?q=a").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/devices?q=a");
    assert!(answer.header(header::SET_COOKIE).starts_with("theme=dark; Path=/;"), "{answer:?}");
    let answer = application.submit("/preferences", "theme=auto", "/").await;
    assert!(answer.header(header::SET_COOKIE).contains("Max-Age=0"), "{answer:?}");
    let answer = application.submit("/preferences", "theme=%3Cscript%3E", "/").await;
    assert!(
        answer.status.is_client_error() && !answer.headers.contains_key(header::SET_COOKIE),
        "{answer:?}"
    );
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let application = Application::embedded().await;
    let answers = [
        application.page("/").await,
        application.page("/devices").await,
        application.page("/nowhere").await,
        application.page("/pkg/iot-center.css").await,
        application.page("/health").await,
        application.list().await,
        application.call("register_device", "device_id=%22").await,
        application.call("nowhere", "").await,
        application
            .send(Request::get("/").header(header::HOST, "evil").body(Body::empty()).unwrap())
            .await,
        application
            .send(
                Request::post("/preferences").header("origin", "null").body(Body::empty()).unwrap(),
            )
            .await,
    ];
    for answer in &answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {answer:?}");
        }
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{answer:?}"
        );
        assert!(
            !answer.header("permissions-policy").is_empty()
                && !answer.header("x-request-id").is_empty()
        );
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
        if !answer.header(header::CONTENT_TYPE).starts_with("text/css") {
            assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{answer:?}");
        }
    }
}

#[tokio::test]
async fn bodies_are_limited() {
    let application = Application::embedded().await;
    let form = format!("device_id={}", "a".repeat(64 * 1024));
    let mut with_length = post("/rpc/register_device", &form, "application/json");
    with_length.headers_mut().insert(header::CONTENT_LENGTH, form.len().into());
    assert_eq!(application.send(with_length).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = application.call("register_device", &form).await;
    assert!(!answer.status.is_success(), "{answer:?}");
    let answer = application.submit("/preferences", &format!("theme=dark&x={form}"), "/").await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(application.list().await.json::<serde_json::Value>()["registered"], 0);
}

#[tokio::test]
async fn health_and_readiness() {
    let application = Application::embedded().await;
    assert_eq!(application.page("/health").await.status, StatusCode::OK);
    assert_eq!(application.page("/ready").await.status, StatusCode::OK);
    application.state.shared.shutdown.cancel();
    assert_eq!(application.page("/health").await.status, StatusCode::OK);
    assert_eq!(application.page("/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_panic_becomes_an_answer() {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    async fn handler() -> &'static str {
        panic!("a secret in the text of a panic")
    }
    let layer = CatchPanicLayer::custom(iot_center::server::middleware::panic::answer);
    let router = Router::new().route("/", get(handler)).layer(layer);
    let response = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
}
