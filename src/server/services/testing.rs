//! The ports in memory, with faults on demand.

#![allow(
    clippy::unused_async_trait_impl,
    clippy::unnecessary_wraps,
    reason = "memory waits for nothing, and fields of entries are optional"
)]

pub(crate) mod measured;
pub(crate) mod reader;
pub(crate) mod shelf;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use self::measured::Measured;
use crate::model::device::{DeviceId, HowItWorks};
use crate::model::emulator::Reading;
use crate::model::field::Field;
use crate::model::place::Place;
use crate::model::resolution::Resolution;
use crate::model::series::Series;
use crate::model::spark::{Extremes, Span};
use crate::server::ports::{
    Aggregate, Authorization, Authorizations, Cause, Clock, Entry, EntryChange, Explain,
    FieldWindows, LastPoint, NewAuthorization, PortError, Registry, Result, Stored, Telemetry,
    Value,
};

pub(crate) const MINUTE_NS: i64 = 60_000_000_000;

/// A clock that stands still until it is told to go on. Begins in the middle of a minute of 2022.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

const START: i64 = 1_644_359_970_000_000_000;

impl TestClock {
    pub(crate) fn advance(&self, nanoseconds: i64) {
        self.0.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no effect.
    Before,
    /// It has its effect, but its answer is lost.
    After,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<String, Entry>,
    tokens: BTreeMap<String, String>,
    authorizations: BTreeMap<String, Authorization>,
    created: u64,
    last_seen: Vec<(String, i64)>,
    points: Vec<LastPoint>,
    conflicting: Vec<String>,
    series: Series,
    minutes: Vec<i64>,
    batches: Vec<usize>,
    telemetry_fails: bool,
    windows: Vec<FieldWindows>,
    extremes_failure: Option<PortError>,
    /// The devices of each call for extremes.
    asked_for_extremes: Vec<Vec<String>>,
    writes_left: Option<usize>,
    /// Calls that change something, counted from 0; which of them fails, and whether all after it do, too.
    calls: usize,
    fault: Option<(usize, Fault)>,
    stays_down: bool,
    grants_too_much: bool,
    measured: Measured,
}

/// A registry, authorizations and telemetry. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

fn lost() -> PortError {
    PortError { sentence: "InfluxDB is down.".to_owned(), cause: Cause::Temporary }
}

fn stored(value: &str, time: i64) -> Option<Stored> {
    Some(Stored { value: value.to_owned(), time })
}

impl Memory {
    /// One whose devices have measured this.
    pub(crate) fn measuring(series: Series) -> Self {
        let memory = Self::default();
        memory.state().series = series;
        memory
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The next call that fails, counted from 0, and how; `stays_down` lets all later ones fail without effect.
    pub(crate) fn fail_call(&self, call: usize, fault: Fault, stays_down: bool) {
        let mut state = self.state();
        state.calls = 0;
        state.fault = Some((call, fault));
        state.stays_down = stays_down;
    }

    pub(crate) fn recover(&self) {
        self.state().fault = None;
    }

    /// How many calls were made since the last fault was set.
    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    /// Does something, unless it is the turn of this call to fail; checks the invariant after every effect.
    fn call<T>(&self, effect: impl FnOnce(&mut State) -> T) -> Result<T> {
        let mut state = self.state();
        let number = state.calls;
        state.calls += 1;
        let fault = state.fault.and_then(|(failing, fault)| match number.cmp(&failing) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(fault),
            std::cmp::Ordering::Greater => state.stays_down.then_some(Fault::Before),
        });
        if fault == Some(Fault::Before) {
            return Err(lost());
        }
        let value = effect(&mut state);
        let orphans = orphans(&state);
        assert!(orphans.is_empty(), "active authorizations without an entry: {orphans:?}");
        if fault == Some(Fault::After) { Err(lost()) } else { Ok(value) }
    }

