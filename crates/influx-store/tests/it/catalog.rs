//! Organizations, buckets, authorizations: what holds after a change, and after reopening.

use std::io::Read;

use influx_store::catalog::{
    AuthorizationUpdate, BucketKind, BucketUpdate, CatalogError, NewAuthorization, NewBucket,
    OrganizationId, Setup, UserId,
};
use influx_store::storage::{BucketId, Options, Store};
use influx_wire::api::{Action, Permission, Resource, Status};

use crate::support::{Fixture, set_up};

fn bucket(organization: OrganizationId, name: &str) -> NewBucket {
    NewBucket {
        organization,
        name: name.to_owned(),
        description: String::new(),
        retention_seconds: 0,
        shard_group_seconds: None,
    }
}

fn permission(bucket: BucketId) -> Permission {
    Permission {
        action: Action::Write,
        resource: Resource {
            kind: "buckets".to_owned(),
            id: Some(bucket.to_string()),
            org_id: None,
            name: Some("is looked up".to_owned()),
            org: None,
        },
    }
}

fn authorization(fixture: &Fixture) -> NewAuthorization {
    NewAuthorization {
        organization: fixture.organization,
        user: fixture.store.catalog().users().next().unwrap().id,
        status: Status::Inactive,
        description: "IoTCenterDevice: a".to_owned(),
        permissions: vec![permission(fixture.bucket)],
    }
}

#[track_caller]
fn check_error<T: std::fmt::Debug>(result: Result<T, CatalogError>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn setup_happens_once_and_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Options::default()).unwrap();
    assert!(store.catalog().is_setup_allowed());
    let done = set_up(&store).await;
    check_error(
        store
            .set_up(Setup {
                username: "x".into(),
                organization: "y".into(),
                bucket: "z".into(),
                ..Setup::default()
            })
            .await,
        "onboarding has already been completed",
    );
    drop(store);

    let store = Store::open(directory.path(), Options::default()).unwrap();
    let catalog = store.catalog();
    assert!(!catalog.is_setup_allowed());
    assert_eq!(catalog.user_by_name("admin"), Some(&done.user));
    assert_eq!(catalog.organization_by_name("org"), Some(&done.organization));
    assert_eq!(catalog.bucket_by_name(done.organization.id, "bucket"), Some(&done.bucket));
    assert_eq!(done.bucket.shard_group_seconds, 604_800);
    assert_eq!(catalog.authorization_by_token(&done.token), Some(&done.authorization));
    assert_eq!(done.authorization.description, "admin's Token");
    assert_eq!(done.authorization.permissions.len(), 44);
    assert_eq!(done.token.len(), 88);
    assert!(done.token.ends_with("=="));
    let system = |name: &str| catalog.bucket_by_name(done.organization.id, name).unwrap();
    assert_eq!(
        (system("_tasks").retention_seconds, system("_tasks").kind),
        (259_200, BucketKind::System)
    );
    assert_eq!(
        (system("_monitoring").retention_seconds, system("_monitoring").shard_group_seconds),
        (604_800, 86_400)
    );
}

#[tokio::test]
async fn a_refused_setup_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Options::default()).unwrap();
    let setup = |username: &str, bucket: &str, password: Option<&str>| Setup {
        username: username.to_owned(),
        organization: "org".to_owned(),
        bucket: bucket.to_owned(),
        password: password.map(str::to_owned),
        token: Some("chosen".to_owned()),
        retention_seconds: 0,
    };
    check_error(
        store.set_up(setup("", "", None)).await,
        "onboarding failed: missing required fields [username,bucket]",
    );
    check_error(
        store.set_up(setup("u", "_b", None)).await,
        "bucket name _b is invalid. Buckets may not start with underscore",
    );
    check_error(
        store.set_up(setup("u", "b", Some("short"))).await,
        "passwords must be between 8 and 72 characters long",
    );
    let catalog = store.catalog();
    assert_eq!(
        (catalog.users().count(), catalog.organizations().count(), catalog.buckets().count()),
        (0, 0, 0)
    );
    let done = store.set_up(setup("u", "b", Some("long enough"))).await.unwrap();
    assert_eq!(done.token, "chosen");
    assert!(store.catalog().authorization_by_token("chosen").is_some());
}

