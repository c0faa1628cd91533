//! JSON bodies of the HTTP API, as both the client and the store need them.
//!
//! Unknown fields are ignored on the way in; fields that a request may leave out are `Option`.
//! Contract: the `OpenAPI` document of InfluxDB v2, <https://docs.influxdata.com/influxdb/v2/api/>.

use serde::{Deserialize, Serialize};

/// `{"code": …, "message": …}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

/// `GET /api/v2/setup`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupAllowed {
    pub allowed: bool,
}

/// `POST /api/v2/setup`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct SetupRequest {
    pub username: String,
    pub org: String,
    pub bucket: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_period_seconds: Option<i64>,
    /// Nanoseconds, despite the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_period_hrs: Option<i64>,
}

impl std::fmt::Debug for SetupRequest {
    /// Leaves out password and token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SetupRequest")
            .field("username", &self.username)
            .field("org", &self.org)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupResponse {
    pub user: User,
    pub bucket: Bucket,
    pub org: Organization,
    pub auth: Authorization,
}

/// Links as the server orders them: by name.
pub type Links = std::collections::BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    #[serde(default)]
    pub links: Links,
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    #[default]
    Active,
    Inactive,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    #[serde(default)]
    pub links: Links,
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub created_at: String,
    #[serde(default)]
    pub updated_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organizations {
    #[serde(default)]
    pub links: Links,
    #[serde(default)]
    pub orgs: Vec<Organization>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    pub id: String,
    #[serde(rename = "orgID", default)]
    pub org_id: String,
    /// `user` or `system`
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub name: String,
    #[serde(default)]
    pub retention_rules: Vec<RetentionRule>,
    #[serde(default)]
    pub created_at: String,
    #[serde(default)]
    pub updated_at: String,
    #[serde(default)]
    pub links: Links,
    #[serde(default, skip_deserializing)]
    pub labels: [(); 0],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionRule {
    /// `expire`
    #[serde(rename = "type", default = "expire")]
    pub kind: String,
    /// 0 keeps for ever.
    #[serde(default)]
    pub every_seconds: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_group_duration_seconds: Option<i64>,
}

fn expire() -> String {
    "expire".to_owned()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    #[serde(default)]
    pub links: Links,
    #[serde(default)]
    pub buckets: Vec<Bucket>,
}

/// `POST /api/v2/buckets`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateBucket {
    #[serde(rename = "orgID")]
    pub org_id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub retention_rules: Vec<RetentionRule>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    pub id: String,
    /// Shown by InfluxDB 2.9 and the store at creation only, empty or `redacted` later.
    #[serde(default)]
    pub token: String,
    #[serde(default)]
    pub status: Status,
    #[serde(default)]
    pub description: String,
    #[serde(rename = "orgID", default)]
    pub org_id: String,
    #[serde(default)]
    pub org: String,
    #[serde(rename = "userID", default)]
    pub user_id: String,
    #[serde(default)]
    pub user: String,
    #[serde(default)]
    pub permissions: Vec<Permission>,
    #[serde(default)]
    pub links: Links,
    #[serde(default)]
    pub created_at: String,
    #[serde(default)]
    pub updated_at: String,
}

impl std::fmt::Debug for Authorization {
    /// Leaves out the token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Authorization")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("description", &self.description)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorizations {
    #[serde(default)]
    pub links: Links,
    #[serde(default)]
    pub authorizations: Vec<Authorization>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permission {
    pub action: Action,
    pub resource: Resource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Read,
    Write,
}

/// What a permission is about. Without `id` it is every resource of that type (in `org_id`, where that is given).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resource {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(rename = "orgID", default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// Filled in by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The organization's name, filled in by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

/// `POST /api/v2/authorizations`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAuthorization {
    #[serde(rename = "orgID", default)]
    pub org_id: String,
    #[serde(default)]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(rename = "userID", default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(default)]
    pub permissions: Vec<Permission>,
}

/// `PATCH /api/v2/authorizations/ID`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct UpdateAuthorization {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// `GET /health`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub message: String,
    /// `pass` or `fail`
    pub status: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub commit: String,
}

/// `POST /api/v2/query`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryRequest {
    pub query: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectRequest>,
    /// RFC 3339: the value of `now()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct DialectRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_time_format: Option<String>,
}