    pub(crate) fn add_device(&self, id: &str) {
        let mut state = self.state();
        state.created += 1;
        let key = format!("{:016x}", state.created);
        let entry =
            Entry { device: id.to_owned(), key: stored(&key, 1), newest: 1, ..Entry::default() };
        state.entries.insert(id.to_owned(), entry);
        state.authorizations.insert(
            key.clone(),
            Authorization {
                id: key,
                description: format!("IoTCenterDevice: {id}"),
                active: true,
                has_device_scope: true,
                created_at: Some(1),
            },
        );
    }

    pub(crate) fn remove_device(&self, id: &str) {
        let mut state = self.state();
        let key = state
            .entries
            .get_mut(id)
            .and_then(|entry| std::mem::replace(&mut entry.key, stored("", 2)));
        if let Some(key) = key {
            state.authorizations.remove(&key.value);
        }
    }

    pub(crate) fn add_last_seen(&self, id: &str, minutes_ago: i64) {
        self.state().last_seen.push((id.to_owned(), START - minutes_ago * MINUTE_NS));
    }

    pub(crate) fn add_foreign_point(&self, id: &str) {
        self.state().points.push(LastPoint {
            device: id.to_owned(),
            field: "Temperature".to_owned(),
            value: Value::Float(1.0),
            time: START,
            sensors: vec![("TemperatureSensor".to_owned(), "BME280".to_owned())],
        });
    }

    pub(crate) fn add_conflicting_field(&self, field: &str) {
        self.state().conflicting.push(field.to_owned());
    }

    pub(crate) fn add_authorization(&self, authorization: Authorization) {
        self.state().authorizations.insert(authorization.id.clone(), authorization);
    }

    pub(crate) fn grant_too_much(&self) {
        self.state().grants_too_much = true;
    }

    /// Looks at or changes what a device has measured.
    pub(crate) fn measured<T>(&self, look: impl FnOnce(&mut Measured) -> T) -> T {
        look(&mut self.state().measured)
    }

    pub(crate) fn fail_telemetry(&self) {
        self.state().telemetry_fails = true;
    }

    pub(crate) fn add_windows(&self, id: &str, field: Field, windows: &[Extremes]) {
        let windows = windows.to_vec();
        self.state().windows.push(FieldWindows { device: id.to_owned(), field, windows });
    }

    pub(crate) fn fail_extremes(&self) {
        self.state().extremes_failure = Some(lost());
    }

    pub(crate) fn asked_for_extremes(&self) -> Vec<Vec<String>> {
        self.state().asked_for_extremes.clone()
    }

    pub(crate) fn fail_writes_after(&self, batches: usize) {
        self.state().writes_left = Some(batches);
    }

    /// The sizes of the batches that were written.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.state().batches.clone()
    }

    pub(crate) fn authorizations(&self) -> Vec<Authorization> {
        self.state().authorizations.values().cloned().collect()
    }

    pub(crate) fn entry(&self, id: &str) -> Option<Entry> {
        self.state().entries.get(id).cloned()
    }
}

/// Active authorizations of ours that no entry of the registry names.
fn orphans(state: &State) -> Vec<String> {
    let is_named = |id: &str| {
        state.entries.values().any(|entry| entry.key.as_ref().is_some_and(|key| key.value == id))
    };
    state
        .authorizations
        .values()
        .filter(|authorization| authorization.active && !is_named(&authorization.id))
        .map(|authorization| authorization.id.clone())
        .collect()
}

impl Explain for Memory {
    fn how(&self) -> Vec<HowItWorks> {
        Vec::new()
    }

