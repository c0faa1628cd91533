//! A client, plain HTTP beside it, and buckets that clean up behind themselves.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use influx_client::Client;
use influx_client::testing::Target;
use influx_wire::api::{Bucket, CreateBucket, Organization};
use reqwest::Method;

#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) target: Target,
    pub(super) client: Client,
    pub(super) organization: Organization,
    http: reqwest::Client,
    buckets: AtomicU32,
}

/// An answer to plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Plain {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status and the message of an error body.
    #[track_caller]
    pub(super) fn is(&self, status: u16, message: &str) {
        let found = self.json()["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!((self.status, found.as_str()), (status, message));
    }
}

impl Fixture {
    pub(super) async fn new(target: &Target) -> Self {
        let client = target.client().unwrap();
        let organization = client.find_organization(&target.organization).await.unwrap().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { target: target.clone(), client, organization, http, buckets: AtomicU32::new(0) }
    }

    /// `"GET /api/v2/…"` with a token and a body.
    pub(super) async fn call(
        &self,
        token: Option<&str>,
        call: &str,
        body: impl Into<reqwest::Body>,
    ) -> Plain {
        self.call_with(token, call, &[], body).await
    }

    /// The same with the operator token.
    pub(super) async fn operator(&self, call: &str, body: impl Into<reqwest::Body>) -> Plain {
        self.call(Some(&self.target.token), call, body).await
    }

    pub(super) async fn call_with(
        &self,
        token: Option<&str>,
        call: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Plain {
        let (method, path) = call.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            self.http.request(method, format!("{}{path}", self.target.url)).body(body);
        if let Some(token) = token {
            request = request.header("Authorization", format!("Token {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Plain { status: response.status().as_u16(), body: response.text().await.unwrap() }
    }

    /// A bucket of a name that nobody has.
    pub(super) async fn bucket(&self) -> Bucket {
        let number = self.buckets.fetch_add(1, Ordering::Relaxed);
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        self.named_bucket(&format!("contract-{time}-{number}")).await
    }

    pub(super) async fn named_bucket(&self, name: &str) -> Bucket {
        let request = CreateBucket {
            org_id: self.organization.id.clone(),
            name: name.to_owned(),
            ..CreateBucket::default()
        };
        self.client.create_bucket(&request).await.unwrap()
    }

    pub(super) async fn drop_bucket(&self, bucket: &Bucket) {
        assert_eq!(
            self.operator(&format!("DELETE /api/v2/buckets/{}", bucket.id), "").await.status,
            204
        );
    }
}
