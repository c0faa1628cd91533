//! What a token allows.
//!
//! A permission grants an action on a resource if action and type are equal and it names no ids, or names only the
//! organization that the resource belongs to, or names the resource itself. An inactive token is known, and grants
//! nothing.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, header};
use influx_wire::api::{Action, Permission, Status};

use crate::catalog::{Authorization, Bucket, BucketKind, Catalog, OrganizationId, UserId};

/// The token of a request: `Authorization: Token …` or `Bearer …`, in any case, with one space.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_known = scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer");
    (is_known && !token.is_empty() && !token.starts_with(' ')).then_some(token)
}

/// Something that a permission may be about. Prints as InfluxDB names it: `orgs/ORG/buckets/ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: &'static str,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) id: Option<u64>,
}

impl Target {
    pub(crate) fn organization(id: OrganizationId) -> Self {
        Self { kind: "orgs", organization: None, id: Some(id.0) }
    }

    pub(crate) fn user(id: UserId) -> Self {
        Self { kind: "users", organization: None, id: Some(id.0) }
    }

    pub(crate) fn bucket(bucket: &Bucket) -> Self {
        Self { kind: "buckets", organization: Some(bucket.organization), id: Some(bucket.id.0) }
    }

    pub(crate) fn authorization(authorization: &Authorization) -> Self {
        Self {
            kind: "authorizations",
            organization: Some(authorization.organization),
            id: Some(authorization.id.0),
        }
    }

    /// All resources of a kind in an organization: what creating one needs.
    pub(crate) fn all(kind: &'static str, organization: Option<OrganizationId>) -> Self {
        Self { kind, organization, id: None }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(organization) = self.organization {
            write!(formatter, "orgs/{organization}/")?;
        }
        formatter.write_str(self.kind)?;
        if let Some(id) = self.id {
            write!(formatter, "/{id:016x}")?;
        }
        Ok(())
    }
}

/// Whoever has sent a request.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    authorization: Arc<Authorization>,
}

/// Why something is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("token is inactive")]
    Inactive,
    #[error("{}:{target} is unauthorized", action_name(*.action))]
    Missing { action: Action, target: Target },
}

impl Access {
    /// Whom a token belongs to, if it is one.
    pub(crate) fn find(catalog: &Catalog, token: &str) -> Option<Self> {
        catalog
            .authorization_by_token(token)
            .map(|authorization| Self { authorization: Arc::clone(authorization) })
    }

    pub(crate) fn user(&self) -> UserId {
        self.authorization.user
    }

    pub(crate) fn check(&self, action: Action, target: Target) -> Result<(), Denied> {
        if self.authorization.status == Status::Inactive {
            return Err(Denied::Inactive);
        }
        let id = target.id.map(|id| format!("{id:016x}"));
        let organization = target.organization.map(|id| id.to_string());
        if self.grants(action, target.kind, organization.as_deref(), id.as_deref()) {
            Ok(())
        } else {
            Err(Denied::Missing { action, target })
        }
    }

    /// System buckets may be read by whoever may read their organization.
    pub(crate) fn check_bucket_read(&self, bucket: &Bucket) -> Result<(), Denied> {
        match bucket.kind {
            BucketKind::User => self.check(Action::Read, Target::bucket(bucket)),
            BucketKind::System => {
                self.check(Action::Read, Target::organization(bucket.organization))
            }
        }
    }

    /// An authorization belongs to an organization and to a user, and both count.
    pub(crate) fn check_authorization(
        &self,
        action: Action,
        authorization: &Authorization,
    ) -> Result<(), Denied> {
        self.check(action, Target::authorization(authorization))?;
        self.check(action, Target::user(authorization.user))
    }

    /// Whether the caller has a permission that it wants to hand on.
    pub(crate) fn holds(&self, permission: &Permission) -> bool {
        let resource = &permission.resource;
        self.authorization.status == Status::Active
            && self.grants(
                permission.action,
                &resource.kind,
                resource.org_id.as_deref(),
                resource.id.as_deref(),
            )
    }

    fn grants(
        &self,
        action: Action,
        kind: &str,
        organization: Option<&str>,
        id: Option<&str>,
    ) -> bool {
        self.authorization.permissions.iter().any(|permission| {
            let resource = &permission.resource;
            permission.action == action
                && resource.kind == kind
                && match (&resource.id, &resource.org_id) {
                    (None, None) => true,
                    (None, Some(own)) => organization == Some(own),
                    (Some(own), _) => id == Some(own),
                }
        })
    }
}