#[tokio::test]
async fn buckets_are_checked_changed_and_deleted() {
    let fixture = Fixture::new().await;
    let (store, organization) = (&fixture.store, fixture.organization);
    check_error(
        store.create_bucket(bucket(OrganizationId(1), "b")).await,
        "organization not found",
    );
    check_error(
        store.create_bucket(bucket(organization, "bucket")).await,
        "bucket with name bucket already exists",
    );
    check_error(store.create_bucket(bucket(organization, "")).await, "bucket name is empty");
    check_error(
        store.create_bucket(bucket(organization, "a\"b")).await,
        "bucket name a\"b is invalid. Bucket names may not include quotation marks",
    );
    let short = NewBucket { retention_seconds: 60, ..bucket(organization, "b") };
    check_error(
        store.create_bucket(short).await,
        "retention policy duration must be at least 1h0m0s",
    );

    let made = store
        .create_bucket(NewBucket { retention_seconds: 172_800, ..bucket(organization, "b") })
        .await
        .unwrap();
    assert_eq!(made.shard_group_seconds, 86_400);
    let rename =
        |name: &str| BucketUpdate { name: Some(name.to_owned()), ..BucketUpdate::default() };
    check_error(store.update_bucket(made.id, rename("bucket")).await, "bucket name is not unique");
    check_error(
        store
            .update_bucket(
                made.id,
                BucketUpdate { retention_seconds: Some(3600), ..BucketUpdate::default() },
            )
            .await,
        "shard-group duration must also be updated to be smaller than new retention duration",
    );
    let update = BucketUpdate { description: Some("text".to_owned()), ..rename("c") };
    let updated = store.update_bucket(made.id, update).await.unwrap();
    assert_eq!(
        (updated.name.as_str(), updated.description.as_str(), updated.retention_seconds),
        ("c", "text", 172_800)
    );

    let system = store.catalog().bucket_by_name(organization, "_tasks").unwrap().id;
    check_error(store.delete_bucket(system).await, "system buckets cannot be deleted");
    check_error(store.update_bucket(system, rename("x")).await, "system buckets cannot be changed");
    let fixture = fixture.reopen();
    assert_eq!(fixture.store.catalog().bucket(made.id).unwrap().name, "c");
    fixture.store.delete_bucket(made.id).await.unwrap();
    check_error(fixture.store.delete_bucket(made.id).await, "bucket not found");
    assert!(fixture.reopen().store.catalog().bucket(made.id).is_none());
}

#[tokio::test]
async fn organizations_have_unique_names_and_system_buckets() {
    let fixture = Fixture::new().await;
    let other =
        fixture.store.create_organization("other".to_owned(), "text".to_owned()).await.unwrap();
    check_error(
        fixture.store.create_organization("other".to_owned(), String::new()).await,
        "organization with name other already exists",
    );
    check_error(
        fixture.store.create_organization(String::new(), String::new()).await,
        "org name is empty",
    );
    fixture.store.create_bucket(bucket(other.id, "bucket")).await.unwrap();
    let catalog = fixture.reopen().store.catalog();
    assert_eq!(catalog.organization(other.id).unwrap().description, "text");
    assert_eq!(catalog.buckets().filter(|bucket| bucket.organization == other.id).count(), 3);
}

#[tokio::test]
async fn authorizations_are_found_by_token_until_they_are_deleted() {
    let fixture = Fixture::new().await;
    let mut nobody = authorization(&fixture);
    nobody.user = UserId(1);
    check_error(fixture.store.create_authorization(nobody).await, "unable to create token");
    let mut nothing = authorization(&fixture);
    nothing.permissions.clear();
    check_error(
        fixture.store.create_authorization(nothing).await,
        "authorization must include permissions",
    );

    let (made, token) = fixture.store.create_authorization(authorization(&fixture)).await.unwrap();
    let (_, other_token) =
        fixture.store.create_authorization(authorization(&fixture)).await.unwrap();
    assert_ne!(token, other_token);
    assert_eq!(made.permissions[0].resource.name, None);
    let fixture = fixture.reopen();
    assert_eq!(
        fixture.store.catalog().authorization_by_token(&token).unwrap().status,
        Status::Inactive
    );
    let activate = AuthorizationUpdate { status: Some(Status::Active), description: None };
    fixture.store.update_authorization(made.id, activate).await.unwrap();
    let catalog = fixture.store.catalog();
    let found = catalog.authorization_by_token(&token).unwrap();
    assert_eq!(
        (found.id, found.status, found.description.as_str()),
        (made.id, Status::Active, "IoTCenterDevice: a")
    );
    assert!(fixture.store.catalog().authorization_by_token("").is_none());
    assert!(fixture.store.catalog().authorization_by_token(&token[1..]).is_none());

    fixture.store.delete_authorization(made.id).await.unwrap();
    assert!(fixture.store.catalog().authorization_by_token(&token).is_none());
    check_error(fixture.store.delete_authorization(made.id).await, "authorization not found");
    let fixture = fixture.reopen();
    assert!(fixture.store.catalog().authorization_by_token(&token).is_none());
    assert!(fixture.store.catalog().authorization_by_token(&other_token).is_some());
}

#[tokio::test]
async fn no_token_is_on_disk() {
    let fixture = Fixture::new().await;
    let (_, token) = fixture.store.create_authorization(authorization(&fixture)).await.unwrap();
    let tokens = [token, fixture.token.clone()];
    let path = fixture.path();
    let Fixture { store, directory: _directory, .. } = fixture;
    drop(store);
    let mut directories = vec![path];
    let mut read = 0;
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let mut bytes = Vec::new();
            // The journal is preallocated; what was written stands at its beginning.
            std::fs::File::open(&path).unwrap().take(1 << 20).read_to_end(&mut bytes).unwrap();
            read += bytes.len();
            for token in &tokens {
                assert!(!contains(&bytes, token.as_bytes()), "{}", path.display());
            }
        }
    }
    assert!(read > 1000);
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
