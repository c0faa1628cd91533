//! Authorizations: how they are made, shown and revoked, and what each of them allows.

use influx_client::{Error, SecretString};
use influx_wire::api::{
    Action, Authorization, CreateAuthorization, Permission, Resource, Status, UpdateAuthorization,
};

use super::fixture::Fixture;

fn permission(action: Action, kind: &str, id: Option<&str>, organization: &str) -> Permission {
    let resource = Resource {
        kind: kind.to_owned(),
        id: id.map(str::to_owned),
        org_id: Some(organization.to_owned()),
        name: None,
        org: None,
    };
    Permission { action, resource }
}

async fn create(
    fixture: &Fixture,
    bucket_id: &str,
    actions: &[Action],
    status: Status,
) -> Authorization {
    let organization = &fixture.organization.id;
    let request = CreateAuthorization {
        org_id: organization.clone(),
        description: "IoTCenterDevice: <a> & b".to_owned(),
        status: Some(status),
        user_id: None,
        permissions: actions
            .iter()
            .map(|action| permission(*action, "buckets", Some(bucket_id), organization))
            .collect(),
    };
    fixture.client.create_authorization(&request).await.unwrap()
}

/// Inactive at first, activated, listed, deactivated, deleted; the token is shown at creation and is dead at once.
pub(super) async fn life_of_an_authorization(fixture: &Fixture) {
    let Fixture { client, organization, .. } = fixture;
    let bucket = fixture.bucket().await;
    let created =
        create(fixture, &bucket.id, &[Action::Read, Action::Write], Status::Inactive).await;
    assert_eq!((created.token.len(), created.status), (88, Status::Inactive));
    assert!(created.token.ends_with("=="));
    assert_eq!(created.description, "IoTCenterDevice: <a> & b");
    assert_eq!((&created.org_id, &created.org), (&organization.id, &organization.name));
    let resource = &created.permissions[0].resource;
    assert_eq!(
        (resource.name.as_ref(), resource.org.as_ref()),
        (Some(&bucket.name), Some(&organization.name))
    );

    let device = client.with_token(SecretString::from(created.token.clone())).unwrap();
    let write =
        || device.write(&bucket.name, "m f=1 1", influx_wire::line_protocol::Precision::Seconds);
    assert!(matches!(write().await, Err(Error::Forbidden { .. })));
    let activate = UpdateAuthorization { status: Some(Status::Active), description: None };
    let active = client.update_authorization(&created.id, &activate).await.unwrap();
    assert_eq!((active.status, &active.description), (Status::Active, &created.description));
    write().await.unwrap();

    let read = client.find_authorization(&created.id).await.unwrap().unwrap();
    assert_eq!(read.permissions, created.permissions);
    let listed = client.list_authorizations(&organization.id).await.unwrap();
    let listed = listed.iter().find(|authorization| authorization.id == created.id).unwrap();
    assert_eq!(listed, &read);
    assert!(listed.token.is_empty() || listed.token == created.token, "a token of somebody else");

    let deactivate = UpdateAuthorization { status: Some(Status::Inactive), description: None };
    client.update_authorization(&created.id, &deactivate).await.unwrap();
    assert!(matches!(write().await, Err(Error::Forbidden { .. })));
    assert_eq!(client.delete_authorization(&created.id).await, Ok(true));
    assert_eq!(client.delete_authorization(&created.id).await, Ok(false));
    assert_eq!(client.find_authorization(&created.id).await, Ok(None));
    assert_eq!(
        write().await,
        Err(Error::Unauthorized { message: "unauthorized access".to_owned() })
    );
    fixture.drop_bucket(&bucket).await;
}

