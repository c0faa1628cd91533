//! From an address and a token to a connection: onboarding where InfluxDB waits for it, organization, buckets.

use std::sync::Arc;
use std::time::Duration;

use influx_client::{Client, Config, Error, ExposeSecret, TimeLimits, is_id};
use influx_wire::api::{CreateBucket, SetupRequest};

use super::Target;
use crate::server::influx::{Bucket, Connection, Explainer};
use crate::server::ports::{Cause, PortError, Result};

/// How long InfluxDB may compute without a word for what somebody else has asked; each call has a limit of its own besides.
const LONGEST_SILENCE: Duration = Duration::from_mins(2);

/// What connecting may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// It sets InfluxDB up and creates buckets where they are missing.
    Prepare,
    /// Nothing.
    Look,
}

/// One attempt to connect. Whatever fails can be tried again.
pub(super) async fn connect(target: &Target, intent: Intent) -> Result<Connection> {
    let explainer = target.explainer();
    let configuration = |sentence: String| PortError { sentence, cause: Cause::Configuration };
    let client = Client::new(Config {
        url: target.url.clone(),
        token: Some(target.token.clone()),
        organization: target.organization.clone(),
        limits: TimeLimits::default(),
    })
    .map_err(|error| configuration(format!("INFLUX_URL cannot be used: {error}.")))?;
    let patient = client
        .with_read_idle(LONGEST_SILENCE)
        .map_err(|error| configuration(format!("INFLUX_URL cannot be used: {error}.")))?;
    onboard(&client, target, intent, &explainer).await?;
    let (organization_id, organization_name) = organization(&client, target, &explainer).await?;
    let bucket = |name| bucket(&client, name, &organization_id, intent, &explainer);
    let telemetry = bucket(&target.buckets.telemetry).await?;
    let registry = bucket(&target.buckets.registry).await?;
    if telemetry == registry {
        tracing::warn!(
            "INFLUX_BUCKET and INFLUX_BUCKET_AUTH are the same bucket: every device could read the tokens of all others. Use two buckets."
        );
    }
    tracing::info!(
        url = target.url,
        organization = organization_name,
        buckets = %format_args!("{}, {}", telemetry.name, registry.name),
        "connected to {}",
        if target.is_embedded { "the embedded store" } else { "InfluxDB" }
    );
    Ok(Connection {
        client,
        patient,
        organization_id,
        organization_name,
        telemetry,
        registry,
        device_tag: target.device_tag,
        explainer,
        types_fit_until: Arc::default(),
    })
}

/// Sets up an InfluxDB that waits for its first user.
async fn onboard(
    client: &Client,
    target: &Target,
    intent: Intent,
    explainer: &Explainer,
) -> Result<()> {
    if !client.setup_allowed().await.map_err(|error| explainer.explain(error))? {
        return Ok(());
    }
    if intent == Intent::Look {
        return Err(PortError {
            sentence: format!(
                "InfluxDB at {} is not set up yet. Start the server, which sets it up.",
                target.url
            ),
            cause: Cause::Configuration,
        });
    }
    if is_id(&target.organization) {
        return Err(PortError {
            sentence: format!(
                "InfluxDB at {} is not set up yet, and INFLUX_ORG is an id, which only InfluxDB can give. Set INFLUX_ORG to the name that the organization shall have.",
                target.url
            ),
            cause: Cause::Configuration,
        });
    }
    let request = SetupRequest {
        username: target.username.clone(),
        org: target.organization.clone(),
        bucket: target.buckets.telemetry.clone(),
        password: target.password.as_ref().map(|password| password.expose_secret().to_owned()),
        token: Some(target.token.expose_secret().to_owned()),
        ..SetupRequest::default()
    };
    match client.setup(&request).await {
        Ok(_) => {
            tracing::info!(
                organization = target.organization,
                user = target.username,
                "InfluxDB was set up"
            );
            Ok(())
        }
        // Another replica was faster.
        Err(Error::Conflict { .. }) => Ok(()),
        Err(error) => Err(explainer.explain(error)),
    }
}

/// Id and name of the organization.
async fn organization(
    client: &Client,
    target: &Target,
    explainer: &Explainer,
) -> Result<(String, String)> {
    let wanted = &target.organization;
    match client.find_organization(wanted).await {
        Ok(Some(found)) => return Ok((found.id, found.name)),
        // A token for buckets only sees no organization, but its buckets say which one they belong to.
        Ok(None)
        | Err(Error::Unauthorized { .. } | Error::Forbidden { .. } | Error::NotFound { .. }) => {}
        Err(error) => return Err(explainer.explain(error)),
    }
    if is_id(wanted) {
        return Ok((wanted.clone(), wanted.clone()));
    }
    match client.find_bucket_of(&target.buckets.telemetry, wanted).await {
        Ok(Some(bucket)) if !bucket.org_id.is_empty() => Ok((bucket.org_id, wanted.clone())),
        Ok(_) => Err(PortError {
            sentence: format!(
                "InfluxDB at {} has no organization {wanted:?} that the token may see. Check INFLUX_ORG and INFLUX_TOKEN.",
                target.url
            ),
            cause: Cause::Configuration,
        }),
        Err(error) => Err(explainer.explain(error)),
    }
}

/// A bucket by its name; created if it is missing and that is wanted.
async fn bucket(
    client: &Client,
    name: &str,
    organization_id: &str,
    intent: Intent,
    explainer: &Explainer,
) -> Result<Bucket> {
    let explain = |error| explainer.explain(error);
    if let Some(found) = client.find_bucket(name, organization_id).await.map_err(explain)? {
        return Ok(Bucket { id: found.id, name: found.name });
    }
    if intent == Intent::Look {
        return Err(missing(
            name,
            "The server creates it when it starts, if the token may do that.",
        ));
    }
    let request = CreateBucket {
        org_id: organization_id.to_owned(),
        name: name.to_owned(),
        ..CreateBucket::default()
    };
    match client.create_bucket(&request).await {
        Ok(created) => {
            tracing::info!(bucket = name, "a bucket was created");
            Ok(Bucket { id: created.id, name: created.name })
        }
        Err(Error::Conflict { .. }) => {
            let found = client.find_bucket(name, organization_id).await.map_err(explain)?;
            let found = found.ok_or_else(|| missing(name, NOT_PERMITTED))?;
            Ok(Bucket { id: found.id, name: found.name })
        }
        Err(error) if error.is_permission() => Err(missing(name, NOT_PERMITTED)),
        Err(error) => Err(explain(error)),
    }
}

const NOT_PERMITTED: &str = "The token may not create it: create the bucket, or name another one in INFLUX_BUCKET and INFLUX_BUCKET_AUTH.";

fn missing(name: &str, remedy: &str) -> PortError {
    PortError {
        sentence: format!("InfluxDB has no bucket {name:?} that the token may see. {remedy}"),
        cause: Cause::Configuration,
    }
}
