//! A server that nobody has set up yet.

use std::time::{Duration, SystemTime};

use influx_client::testing::Target;
use influx_client::{Client, Config, Error};
use influx_wire::api::{SetupRequest, Status};

fn request() -> SetupRequest {
    SetupRequest {
        username: "admin".to_owned(),
        password: Some("long enough".to_owned()),
        org: "contract".to_owned(),
        bucket: "first".to_owned(),
        ..SetupRequest::default()
    }
}

/// Health can be asked, all else needs a token that does not exist yet.
pub(super) async fn before(url: &str) {
    let client = Client::new(Config::anonymous(url)).unwrap();
    assert!(client.setup_allowed().await.unwrap());
    let health = client.health().await.unwrap();
    assert_eq!((health.name.as_str(), health.status.as_str()), ("influxdb", "pass"));
    let greeting = client.ping().await.unwrap();
    assert!(greeting.version.unwrap().starts_with("v2."));
    let difference = SystemTime::now().duration_since(greeting.date.unwrap()).unwrap();
    assert!(difference < Duration::from_secs(10), "{difference:?}");
    let unauthorized = Error::Unauthorized { message: "unauthorized access".to_owned() };
    assert_eq!(client.find_organization("contract").await, Err(unauthorized.clone()));
    assert_eq!(client.query_all("buckets()").await, Err(unauthorized));

    let short = SetupRequest { password: Some("short".to_owned()), ..request() };
    let message = "passwords must be between 8 and 72 characters long".to_owned();
    assert_eq!(client.setup(&short).await, Err(Error::Invalid { message }));
    let nameless = SetupRequest { username: String::new(), bucket: String::new(), ..request() };
    let message = "onboarding failed: missing required fields [username,bucket]".to_owned();
    assert_eq!(client.setup(&nameless).await, Err(Error::Invalid { message }));
    assert!(client.setup_allowed().await.unwrap());
}

/// What a real InfluxDB does not survive whole: it is left half set up.
pub(super) async fn refused_and_harmless(url: &str) {
    let client = Client::new(Config::anonymous(url)).unwrap();
    let reserved = SetupRequest { bucket: "_first".to_owned(), ..request() };
    assert!(matches!(client.setup(&reserved).await, Err(Error::Invalid { .. })));
    assert!(client.setup_allowed().await.unwrap());
}

/// The operator token is shown, works, and nobody can do it again.
pub(super) async fn done(url: &str, token: &str) -> Target {
    let client = Client::new(Config::anonymous(url)).unwrap();
    let response =
        client.setup(&SetupRequest { token: Some(token.to_owned()), ..request() }).await.unwrap();
    assert_eq!(response.user.name, "admin");
    assert_eq!(response.org.name, "contract");
    assert_eq!(
        (response.bucket.name.as_str(), &response.bucket.org_id),
        ("first", &response.org.id)
    );
    assert_eq!((response.auth.token.as_str(), response.auth.status), (token, Status::Active));
    assert_eq!(response.auth.description, "admin's Token");
    assert_eq!(response.auth.permissions.len(), 44);
    assert!(
        response.auth.permissions.iter().all(|permission| permission.resource.org_id.is_none())
    );

    assert!(!client.setup_allowed().await.unwrap());
    let message = "onboarding has already been completed".to_owned();
    assert_eq!(client.setup(&request()).await, Err(Error::Conflict { message }));

    let target = Target {
        url: url.to_owned(),
        token: token.to_owned(),
        organization: "contract".to_owned(),
    };
    let organization = target.client().unwrap().find_organization("contract").await.unwrap();
    assert_eq!(organization.map(|organization| organization.id), Some(response.org.id));
    target
}
