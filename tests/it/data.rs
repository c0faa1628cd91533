//! Scripts of callers: under a token that may read telemetry and nothing else, on every backend that there is.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::StatusCode;
use futures::TryStreamExt;
use influx_client::{Client, Error, ExposeSecret};
use influx_wire::api::{Action, Authorization, Status, UpdateAuthorization};
use iot_center::model::script::Position;
use iot_center::server::influx::{Session, TimeLimit};
use iot_center::server::ports::Clock;
use iot_center::server::ports::scripts::ReadTokens;
use iot_center::server::services::locks::DeviceLocks;
use iot_center::server::services::query::token::{KnownToken, tidy_up};
use iot_center::server::services::query::{self, LIMIT};
use iot_center::server::services::reconciler::reconcile;

use crate::application::{Application, on_every_backend};
use crate::services::write;

/// A clock that is ahead.
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> i64 {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap() + self.0;
        i64::try_from(now.as_nanos()).unwrap()
    }
}

const SOON: Ahead = Ahead(Duration::ZERO);
const LATER: Ahead = Ahead(Duration::from_mins(1));

fn session(application: &Application) -> Session {
    let deadline = tokio::time::Instant::now() + LIMIT;
    let connection = application.state.shared.backend.connection_now().unwrap();
    Session::new(connection, Some(TimeLimit { deadline, total: LIMIT }), SOON.now())
}

async fn run(application: &Application, clock: &Ahead, script: &str) -> query::Result<String> {
    let known = &application.state.shared.read_token;
    let answer = query::run(&session(application), clock, known, script).await?;
    let pieces: Vec<Bytes> = answer.try_collect().await?;
    Ok(String::from_utf8(pieces.concat()).unwrap())
}

#[track_caller]
fn message(outcome: query::Result<String>) -> String {
    match outcome {
        Err(query::Error::Script(error)) => error.message,
        other => panic!("{other:?}"),
    }
}

fn operator(application: &Application) -> Client {
    application.state.shared.backend.connection_now().unwrap().client.clone()
}

/// The authorizations that scripts run under.
async fn readers(application: &Application) -> Vec<Authorization> {
    let connection = application.state.shared.backend.connection_now().unwrap();
    let all = connection.client.list_authorizations(&connection.organization_id).await.unwrap();
    all.into_iter().filter(|one| one.description.starts_with("IoTCenterRead: ")).collect()
}

const POINTS: &str = "environment,clientId=d Temperature=17.5 1644359940000000000";
const READ: &str =
    "from(bucket: \"iot_center\") |> range(start: 0) |> keep(columns: [\"_time\", \"_value\"])";

#[tokio::test]
async fn a_script_reads_telemetry_and_nothing_else() {
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=d").await;
        write(application, &application.operator_token, POINTS).await.unwrap();
        assert_eq!(
            run(application, &SOON, READ).await.as_deref(),
            Ok("#group,false,false,false,false\r\n#datatype,string,long,dateTime:RFC3339,double\r\n#default,_result,,,\r\n\
                ,result,table,_time,_value\r\n,,0,2022-02-08T22:39:00Z,17.5\r\n\r\n"),
            "{name}"
        );
        let nothing = format!("{READ} |> filter(fn: (r) => r._value > 99)");
        assert_eq!(run(application, &SOON, &nothing).await.as_deref(), Ok("\r\n"), "{name}");

        for script in [
            "from(bucket: \"iot_center_devices\") |> range(start: 0)",
            "from(bucket: \"_tasks\") |> range(start: 0)",
        ] {
            let found = message(run(application, &SOON, script).await);
            assert!(found.contains("could not find bucket"), "{name}: {found}");
        }
        let buckets = run(application, &SOON, "buckets()").await.unwrap();
        assert!(buckets.contains("iot_center"), "{name}: {buckets}");
        assert!(!buckets.contains("iot_center_devices"), "{name}: {buckets}");
        let all = "union(tables: [from(bucket: \"iot_center\") |> range(start: 0) |> drop(columns: [\"_value\"]), \
                   from(bucket: \"iot_center_devices\") |> range(start: 0) |> drop(columns: [\"_value\"])])";
        message(run(application, &SOON, all).await);

        // Whatever gets past the look at the script, the token does not permit it.
        let stored = session(application).stored().await.unwrap().unwrap();
        let token = stored.token.expose_secret();
        let refused = write(application, token, POINTS).await;
        assert!(matches!(refused, Err(Error::Forbidden { .. } | Error::Unauthorized { .. } | Error::NotFound { .. })), "{name}: {refused:?}");
        let client = operator(application).with_token(stored.token.clone()).unwrap();
        let written = client.query_all(format!("{READ} |> map(fn: (r) => ({{r with _measurement: \"m\", _field: \"f\"}})) |> to(bucket: \"iot_center\")")).await;
        assert!(written.is_err(), "{name}: {written:?}");
        let organization = &application.state.shared.backend.connection_now().unwrap().organization_id.clone();
        let listed = client.list_authorizations(organization).await.unwrap_or_default();
        assert!(listed.is_empty(), "{name}: {listed:?}");
    })
    .await;
}

