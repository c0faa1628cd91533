//! InfluxDB down, slow, refusing, incomplete, overloaded: each gets a sentence that helps, within the time limit.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::StreamExt;
use influx_client::testing;
use iot_center::api::ApiError;
use iot_center::model::status::BackendState;
use serde_json::json;

use crate::application::{Answer, Application};

/// A page may take so long, whatever InfluxDB does.
const PAGE_LIMIT: Duration = Duration::from_millis(1_500);

/// How the misbehaving InfluxDB answers queries and writes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    Slow,
    RefusesToken,
    LacksBucket,
    TooManyRequests,
    Overloaded,
    CutsAnswer,
    ReportsErrorInAnswer,
    IsNoInflux,
    Redirects,
}

async fn respond(behaviour: Behaviour) -> Response {
    let error = |status: u16, code: &str, message: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        (status, axum::Json(json!({ "code": code, "message": message }))).into_response()
    };
    let csv = |body: Body| ([("content-type", "text/csv; charset=utf-8")], body).into_response();
    match behaviour {
        Behaviour::Slow => {
            tokio::time::sleep(Duration::from_secs(10)).await;
            csv(Body::empty())
        }
        Behaviour::RefusesToken => error(401, "unauthorized", "unauthorized access"),
        Behaviour::LacksBucket => error(
            404,
            "not found",
            "failed to initialize execute state: could not find bucket \"iot_center\"",
        ),
        Behaviour::TooManyRequests => {
            ([("retry-after", "30")], error(429, "too many requests", "slow down")).into_response()
        }
        Behaviour::Overloaded => error(503, "unavailable", "queue length exceeded"),
        Behaviour::CutsAnswer => {
            let begin = "#datatype,string,long,string\r\n#group,false,false,true\r\n#default,_result,,\r\n,result,table,deviceId\r\n,,0,";
            let cut = futures::stream::once(async {
                // The beginning must be on its way before the connection breaks.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("cut"))
            });
            csv(Body::from_stream(futures::stream::once(async { Ok(begin.to_owned()) }).chain(cut)))
        }
        Behaviour::ReportsErrorInAnswer => csv(Body::from(
            "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,the query ran out of memory,897\r\n",
        )),
        Behaviour::IsNoInflux => axum::response::Html("<html>Sign in</html>").into_response(),
        Behaviour::Redirects => {
            (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response()
        }
    }
}

