//! What scripts of callers need, in memory: authorizations, the points of the token, and a database that knows tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use secrecy::{ExposeSecret, SecretString};

use super::{Fault, START, lost};
use crate::model::data::{QueryAnswer, Selection};
use crate::model::device::{DeviceId, HowItWorks};
use crate::model::resolution::Resolution;
use crate::model::script::ScriptError;
use crate::server::ports::scripts::{
    Answer, CheckedScript, ReadAuthorization, ReadTokens, ScriptFailure, Scripts, StoredReadToken,
};
use crate::server::ports::{Explain, NewAuthorization, PortError, Result};

#[derive(Debug, Default)]
struct State {
    shares_bucket: bool,
    authorizations: BTreeMap<String, ReadAuthorization>,
    points: BTreeMap<i64, (String, String)>,
    created: u64,
    grants_too_much: bool,
    /// The scripts that were run.
    asked: Vec<String>,
    calls: usize,
    fault: Option<(usize, Fault)>,
}

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader {
    state: Arc<Mutex<State>>,
    /// What each call waits at the most, in milliseconds, so that the calls of several replicas mix.
    delay: u64,
}

impl Reader {
    pub(crate) fn sharing_its_bucket() -> Self {
        let reader = Self::default();
        reader.state().shares_bucket = true;
        reader
    }

    /// The same for another replica, whose calls take other times.
    pub(crate) fn slow(&self, delay: u64) -> Self {
        Self { state: Arc::clone(&self.state), delay }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next call that fails, counted from 0, and how.
    pub(crate) fn fail_call(&self, call: usize, fault: Fault) {
        let mut state = self.state();
        state.calls = 0;
        state.fault = Some((call, fault));
    }

    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    pub(crate) fn grant_too_much(&self) {
        self.state().grants_too_much = true;
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    pub(crate) fn authorizations(&self) -> Vec<ReadAuthorization> {
        self.state().authorizations.values().cloned().collect()
    }

    pub(crate) fn points(&self) -> Vec<String> {
        self.state().points.values().map(|(key, _)| key.clone()).collect()
    }

    /// Looks at or changes all authorizations, as somebody with InfluxDB's own page can.
    pub(crate) fn change(&self, mut change: impl FnMut(&mut ReadAuthorization)) {
        self.state().authorizations.values_mut().for_each(&mut change);
    }

    pub(crate) fn revoke_all(&self) {
        self.state().authorizations.clear();
    }

    async fn call<T>(&self, effect: impl FnOnce(&mut State) -> T) -> Result<T> {
        if self.delay > 0 {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..self.delay))).await;
        }
        let mut state = self.state();
        let number = state.calls;
        state.calls += 1;
        let fault = state.fault.filter(|(failing, _)| *failing == number).map(|(_, fault)| fault);
        if fault == Some(Fault::Before) {
            return Err(lost());
        }
        let value = effect(&mut state);
        if fault == Some(Fault::After) { Err(lost()) } else { Ok(value) }
    }
}

impl ReadTokens for Reader {
    fn shares_bucket(&self) -> bool {
        self.state().shares_bucket
    }

    async fn stored(&self) -> Result<Option<StoredReadToken>> {
        let newest = |state: &mut State| {
            let (time, (key, token)) = state.points.last_key_value()?;
            let token = SecretString::from(token.clone());
            Some(StoredReadToken { key: key.clone(), token, time: *time })
        };
        self.call(newest).await
    }

    async fn store(&self, new: &StoredReadToken) -> Result<()> {
        let point = (new.key.clone(), new.token.expose_secret().to_owned());
        self.call(|state| {
            assert!(
                !state.authorizations[&new.key].active,
                "the point comes before the activation"
            );
            state.points.insert(new.time, point);
        })
        .await
    }

    async fn forget_before(&self, time: i64) -> Result<()> {
        self.call(|state| state.points.retain(|of, _| *of >= time)).await
    }

    async fn create_inactive(&self) -> Result<NewAuthorization> {
        self.call(|state| {
            state.created += 1;
            let id = format!("{:016x}", state.created);
            let new = ReadAuthorization {
                id: id.clone(),
                is_ours: true,
                active: false,
                has_read_scope: !state.grants_too_much,
                created_at: Some(START),
            };
            state.authorizations.insert(id.clone(), new);
            NewAuthorization { token: SecretString::from(format!("token of {id}")), id }
        })
        .await
    }

    async fn find(&self, id: &str) -> Result<Option<ReadAuthorization>> {
        self.call(|state| state.authorizations.get(id).cloned()).await
    }

    async fn list(&self) -> Result<Vec<ReadAuthorization>> {
        let own = |state: &mut State| {
            state.authorizations.values().filter(|one| one.is_ours).cloned().collect()
        };
        self.call(own).await
    }

    async fn activate(&self, id: &str) -> Result<bool> {
        self.call(|state| match state.authorizations.get_mut(id) {
            Some(found) => {
                assert!(found.has_read_scope, "what permits more is never activated");
                found.active = true;
                true
            }
            None => false,
        })
        .await
    }

    async fn delete(&self, id: &str) -> Result<bool> {
        self.call(|state| state.authorizations.remove(id).is_some()).await
    }
}

impl Scripts for Reader {
    fn build(&self, selection: &Selection) -> String {
        format!("{} of {}", selection.function.code(), selection.device)
    }

    async fn read(&self, answer: Answer) -> Result<QueryAnswer, ScriptFailure> {
        let pieces: Vec<Bytes> = answer.try_collect().await?;
        let csv = String::from_utf8(pieces.concat()).unwrap();
        Ok(QueryAnswer { csv, ..QueryAnswer::default() })
    }

    fn check(&self, script: &str) -> Result<CheckedScript, ScriptError> {
        if script.contains("http") {
            return Err(ScriptError { message: "not here".to_owned(), position: None });
        }
        Ok(CheckedScript { written: script.to_owned(), text: script.to_owned() })
    }

    /// Answers with the script; one that asks for a secret is not permitted to.
    async fn run(
        &self,
        script: &CheckedScript,
        token: &SecretString,
    ) -> Result<Answer, ScriptFailure> {
        let is_known = self
            .call(|state| {
                state.asked.push(script.text.clone());
                let named = |found: &ReadAuthorization| {
                    found.active && token.expose_secret() == format!("token of {}", found.id)
                };
                state.authorizations.values().any(named)
            })
            .await
            .map_err(|error: PortError| ScriptFailure::Port(error))?;
        if is_known && !script.text.contains("secret") {
            let text = script.text.clone();
            return Ok(stream::once(async { Ok(Bytes::from(text)) }).boxed());
        }
        let message = "could not find bucket".to_owned();
        Err(ScriptFailure::Denied(ScriptError { message, position: None }))
    }
}

impl Explain for Reader {
    fn how(&self) -> Vec<HowItWorks> {
        Vec::new()
    }

    fn note_series(&self, _device: &DeviceId, _from: i64, _to: i64, _resolution: Resolution) {}
}
