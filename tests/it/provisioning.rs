//! Getting devices to work: one reading, programs ready to paste, several devices at once.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use axum::http::{Method, Request, StatusCode, header};
use influx_client::testing::skipped;
use influx_client::{Client, Config, Error};
use influx_wire::line_protocol::Precision;
use iot_center::model::device::{DeviceDetails, DeviceList};
use iot_center::model::field::Field;

use crate::application::{Answer, Application, HOST, on_every_backend, post};
use crate::rest::call_from;
use crate::services::{encoded, write};

async fn details(application: &Application, id: &str) -> DeviceDetails {
    let answer = application.read("read_device", &format!("id={id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}: {answer:?}", application.name);
    answer.json()
}

async fn registered(application: &Application) -> u32 {
    application.list().await.json::<DeviceList>().registered
}

#[tokio::test]
async fn one_reading_is_sent_and_told() {
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=a").await;
        let answer = application.submit("/rpc/send_reading", "id=a", "/devices/a").await;
        assert_eq!(answer.status, StatusCode::FOUND, "{name}: {answer:?}");
        let location = answer.header(header::LOCATION).to_owned();
        assert!(location.starts_with("/devices/a?sent="), "{name}: {location}");

        let found = details(application, "a").await;
        let fields: Vec<&str> = found.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(fields, Field::ALL.map(Field::key), "{name}");
        assert!(found.fields.iter().all(|field| field.count == 1), "{name}: {found:?}");
        let last = |field: Field| {
            found.fields.iter().find(|summary| summary.name == field.key()).unwrap().last
        };
        assert!((48.0..52.0).contains(&last(Field::Lat)), "{name}: {found:?}");
        assert!(
            (12.0..19.0).contains(&last(Field::Lon)),
            "{name}: a longitude of its own: {found:?}"
        );
        assert!(!found.missing.has_foreign_points, "{name}: the emulator's tags");
        let sentence = format!(
            "One reading was sent: Temperature {} °C, Humidity {} %, ",
            Field::Temperature.format(last(Field::Temperature)),
            Field::Humidity.format(last(Field::Humidity))
        );
        let page = application.page(&location).await;
        assert!(page.body.contains(&sentence), "{name} lacks {sentence}: {}", page.body);

        // With the types of the contract: InfluxDB refuses others from now on.
        let operator = application.operator_token.clone();
        for (field, value) in [("CO2", "1"), ("TVOC", "1"), ("Lat", "1i"), ("Temperature", "1i")] {
            let line =
                format!("environment,clientId=a {field}={value} {}", found.now.to_nanoseconds());
            let refused = write(application, &operator, &line).await;
            assert!(
                matches!(&refused, Err(error) if error.to_string().contains("conflict")),
                "{name}: {field}: {refused:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_reading_that_is_refused_is_explained_and_not_written() {
    on_every_backend(async |application| {
        let name = application.name;
        let operator = application.operator_token.clone();
        let now = iot_center::server::ports::Clock::now(&application.state.shared.clock);
        let refused = async |form: &str, status: StatusCode, reason: &str| {
            let answer = application.call("send_reading", form).await;
            assert_eq!(answer.status, status, "{name} {form}: {answer:?}");
            assert!(answer.body.contains(reason), "{name} {form}: {answer:?}");
        };
        refused("id=nobody", StatusCode::NOT_FOUND, "not registered").await;
        refused("id=..%2Fx", StatusCode::NOT_FOUND, "not registered").await;

        // A real device is asked about, also when nobody has a script.
        application.call("register_device", "device_id=kitchen").await;
        let line =
            format!("environment,clientId=kitchen,TemperatureSensor=DHT22 Temperature=20 {now}");
        write(application, &operator, &line).await.unwrap();
        refused("id=kitchen", StatusCode::CONFLICT, "Confirm").await;
        let back = application.submit("/rpc/send_reading", "id=kitchen", "/devices/kitchen").await;
        let location = back.header(header::LOCATION).replace(&format!("http://{HOST}"), "");
        let page = application.page(&location).await;
        assert!(page.body.contains("Confirm that emulated values"), "{name}: {}", page.body);
        let confirmed = application.call("send_reading", "id=kitchen&confirmed=true").await;
        assert_eq!(confirmed.status, StatusCode::OK, "{name}: {confirmed:?}");

        // Who is not registered has a page where there is data, but no button.
        write(application, &operator, &format!("environment,clientId=other Humidity=50 {now}"))
            .await
            .unwrap();
        refused("id=other&confirmed=true", StatusCode::NOT_FOUND, "not registered").await;
        let page = application.page("/devices/other").await;
        assert!(!page.body.contains("Send one reading"), "{name}");
    })
    .await;
    on_every_backend(async |application| {
        let name = application.name;
        let now = iot_center::server::ports::Clock::now(&application.state.shared.clock);
        let line = format!("environment,clientId=other CO2=612.5 {now}");
        write(application, &application.operator_token, &line).await.unwrap();
        application.call("register_device", "device_id=a").await;
        let answer = application.call("send_reading", "id=a").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{name}: {answer:?}");
        assert!(answer.body.contains("CO2"), "{name}: {answer:?}");
        assert!(details(application, "a").await.fields.is_empty(), "{name}: nothing was written");
    })
    .await;
}

/// The program on the page, as the button copies it.
async fn snippet(application: &Application, device: &str, name: &str) -> String {
    let page = application.page(&format!("/devices/{device}")).await;
    let begin = format!("<code id=\"snippet-{name}\">");
    let rest = page.body.split_once(&begin).unwrap_or_else(|| panic!("no {name}: {page:?}")).1;
    let html = rest.split_once("</code>").unwrap().0.replace("<!>", "");
    assert!(!html.contains('<'), "{html}");
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html, |text, (entity, character)| text.replace(entity, character))
}

async fn token_of(application: &Application, id: &str) -> String {
    let answer =
        application.send(post(&format!("/devices/{id}/reveal"), "", "application/json")).await;
    answer.json::<serde_json::Value>()["token"].as_str().unwrap().to_owned()
}

/// Runs a text in a shell, with this token in its environment.
async fn run(script: String, token: Option<String>) -> Output {
    tokio::task::spawn_blocking(move || {
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env_remove("INFLUX_TOKEN");
        if let Some(token) = token {
            shell.env("INFLUX_TOKEN", token);
        }
        shell.output().unwrap()
    })
    .await
    .unwrap()
}

fn has_program(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn the_command_for_curl_writes_a_point() {
    if !has_program("curl") {
        skipped("the command for curl", "there is no curl");
        return;
    }
    on_every_backend(async |application| writes_by_curl(application).await).await;
    // Whatever the bucket is called.
    let bucket = "b'u\\k $HOME `id` & co=1#2 é";
    writes_by_curl(&Application::embedded_with(&[("INFLUX_BUCKET", bucket)]).await).await;
}

async fn writes_by_curl(application: &Application) {
    let name = application.name;
    application.call("register_device", "device_id=dev:1").await;
    let command = snippet(application, "dev:1", "curl").await;
    let without_token = run(command.clone(), None).await;
    let complaint = String::from_utf8_lossy(&without_token.stderr).into_owned();
    assert!(
        !without_token.status.success() && complaint.contains("INFLUX_TOKEN"),
        "{name}: {without_token:?}"
    );
    let wrong_token = run(command.clone(), Some("wrong".to_owned())).await;
    assert!(!wrong_token.status.success(), "{name}: a refusal is no success: {wrong_token:?}");

    let written = run(command.clone(), Some(token_of(application, "dev:1").await)).await;
    assert!(written.status.success(), "{name}: {command}\n{written:?}");
    let found = details(application, "dev:1").await;
    let values: Vec<(&str, f64)> =
        found.fields.iter().map(|field| (field.name.as_str(), field.last)).collect();
    assert_eq!(
        values,
        [("Temperature", 21.5), ("Humidity", 48.2), ("Pressure", 1013.2), ("CO2", 612.0)],
        "{name}"
    );
    let age = found.now.0 - found.last_seen.unwrap().0;
    assert!((-1_000..60_000).contains(&age), "{name}: {age} ms old");
    // With the types that everybody else writes.
    let emulated = application.call("send_reading", "id=dev:1&confirmed=true").await;
    assert_eq!(emulated.status, StatusCode::OK, "{name}: {emulated:?}");
}

#[tokio::test]
async fn the_program_for_python_writes_points() {
    let library = Command::new("python3").args(["-c", "import influxdb_client"]).output();
    if !library.is_ok_and(|output| output.status.success()) {
        skipped("the program for Python", "there is no python3 with the package influxdb-client");
        return;
    }
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=dev-1").await;
        let program = snippet(application, "dev-1", "python").await;
        let mut python = Command::new("python3")
            .args(["-c", &program])
            .env("INFLUX_TOKEN", token_of(application, "dev-1").await)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        let fields = loop {
            let fields = details(application, "dev-1").await.fields;
            let is_over = begin.elapsed() > Duration::from_secs(20);
            if !fields.is_empty() || is_over || python.try_wait().unwrap().is_some() {
                break fields;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        python.kill().unwrap();
        python.wait().unwrap();
        assert_eq!(fields.len(), 4, "{name}: {fields:?}");
        assert_eq!(fields[0].sensor.as_deref(), Some("BME280"), "{name}");
        let emulated = application.call("send_reading", "id=dev-1&confirmed=true").await;
        assert_eq!(emulated.status, StatusCode::OK, "{name}: the same types: {emulated:?}");
    })
    .await;
}

#[tokio::test]
async fn programs_have_no_token_and_the_page_leads_to_itself() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=a").await;
    let page = application.page("/devices/a").await;
    for name in ["curl", "python", "arduino", "telegraf", "configuration"] {
        assert!(page.body.contains(&format!("id=\"snippet-{name}\"")), "{name}");
    }
    let request = snippet(&application, "a", "configuration").await;
    assert_eq!(
        request,
        format!("curl --fail-with-body --header 'Accept: text/plain' 'http://{HOST}/api/env/a'")
    );
    assert!(
        page.body.contains(&format!("http://{HOST}/devices/a"))
            && page.body.contains("class=\"qr\"")
    );
    assert!(page.body.contains("is reached by programs on this machine only"), "{}", page.body);
    let token = token_of(&application, "a").await;
    assert!(!page.body.contains(&token));
    let path = request.split_once(HOST).unwrap().1.trim_end_matches('\'');
    let accept = [("accept", "text/plain")];
    let answer = call_from(&application, "127.0.0.1:9", Method::GET, path, "", &accept).await;
    assert!(answer.body.contains(&format!("influx_token: {token}\n")), "{answer:?}");

    let elsewhere =
        Application::embedded_with(&[("IOT_CENTER_STORE_URL", "http://10.0.0.5:8086/")]).await;
    elsewhere.call("register_device", "device_id=a").await;
    let page = elsewhere.page("/devices/a").await;
    assert!(!page.body.contains("is reached by programs on this machine only"), "{}", page.body);
    assert!(snippet(&elsewhere, "a", "curl").await.contains("'http://10.0.0.5:8086/api/v2/write?"));
}

async fn register_list(application: &Application, text: &str) -> Answer {
    application.submit("/registrations", &encoded(&[("ids", text)]), "/devices").await
}

async fn tokens_of(application: &Application, ids: &str) -> Answer {
    application.submit("/registrations/tokens", &encoded(&[("ids", ids)]), "/devices").await
}

/// The rows of the page, as `line|device|result`.
fn rows(page: &Answer) -> Vec<String> {
    let body = page.body.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
    let text_of = |html: &str| {
        let mut text = String::new();
        let mut is_tag = false;
        for character in html.chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                character if !is_tag => text.push(character),
                _ => {}
            }
        }
        text
    };
    let row = |row: &str| {
        let cells: Vec<String> = row
            .split_inclusive("</td>")
            .flat_map(|cell| cell.split("</th>"))
            .map(text_of)
            .collect();
        cells.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("|")
    };
    body.split("<tr>").skip(1).map(row).collect()
}