/// An InfluxDB that is set up and misbehaves when it is asked or given something.
async fn upstream(behaviour: Behaviour) -> String {
    let organization = json!({ "orgs": [{ "id": "0000000000000001", "name": "tests" }] });
    let buckets = |axum::extract::RawQuery(query): axum::extract::RawQuery| async move {
        let query = query.unwrap_or_default();
        let name =
            if query.contains("iot_center_devices") { "iot_center_devices" } else { "iot_center" };
        axum::Json(
            json!({ "buckets": [{ "id": "0000000000000002", "orgID": "0000000000000001", "name": name }] }),
        )
    };
    let misbehave = move || respond(behaviour);
    let router = Router::new()
        .route("/ping", get(async || StatusCode::NO_CONTENT))
        .route("/api/v2/setup", get(async || axum::Json(json!({ "allowed": false }))))
        .route("/api/v2/orgs", get(async move || axum::Json(organization.clone())))
        .route("/api/v2/buckets", get(buckets))
        .route("/api/v2/authorizations", get(misbehave).post(misbehave))
        .route("/api/v2/query", post(misbehave))
        .route("/api/v2/write", post(misbehave));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A page that comes within [`PAGE_LIMIT`], of which half a second is for everything but the wait: at the third try at
/// the latest, because the other tests keep the machine busy at the same time.
async fn page_in_time(application: &Application, path: &str) -> Answer {
    let mut late = Vec::new();
    while late.len() < 3 {
        let begin = Instant::now();
        let page = application.page(path).await;
        let elapsed = begin.elapsed();
        if elapsed <= PAGE_LIMIT {
            return page;
        }
        late.push(elapsed);
    }
    panic!("{path} came too late each time: {late:?}")
}

/// The sentence that the list of devices fails with, which the page shows too, in time.
async fn sentence(application: &Application) -> String {
    let page = page_in_time(application, "/devices").await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");

    let answer = application.list().await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let ApiError::Unavailable(sentence) = ApiError::from_text(&answer.body) else {
        panic!("{answer:?}")
    };
    assert!(!sentence.contains("canary"), "{sentence}");
    // What the page says differs in how long was waited only.
    let shown = sentence.split(" within ").next().unwrap().replace('"', "&quot;");
    assert!(
        page.body.contains(&shown) || page.body.contains(&shown.replace("&quot;", "\"")),
        "{shown}\n{}",
        page.body
    );
    sentence
}

/// With this behaviour the pages say so.
async fn check(behaviour: Behaviour, parts: &[&str]) {
    let application = Application::upstream(&upstream(behaviour).await, "canary-token");
    let sentence = sentence(&application).await;
    for part in parts {
        assert!(sentence.contains(part), "{behaviour:?}: {sentence}");
    }
    // Nothing is half done: registering fails with the same words.
    let answer = application.call("register_device", "device_id=a").await;
    assert!(answer.status.is_server_error(), "{behaviour:?}: {answer:?}");
}

#[tokio::test]
async fn slow() {
    let application = Application::upstream(&upstream(Behaviour::Slow).await, "canary-token");
    let page = page_in_time(&application, "/devices").await;
    assert!(page.body.contains("did not answer within a second"), "{}", page.body);
}

#[tokio::test]
async fn slow_from_the_very_beginning() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Accepts connections, as the system does before the program asks, and never answers.
    let application = Application::upstream(&url, "canary-token");
    for path in ["/", "/devices", "/devices/a", "/dashboard/a"] {
        let page = page_in_time(&application, path).await;
        assert!(page.body.contains("did not answer within a second"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn down() {
    let (_closed, address) = testing::closed_address().unwrap();
    let url = format!("http://{address}");
    let application = Application::upstream(&url, "canary-token");
    let sentence = sentence(&application).await;
    assert!(sentence.contains("cannot be reached") && sentence.contains(&url), "{sentence}");
    assert!(matches!(application.state.shared.backend.status().1, BackendState::Failing(_)));
    assert_eq!(application.page("/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(application.page("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn refuses_the_token() {
    check(Behaviour::RefusesToken, &["does not accept the token", "INFLUX_TOKEN"]).await;
}

#[tokio::test]
async fn lacks_the_bucket() {
    check(Behaviour::LacksBucket, &["could not find bucket", "INFLUX_BUCKET"]).await;
}

#[tokio::test]
async fn asks_to_slow_down() {
    check(Behaviour::TooManyRequests, &["asks to slow down", "30 seconds"]).await;
}

#[tokio::test]
async fn overloaded() {
    check(Behaviour::Overloaded, &["not available at the moment", "queue length exceeded"]).await;
}

#[tokio::test]
async fn cuts_its_answer() {
    check(Behaviour::CutsAnswer, &["cut off"]).await;
}

#[tokio::test]
async fn fails_half_way() {
    check(Behaviour::ReportsErrorInAnswer, &["the query ran out of memory"]).await;
}

#[tokio::test]
async fn is_something_else() {
    check(Behaviour::IsNoInflux, &["not InfluxDB"]).await;
}

#[tokio::test]
async fn redirects() {
    check(Behaviour::Redirects, &["redirect"]).await;
}

#[tokio::test]
async fn comes_back() {
    let (closed, address) = testing::closed_address().unwrap();
    let application = Application::upstream(&format!("http://{address}"), "canary-token");
    let begin = Instant::now();
    let page = application.page("/devices").await;
    assert!(page.body.contains("cannot be reached"), "{}", page.body);
    let listener = closed.listen(16).unwrap();
    let forward = Router::new()
        .route("/ping", get(async || StatusCode::NO_CONTENT))
        .route("/api/v2/setup", get(async || axum::Json(json!({ "allowed": false }))))
        .fallback(async || -> Result<_, Infallible> { Ok((StatusCode::UNAUTHORIZED, "{}")) });
    tokio::spawn(async move { axum::serve(listener, forward).await });
    loop {
        let answer = application.list().await;
        if answer.body.contains("does not accept the token") {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