/// `POST /api/v2/delete`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// RFC 3339. Like `stop` it must be given; a reader tells so in words of its own.
    #[serde(default)]
    pub start: String,
    /// RFC 3339. The point at this very instant is deleted, too.
    #[serde(default)]
    pub stop: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    /// What InfluxDB sends is read, and what is then written says the same.
    #[track_caller]
    fn check<T: DeserializeOwned + Serialize>(json: &str) -> T {
        let value: T = serde_json::from_str(json).expect(json);
        let expected: serde_json::Value = serde_json::from_str(json).expect(json);
        assert_eq!(serde_json::to_value(&value).expect(json), expected);
        value
    }

    const AUTHORIZATION: &str = r#"{"id":"0a","token":"very secret","status":"inactive","description":"","orgID":"0b",
        "org":"o","userID":"0c","user":"u","permissions":[{"action":"read","resource":{"type":"buckets","id":"0d",
        "orgID":"0b","name":"b","org":"o"}},{"action":"write","resource":{"type":"orgs"}}],
        "links":{"self":"/api/v2/authorizations/0a","user":"/api/v2/users/0c"},
        "createdAt":"2022-01-01T00:00:00Z","updatedAt":"2022-01-01T00:00:00Z"}"#;

    const BUCKET: &str = r#"{"id":"531afc760e299cc7","orgID":"210349a8fc0366bd","type":"user","name":"iot_center",
        "retentionRules":[{"type":"expire","everySeconds":0,"shardGroupDurationSeconds":604800}],
        "createdAt":"2022-01-01T00:00:00Z","updatedAt":"2022-01-01T00:00:00Z",
        "links":{"self":"/api/v2/buckets/531afc760e299cc7"},"labels":[]}"#;

    #[test]
    fn bodies_are_those_of_influxdb() {
        let bucket: Bucket = check(BUCKET);
        assert_eq!(bucket.retention_rules[0].shard_group_duration_seconds, Some(604_800));
        let authorization: Authorization = check(AUTHORIZATION);
        assert_eq!(authorization.status, Status::Inactive);
        assert_eq!(authorization.permissions[1].resource.id, None);
        check::<ErrorBody>(r#"{"code":"not found","message":"bucket \"x\" not found"}"#);
        check::<SetupAllowed>(r#"{"allowed":true}"#);
        check::<User>(
            r#"{"links":{"self":"/api/v2/users/0c"},"id":"0c","name":"u","status":"active"}"#,
        );
        check::<Organization>(
            r#"{"links":{},"id":"0b","name":"o","description":"","createdAt":"","updatedAt":""}"#,
        );
        check::<QueryRequest>(
            r#"{"query":"x","type":"flux","dialect":{"header":true,"delimiter":",",
            "annotations":["datatype","group","default"],"commentPrefix":"","dateTimeFormat":"RFC3339"}}"#,
        );
        check::<UpdateAuthorization>(r#"{"status":"active"}"#);
        check::<DeleteRequest>(r#"{"start":"a","stop":"b","predicate":"t=1"}"#);
    }

    #[test]
    fn unknown_fields_are_ignored_and_missing_ones_left_empty() {
        let request: CreateBucket =
            serde_json::from_str(r#"{"orgID":"0b","schemaType":"x"}"#).unwrap();
        assert_eq!((request.org_id.as_str(), request.name.as_str()), ("0b", ""));
        let request: CreateAuthorization = serde_json::from_str("{}").unwrap();
        assert_eq!((request.org_id.as_str(), request.permissions.len()), ("", 0));
        let request: DeleteRequest = serde_json::from_str("{}").unwrap();
        assert_eq!(request.start, "");
        let body: ErrorBody = serde_json::from_str(r#"{"message":"m","op":"x"}"#).unwrap();
        assert_eq!(body.code, "");
        let rule: RetentionRule = serde_json::from_str(r#"{"everySeconds":3600}"#).unwrap();
        assert_eq!(rule.kind, "expire");
    }

    #[test]
    fn debug_shows_no_secret() {
        let authorization: Authorization = serde_json::from_str(AUTHORIZATION).unwrap();
        let request = SetupRequest {
            password: Some("very secret".to_owned()),
            token: Some("very secret".to_owned()),
            ..SetupRequest::default()
        };
        let list = Authorizations { links: Links::new(), authorizations: vec![authorization] };
        for text in [format!("{list:?}"), format!("{request:?}"), format!("{list:#?}")] {
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