pub(super) async fn refused_authorizations(fixture: &Fixture) {
    let organization = fixture.organization.id.as_str();
    let one = r#"[{"action":"read","resource":{"type":"buckets"}}]"#;
    let other = r#"[{"action":"read","resource":{"type":"buckets","orgID":"00000000000000aa"}}]"#;
    for (body, message) in [
        (
            format!(r#"{{"orgID":"{organization}"}}"#),
            "authorization must include permissions".to_owned(),
        ),
        (
            format!(r#"{{"orgID":"{organization}","permissions":[]}}"#),
            "authorization must include permissions".to_owned(),
        ),
        (format!(r#"{{"permissions":{one}}}"#), "org id required: invalid ID".to_owned()),
        (
            format!(r#"{{"orgID":"aa","permissions":{one}}}"#),
            "invalid json structure: id must have a length of 16 bytes".to_owned(),
        ),
        (
            format!(r#"{{"orgID":"{organization}","permissions":{other}}}"#),
            format!(
                "permission read:orgs/00000000000000aa/buckets is not for org id {organization}"
            ),
        ),
        (
            format!(r#"{{"orgID":"{organization}","status":"asleep","permissions":{one}}}"#),
            "invalid status: must be active or inactive".to_owned(),
        ),
    ] {
        fixture.operator("POST /api/v2/authorizations", body).await.is(400, &message);
    }
    let instance = r#"[{"action":"read","resource":{"type":"instance"}}]"#;
    let body = format!(r#"{{"orgID":"{organization}","permissions":{instance}}}"#);
    fixture
        .operator("POST /api/v2/authorizations", body)
        .await
        .is(403, "permission read:instance is not allowed: read:instance is unauthorized");
    for (path, status, message) in [
        ("/api/v2/authorizations/00000000000000aa", 404, "authorization not found"),
        ("/api/v2/authorizations/aa", 400, "id must have a length of 16 bytes"),
        ("/api/v2/authorizations?user=nobody", 404, "user not found"),
        ("/api/v2/authorizations?org=nobody", 404, "organization name \"nobody\" not found"),
    ] {
        fixture.operator(&format!("GET {path}"), "").await.is(status, message);
    }
}

/// The token that a device gets: its bucket, and nothing else.
pub(super) async fn scoped_to_a_bucket(fixture: &Fixture) {
    let Fixture { organization, .. } = fixture;
    let (own, other) = (fixture.bucket().await, fixture.bucket().await);
    let created = create(fixture, &own.id, &[Action::Read, Action::Write], Status::Active).await;
    let token = Some(created.token.as_str());
    let (org, name) = (&organization.id, &organization.name);
    for (call, body, status, message) in [
        (format!("GET /api/v2/orgs/{org}"), String::new(), 401, format!("read:orgs/{org} is unauthorized")),
        (
            format!("GET /api/v2/buckets/{}", other.id),
            String::new(),
            401,
            format!("read:orgs/{org}/buckets/{} is unauthorized", other.id),
        ),
        (
            format!("DELETE /api/v2/buckets/{}", other.id),
            String::new(),
            401,
            format!("write:orgs/{org}/buckets/{} is unauthorized", other.id),
        ),
        (
            "POST /api/v2/buckets".to_owned(),
            format!(r#"{{"orgID":"{org}","name":"c"}}"#),
            401,
            format!("write:orgs/{org}/buckets is unauthorized"),
        ),
        (
            format!("GET /api/v2/authorizations/{}", created.id),
            String::new(),
            401,
            format!("read:orgs/{org}/authorizations/{} is unauthorized", created.id),
        ),
        (
            "POST /api/v2/authorizations".to_owned(),
            format!(r#"{{"orgID":"{org}","permissions":[{{"action":"read","resource":{{"type":"buckets"}}}}]}}"#),
            401,
            format!("write:orgs/{org}/authorizations is unauthorized"),
        ),
        ("POST /api/v2/orgs".to_owned(), r#"{"name":"c"}"#.to_owned(), 401, "write:orgs is unauthorized".to_owned()),
        (
            format!("POST /api/v2/write?org={name}&bucket={}", other.name),
            "m f=1".to_owned(),
            403,
            "insufficient permissions for write".to_owned(),
        ),
        (
            format!("POST /api/v2/write?org={name}&bucket=nowhere"),
            "m f=1".to_owned(),
            404,
            "bucket \"nowhere\" not found".to_owned(),
        ),
        (
            format!("POST /api/v2/delete?org={name}&bucket={}", other.name),
            r#"{"start":"2020-01-01T00:00:00Z","stop":"2020-01-01T00:00:00Z"}"#.to_owned(),
            403,
            "insufficient permissions to delete".to_owned(),
        ),
        (
            format!("POST /api/v2/query?org={name}"),
            serde_json::json!({ "query": format!("from(bucket: \"{}\") |> range(start: 0)", other.name) }).to_string(),
            404,
            format!("failed to initialize execute state: could not find bucket \"{}\"", other.name),
        ),
    ] {
        let found = fixture.call(token, &call, body).await;
        let text = found.json()["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!((found.status, text), (status, message), "{call}");
    }
    for (call, member, length) in [
        ("/api/v2/orgs".to_owned(), "orgs", 0),
        (format!("/api/v2/orgs?org={name}"), "orgs", 0),
        ("/api/v2/users".to_owned(), "users", 0),
        ("/api/v2/authorizations".to_owned(), "authorizations", 0),
        ("/api/v2/buckets".to_owned(), "buckets", 1),
        (format!("/api/v2/buckets?orgID={org}&name={}", own.name), "buckets", 1),
        (format!("/api/v2/buckets?orgID={org}&name={}", other.name), "buckets", 0),
    ] {
        let found = fixture.call(token, &format!("GET {call}"), "").await;
        assert_eq!(
            (found.status, found.json()[member].as_array().unwrap().len()),
            (200, length),
            "{call}"
        );
    }

    let device = fixture.client.with_token(SecretString::from(created.token.clone())).unwrap();
    device
        .write(&own.name, "m f=1 1", influx_wire::line_protocol::Precision::Seconds)
        .await
        .unwrap();
    let batches = device
        .query_all(format!("from(bucket: \"{}\") |> range(start: 0)", own.name))
        .await
        .unwrap();
    assert_eq!(batches.iter().map(|batch| batch.tables.len()).sum::<usize>(), 1);

    let write_only = create(fixture, &own.id, &[Action::Write], Status::Active).await;
    let device = fixture.client.with_token(SecretString::from(write_only.token)).unwrap();
    device
        .write(&own.name, "m f=1 1", influx_wire::line_protocol::Precision::Seconds)
        .await
        .unwrap();
    let query =
        device.query_all(format!("from(bucket: \"{}\") |> range(start: 0)", own.name)).await;
    assert!(matches!(query, Err(Error::NotFound { .. })), "{query:?}");
    let read_only = create(fixture, &own.id, &[Action::Read], Status::Active).await;
    let device = fixture.client.with_token(SecretString::from(read_only.token)).unwrap();
    let write =
        device.write(&own.name, "m f=1 1", influx_wire::line_protocol::Precision::Seconds).await;
    assert_eq!(
        write,
        Err(Error::Forbidden { message: "insufficient permissions for write".to_owned() })
    );

    for id in [created.id, write_only.id, read_only.id] {
        assert_eq!(fixture.client.delete_authorization(&id).await, Ok(true));
    }
    fixture.drop_bucket(&own).await;
    fixture.drop_bucket(&other).await;
}

/// It is known, and allows nothing.
pub(super) async fn inactive(fixture: &Fixture) {
    let Fixture { organization, .. } = fixture;
    let (org, name) = (&organization.id, &organization.name);
    let bucket = fixture.bucket().await;
    let created =
        create(fixture, &bucket.id, &[Action::Read, Action::Write], Status::Inactive).await;
    let token = Some(created.token.as_str());
    for (call, body, status, message) in [
        ("GET /api/v2/me".to_owned(), "", 401, "token is inactive".to_owned()),
        (format!("GET /api/v2/orgs/{org}"), "", 401, "token is inactive".to_owned()),
        (format!("GET /api/v2/buckets/{}", bucket.id), "", 401, "token is inactive".to_owned()),
        (
            format!("PATCH /api/v2/authorizations/{}", created.id),
            "{}",
            401,
            "token is inactive".to_owned(),
        ),
        (
            format!("POST /api/v2/write?org={name}&bucket={}", bucket.name),
            "m f=1",
            403,
            "insufficient permissions for write: token is inactive".to_owned(),
        ),
        (
            format!("POST /api/v2/delete?org={name}&bucket={}", bucket.name),
            r#"{"start":"2020-01-01T00:00:00Z","stop":"2020-01-01T00:00:00Z"}"#,
            403,
            "insufficient permissions to delete".to_owned(),
        ),
        (
            format!("POST /api/v2/query?org={name}"),
            r#"{"query":"buckets()"}"#,
            404,
            format!("no buckets found in organization {org}"),
        ),
    ] {
        let found = fixture.call(token, &call, body).await;
        let text = found.json()["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!((found.status, text), (status, message), "{call}");
    }
    for (path, member) in [
        ("/api/v2/orgs", "orgs"),
        ("/api/v2/users", "users"),
        ("/api/v2/buckets", "buckets"),
        ("/api/v2/authorizations", "authorizations"),
    ] {
        let found = fixture.call(token, &format!("GET {path}"), "").await;
        assert_eq!((found.status, &found.json()[member]), (200, &serde_json::json!([])), "{path}");
    }
    assert_eq!(fixture.client.delete_authorization(&created.id).await, Ok(true));
    fixture.drop_bucket(&bucket).await;
}

/// Whether a token may do everything; what has no configuration to read has no such tokens.
pub(super) async fn of_operators(fixture: &Fixture) {
    let bucket = fixture.bucket().await;
    let created = create(fixture, &bucket.id, &[Action::Read], Status::Active).await;
    let device = fixture.client.with_token(SecretString::from(created.token)).unwrap();
    let (operator, device) =
        (fixture.client.is_operator().await.unwrap(), device.is_operator().await.unwrap());
    assert!(matches!((operator, device), (Some(true), Some(false)) | (None, None)));
    assert_eq!(fixture.client.delete_authorization(&created.id).await, Ok(true));
    fixture.drop_bucket(&bucket).await;
}

pub(super) async fn unknown(fixture: &Fixture) {
    let operator = fixture.target.token.as_str();
    for value in [
        format!("Token {operator}x"),
        format!("Token  {operator}"),
        format!("Basic {operator}"),
        operator.to_owned(),
        "Token ".to_owned(),
    ] {
        for call in
            ["GET /api/v2/buckets", "POST /api/v2/write?org=o&bucket=b", "POST /api/v2/query?org=o"]
        {
            let found = fixture.call_with(None, call, &[("Authorization", &value)], "").await;
            found.is(401, "unauthorized access");
        }
    }
    for value in
        [format!("token {operator}"), format!("Bearer {operator}"), format!("BEARER {operator}")]
    {
        let found =
            fixture.call_with(None, "GET /api/v2/me", &[("Authorization", &value)], "").await;
        assert_eq!(found.status, 200, "{value}");
    }
}
