//! `/status` and `iot-center check`: how everything is, on every backend, and what to do where it is not as it should be.

use std::process::Output;

use axum::http::StatusCode;
use influx_client::testing::free_port;
use influx_client::{Client, Config, SecretString};
use influx_wire::api::{
    Action, CreateAuthorization, Permission, Resource, Status, UpdateAuthorization,
};
use iot_center::model::status::{Origin, StatusReport, Verdict};

use crate::application::{Application, on_every_backend};
use crate::program::{self, Program};

async fn report(application: &Application) -> StatusReport {
    let answer = application.read("read_status", "").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

/// The checks about a subject.
fn about(report: &StatusReport, subject: &str) -> Vec<(Verdict, String)> {
    let checks = report.checks.iter().filter(|check| check.subject == subject);
    checks.map(|check| (check.verdict, check.finding.clone())).collect()
}

/// As the operator, in the organization of the application.
fn operator(application: &Application) -> Client {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let organization = connection.organization_name.clone();
    let (url, token) = (connection.client.url(), &application.operator_token);
    Client::new(Config::new(url, token, organization)).unwrap()
}

/// Permissions on everything of these kinds in an organization.
fn permissions(organization: &str, kinds: &[(Action, &str)]) -> Vec<Permission> {
    let permission = |(action, kind): &(Action, &str)| Permission {
        action: *action,
        resource: Resource {
            kind: (*kind).to_owned(),
            id: None,
            org_id: Some(organization.to_owned()),
            name: None,
            org: None,
        },
    };
    kinds.iter().map(permission).collect()
}

async fn authorize(
    application: &Application,
    description: &str,
    permissions: Vec<Permission>,
) -> (String, SecretString) {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let request = CreateAuthorization {
        org_id: connection.organization_id.clone(),
        description: description.to_owned(),
        status: Some(Status::Active),
        user_id: None,
        permissions,
    };
    let created = operator(application).create_authorization(&request).await.unwrap();
    (created.id, SecretString::from(created.token))
}

#[tokio::test]
async fn what_is_in_order_is_so_on_every_backend() {
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=a").await;
        let found = report(application).await;
        for subject in ["Configuration", "Backend", "Other machines", "Buckets", "Registrations"] {
            let checks = about(&found, subject);
            assert!(
                matches!(checks.as_slice(), [(Verdict::Good, _)]),
                "{name}: {subject}: {checks:?}"
            );
        }
        assert!(about(&found, "Registrations")[0].1.starts_with("1 device is registered"));
        let is_embedded = name == "embedded store";
        assert_eq!(about(&found, "Token").len(), usize::from(!is_embedded), "{name}");
        assert_eq!(about(&found, "Clocks").len(), usize::from(!is_embedded), "{name}");
        if !is_embedded {
            assert_eq!(about(&found, "Token")[0].0, Verdict::Warning, "it is the operator's");
            assert_eq!(about(&found, "Clocks")[0].0, Verdict::Good);
            assert!(found.facts.iter().any(|fact| fact.value == "InfluxDB 2.9.1"), "{found:?}");
        }
        let bucket = found.settings.iter().find(|one| one.name == "INFLUX_BUCKET").unwrap();
        assert_eq!((bucket.value.as_str(), bucket.origin), ("iot_center", Origin::Default));

        let page = application.page("/status").await;
        assert_eq!(page.status, StatusCode::OK);
        for text in [found.summary().as_str(), "Registrations", "INFLUX_BUCKET_AUTH"] {
            assert!(page.body.contains(text), "{name}: {text} is not on the page");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_that_may_do_what_is_needed_is_enough() {
    use Action::{Read, Write};
    on_every_backend(async |application| {
        if application.name == "embedded store" {
            return;
        }
        let connection = application.state.shared.backend.connection_now().unwrap();
        let organization = &connection.organization_id;
        let needed = [
            (Read, "authorizations"),
            (Write, "authorizations"),
            (Read, "buckets"),
            (Write, "buckets"),
        ];
        let mut permissions = permissions(organization, &needed);
        let all = operator(application).list_authorizations(organization).await.unwrap();
        permissions.extend([Read, Write].map(|action| Permission {
            action,
            resource: Resource {
                kind: "users".to_owned(),
                id: Some(all[0].user_id.clone()),
                org_id: None,
                name: None,
                org: None,
            },
        }));
        let (_, token) = authorize(application, "IoT Center itself", permissions).await;
        let token = influx_client::ExposeSecret::expose_secret(&token).to_owned();
        let name = &connection.organization_name;
        let humble = Application::upstream_in(connection.client.url(), &token, name);
        humble.wait_until_ready().await;
        let answer = humble.call("register_device", "device_id=humble").await;
        assert_eq!(answer.status, StatusCode::OK, "{}: {answer:?}", application.name);
        let found = report(&humble).await;
        assert_eq!(about(&found, "Token")[0].0, Verdict::Good, "{found:?}");
        assert_eq!(about(&found, "Registrations")[0].0, Verdict::Good, "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn what_registry_and_tokens_disagree_about_is_found_on_every_backend() {
    use Action::{Read, Write};
    on_every_backend(async |application| {
        let name = application.name;
        for id in ["revoked", "fine"] {
            application.call("register_device", &format!("device_id={id}")).await;
        }
        let connection = application.state.shared.backend.connection_now().unwrap();
        let buckets =
            permissions(&connection.organization_id, &[(Read, "buckets"), (Write, "buckets")]);
        let (stray, _) = authorize(application, "IoTCenterDevice: stray", buckets.clone()).await;
        let (idle, _) = authorize(application, "IoTCenterDevice: idle", buckets).await;
        let client = operator(application);
        let inactive = UpdateAuthorization { status: Some(Status::Inactive), description: None };
        client.update_authorization(&idle, &inactive).await.unwrap();
        let all = client.list_authorizations(&connection.organization_id).await.unwrap();
        let revoked = all.iter().find(|one| one.description == "IoTCenterDevice: revoked").unwrap();
        client.delete_authorization(&revoked.id).await.unwrap();

        let found = report(application).await;
        let checks = about(&found, "Registrations");
        assert_eq!(checks.len(), 2, "{name}: {checks:?}");
        for device in ["(stray)", "(revoked)"] {
            assert!(
                checks
                    .iter()
                    .any(|(verdict, finding)| *verdict == Verdict::Warning
                        && finding.contains(device)),
                "{name}: {device}: {checks:?}"
            );
        }
        client.delete_authorization(&stray).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_bucket_for_both_is_not_safe() {
    let application = Application::embedded_with(&[("INFLUX_BUCKET_AUTH", "iot_center")]).await;
    let found = report(&application).await;
    assert_eq!(found.verdict(), Verdict::Danger);
    let [(_, finding)] = about(&found, "Buckets").try_into().unwrap();
    assert!(finding.starts_with("Every device can read the tokens of all other devices"));
    assert!(application.page("/status").await.body.contains("It works, but it is not safe."));
}

#[tokio::test]
async fn without_a_backend_the_page_is_there_and_says_why() {
    let misconfigured = Application::misconfigured(&[("INFLUX_TOKEN", "canary-token")]);
    let unreachable = Application::upstream("http://127.0.0.1:1", "canary-token");
    for (application, sentence) in [
        (misconfigured, "INFLUX_TOKEN is set, but INFLUX_URL is not."),
        (unreachable, "InfluxDB at http://127.0.0.1:1 cannot be reached"),
    ] {
        let page = application.page("/status").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(sentence), "{}", page.body);
        assert!(page.body.contains("data-retry"), "it is tried again by itself");
        assert!(!page.body.contains("canary-token"));
        assert_eq!(report(&application).await.verdict(), Verdict::Bad);
    }
}

/// What `iot-center check` says with these settings in a directory of its own.
fn check(directory: &std::path::Path, settings: &[(&str, &str)]) -> (bool, String) {
    let Output { status, stdout, stderr } =
        program::command(directory).arg("check").envs(settings.iter().copied()).output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert!(status.code() == Some(0) || status.code() == Some(1), "{text}");
    (status.success(), text)
}

#[tokio::test]
async fn a_check_needs_no_server_and_changes_nothing() {
    let directory = program::directory();
    let directory = directory.path();
    let (port, store_port) = (free_port().unwrap(), free_port().unwrap());
    let (address, store_address) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{store_port}"));
    let settings =
        [("LEPTOS_SITE_ADDR", address.as_str()), ("IOT_CENTER_STORE_ADDR", &store_address)];
    let (is_good, text) = check(directory, &settings);
    assert!(is_good && text.contains("it starts with the server"), "{text}");
    assert!(!directory.join("data").exists(), "nothing was made");

    let mut server = Program::start(directory, &[], &settings);
    server.until_ready(directory, &format!("http://{address}/ready")).await;
    let (is_good, text) = check(directory, &settings);
    assert!(is_good && text.starts_with("Everything is in order."), "{text}");
    let token = std::fs::read_to_string(directory.join("data/operator-token")).unwrap();
    assert!(!text.contains(token.trim()));
}

#[tokio::test]
async fn a_check_fails_where_something_does_not_work() {
    let directory = program::directory();
    let directory = directory.path();
    let port = free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let influx =
        [("INFLUX_URL", url.as_str()), ("INFLUX_TOKEN", "canary-token"), ("INFLUX_ORG", "o")];
    let (is_good, text) = check(directory, &influx);
    assert!(!is_good && text.contains("cannot be reached"), "{text}");
    assert!(!text.contains("canary-token"), "{text}");

    // An InfluxDB that nobody has set up stays as it is.
    let mut store =
        Program::start(directory, &["store", "serve", "--addr", &format!("127.0.0.1:{port}")], &[]);
    store.until_ready(directory, &format!("{url}/health")).await;
    let (is_good, text) = check(directory, &influx);
    assert!(!is_good && text.contains("is not set up yet"), "{text}");
    assert!(Client::new(Config::anonymous(&url)).unwrap().setup_allowed().await.unwrap());
}
