//! The REST API, on every backend that there is.

use std::collections::HashSet;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use influx_client::Error;
use influx_wire::line_protocol::Precision;
use iot_center::server::listen::Endpoints;
use serde_json::{Value, json};

use crate::application::{Answer, Application, on_every_backend};
use crate::services::write;

/// As a program that is no browser, from this machine.
pub(crate) async fn call(
    application: &Application,
    method: Method,
    path: &str,
    body: &str,
) -> Answer {
    call_from(application, "127.0.0.1:9", method, path, body, &[]).await
}

pub(crate) async fn call_from(
    application: &Application,
    peer: &str,
    method: Method,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(Endpoints { local: None, peer }));
    application.send(request).await
}

async fn get(application: &Application, path: &str) -> Answer {
    call(application, Method::GET, path, "").await
}

async fn post(application: &Application, path: &str, body: &str) -> Answer {
    call(application, Method::POST, path, body).await
}

#[track_caller]
fn assert_refused(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body: Value = answer.json();
    let sentence = body["error"].as_str().unwrap_or_default();
    assert!(!sentence.is_empty() && !sentence.contains('\n'), "{answer:?}");
    assert_eq!(body.as_object().unwrap().len(), 1, "{answer:?}");
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/json");
}

#[tokio::test]
async fn the_life_of_a_device() {
    on_every_backend(async |application| {
        let name = application.name;
        assert_eq!(get(application, "/api/devices").await.json::<Value>(), json!([]), "{name}");

        let created = post(application, "/api/devices", r#"{"deviceId":"b"}"#).await;
        assert_eq!(created.status, StatusCode::CREATED, "{name}: {created:?}");
        assert_eq!(created.header(header::LOCATION), "/api/devices/b");
        let created: Value = created.json();
        let first = created["token"].as_str().unwrap().to_owned();
        assert_eq!(
            (&created["deviceId"], created["key"].as_str().unwrap().len()),
            (&json!("b"), 16)
        );
        assert_refused(
            &post(application, "/api/devices/create", r#"{"deviceId":"b"}"#).await,
            StatusCode::CONFLICT,
        );
        // What was shown here is not shown again.
        let again = application
            .send(crate::application::post("/devices/b/reveal", "", "application/json"))
            .await;
        assert_eq!(again.status, StatusCode::GONE, "{name}: {again:?}");
        assert_eq!(
            post(application, "/api/devices/create", r#"{"deviceId":"a"}"#).await.status,
            StatusCode::CREATED
        );

        let list: Value = get(application, "/api/devices").await.json();
        let ids: Vec<&str> =
            list.as_array().unwrap().iter().map(|one| one["deviceId"].as_str().unwrap()).collect();
        assert_eq!(ids, ["a", "b"], "{name}");
        let one: Value = get(application, "/api/devices/b").await.json();
        assert_eq!(one.as_array().unwrap().len(), 1);
        let keys: HashSet<&str> = one[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, HashSet::from(["deviceId", "key", "createdAt", "updatedAt"]));
        assert_eq!(one[0]["key"], created["key"]);
        for nobody in ["c", "devic", "%22", "a%0Ab", "b%22%20or%20true"] {
            let answer = get(application, &format!("/api/devices/{nobody}")).await;
            assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!([])), "{nobody}");
        }

        let line = "environment,clientId=b Temperature=20.5";
        write(application, &first, line).await.unwrap();
        let rotated: Value = post(application, "/api/devices/b/rotate", "").await.json();
        let second = rotated["token"].as_str().unwrap().to_owned();
        assert_ne!(first, second);
        assert_eq!(rotated["createdAt"], one[0]["createdAt"], "{name}: as old as before");
        write(application, &first, line).await.unwrap();
        write(application, &second, line).await.unwrap();

        let disabled = post(application, "/api/devices/b/disable", "").await;
        assert_eq!(disabled.status, StatusCode::NO_CONTENT, "{name}: {disabled:?}");
        for token in [&first, &second] {
            let refused = write(application, token, line).await;
            let is_refused = refused.as_ref().is_err_and(Error::is_permission);
            assert!(is_refused, "{name}: {refused:?}");
        }
        assert_refused(&get(application, "/api/env/b").await, StatusCode::CONFLICT);
        assert_eq!(
            post(application, "/api/devices/b/enable", "").await.status,
            StatusCode::NO_CONTENT
        );
        write(application, &second, line).await.unwrap();

        let gone = call(application, Method::DELETE, "/api/devices/b", "").await;
        assert_eq!((gone.status, gone.body.as_str()), (StatusCode::NO_CONTENT, ""), "{name}");
        let refused = write(application, &second, line).await;
        assert!(matches!(refused, Err(Error::Unauthorized { .. })), "{name}: {refused:?}");
        assert_refused(
            &call(application, Method::DELETE, "/api/devices/b", "").await,
            StatusCode::NOT_FOUND,
        );
        for action in ["rotate", "disable", "enable"] {
            let answer = post(application, &format!("/api/devices/b/{action}"), "").await;
            assert_refused(&answer, StatusCode::NOT_FOUND);
        }

        let events: Value = get(application, "/api/events?device=b").await.json();
        let kinds: Vec<&str> =
            events.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            ["unregistered", "enabled", "disabled", "rotated", "registered"],
            "{name}: {events}"
        );
        let all: Value = get(application, "/api/events").await.json();
        assert_eq!(all.as_array().unwrap().len(), 6, "{name}: {all}");
    })
    .await;
}

