//! Pages and files.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::application::Application;

const PAGES: [&str; 3] = ["/", "/devices", "/devices/virtual_device"];

#[tokio::test]
async fn the_nonce_of_the_header_is_the_one_of_the_page_and_new_every_time() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=virtual_device").await;
    let mut seen = Vec::new();
    for page in PAGES.into_iter().chain(["/nowhere"]) {
        let answer = application.page(page).await;
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        let nonce =
            policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        let scripts = answer.body.matches("<script").count();
        assert!(scripts > 0, "{page} has no scripts");
        assert_eq!(
            answer.body.matches(&format!("nonce=\"{nonce}\"")).count(),
            scripts,
            "{page}: {}",
            answer.body
        );
        assert!(
            policy.contains("'wasm-unsafe-eval'")
                && !policy.contains("unsafe-inline")
                && !policy.contains("ws:")
        );
        assert!(!answer.body.contains(" style=\""), "{page} has an inline style");
        assert!(!seen.contains(&nonce.to_owned()));
        seen.push(nonce.to_owned());
    }
}

#[tokio::test]
async fn pages_are_complete_without_scripts() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=virtual_device").await;
    for page in PAGES {
        let answer = application.page(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(answer.header(header::CONTENT_TYPE).starts_with("text/html"), "{page}");
        assert!(answer.body.contains("virtual_device"), "{page} lacks its data: {}", answer.body);
    }
}

#[tokio::test]
async fn what_there_is_not_has_the_status_404() {
    let application = Application::embedded().await;
    for page in [
        "/nowhere",
        "/devices/unknown",
        "/dashboard/unknown",
        "/devices/%22",
        "/pkg/nowhere.css",
        "/.env",
        "/..%2f..%2fetc%2fpasswd",
    ] {
        let answer = application.page(page).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page}");
    }
}

#[tokio::test]
async fn files_can_be_cached_and_read_in_parts() {
    let application = Application::embedded().await;
    let file = "/pkg/iot-center.css";
    let first = application.page(file).await;
    assert_eq!((first.status, first.body.as_str()), (StatusCode::OK, "body { color: black }"));
    let get = |name: header::HeaderName, value: &str| {
        Request::get(file).header(name, value).body(Body::empty()).unwrap()
    };
    let modified = first.header(header::LAST_MODIFIED);
    assert_eq!(
        application.send(get(header::IF_MODIFIED_SINCE, modified)).await.status,
        StatusCode::NOT_MODIFIED
    );
    let part = application.send(get(header::RANGE, "bytes=0-3")).await;
    assert_eq!((part.status, part.body.as_str()), (StatusCode::PARTIAL_CONTENT, "body"));
    let other = Request::builder().method(Method::DELETE).uri(file).body(Body::empty()).unwrap();
    assert!(application.send(other).await.status.is_client_error());
    std::fs::write(application.directory.path().join("site/pkg/iot-center.css.br"), "packed")
        .unwrap();
    let packed = application.send(get(header::ACCEPT_ENCODING, "br, gzip")).await;
    assert_eq!((packed.header(header::CONTENT_ENCODING), packed.body.as_str()), ("br", "packed"));
}

#[tokio::test]
async fn a_wrong_configuration_is_said_on_the_page() {
    let application = Application::misconfigured(&[("INFLUX_TOKEN", "a-secret")]);
    let answer = application.page("/devices").await;
    assert!(answer.body.contains("INFLUX_URL is not"), "{}", answer.body);
    assert!(!answer.body.contains("a-secret"));
    let status = application.page("/ready").await;
    assert_eq!(status.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn errors_of_forms_come_back_to_the_page() {
    let application = Application::embedded().await;
    let answer = application
        .submit("/rpc/register_device", "device_id=%22%3E%3Cscript%3E", "/devices")
        .await;
    assert_eq!(answer.status, StatusCode::FOUND);
    let location = answer.header(header::LOCATION).replace("http://127.0.0.1:3000", "");
    assert!(location.starts_with("/devices?"), "{location}");
    let page = application.page(&location).await;
    assert!(page.body.contains("is no device ID"), "{}", page.body);
    assert!(!page.body.contains("\"><script>"), "{}", page.body);
}
