//! Setup, organizations, buckets, authorizations and health.

use std::time::SystemTime;

use http::Method;
use influx_wire::api::{
    Authorization, Authorizations, Bucket, Buckets, CreateAuthorization, CreateBucket,
    Organization, Organizations, SetupAllowed, SetupRequest, SetupResponse, UpdateAuthorization,
};

pub use influx_wire::api::Health;

use crate::error::{Error, Result};
use crate::retry::Repeating;
use crate::transport::{Call, Client};

/// Whether a text can be the id of an organization, bucket, user or authorization: 16 hexadecimal digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A path with an id in it. Ids come from stored points too, so nothing else may get into an address.
fn path(collection: &str, id: &str) -> Result<String> {
    if !is_id(id) {
        return Err(Error::Invalid { message: "an id has 16 hexadecimal digits".to_owned() });
    }
    Ok(format!("api/v2/{collection}/{id}"))
}

/// What a server says of itself to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Greeting {
    /// `v2.9.1`
    pub version: Option<String>,
    /// Its clock, in whole seconds.
    pub date: Option<SystemTime>,
}
/// So many resources of a list are asked for at a time: InfluxDB permits no more.
const PAGE: usize = 100;

/// A server that always has another page is none.
const MOST_PAGES: usize = 100;

/// `None` in place of [`Error::NotFound`].
fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Client {
    /// `GET /health`. InfluxDB Cloud does not have it; [`Client::ping`] works everywhere.
    pub async fn health(&self) -> Result<Health> {
        self.send(&Call::get("health")).await?.json()
    }

    /// `GET /ping`: what the server says of itself.
    pub async fn ping(&self) -> Result<Greeting> {
        let answer = self.send(&Call::get("ping")).await?;
        let text = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        Ok(Greeting {
            version: text("x-influxdb-version").map(str::to_owned),
            date: text("date").and_then(|date| httpdate::parse_http_date(date).ok()),
        })
    }

    /// Whether the token is an operator token of InfluxDB OSS, which may do everything in all organizations: only such a one may read the
    /// configuration of the server. `None` where there is nothing to read: InfluxDB Cloud has no operators.
    pub async fn is_operator(&self) -> Result<Option<bool>> {
        match self.send(&Call::get("api/v2/config")).await {
            Ok(_) => Ok(Some(true)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) if error.is_permission() => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }

    /// Whether the server still waits for its first user, organization and bucket.
    pub async fn setup_allowed(&self) -> Result<bool> {
        match self.send(&Call::get("api/v2/setup")).await {
            Ok(answer) => Ok(answer.json::<SetupAllowed>()?.allowed),
            // InfluxDB Cloud has no setup.
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates the first user, organization, bucket and token. The answer shows the token.
    pub async fn setup(&self, request: &SetupRequest) -> Result<SetupResponse> {
        let call = Call::new(Method::POST, "api/v2/setup", Repeating::Harmful).json(request)?;
        self.send(&call).await?.json()
    }

    /// The organization with this name or id, if there is one that the token may read.
    pub async fn find_organization(&self, name_or_id: &str) -> Result<Option<Organization>> {
        if is_id(name_or_id) {
            let call = Call::get(path("orgs", name_or_id)?);
            match self.send(&call).await {
                Ok(answer) => return Ok(Some(answer.json()?)),
                // It may be a name that only looks like an id.
                Err(Error::NotFound { .. } | Error::Invalid { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let call = Call::get("api/v2/orgs").parameter("org", name_or_id);
        let found = optional(self.send(&call).await)?;
        let Some(answer) = found else { return Ok(None) };
        let organizations: Organizations = answer.json()?;
        Ok(organizations.orgs.into_iter().find(|organization| organization.name == name_or_id))
    }

    /// The bucket with this name in an organization, if there is one that the token may read.
    pub async fn find_bucket(&self, name: &str, organization_id: &str) -> Result<Option<Bucket>> {
        let call =
            Call::get("api/v2/buckets").parameter("name", name).parameter("orgID", organization_id);
        let Some(answer) = optional(self.send(&call).await)? else { return Ok(None) };
        let buckets: Buckets = answer.json()?;
        Ok(buckets.buckets.into_iter().find(|bucket| bucket.name == name))
    }

    /// The bucket with this name in an organization named by its name. Works with a token that may read nothing but
    /// buckets, and the answer says the organization's id.
    pub async fn find_bucket_of(&self, name: &str, organization: &str) -> Result<Option<Bucket>> {
        let call =
            Call::get("api/v2/buckets").parameter("name", name).parameter("org", organization);
        let Some(answer) = optional(self.send(&call).await)? else { return Ok(None) };
        let buckets: Buckets = answer.json()?;
        Ok(buckets.buckets.into_iter().find(|bucket| bucket.name == name))
    }

    /// All buckets of an organization that the token may read.
    pub async fn list_buckets(&self, organization_id: &str) -> Result<Vec<Bucket>> {
        let mut all = Vec::new();
        for page in 0..MOST_PAGES {
            let call = Call::get("api/v2/buckets")
                .parameter("orgID", organization_id)
                .parameter("limit", PAGE.to_string())
                .parameter("offset", (page * PAGE).to_string());
            let Buckets { buckets, links } = self.send(&call).await?.json()?;
            all.extend(buckets);
            // A page may have fewer than asked for, because the token may not read all of them.
            if !links.contains_key("next") {
                break;
            }
        }
        Ok(all)
    }

    /// Creates a bucket. One of that name is [`Error::Conflict`].
    pub async fn create_bucket(&self, request: &CreateBucket) -> Result<Bucket> {
        let call = Call::new(Method::POST, "api/v2/buckets", Repeating::Harmful).json(request)?;
        self.send(&call).await?.json()
    }

    /// Creates an authorization. The answer is the only one that is sure to show its token.
    ///
    /// After [`Error::TimedOut`] or [`Error::Unreachable`] it may exist all the same: look for its description.
    pub async fn create_authorization(
        &self,
        request: &CreateAuthorization,
    ) -> Result<Authorization> {
        let call =
            Call::new(Method::POST, "api/v2/authorizations", Repeating::Harmful).json(request)?;
        self.send(&call).await?.json()
    }

    /// All authorizations of an organization that the token may read.
    pub async fn list_authorizations(&self, organization_id: &str) -> Result<Vec<Authorization>> {
        let call = Call::get("api/v2/authorizations").parameter("orgID", organization_id);
        Ok(self.send(&call).await?.json::<Authorizations>()?.authorizations)
    }

    /// The authorization with this id, if there is one.
    pub async fn find_authorization(&self, id: &str) -> Result<Option<Authorization>> {
        let Some(answer) = optional(self.send(&Call::get(path("authorizations", id)?)).await)?
        else {
            return Ok(None);
        };
        answer.json().map(Some)
    }

    /// Changes status or description.
    pub async fn update_authorization(
        &self,
        id: &str,
        update: &UpdateAuthorization,
    ) -> Result<Authorization> {
        let call = Call::new(Method::PATCH, path("authorizations", id)?, Repeating::Harmless)
            .json(update)?;
        self.send(&call).await?.json()
    }

    /// Revokes a token for good. Whether there was one to revoke is the answer.
    pub async fn delete_authorization(&self, id: &str) -> Result<bool> {
        let call = Call::new(Method::DELETE, path("authorizations", id)?, Repeating::Harmless);
        Ok(optional(self.send(&call).await)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_get_into_a_path() {
        assert_eq!(path("orgs", "00aF000000000001"), Ok("api/v2/orgs/00aF000000000001".to_owned()));
        for id in [
            "",
            "..",
            "../setup",
            "0000000000000001/",
            "000000000000000g",
            "00000000000000001",
            "０00000000000000",
        ] {
            assert!(matches!(path("orgs", id), Err(Error::Invalid { .. })), "{id}");
        }
    }
}
