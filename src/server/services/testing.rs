//! The ports in memory, with faults on demand.

#![allow(
    clippy::unused_async_trait_impl,
    clippy::unnecessary_wraps,
    reason = "memory waits for nothing, and fields of entries are optional"
)]

pub(crate) mod measured;
pub(crate) mod reader;
mod registry;
pub(crate) mod shelf;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use self::measured::Measured;
use crate::model::device::{DeviceId, HowItWorks};
use crate::model::emulator::Reading;
use crate::model::event::Event;
use crate::model::field::Field;
use crate::model::place::Place;
use crate::model::resolution::Resolution;
use crate::model::series::Series;
use crate::model::spark::{Extremes, Span};
use crate::server::ports::{
    Aggregate, Authorization, Cause, Clock, Entry, EntryChange, Explain, FieldWindows, LastPoint,
    Naming, Past, PastField, PortError, Result, Stored, Telemetry, Value,
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
    /// With the times of their points.
    tokens: BTreeMap<String, Vec<(String, i64)>>,
    changes: Vec<(String, i64, EntryChange)>,
    /// Every value of keys and times of revealing.
    past: Vec<Past>,
    events: Vec<Event>,
    authorizations: BTreeMap<String, Authorization>,
    created: u64,
    last_seen: Vec<(String, i64)>,
    asked_look_back: Option<Duration>,
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
        let orphans = registry::orphans(&state);
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
        let change = EntryChange { key: Some(key.clone()), ..EntryChange::default() };
        state.changes.push((id.to_owned(), 1, change));
        state.past.push(Past {
            device: id.to_owned(),
            field: PastField::Key,
            value: key.clone(),
            time: 1,
        });
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

    /// As somebody who deletes it in InfluxDB.
    pub(crate) fn remove_authorization(&self, id: &str) {
        self.state().authorizations.remove(id);
    }

    pub(crate) fn add_minute(&self, nanoseconds: i64) {
        self.state().minutes.push(nanoseconds);
    }

    /// How far back newest points were looked for the last time.
    pub(crate) fn asked_look_back(&self) -> Option<Duration> {
        self.state().asked_look_back
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

impl Explain for Memory {
    fn how(&self) -> Vec<HowItWorks> {
        Vec::new()
    }

    fn note_series(&self, _device: &DeviceId, _from: i64, _to: i64, _resolution: Resolution) {}
}

impl Telemetry for Memory {
    async fn last_seen(&self, look_back: Duration) -> Result<Vec<(String, i64)>> {
        let mut state = self.state();
        state.asked_look_back = Some(look_back);
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

    async fn first_point(&self, _device: &DeviceId, from: i64, to: i64) -> Result<Option<i64>> {
        let state = self.state();
        Ok(state.minutes.iter().copied().filter(|minute| (from..to).contains(minute)).min())
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

    async fn write(&self, _device: &DeviceId, readings: &[Reading], _naming: Naming) -> Result<()> {
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
