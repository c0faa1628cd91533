//! Records of the catalog as the JSON of the API. The only token that ever stands in there is a new one.

use influx_wire::api::{self, Links};
use influx_wire::time::format_rfc3339;

use crate::catalog::{Authorization, Bucket, BucketKind, Catalog, Organization, User};

fn links<const N: usize>(links: [(&str, String); N]) -> Links {
    links.into_iter().map(|(name, path)| (name.to_owned(), path)).collect()
}

pub(super) fn user(user: &User) -> api::User {
    let id = user.id.to_string();
    api::User {
        links: links([("self", format!("/api/v2/users/{id}"))]),
        id,
        name: user.name.clone(),
        status: user.status,
    }
}

pub(super) fn organization(organization: &Organization) -> api::Organization {
    let id = organization.id.to_string();
    let name: String = form_urlencoded::byte_serialize(organization.name.as_bytes()).collect();
    let below = |what: &str| format!("/api/v2/orgs/{id}{what}");
    api::Organization {
        links: links([
            ("buckets", format!("/api/v2/buckets?org={name}")),
            ("dashboards", format!("/api/v2/dashboards?org={name}")),
            ("labels", below("/labels")),
            ("logs", below("/logs")),
            ("members", below("/members")),
            ("owners", below("/owners")),
            ("secrets", below("/secrets")),
            ("self", below("")),
            ("tasks", format!("/api/v2/tasks?org={name}")),
        ]),
        id,
        name: organization.name.clone(),
        description: organization.description.clone(),
        created_at: format_rfc3339(organization.created_at),
        updated_at: format_rfc3339(organization.updated_at),
    }
}

pub(super) fn bucket(bucket: &Bucket) -> api::Bucket {
    let id = bucket.id.to_string();
    let organization = bucket.organization.to_string();
    let below = |what: &str| format!("/api/v2/buckets/{id}{what}");
    api::Bucket {
        links: links([
            ("labels", below("/labels")),
            ("members", below("/members")),
            ("org", format!("/api/v2/orgs/{organization}")),
            ("owners", below("/owners")),
            ("self", below("")),
            ("write", format!("/api/v2/write?org={organization}&bucket={id}")),
        ]),
        kind: match bucket.kind {
            BucketKind::User => "user",
            BucketKind::System => "system",
        }
        .to_owned(),
        description: bucket.description.clone(),
        name: bucket.name.clone(),
        retention_rules: vec![api::RetentionRule {
            kind: "expire".to_owned(),
            every_seconds: i64::try_from(bucket.retention_seconds).unwrap_or(i64::MAX),
            shard_group_duration_seconds: Some(
                i64::try_from(bucket.shard_group_seconds).unwrap_or(i64::MAX),
            ),
        }],
        created_at: format_rfc3339(bucket.created_at),
        updated_at: format_rfc3339(bucket.updated_at),
        labels: [],
        org_id: organization,
        id,
    }
}

/// `new_token` is the token of an authorization that was made by this very request.
pub(super) fn authorization(
    catalog: &Catalog,
    authorization: &Authorization,
    new_token: Option<String>,
) -> api::Authorization {
    let id = authorization.id.to_string();
    let user_id = authorization.user.to_string();
    let organization = catalog.organization(authorization.organization);
    let user = catalog.user(authorization.user);
    api::Authorization {
        token: new_token.unwrap_or_default(),
        status: authorization.status,
        description: authorization.description.clone(),
        org_id: authorization.organization.to_string(),
        org: organization.map(|organization| organization.name.clone()).unwrap_or_default(),
        user: user.map(|user| user.name.clone()).unwrap_or_default(),
        permissions: authorization.permissions.iter().map(|own| permission(catalog, own)).collect(),
        links: links([
            ("self", format!("/api/v2/authorizations/{id}")),
            ("user", format!("/api/v2/users/{user_id}")),
        ]),
        created_at: format_rfc3339(authorization.created_at),
        updated_at: format_rfc3339(authorization.updated_at),
        user_id,
        id,
    }
}

/// With the names that the ids have at the moment.
fn permission(catalog: &Catalog, permission: &api::Permission) -> api::Permission {
    let mut permission = permission.clone();
    let resource = &mut permission.resource;
    resource.org = resource
        .org_id
        .as_ref()
        .and_then(|id| id.parse().ok())
        .and_then(|id| catalog.organization(id))
        .map(|organization| organization.name.clone());
    resource.name = resource.id.as_ref().and_then(|id| match resource.kind.as_str() {
        "buckets" => {
            id.parse().ok().and_then(|id| catalog.bucket(id)).map(|bucket| bucket.name.clone())
        }
        "orgs" => {
            id.parse().ok().and_then(|id| catalog.organization(id)).map(|org| org.name.clone())
        }
        "users" => id.parse().ok().and_then(|id| catalog.user(id)).map(|user| user.name.clone()),
        _ => None,
    });
    permission
}
