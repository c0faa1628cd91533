//! Whether a device's token opens the telemetry bucket, asked of InfluxDB at most once a minute for each token.
//!
//! Where a request is not passed on to InfluxDB with its token, InfluxDB must be asked. Only "yes" is remembered, under the token's
//! SHA-256: a token that is revoked goes on opening this way for a minute at most.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::server::ports::intake::{Access, Gate};
use crate::server::ports::{Cause, PortError};

/// How long "yes" is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(60);

/// More tokens than devices write at a time; beyond that InfluxDB is asked more often.
const MOST_REMEMBERED: usize = 10_000;

/// InfluxDB is asked about so many tokens at a time, so that guessing tokens here costs it little.
const MOST_AT_ONCE: usize = 8;

/// The tokens that were found good lately.
#[derive(Debug)]
pub struct AdmittedTokens {
    good_until: Mutex<HashMap<[u8; 32], Instant>>,
    asking: Semaphore,
}

impl Default for AdmittedTokens {
    fn default() -> Self {
        Self { good_until: Mutex::default(), asking: Semaphore::new(MOST_AT_ONCE) }
    }
}

impl AdmittedTokens {
    /// What the token opens. Fails where InfluxDB cannot be asked.
    pub async fn access(&self, gate: &impl Gate, token: SecretString) -> Result<Access, PortError> {
        let key: [u8; 32] = Sha256::digest(token.expose_secret()).into();
        if self.is_remembered(&key) {
            return Ok(Access::Granted);
        }
        let _place = self.asking.try_acquire().map_err(|_| PortError {
            sentence: "Too many unknown tokens are being looked up. Try again in a second."
                .to_owned(),
            cause: Cause::Temporary,
        })?;
        let asked_at = Instant::now();
        let access = gate.access(token).await?;
        if access == Access::Granted {
            self.remember(key, asked_at + BELIEVED_FOR);
        }
        Ok(access)
    }

    fn is_remembered(&self, key: &[u8; 32]) -> bool {
        let good_until = self.good_until.lock().unwrap_or_else(PoisonError::into_inner);
        good_until.get(key).is_some_and(|until| Instant::now() < *until)
    }

    fn remember(&self, key: [u8; 32], until: Instant) {
        let mut good_until = self.good_until.lock().unwrap_or_else(PoisonError::into_inner);
        if good_until.len() >= MOST_REMEMBERED {
            let now = Instant::now();
            good_until.retain(|_, until| now < *until);
        }
        if good_until.len() < MOST_REMEMBERED {
            good_until.insert(key, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Knows two tokens, and counts how often it was asked.
    #[derive(Default)]
    struct Door {
        asked: AtomicUsize,
        is_down: bool,
    }

    impl Gate for Door {
        async fn access(&self, token: SecretString) -> Result<Access, PortError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            // Others come in meanwhile.
            tokio::task::yield_now().await;
            if self.is_down {
                let sentence = "InfluxDB is down.".to_owned();
                return Err(PortError { sentence, cause: Cause::Temporary });
            }
            Ok(match token.expose_secret() {
                "good" => Access::Granted,
                "inactive" => Access::Denied,
                _ => Access::Unknown,
            })
        }
    }

    async fn ask(known: &AdmittedTokens, door: &Door, token: &str) -> Access {
        known.access(door, SecretString::from(token)).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn yes_is_remembered_for_a_minute() {
        let (known, door) = (AdmittedTokens::default(), Door::default());
        for _ in 0..3 {
            assert_eq!(ask(&known, &door, "good").await, Access::Granted);
        }
        assert_eq!(door.asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(BELIEVED_FOR).await;
        assert_eq!(ask(&known, &door, "good").await, Access::Granted);
        assert_eq!(door.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn no_is_asked_for_each_time() {
        let (known, door) = (AdmittedTokens::default(), Door::default());
        for _ in 0..2 {
            assert_eq!(ask(&known, &door, "inactive").await, Access::Denied);
            assert_eq!(ask(&known, &door, "guessed").await, Access::Unknown);
        }
        assert_eq!(door.asked.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn guesses_do_not_bury_influxdb() {
        let (known, door) = (AdmittedTokens::default(), Door::default());
        let guesses = (0..100).map(|number| {
            let token = SecretString::from(format!("guess {number}"));
            known.access(&door, token)
        });
        let answers = futures::future::join_all(guesses).await;
        assert_eq!(door.asked.load(Ordering::Relaxed), MOST_AT_ONCE);
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 100 - MOST_AT_ONCE);
    }

    #[tokio::test]
    async fn a_failure_is_no_answer() {
        let (known, door) = (AdmittedTokens::default(), Door { is_down: true, ..Door::default() });
        assert!(known.access(&door, SecretString::from("good")).await.is_err());
        let door = Door::default();
        assert_eq!(ask(&known, &door, "good").await, Access::Granted);
        assert_eq!(door.asked.load(Ordering::Relaxed), 1);
    }
}
