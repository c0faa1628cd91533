//! The registry, its authorizations and the log of events in memory.

use secrecy::{ExposeSecret, SecretString};

use super::{Memory, START, State, stored};
use crate::model::event::{Event, EventKind};
use crate::model::time::Timestamp;
use crate::server::ports::{
    Authorization, Authorizations, Entry, EntryChange, Events, NewAuthorization, Past, PastField,
    Registry, Result,
};

/// Active authorizations of ours that no entry of the registry names or has named.
pub(super) fn orphans(state: &State) -> Vec<String> {
    let is_named = |id: &str| {
        state.entries.values().any(|entry| entry.key.as_ref().is_some_and(|key| key.value == id))
            || state.past.iter().any(|past| past.field == PastField::Key && past.value == id)
    };
    state
        .authorizations
        .values()
        // Those of a former IoT Center have none until they are adopted.
        .filter(|authorization| authorization.description.starts_with("IoTCenterDevice: "))
        .filter(|authorization| authorization.active && !is_named(&authorization.id))
        .map(|authorization| authorization.id.clone())
        .collect()
}

impl Registry for Memory {
    async fn entries(&self, device: Option<&str>) -> Result<Vec<Entry>> {
        self.call(|state| {
            let entries = state.entries.values();
            entries
                .filter(|entry| device.is_none_or(|device| entry.device == device))
                .cloned()
                .collect()
        })
    }

    async fn token(&self, device: &str) -> Result<Option<SecretString>> {
        self.call(|state| {
            let newest = state.tokens.get(device).and_then(|tokens| tokens.last());
            let token = newest.map(|(token, _)| token.clone()).filter(|token| !token.is_empty());
            token.map(SecretString::from)
        })
    }

    async fn change(&self, device: &str, change: &EntryChange, time: i64) -> Result<()> {
        self.call(|state| {
            let entry = state.entries.entry(device.to_owned()).or_insert_with(|| Entry {
                device: device.to_owned(),
                newest: i64::MIN,
                ..Entry::default()
            });
            assert!(time > entry.newest, "a point of the registry must be newer than all before");
            entry.newest = time;
            let fields = [
                (&change.key, &mut entry.key),
                (&change.created_at, &mut entry.created_at),
                (&change.status, &mut entry.status),
                (&change.revealed_at, &mut entry.revealed_at),
            ];
            for (new, old) in fields {
                if let Some(value) = new {
                    *old = stored(value, time);
                }
            }
            let past =
                [(PastField::Key, &change.key), (PastField::RevealedAt, &change.revealed_at)];
            for (field, value) in past {
                if let Some(value) = value {
                    let device = device.to_owned();
                    state.past.push(Past { device, field, value: value.clone(), time });
                }
            }
            if let Some(noted) = &change.event {
                state.events.push(Event {
                    kind: noted.kind,
                    device: Some(device.to_owned()),
                    time: Timestamp::from_nanoseconds(time),
                    until: None,
                    detail: Some(noted.detail.clone()),
                });
            }
            if let Some(token) = &change.token {
                let tokens = state.tokens.entry(device.to_owned()).or_default();
                tokens.push((token.expose_secret().to_owned(), time));
            }
            state.changes.push((device.to_owned(), time, change.clone()));
        })
    }

    async fn forget_before(&self, device: &str, time: i64) -> Result<()> {
        self.call(|state| forget(state, device, |at| at < time))
    }

    async fn forget_at(&self, device: &str, time: i64) -> Result<()> {
        self.call(|state| forget(state, device, |at| at == time))
    }

    async fn history(&self, device: Option<&str>) -> Result<Vec<Past>> {
        self.call(|state| {
            let is_asked_for = |past: &&Past| device.is_none_or(|device| past.device == device);
            state.past.iter().filter(is_asked_for).cloned().collect()
        })
    }
}

/// Takes the points of some times away; what is left is the newest again.
fn forget(state: &mut State, device: &str, is_meant: impl Fn(i64) -> bool) {
    state.past.retain(|past| past.device != device || !is_meant(past.time));
    state.changes.retain(|(of, time, _)| of != device || !is_meant(*time));
    if let Some(tokens) = state.tokens.get_mut(device) {
        tokens.retain(|(_, time)| !is_meant(*time));
    }
    let Some(entry) = state.entries.get_mut(device) else { return };
    for field in [&mut entry.key, &mut entry.created_at, &mut entry.status, &mut entry.revealed_at]
    {
        if field.as_ref().is_some_and(|stored| is_meant(stored.time)) {
            *field = None;
        }
    }
    for (of, time, change) in &state.changes {
        let fields = [
            (&change.key, &mut entry.key),
            (&change.created_at, &mut entry.created_at),
            (&change.status, &mut entry.status),
            (&change.revealed_at, &mut entry.revealed_at),
        ];
        for (new, old) in fields {
            if of == device
                && let Some(value) = new
            {
                *old = stored(value, *time);
            }
        }
    }
}

impl Events for Memory {
    async fn record(&self, events: &[Event]) -> Result<()> {
        self.call(|state| {
            for event in events {
                let is_same = |known: &Event| {
                    (known.kind, &known.device, known.time)
                        == (event.kind, &event.device, event.time)
                };
                state.events.retain(|known| !is_same(known));
                state.events.push(event.clone());
            }
        })
    }

    async fn events(&self, device: Option<&str>, since: i64, most: u32) -> Result<Vec<Event>> {
        let is_asked_for = |event: &&Event| {
            event.time.to_nanoseconds() >= since
                && device.is_none_or(|device| event.device.as_deref() == Some(device))
        };
        let mut events: Vec<Event> =
            self.state().events.iter().filter(is_asked_for).cloned().collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.time));
        events.truncate(most as usize);
        Ok(events)
    }

    async fn open_outages(&self, since: i64) -> Result<Vec<Event>> {
        let is_open = |event: &&Event| {
            event.kind == EventKind::Outage
                && event.until.is_none()
                && event.time.to_nanoseconds() >= since
        };
        Ok(self.state().events.iter().filter(is_open).cloned().collect())
    }
}

impl Authorizations for Memory {
    async fn create_inactive(&self, description: &str) -> Result<NewAuthorization> {
        self.call(|state| {
            state.created += 1;
            let id = format!("{:016x}", state.created);
            let authorization = Authorization {
                id: id.clone(),
                description: description.to_owned(),
                active: false,
                has_device_scope: !state.grants_too_much,
                created_at: Some(START),
            };
            state.authorizations.insert(id.clone(), authorization);
            NewAuthorization { token: SecretString::from(format!("token of {id}")), id }
        })
    }

    async fn find(&self, id: &str) -> Result<Option<Authorization>> {
        self.call(|state| state.authorizations.get(id).cloned())
    }

    async fn list(&self) -> Result<Vec<Authorization>> {
        self.call(|state| state.authorizations.values().cloned().collect())
    }

    async fn set_active(&self, id: &str, active: bool) -> Result<bool> {
        self.call(|state| match state.authorizations.get_mut(id) {
            Some(authorization) => {
                authorization.active = active;
                true
            }
            None => false,
        })
    }

    async fn delete(&self, id: &str) -> Result<bool> {
        self.call(|state| state.authorizations.remove(id).is_some())
    }
}