    fn note_series(&self, _device: &DeviceId, _from: i64, _to: i64, _resolution: Resolution) {}
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
            state
                .tokens
                .get(device)
                .filter(|token| !token.is_empty())
                .cloned()
                .map(SecretString::from)
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
            if let Some(token) = &change.token {
                state.tokens.insert(device.to_owned(), token.expose_secret().to_owned());
            }
        })
    }

    async fn forget_before(&self, device: &str, time: i64) -> Result<()> {
        self.call(|state| {
            if let Some(entry) = state.entries.get_mut(device) {
                for field in [
                    &mut entry.key,
                    &mut entry.created_at,
                    &mut entry.status,
                    &mut entry.revealed_at,
                ] {
                    if field.as_ref().is_some_and(|stored| stored.time < time) {
                        *field = None;
                    }
                }
            }
        })
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

impl Telemetry for Memory {
    async fn last_seen(&self, _look_back: Duration) -> Result<Vec<(String, i64)>> {
        let state = self.state();
        if state.telemetry_fails { Err(lost()) } else { Ok(state.last_seen.clone()) }
    }

    async fn last_points(
        &self,
        devices: &[DeviceId],
        _look_back: Duration,
    ) -> Result<Vec<LastPoint>> {
        let is_asked_for =
            |point: &&LastPoint| devices.iter().any(|id| id.as_str() == point.device);
        Ok(self.state().points.iter().filter(is_asked_for).cloned().collect())
    }

    async fn aggregates(
        &self,
        _device: &DeviceId,
        _fields: &[String],
        _look_back: Duration,
    ) -> Result<Vec<Aggregate>> {
        Ok(Vec::new())
    }

    async fn count_points(&self, _from: i64, _to: i64) -> Result<u64> {
        Ok(0)
    }

    async fn minutes_with_points(
        &self,
        _device: &DeviceId,
        from: i64,
        to: i64,
    ) -> Result<Vec<i64>> {
        Ok(self
            .state()
            .minutes
            .iter()
            .copied()
            .filter(|minute| (from..to).contains(minute))
            .collect())
    }

    async fn conflicting_fields(&self, _from: i64) -> Result<Vec<String>> {
        Ok(self.state().conflicting.clone())
    }

    async fn write(&self, _device: &DeviceId, readings: &[Reading]) -> Result<()> {
        let mut state = self.state();
        if let Some(left) = &mut state.writes_left {
            *left = left.checked_sub(1).ok_or_else(lost)?;
        }
        state.batches.push(readings.len());
        state.minutes.extend(readings.iter().map(|reading| reading.time.to_nanoseconds()));
        Ok(())
    }

    async fn series(&self, _device: &DeviceId, _from: i64, _to: i64) -> Result<Series> {
        Ok(self.state().series.clone())
    }

    async fn windows(
        &self,
        _device: &DeviceId,
        _from: i64,
        _to: i64,
        window: NonZeroU64,
    ) -> Result<Series> {
        Ok(self.state().series.folded(window))
    }

    async fn places(
        &self,
        _device: &DeviceId,
        _from: i64,
        _to: i64,
        _window: NonZeroU64,
    ) -> Result<Vec<Place>> {
        Ok(Vec::new())
    }

    async fn rows(&self, _device: &DeviceId, from: i64, to: i64, most: usize) -> Result<Series> {
        if self.measured(|measured| measured.stalled == Some(measured.reads.len())) {
            let _noticed = Noticed(self);
            std::future::pending::<()>().await;
        }
        self.measured(|measured| measured.read(from..to, most))
    }

    async fn extremes(
        &self,
        devices: &[DeviceId],
        fields: &[Field],
        _span: Span,
    ) -> Result<Vec<FieldWindows>> {
        let mut state = self.state();
        let ids: Vec<String> = devices.iter().map(DeviceId::to_string).collect();
        let is_asked_for =
            |line: &&FieldWindows| ids.contains(&line.device) && fields.contains(&line.field);
        let found = state.windows.iter().filter(is_asked_for).cloned().collect();
        state.asked_for_extremes.push(ids);
        state.extremes_failure.clone().map_or(Ok(found), Err)
    }
}

/// Notes that a read that never ends was given up.
struct Noticed<'a>(&'a Memory);

impl Drop for Noticed<'_> {
    fn drop(&mut self) {
        self.0.measured(|measured| measured.is_cancelled = true);
    }
}
