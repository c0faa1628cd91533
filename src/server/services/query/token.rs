//! The token that callers' scripts run under: found in the registry or made, the same for all replicas.
//!
//! Making one is a saga like a device's registration: an authorization that is not active, what it permits read back, the point
//! written, the authorization activated. **An active authorization has its point, or is about to be deleted.** Where two replicas make
//! one at a time, the newer point wins: who finds another's point behind its own deletes its own authorization.

use std::time::Duration;

use secrecy::SecretString;

use crate::server::ports::scripts::{ReadAuthorization, ReadTokens, StoredReadToken};
use crate::server::ports::{Clock, PortError};
use crate::server::services::{Error, Result};

/// An authorization that is not active and whose point is younger may be about to be activated by another replica.
const STILL_MADE_NS: i64 = 10_000_000_000;

/// Authorizations that nobody names may be older than this only if nobody is about to.
const OLD_NS: i64 = 10 * 60 * 1_000_000_000;

/// How often, and after which pauses, another replica's token is looked at.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// The token as this process knows it.
#[derive(Debug, Default)]
pub struct KnownToken(tokio::sync::Mutex<Option<ReadToken>>);

/// A token and its authorization's id.
#[derive(Debug, Clone)]
pub struct ReadToken {
    key: String,
    pub(super) token: SecretString,
}

impl KnownToken {
    /// The token, looked for or made where it is not known yet. One at a time does that.
    pub async fn get(&self, ports: &impl ReadTokens, clock: &impl Clock) -> Result<ReadToken> {
        let mut known = self.0.lock().await;
        if let Some(token) = known.as_ref() {
            return Ok(token.clone());
        }
        let found = find_or_make(ports, clock).await?;
        Ok(known.insert(found).clone())
    }

    /// Another token in the place of one that InfluxDB does not accept; `None` if that one is in order.
    pub async fn renew(
        &self,
        ports: &impl ReadTokens,
        clock: &impl Clock,
        refused: &ReadToken,
    ) -> Result<Option<ReadToken>> {
        let mut known = self.0.lock().await;
        if let Some(other) = known.as_ref().filter(|token| token.key != refused.key) {
            // Somebody else was faster.
            return Ok(Some(other.clone()));
        }
        if ports.find(&refused.key).await?.is_some_and(|found| is_usable(&found)) {
            return Ok(None);
        }
        *known = None;
        let found = find_or_make(ports, clock).await?;
        Ok(Some(known.insert(found).clone()))
    }
}

fn is_usable(found: &ReadAuthorization) -> bool {
    found.is_ours && found.active && found.has_read_scope
}

async fn find_or_make(ports: &impl ReadTokens, clock: &impl Clock) -> Result<ReadToken> {
    for _ in 0..TRIES {
        let stored = ports.stored().await?;
        if let Some(stored) = &stored
            && let Some(found) = ports.find(&stored.key).await?
        {
            if is_usable(&found) {
                return Ok(ReadToken { key: stored.key.clone(), token: stored.token.clone() });
            }
            // Another replica's clock may be ahead.
            let age = clock.now().saturating_sub(stored.time).saturating_abs();
            if found.is_ours && found.has_read_scope && age < STILL_MADE_NS {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        }
        if let Some(made) = make(ports, clock, stored.as_ref()).await? {
            return Ok(made);
        }
    }
    Err(Error::Conflict(
        "The token for queries is being made by another server at the moment. Try again in a minute.".to_owned(),
    ))
}

/// Makes a token in the place of the one that is stored; `None` if another replica was faster.
async fn make(
    ports: &impl ReadTokens,
    clock: &impl Clock,
    former: Option<&StoredReadToken>,
) -> Result<Option<ReadToken>> {
    // After an error it may exist all the same: not active, and deleted by `tidy_up` when it is old.
    let created = ports.create_inactive().await?;
    let time = clock.now().max(former.map_or(i64::MIN, |former| former.time.saturating_add(1)));
    let stored = StoredReadToken { key: created.id, token: created.token, time };
    match establish(ports, &stored).await {
        Ok(true) => {}
        Ok(false) => {
            revoke(ports, &stored.key).await;
            return Ok(None);
        }
        Err(error) => {
            revoke(ports, &stored.key).await;
            return Err(error);
        }
    }
    if let Some(former) = former
        && let Ok(Some(found)) = ports.find(&former.key).await
        && found.is_ours
    {
        revoke(ports, &former.key).await;
    }
    let tidied = async {
        revoke_others(ports, clock, &stored.key, |other| other.active).await?;
        ports.forget_before(stored.time).await
    };
    if let Err(error) = tidied.await {
        tracing::warn!(%error, "what a former token for queries has left could not be deleted");
    }
    tracing::info!(
        authorization.id = stored.key,
        "a token for queries was made, which may read telemetry only"
    );
    Ok(Some(ReadToken { key: stored.key, token: stored.token }))
}

/// Checks a new authorization, writes its point and activates it; `false` if another replica's point is newer.
async fn establish(ports: &impl ReadTokens, new: &StoredReadToken) -> Result<bool> {
    let found = ports.find(&new.key).await?;
    let is_as_asked =
        |found: &ReadAuthorization| found.is_ours && found.has_read_scope && !found.active;
    if !found.as_ref().is_some_and(is_as_asked) {
        return Err(Error::Internal(format!(
            "the new authorization {} is not what was asked for: {found:?}",
            new.key
        )));
    }
    ports.store(new).await?;
    Ok(is_newest(ports, new).await?
        && ports.activate(&new.key).await?
        && is_newest(ports, new).await?)
}

async fn is_newest(ports: &impl ReadTokens, own: &StoredReadToken) -> Result<bool, PortError> {
    Ok(ports.stored().await?.is_some_and(|newest| newest.key == own.key))
}

/// Deletes an authorization; what cannot be deleted now is left to [`tidy_up`].
async fn revoke(ports: &impl ReadTokens, key: &str) {
    if let Err(error) = ports.delete(key).await {
        tracing::warn!(authorization.id = key, %error, "an authorization for queries could not be deleted yet");
    }
}

/// Deletes those that the point does not name and that are old, or of which `is_over` is true.
async fn revoke_others(
    ports: &impl ReadTokens,
    clock: &impl Clock,
    named: &str,
    is_over: impl Fn(&ReadAuthorization) -> bool,
) -> Result<usize, PortError> {
    let is_old = |created: i64| clock.now().saturating_sub(created) > OLD_NS;
    let mut revoked = 0;
    for other in ports.list().await? {
        let may_go = is_over(&other) || other.created_at.is_some_and(is_old);
        if other.id != named && may_go && ports.delete(&other.id).await? {
            revoked += 1;
        }
    }
    Ok(revoked)
}

/// Deletes what was left half-way: authorizations of ours that are old and that the point does not name. Gives how many.
pub async fn tidy_up(ports: &impl ReadTokens, clock: &impl Clock) -> Result<usize, PortError> {
    if ports.shares_bucket() {
        return Ok(0);
    }
    let named = ports.stored().await?.map(|stored| stored.key).unwrap_or_default();
    revoke_others(ports, clock, &named, |_| false).await
}