#[tokio::test]
async fn the_token_is_one_and_permits_one_thing() {
    on_every_backend(async |application| {
        let name = application.name;
        let (one, other) = (session(application), session(application));
        let (known, elsewhere) = (KnownToken::default(), KnownToken::default());
        let both = tokio::join!(
            query::run(&one, &SOON, &known, READ),
            query::run(&other, &SOON, &elsewhere, READ)
        );
        assert!(both.0.is_ok() && both.1.is_ok(), "{name}: {:?} {:?}", both.0.err(), both.1.err());
        run(application, &SOON, READ).await.unwrap();

        let readers = readers(application).await;
        let [reader] = readers.as_slice() else { panic!("{name}: {readers:?}") };
        assert_eq!(reader.description, "IoTCenterRead: iot_center, kept in iot_center_devices");
        assert_eq!(reader.status, Status::Active);
        let connection = application.state.shared.backend.connection_now().unwrap();
        let [permission] = reader.permissions.as_slice() else { panic!("{name}: {reader:?}") };
        assert_eq!(permission.action, Action::Read);
        assert_eq!(permission.resource.kind, "buckets");
        assert_eq!(permission.resource.id.as_ref(), Some(&connection.telemetry.id));
        let stored = session(application).stored().await.unwrap().unwrap();
        assert_eq!(stored.key, reader.id);

        // Neither those who look after devices nor those who look after it take it for something that was left behind.
        let overlap = application.state.shared.overlap();
        reconcile(&session(application), &LATER, &DeviceLocks::default(), overlap).await.unwrap();
        let in_a_day = Ahead(Duration::from_hours(24));
        assert_eq!(tidy_up(&session(application), &in_a_day).await, Ok(0), "{name}");
        let leftovers = application.read("list_leftovers", "").await;
        assert!(leftovers.status.is_success(), "{name}: {leftovers:?}");
        assert!(!leftovers.body.contains(&stored.key), "{name}: {leftovers:?}");
        let removal = format!("authorization_id={}", stored.key);
        let refused = application.call("remove_authorization", &removal).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{name}: {refused:?}");
        assert!(run(application, &SOON, READ).await.is_ok(), "{name}");
        let listed = application.list().await;
        assert!(
            !listed.body.contains("readtoken")
                && !listed.body.contains(stored.token.expose_secret())
        );
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_not_accepted_any_more_is_replaced() {
    on_every_backend(async |application| {
        let name = application.name;
        run(application, &SOON, READ).await.unwrap();
        let first = readers(application).await;
        operator(application).delete_authorization(&first[0].id).await.unwrap();
        assert!(run(application, &LATER, READ).await.is_ok(), "{name}");

        let second = readers(application).await;
        assert_ne!(first[0].id, second[0].id, "{name}");
        let off = UpdateAuthorization { status: Some(Status::Inactive), description: None };
        operator(application).update_authorization(&second[0].id, &off).await.unwrap();
        let much_later = Ahead(Duration::from_mins(3));
        assert!(run(application, &much_later, READ).await.is_ok(), "{name}");

        let third = readers(application).await;
        let [third] = third.as_slice() else { panic!("{name}: {third:?}") };
        assert!(third.id != second[0].id && third.status == Status::Active, "{name}: {third:?}");
        let points = "from(bucket: \"iot_center_devices\") |> range(start: 0, stop: 2200-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == \"readtoken\")";
        let points = operator(application).query_all(points).await.unwrap();
        let rows: usize = points.iter().map(|batch| batch.tables.len()).sum();
        assert_eq!(rows, 2, "{name}: the tokens before are forgotten: {points:?}");
    })
    .await;
}

#[tokio::test]
async fn faults_are_named_where_they_were_written() {
    on_every_backend(async |application| {
        let name = application.name;
        for (script, line, column, part) in [
            ("// mine\n  lmit(n:1)", 2, 3, "undefined identifier lmit"),
            ("x = ", 1, 5, "expected"),
            ("from(bucket: \"iot_center\")|>range(start: 0)\n\n\n|>limit(n: \"a\")", 4, 0, ""),
            ("import \"http\"\nhttp.get(url: \"http://127.0.0.1:1/\")", 1, 1, "\"http\""),
            ("import \"sql\"", 1, 1, "\"sql\""),
            ("import \"influxdata/influxdb/secrets\"", 1, 1, "secrets"),
            ("from(bucket: \"iot_center\", host: \"http://127.0.0.1:1\")", 1, 28, "`host`"),
            ("from(bucket: \"iot_center\")\n  |> range(start: -1h)\n  |> to(bucket: \"iot_center\")", 3, 6, "`to`"),
        ] {
            let error = match run(application, &SOON, script).await {
                Err(query::Error::Script(error)) => error,
                other => panic!("{name}: {script}: {other:?}"),
            };
            assert!(error.message.contains(part), "{name}: {script}: {error}");
            let found = error.position.unwrap_or_else(|| panic!("{name}: {script}: {error}"));
            assert_eq!(found.line, line, "{name}: {script}: {error}");
            if column > 0 {
                assert_eq!(found, Position { line, column }, "{name}: {script}: {error}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn where_one_bucket_holds_everything_no_script_is_run() {
    let application = Application::embedded_with(&[("INFLUX_BUCKET_AUTH", "iot_center")]).await;
    let refused = run(&application, &SOON, READ).await;
    assert!(matches!(refused, Err(query::Error::Closed(_))), "{refused:?}");
    assert_eq!(readers(&application).await, []);
}

#[tokio::test]
async fn a_query_ends_with_its_time() {
    on_every_backend(async |application| {
        run(application, &SOON, READ).await.unwrap();
        let begin = Instant::now();
        let total = Duration::from_millis(500);
        let limit = TimeLimit { deadline: tokio::time::Instant::now() + total, total };
        let connection = application.state.shared.backend.connection_now().unwrap();
        let session = Session::new(connection, Some(limit), SOON.now());
        let endless = "import \"generate\" generate.from(count: 900000000, fn: (n) => n, start: 2022-01-01T00:00:00Z, stop: 2022-01-02T00:00:00Z) |> sum()";
        let known = &application.state.shared.read_token;
        let outcome = query::run(&session, &SOON, known, endless).await;
        assert!(begin.elapsed() < Duration::from_secs(5), "{}", application.name);
        assert!(outcome.is_err(), "{}", application.name);
    })
    .await;
}
