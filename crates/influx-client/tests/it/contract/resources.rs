//! Organizations, buckets, users, and paths that are not there.

use influx_client::Error;
use influx_wire::api::{CreateBucket, RetentionRule};

use super::fixture::Fixture;

pub(super) async fn organizations(fixture: &Fixture) {
    let Fixture { client, organization, .. } = fixture;
    let by_id = client.find_organization(&organization.id).await.unwrap().unwrap();
    assert_eq!(by_id, *organization);
    assert_eq!(client.find_organization("nobody").await, Ok(None));
    assert_eq!(client.find_organization("00000000000000aa").await, Ok(None));
    fixture
        .operator("GET /api/v2/orgs?org=nobody", "")
        .await
        .is(404, "organization name \"nobody\" not found");
    fixture
        .operator("GET /api/v2/orgs?orgID=00000000000000aa", "")
        .await
        .is(404, "organization not found");
    fixture
        .operator("GET /api/v2/orgs/00000000000000aa", "")
        .await
        .is(404, "organization not found");
    fixture.operator("GET /api/v2/orgs/aa", "").await.is(400, "id must have a length of 16 bytes");
    let by_id_as_name = format!("GET /api/v2/orgs?org={}", organization.id);
    let message = format!("organization name \"{}\" not found", organization.id);
    fixture.operator(&by_id_as_name, "").await.is(404, &message);
    let again = format!(r#"{{"name":"{}"}}"#, organization.name);
    let message = format!("organization with name {} already exists", organization.name);
    fixture.operator("POST /api/v2/orgs", again).await.is(422, &message);
}

pub(super) async fn buckets(fixture: &Fixture) {
    let Fixture { client, organization, .. } = fixture;
    let bucket = fixture.bucket().await;
    assert_eq!((bucket.kind.as_str(), &bucket.org_id), ("user", &organization.id));
    let rules = [RetentionRule {
        kind: "expire".to_owned(),
        every_seconds: 0,
        shard_group_duration_seconds: Some(604_800),
    }];
    assert_eq!(bucket.retention_rules, rules);
    assert_eq!(client.find_bucket(&bucket.name, &organization.id).await, Ok(Some(bucket.clone())));
    assert_eq!(client.find_bucket("nowhere", &organization.id).await, Ok(None));
    let missing = format!("GET /api/v2/buckets?name=nowhere&orgID={}", organization.id);
    fixture.operator(&missing, "").await.is(404, "bucket \"nowhere\" not found");
    let without_organization = fixture.operator("GET /api/v2/buckets?name=nowhere", "").await;
    assert_eq!(
        (without_organization.status, &without_organization.json()["buckets"]),
        (200, &serde_json::json!([]))
    );

    let again = CreateBucket {
        org_id: organization.id.clone(),
        name: bucket.name.clone(),
        retention_rules: Vec::new(),
        description: None,
    };
    let message = format!("bucket with name {} already exists", bucket.name);
    assert_eq!(client.create_bucket(&again).await, Err(Error::Conflict { message }));
    let reserved = CreateBucket { name: "_x".to_owned(), ..again.clone() };
    let message = "bucket name _x is invalid. Buckets may not start with underscore".to_owned();
    assert_eq!(client.create_bucket(&reserved).await, Err(Error::Invalid { message }));
    fixture
        .operator("POST /api/v2/buckets", "{}")
        .await
        .is(400, "organization id must be provided");
    let broken = fixture.operator("POST /api/v2/buckets", "{").await;
    broken.is(400, "failed to unmarshal json: unexpected EOF");
    let null = format!(
        r#"{{"orgID":"{}","name":"{}","retentionRules":null}}"#,
        organization.id, bucket.name
    );
    assert_eq!(fixture.operator("POST /api/v2/buckets", null).await.status, 422);

    let path = format!("/api/v2/buckets/{}", bucket.id);
    let changed = r#"{"description":"a <b> & c","retentionRules":[{"type":"expire","everySeconds":1209600}]}"#;
    let changed = fixture.operator(&format!("PATCH {path}"), changed).await;
    assert_eq!((changed.status, changed.json()["description"].as_str()), (200, Some("a <b> & c")));
    assert_eq!(changed.json()["retentionRules"][0]["everySeconds"], 1_209_600);
    assert!(!changed.body.contains('<'), "{}", changed.body);
    let too_short = r#"{"retentionRules":[{"type":"expire","everySeconds":86400}]}"#;
    fixture.operator(&format!("PATCH {path}"), too_short).await.is(
        422,
        "shard-group duration must also be updated to be smaller than new retention duration",
    );
    let negative = r#"{"retentionRules":[{"type":"expire","everySeconds":-1}]}"#;
    fixture
        .operator(&format!("PATCH {path}"), negative)
        .await
        .is(422, "expiration seconds cannot be negative");

    let page = format!("GET /api/v2/buckets?orgID={}&limit=1&offset=1", organization.id);
    let page = fixture.operator(&page, "").await.json();
    assert_eq!(page["buckets"].as_array().unwrap().len(), 1);
    let link = |offset: u32| {
        format!(
            "/api/v2/buckets?descending=false&limit=1&offset={offset}&orgID={}",
            organization.id
        )
    };
    let links = serde_json::json!({ "self": link(1), "prev": link(0), "next": link(2) });
    assert_eq!(page["links"], links);
    fixture
        .operator("GET /api/v2/buckets?limit=0", "")
        .await
        .is(400, "limit must be between 1 and 100");
    fixture
        .operator("GET /api/v2/buckets?limit=101", "")
        .await
        .is(400, "limit must be between 1 and 100");
    let names = fixture
        .operator(&format!("GET /api/v2/buckets?orgID={}&limit=100", organization.id), "")
        .await
        .json();
    let names: Vec<String> = names["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(names.contains(&"_monitoring".to_owned()) && names.contains(&"_tasks".to_owned()));

    fixture.drop_bucket(&bucket).await;
    fixture.operator(&format!("DELETE {path}"), "").await.is(404, "bucket not found");
    fixture.operator(&format!("GET {path}"), "").await.is(404, "bucket not found");
    fixture
        .operator("GET /api/v2/buckets/zz", "")
        .await
        .is(400, "id must have a length of 16 bytes");
}

pub(super) async fn users_and_the_rest(fixture: &Fixture) {
    let me = fixture.operator("GET /api/v2/me", "").await;
    assert_eq!(me.status, 200);
    let id = me.json()["id"].as_str().unwrap().to_owned();
    let users = fixture.operator("GET /api/v2/users", "").await.json();
    assert!(users["users"].as_array().unwrap().contains(&me.json()));
    assert_eq!(fixture.operator(&format!("GET /api/v2/users/{id}"), "").await.json(), me.json());
    fixture.operator("GET /api/v2/users?name=nobody", "").await.is(404, "user not found");

    let links = fixture.call(None, "GET /api/v2", "").await;
    assert_eq!(
        (links.status, links.json()["query"]["self"].as_str()),
        (200, Some("/api/v2/query"))
    );
    fixture.operator("GET /api/v2/nothing", "").await.is(404, "path not found");
    fixture.call(None, "GET /api/v2/nothing", "").await.is(401, "unauthorized access");
    fixture.operator("GET /api/v2/write", "").await.is(405, "allow: OPTIONS, POST");
    assert_eq!(fixture.operator("PUT /api/v2/buckets", "").await.status, 405);
    assert_eq!(fixture.operator("GET /api/v2/buckets/", "").await.status, 200);

    let origin = [("Origin", "http://elsewhere.example")];
    let preflight = fixture.call_with(None, "OPTIONS /api/v2/buckets", &origin, "").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(fixture.call(None, "OPTIONS /api/v2/buckets", "").await.status, 405);
    let ready = fixture.call(None, "GET /ready", "").await;
    assert_eq!((ready.status, ready.json()["status"].as_str()), (200, Some("ready")));
}