#[tokio::test]
async fn several_devices_are_registered_and_their_tokens_shown_once() {
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=old").await;
        let old_token = token_of(application, "old").await;
        let text = "deviceId;place\r\na-1;kitchen\r\n\r\nb.2;\"cellar; left\"\r\nold;roof\r\n../x;nowhere\r\na-1;again\r\n";
        let page = register_list(application, text).await;
        assert_eq!(page.status, StatusCode::OK, "{name}: {page:?}");
        assert_eq!(
            rows(&page),
            [
                "2|a-1|registered",
                "4|b.2|registered",
                "5|old|was registered already",
                "6|../x|no device ID: a device ID starts with a letter or digit and has up to 64 letters, digits or . _ : -",
                "7|a-1|stands in line 2 already",
            ],
            "{name}: {}",
            page.body
        );
        assert!(
            page.body.contains("2 registered, 1 registered already, 1 repeated, 1 no device ID."),
            "{name}: {}",
            page.body
        );
        assert!(page.body.contains("<title>Register several devices · IoT Center</title>"), "{name}");
        assert!(page.body.contains("value=\"a-1 b.2\"") && page.body.ends_with("</html>"), "{name}");
        assert!(page.body.contains("several columns"), "{name}");
        assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
        assert_eq!(registered(application).await, 3, "{name}");

        // Whoever has loaded the page again still gets the tokens.
        let again = register_list(application, "a-1\nb.2\nold").await;
        assert!(again.body.contains("value=\"a-1 b.2\""), "{name}: {}", again.body);

        let file = tokens_of(application, "a-1 b.2 old nobody").await;
        assert_eq!(file.status, StatusCode::OK, "{name}: {file:?}");
        assert_eq!(file.header(header::CONTENT_TYPE), "text/csv; charset=utf-8");
        assert_eq!(file.header(header::CONTENT_DISPOSITION), "attachment; filename=\"tokens.csv\"");
        assert_eq!(file.header(header::CACHE_CONTROL), "no-store");
        let lines: Vec<Vec<&str>> =
            file.body.lines().map(|line| line.splitn(3, ',').collect()).collect();
        assert_eq!(lines[0], ["device_id", "token", "problem"], "{name}");
        for (line, id) in lines[1..3].iter().zip(["a-1", "b.2"]) {
            assert_eq!((line[0], line[2]), (id, ""), "{name}");
            let point = format!("environment,clientId={id} Temperature=20.5");
            let now = iot_center::server::ports::Clock::now(&application.state.shared.clock);
            write(application, line[1], &format!("{point} {now}")).await.unwrap();
            assert!(!page.body.contains(line[1]) && !again.body.contains(line[1]), "{name}");
        }
        assert!(lines[3][0] == "nobody" && lines[3][2].contains("not registered"), "{name}: {lines:?}");
        assert!(lines[4][0] == "old" && lines[4][2].contains("was shown already"), "{name}: {lines:?}");
        assert!(!file.body.contains(&old_token), "{name}");

        // On record: neither in the file once more, nor one by one.
        let second = tokens_of(application, "a-1 b.2").await;
        assert_eq!(second.status, StatusCode::GONE, "{name}: {second:?}");
        assert!(second.body.contains("was shown already"), "{name}: {}", second.body);
        let one = application.send(post("/devices/a-1/reveal", "", "application/json")).await;
        assert_eq!(one.status, StatusCode::GONE, "{name}: {one:?}");
        assert!(
            matches!(
                write(application, "wrong", "environment,clientId=a-1 Temperature=1.5 1").await,
                Err(Error::Unauthorized { .. })
            ),
            "{name}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_refused_whole() {
    let application = Application::embedded().await;
    // As long as a list may be, and one more.
    let too_many: Vec<String> = (0..1_001).map(|index| format!("{index:x>64}")).collect();
    for (text, status, reason) in [
        ("", StatusCode::BAD_REQUEST, "There is no ID in the list."),
        (" \n\t\n", StatusCode::BAD_REQUEST, "There is no ID in the list."),
        (too_many.join("\n").as_str(), StatusCode::BAD_REQUEST, "has 1001 lines"),
    ] {
        let answer = register_list(&application, text).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body.contains(reason), "{answer:?}");
    }
    let much_too_long = register_list(&application, &"a,".repeat(300 * 1024)).await;
    assert_eq!(much_too_long.status, StatusCode::BAD_REQUEST, "{much_too_long:?}");
    assert!(much_too_long.body.contains("Paste it in parts"), "{much_too_long:?}");
    for (path, form) in [
        ("/registrations", "x=a"),
        ("/registrations/tokens", "x=a"),
        ("/registrations/tokens", "ids="),
        ("/registrations/tokens", "ids=..%2Fx"),
    ] {
        let answer = application.submit(path, form, "/devices").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {form}: {answer:?}");
        assert!(!answer.body.contains("<script"), "{answer:?}");
    }
    let down = Application::misconfigured(&[("INFLUX_TOKEN", "a-secret")]);
    for path in ["/registrations", "/registrations/tokens"] {
        let answer = down.submit(path, "ids=a", "/devices").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {answer:?}");
        assert!(answer.body.contains("INFLUX_URL is not"), "{path}: {answer:?}");
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let request = Request::builder().method(method).uri(path);
            let answer = application.send(request.body(axum::body::Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}: {answer:?}");
        }
    }
    assert_eq!(registered(&application).await, 0);
    // No id takes the way to a page from another.
    for id in ["reveal", "registrations", "new"] {
        application.call("register_device", &format!("device_id={id}")).await;
        assert_eq!(
            application.page(&format!("/devices/{id}")).await.status,
            StatusCode::OK,
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_hundred_devices_are_a_matter_of_seconds() {
    let application = Application::embedded().await;
    let ids: Vec<String> = (0..100).map(|index| format!("sensor-{index:03}")).collect();
    let page = register_list(&application, &ids.join("\n")).await;
    assert_eq!(rows(&page).len(), 100);
    assert!(page.body.contains("100 registered."), "{}", page.body);
    let file = tokens_of(&application, &ids.join(" ")).await;
    let tokens: std::collections::HashSet<&str> =
        file.body.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(tokens.len(), 100, "{}", file.body);
    let connection = application.state.shared.backend.connection_now().unwrap();
    let client = Client::new(Config::new(
        connection.client.url(),
        *tokens.iter().next().unwrap(),
        &connection.organization_name,
    ))
    .unwrap();
    client
        .write(
            &connection.telemetry.name,
            "environment,clientId=x Temperature=1.5 1",
            Precision::Nanoseconds,
        )
        .await
        .unwrap();
}