#[tokio::test]
async fn bodies_are_json_whatever_they_are_called() {
    let application = Application::embedded().await;
    for (id, kind) in [
        ("a", "text/plain;charset=UTF-8"),
        ("b", "application/json"),
        ("c", "application/x-www-form-urlencoded"),
    ] {
        let body = format!(r#"{{"deviceId":"{id}"}}"#);
        let headers = [("content-type", kind)];
        let answer =
            call_from(&application, "127.0.0.1:9", Method::POST, "/api/devices", &body, &headers)
                .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }
    // Without an id it gets one.
    for body in ["", "{}", r#"{"deviceId":null}"#] {
        let answer = post(&application, "/api/devices", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(answer.json::<Value>()["deviceId"].as_str().unwrap().len(), 36);
    }
    for body in [
        "x",
        "[]",
        "[null]",
        "[\"d\"]",
        "1",
        "{\"deviceId\":1}",
        "{\"deviceId\":\"\"}",
        "{\"deviceId\":\"a b\"}",
        "{\"deviceId\":\"__proto__\"}",
        "{\"deviceId\":\"a\\u0000\"}",
        "{\"deviceId\":",
    ] {
        assert_refused(&post(&application, "/api/devices", body).await, StatusCode::BAD_REQUEST);
        let answer = post(&application, "/api/devices/create", body).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST);
    }
    for (path, body) in
        [("generate", r#"[["a"]]"#), ("a/measurements", r#"["from(bucket: \"iot_center\")"]"#)]
    {
        let answer = post(&application, &format!("/api/devices/{path}"), body).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains("The body is not the JSON"), "{answer:?}");
    }
    let long = format!(r#"{{"deviceId":"{}"}}"#, "a".repeat(70_000));
    assert_refused(&post(&application, "/api/devices", &long).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn browsers_see_no_token() {
    let application = Application::embedded().await;
    let headers = [("sec-fetch-site", "same-origin"), ("content-type", "text/plain")];
    let browse = async |method: Method, path: &str, body: &str| {
        call_from(&application, "127.0.0.1:9", method, path, body, &headers).await
    };
    let created = browse(Method::POST, "/api/devices", r#"{"deviceId":"a"}"#).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    assert!(created.json::<Value>().get("token").is_none(), "{created:?}");
    let rotated = browse(Method::POST, "/api/devices/a/rotate", "").await;
    assert_eq!(rotated.status, StatusCode::OK);
    assert!(rotated.json::<Value>().get("token").is_none(), "{rotated:?}");
    // But the one-time reveal.
    let reveal = application
        .send(crate::application::post("/devices/a/reveal", "", "application/json"))
        .await;
    assert_eq!(reveal.status, StatusCode::OK, "{reveal:?}");
    for header in
        [("origin", "http://127.0.0.1:3000"), ("sec-fetch-mode", "cors"), ("cookie", "theme=dark")]
    {
        for path in ["/api/env/a", "/api/env/new", "/api/env/a?accept=text/plain"] {
            let answer =
                call_from(&application, "127.0.0.1:9", Method::GET, path, "", &[header]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{header:?}: {answer:?}");
        }
    }
    let list: Value = get(&application, "/api/devices").await.json();
    assert_eq!(list.as_array().unwrap().len(), 1, "a browser has registered nothing");
}

#[tokio::test]
async fn addresses_and_methods_that_are_none() {
    let application = Application::embedded().await;
    for path in ["/api/", "/api/x", "/api/devices/a/x", "/api/env", "/api/devices/a/b/c"] {
        assert_refused(&get(&application, path).await, StatusCode::NOT_FOUND);
    }
    for (method, path, allowed) in [
        (Method::PUT, "/api/devices", "GET,HEAD,POST"),
        (Method::DELETE, "/api/devices", "GET,HEAD,POST"),
        (Method::GET, "/api/devices/generate", "POST"),
        (Method::POST, "/api/env/a", "GET,HEAD"),
        (Method::POST, "/api/devices/a", "GET,HEAD,DELETE"),
        (Method::GET, "/api/devices/a/rotate", "POST"),
        (Method::POST, "/api/gpxVirtual", "GET,HEAD"),
    ] {
        let answer = call(&application, method.clone(), path, "").await;
        assert_refused(&answer, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header(header::ALLOW), allowed, "{method} {path}");
    }
    assert_refused(&get(&application, "/api/devices/%FF").await, StatusCode::BAD_REQUEST);
    // What the guard refuses is worded alike.
    let evil = [("host", "evil.example")];
    let answer =
        call_from(&application, "127.0.0.1:9", Method::GET, "/api/devices", "", &evil).await;
    assert_refused(&answer, StatusCode::MISDIRECTED_REQUEST);
    let foreign = [("origin", "http://evil.example")];
    let answer =
        call_from(&application, "127.0.0.1:9", Method::POST, "/api/devices", "{}", &foreign).await;
    assert_refused(&answer, StatusCode::FORBIDDEN);
}

/// A value in the lines of a configuration, cut out as the Arduino client does it.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let after = &text[text.find(key).unwrap() + key.len()..];
    let after = &after[after.find(':').unwrap() + 2..];
    &after[..after.find('\n').unwrap()]
}

#[tokio::test]
async fn a_device_fetches_its_configuration() {
    on_every_backend(async |application| {
        let name = application.name;
        let unknown = get(application, "/api/env/new?register=false").await;
        assert_eq!(unknown.status, StatusCode::FORBIDDEN);
        assert_eq!(unknown.json::<Value>(), json!({"id": "new", "registered": false}));
        let first = get(application, "/api/env/new").await;
        assert_eq!(first.status, StatusCode::OK, "{name}: {first:?}");
        let keys: Vec<String> =
            first.body.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        let order = [
            "influx_url",
            "influx_org",
            "influx_token",
            "influx_bucket",
            "id",
            "default_lon",
            "default_lat",
            "measurement_interval",
            "newlyRegistered",
            "createdAt",
            "updatedAt",
            "serverTime",
            "configuration_refresh",
            "write_endpoint",
        ];
        let places: Vec<usize> =
            order.iter().map(|key| keys.iter().position(|found| found == key).unwrap()).collect();
        assert!(places.is_sorted(), "{name}: {first:?}");
        let first: Value = first.json();
        assert_eq!(first["newlyRegistered"], true);
        assert_eq!(
            (&first["measurement_interval"], &first["configuration_refresh"]),
            (&json!(60), &json!(3600))
        );
        assert_eq!(
            (&first["default_lat"], &first["default_lon"]),
            (&json!(50.087_325_4), &json!(14.407_154_3))
        );
        assert_eq!(first["write_endpoint"], "/influx");

        let accept = [("accept", "text/plain")];
        let text =
            call_from(application, "127.0.0.1:9", Method::GET, "/api/env/new", "", &accept).await;
        assert_eq!(text.status, StatusCode::OK);
        let query = get(application, "/api/env/new?accept=text/plain").await;
        assert_eq!(query.body.lines().count(), text.body.lines().count());
        assert_eq!(value(&text.body, "newlyRegistered"), "false");
        for key in ["influx_url", "influx_org", "influx_token", "influx_bucket", "createdAt"] {
            assert_eq!(value(&text.body, key), first[key].as_str().unwrap(), "{name}: {key}");
        }
        assert_eq!(value(&text.body, "default_lon"), "14.4071543");
        assert_eq!(value(&text.body, "mqtt_url"), "null");
        let time = value(&text.body, "serverTime");
        assert_eq!((time.len(), &time[19..20]), (24, "."), "{time}");

        // What it got is enough to write.
        let client = influx_client::Client::new(influx_client::Config::new(
            value(&text.body, "influx_url"),
            value(&text.body, "influx_token"),
            value(&text.body, "influx_org"),
        ))
        .unwrap();
        let bucket = value(&text.body, "influx_bucket");
        let line = "environment,clientId=new Temperature=21.5".to_owned();
        client.write(bucket, line, Precision::Seconds).await.unwrap();

        let hostile = get(application, "/api/env/a%22%20or%20true").await;
        assert_refused(&hostile, StatusCode::BAD_REQUEST);
        let prefix = get(application, "/api/env/ne?register=false").await;
        assert_eq!(prefix.status, StatusCode::FORBIDDEN, "{name}: a prefix is another device");
    })
    .await;
}

#[tokio::test]
async fn who_gets_a_configuration_is_a_setting() {
    let from = async |application: &Application, peer: &str, headers: &[(&str, &str)]| {
        call_from(application, peer, Method::GET, "/api/env/a", "", headers).await.status
    };
    let (here, there) = ("127.0.0.1:9", "10.1.2.3:9");
    let local = Application::embedded().await;
    assert_eq!(from(&local, there, &[]).await, StatusCode::FORBIDDEN);
    let forwarded = [("x-forwarded-for", "10.1.2.3")];
    assert_eq!(from(&local, here, &forwarded).await, StatusCode::FORBIDDEN);
    assert_eq!(local.list().await.json::<Value>()["registered"], 0);
    assert_eq!(from(&local, here, &[]).await, StatusCode::OK);

    let open = Application::embedded_with(&[("IOT_CENTER_ENROLLMENT", "open")]).await;
    assert_eq!(from(&open, there, &[]).await, StatusCode::OK);
    let mut last = StatusCode::OK;
    for _ in 0..6 {
        let answer = call_from(&open, there, Method::GET, "/api/env/a", "", &[]).await;
        last = answer.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.header(header::RETRY_AFTER).parse::<u64>().unwrap() > 0);
            assert_refused(&answer, StatusCode::TOO_MANY_REQUESTS);
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from(&open, here, &[]).await, StatusCode::OK, "this machine is not limited");

    let closed = Application::embedded_with(&[("IOT_CENTER_ENROLLMENT", "closed")]).await;
    assert_eq!(from(&closed, here, &[]).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn readings_on_demand() {
    on_every_backend(async |application| {
        let name = application.name;
        for id in ["a", "b"] {
            post(application, "/api/devices", &format!(r#"{{"deviceId":"{id}"}}"#)).await;
        }
        let written =
            post(application, "/api/devices/generate", r#"{"deviceIds":["a","b","c","a"]}"#).await;
        assert_eq!(written.status, StatusCode::OK, "{name}: {written:?}");
        let written: Value = written.json();
        assert_eq!(written.as_array().unwrap().len(), 3, "{name}: {written}");
        let reading = &written[0]["reading"];
        let (lat, lon) = (reading["Lat"].as_f64().unwrap(), reading["Lon"].as_f64().unwrap());
        assert!((48.0..52.0).contains(&lat) && (13.0..18.0).contains(&lon), "{name}: {reading}");
        assert!(reading["CO2"].is_i64() && reading["TVOC"].is_i64(), "{name}: {reading}");
        assert!(written[2]["error"].as_str().unwrap().contains("not registered"), "{written}");
        let details = application.read("read_device", "id=a").await.json::<Value>();
        assert_eq!(details["fields"].as_array().unwrap().len(), 7, "{name}: {details}");

        let path = "/api/devices/generate";
        assert_refused(
            &post(application, path, r#"{"deviceIds":["c"]}"#).await,
            StatusCode::CONFLICT,
        );
        for body in ["", "{}", r#"{"deviceIds":"a"}"#, r#"{"deviceIds":["a","\""]}"#] {
            assert_refused(&post(application, path, body).await, StatusCode::BAD_REQUEST);
        }
        let none = post(application, path, r#"{"deviceIds":[]}"#).await;
        assert_eq!((none.status, none.body.as_str()), (StatusCode::OK, "[]"));
    })
    .await;
}

#[tokio::test]
async fn buckets_are_listed() {
    on_every_backend(async |application| {
        let buckets: Value = get(application, "/api/buckets").await.json();
        let names: Vec<&str> =
            buckets.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names[..2], ["iot_center", "iot_center_devices"], "{}", application.name);
        assert!(buckets[0]["points"].is_u64() && buckets[0]["retentionSeconds"] == 0, "{buckets}");
    })
    .await;
}

#[tokio::test]
async fn queries_of_callers() {
    on_every_backend(async |application| {
        let name = application.name;
        let created = post(application, "/api/devices", r#"{"deviceId":"a"}"#).await;
        let token = created.json::<Value>()["token"].as_str().unwrap().to_owned();
        write(application, &token, "environment,clientId=a Temperature=20.5").await.unwrap();
        let path = "/api/devices/a/measurements";
        let ask =
            async |flux: &str| post(application, path, &json!({ "query": flux }).to_string()).await;
        let answer = ask("from(bucket: \"iot_center\") |> range(start: -1h)").await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {answer:?}");
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/csv");
        assert!(answer.body.starts_with('#') && answer.body.contains("20.5"), "{name}: {answer:?}");
        for body in ["", "{}", r#"{"query":null}"#, r#"{"query":" "}"#, r#"{"query":1}"#, "x"] {
            assert_refused(&post(application, path, body).await, StatusCode::BAD_REQUEST);
        }
        for flux in [
            "from(bucket: ",
            "nothing()",
            "from(bucket: \"iot_center_devices\") |> range(start: 0)",
            "from(bucket: \"iot_center\") |> range(start: -1h) |> to(bucket: \"iot_center\")",
            "import \"http\" http.post(url: \"http://127.0.0.1:1\")",
            "buckets()",
        ] {
            let answer = ask(flux).await;
            assert!(!answer.body.contains(&token), "{name} {flux}");
            if flux != "buckets()" {
                assert_refused(&answer, StatusCode::BAD_REQUEST);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_track_is_a_way_of_pairs() {
    let application = Application::embedded().await;
    let answer = get(&application, "/api/gpxVirtual").await;
    let track: Vec<(f64, f64)> = answer.json();
    assert_eq!(track.len(), 4_320);
    let near = |(lat, lon): &(f64, f64)| (48.0..52.0).contains(lat) && (13.0..18.0).contains(lon);
    assert!(track.iter().all(near));
}

#[tokio::test]
async fn a_backend_that_fails_is_said() {
    let application = Application::upstream("http://127.0.0.1:9", "token");
    for (method, path, body) in [
        (Method::GET, "/api/devices", ""),
        (Method::GET, "/api/devices/a", ""),
        (Method::POST, "/api/devices", r#"{"deviceId":"a"}"#),
        (Method::DELETE, "/api/devices/a", ""),
        (Method::POST, "/api/devices/a/rotate", ""),
        (Method::POST, "/api/devices/a/disable", ""),
        (Method::POST, "/api/devices/a/enable", ""),
        (Method::POST, "/api/devices/generate", r#"{"deviceIds":["a"]}"#),
        (Method::GET, "/api/env/a", ""),
        (Method::GET, "/api/events", ""),
        (Method::GET, "/api/buckets", ""),
        (Method::POST, "/api/devices/a/measurements", r#"{"query":"buckets()"}"#),
    ] {
        let answer = call(&application, method, path, body).await;
        assert_refused(&answer, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn the_description_is_of_what_there_is() {
    let application = Application::embedded().await;
    let description: Value = get(&application, "/api/openapi.json").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{description}");
    let mut operations = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "nobody");
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = call(&application, method.clone(), &path, "").await;
            let error = answer.json_or_null();
            let is_none = answer.status == StatusCode::METHOD_NOT_ALLOWED
                || error["error"].as_str().is_some_and(|error| error.contains("nothing at this"));
            assert!(!is_none, "{method} {path}: {answer:?}");
            operations += 1;
        }
    }
    assert!(operations >= 12, "{operations}");
}