/// A permission as InfluxDB's messages have it: `read:orgs/ORG/buckets/ID`.
pub(crate) fn describe(permission: &Permission) -> String {
    let Permission { action, resource } = permission;
    let organization = resource.org_id.as_ref().map(|id| format!("orgs/{id}/")).unwrap_or_default();
    let id = resource.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
    format!("{}:{organization}{}{id}", action_name(*action), resource.kind)
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Write => "write",
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use influx_wire::api::Resource;

    use super::*;
    use crate::catalog::AuthorizationId;
    use crate::storage::BucketId;

    #[test]
    fn tokens_of_requests() {
        for (value, expected) in [
            ("Token abc==", Some("abc==")),
            ("token abc", Some("abc")),
            ("BEARER abc", Some("abc")),
            ("abc", None),
            ("Token  abc", None),
            ("Token ", None),
            ("Token", None),
            ("Basic YTpi", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(token(&headers), expected, "{value:?}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }

    const ORGANIZATION: OrganizationId = OrganizationId(1);

    fn permission(kind: &str, organization: Option<u64>, id: Option<u64>) -> Permission {
        let text = |id: u64| format!("{id:016x}");
        Permission {
            action: Action::Read,
            resource: Resource {
                kind: kind.to_owned(),
                id: id.map(text),
                org_id: organization.map(text),
                name: None,
                org: None,
            },
        }
    }

    fn access(status: Status, permission: Permission) -> Access {
        Access {
            authorization: Arc::new(Authorization {
                id: AuthorizationId(9),
                organization: ORGANIZATION,
                user: UserId(8),
                status,
                description: String::new(),
                permissions: vec![permission],
                created_at: 0,
                updated_at: 0,
                token_hash: [0; 32],
            }),
        }
    }

    #[test]
    fn what_a_permission_grants() {
        let bucket = |organization, id| Target {
            kind: "buckets",
            organization: Some(OrganizationId(organization)),
            id: Some(BucketId(id).0),
        };
        for (organization, id, granted) in [
            (None, None, [true, true, true]),
            (Some(1), None, [true, true, false]),
            (Some(1), Some(5), [true, false, false]),
            (None, Some(5), [true, false, false]),
            (Some(2), None, [false, false, true]),
        ] {
            let permission = permission("buckets", organization, id);
            let access = access(Status::Active, permission.clone());
            let targets = [bucket(1, 5), bucket(1, 6), bucket(2, 7)];
            assert_eq!(
                targets.map(|target| access.check(Action::Read, target).is_ok()),
                granted,
                "{permission:?}"
            );
            assert!(targets.iter().all(|target| access.check(Action::Write, *target).is_err()));
            let all = access.check(Action::Read, Target::all("buckets", None));
            assert_eq!(all.is_ok(), organization.or(id).is_none());
            assert!(access.holds(&permission));
        }
    }

    #[test]
    fn nobody_hands_on_more_than_he_has() {
        let one = access(Status::Active, permission("buckets", Some(1), Some(5)));
        assert!(!one.holds(&permission("buckets", Some(1), None)));
        assert!(!one.holds(&permission("buckets", None, None)));
        assert!(!one.holds(&permission("orgs", None, Some(5))));
    }

    #[test]
    fn an_inactive_token_grants_nothing() {
        let access = access(Status::Inactive, permission("buckets", None, None));
        assert_eq!(access.check(Action::Read, Target::all("buckets", None)), Err(Denied::Inactive));
        assert!(!access.holds(&permission("buckets", None, None)));
    }

    #[test]
    fn what_is_missing_is_named() {
        let access = access(Status::Active, permission("checks", None, None));
        for (target, expected) in [
            (Target::organization(ORGANIZATION), "read:orgs/0000000000000001 is unauthorized"),
            (Target::user(UserId(8)), "read:users/0000000000000008 is unauthorized"),
            (Target::all("orgs", None), "read:orgs is unauthorized"),
            (
                Target::all("buckets", Some(ORGANIZATION)),
                "read:orgs/0000000000000001/buckets is unauthorized",
            ),
        ] {
            assert_eq!(access.check(Action::Read, target).unwrap_err().to_string(), expected);
        }
        let text = describe(&permission("buckets", Some(1), Some(5)));
        assert_eq!(text, "read:orgs/0000000000000001/buckets/0000000000000005");
    }
}
