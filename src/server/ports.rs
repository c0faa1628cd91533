//! What the use-cases need of the outside world, as traits: the registry of devices, authorizations, telemetry and a clock.
//!
//! Nothing here knows of HTTP, Flux or buckets. [`influx`](super::influx) implements the traits over InfluxDB, tests implement them
//! in memory.

pub mod buckets;
pub mod intake;
pub mod monitoring;
pub mod scripts;

use std::num::NonZeroU64;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::device::{DeviceId, HowItWorks};
use crate::model::emulator::Reading;
use crate::model::event::{Event, EventKind};
use crate::model::field::Field;
use crate::model::place::Place;
use crate::model::resolution::Resolution;
use crate::model::series::Series;
use crate::model::spark::{Extremes, Span};

/// The outcome of a call through a port.
pub type Result<T, E = PortError> = std::result::Result<T, E>;

/// Why a call through a port failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct PortError {
    /// What happened and what to do about it, for the person in front of the page. Holds no token.
    pub sentence: String,
    pub cause: Cause,
}

/// What kind of failure it is, for the use-cases that must tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The same call may succeed later.
    Temporary,
    /// Somebody has to change something first: a setting, a permission, a bucket.
    Configuration,
    /// Points were refused because a field of theirs is of another type already.
    FieldType,
    /// The answer has more than this program is willing to hold.
    TooLarge,
    /// Neither; the sentence is for the log as much as for people.
    Unexpected,
}

/// A clock. The same one judges every age and dates every point that the server writes.
pub trait Clock: Send + Sync {
    /// Nanoseconds since the Unix epoch.
    fn now(&self) -> i64;
}

/// The calls that were made so far, for the disclosure "How it works".
pub trait Explain {
    fn how(&self) -> Vec<HowItWorks>;
    /// Adds the call that reads what the charts of a device show from `from` up to `to` (nanoseconds, half open): it is made by others.
    fn note_series(&self, device: &DeviceId, from: i64, to: i64, resolution: Resolution);
}

/// What stands in the registry about a device. The token is not among it: see [`Registry::token`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// As stored: it need not be a [`DeviceId`].
    pub device: String,
    /// Id of the authorization; empty or missing means unregistered.
    pub key: Option<Stored>,
    pub created_at: Option<Stored>,
    pub status: Option<Stored>,
    pub revealed_at: Option<Stored>,
    /// Time of the newest point in nanoseconds, whatever it is about: the next one must be newer.
    pub newest: i64,
}

/// A string with the time of the point that it stands in, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub value: String,
    pub time: i64,
}

/// A point of the registry. `None` leaves a field out, so that its older value stays.
#[derive(Debug, Clone, Default)]
pub struct EntryChange {
    pub key: Option<String>,
    pub token: Option<SecretString>,
    pub created_at: Option<String>,
    pub status: Option<String>,
    pub revealed_at: Option<String>,
    /// What this change is in the log of events; written together with it.
    pub event: Option<Noted>,
}

/// An event of a device that happens with a change of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub kind: EventKind,
    /// The id of the authorization that it is about.
    pub detail: String,
}

/// A value that a field of an entry had from a time on, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub device: String,
    pub field: PastField,
    pub value: String,
    pub time: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastField {
    Key,
    RevealedAt,
}

/// The registry: the points of measurement `deviceauth`.
pub trait Registry: Send + Sync {
    /// The entries of all devices, or of one: also those of devices that are no longer registered.
    fn entries(&self, device: Option<&str>) -> impl Future<Output = Result<Vec<Entry>>> + Send;
    /// The token of a registered device. The only way in which a token comes out of a port.
    fn token(&self, device: &str) -> impl Future<Output = Result<Option<SecretString>>> + Send;
    /// Writes one point; `time` in nanoseconds since the Unix epoch.
    fn change(
        &self,
        device: &str,
        change: &EntryChange,
        time: i64,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Deletes the points of a device that are older than `time`.
    fn forget_before(&self, device: &str, time: i64) -> impl Future<Output = Result<()>> + Send;
    /// Deletes the point of a device at `time`, so that the values before it are the newest again.
    fn forget_at(&self, device: &str, time: i64) -> impl Future<Output = Result<()>> + Send;
    /// The keys that all devices or one of them ever had, and when they were revealed; in the order of time.
    fn history(&self, device: Option<&str>) -> impl Future<Output = Result<Vec<Past>>> + Send;
}

/// The log of events.
pub trait Events: Send + Sync {
    /// Adds events, or says more about them: one of the same kind and device at the same time is replaced.
    fn record(&self, events: &[Event]) -> impl Future<Output = Result<()>> + Send;
    /// The newest events of all devices or of one, since `since` in nanoseconds, newest first.
    fn events(
        &self,
        device: Option<&str>,
        since: i64,
        most: u32,
    ) -> impl Future<Output = Result<Vec<Event>>> + Send;
    /// The outages of devices that began since `since` and go on as far as the log knows.
    fn open_outages(&self, since: i64) -> impl Future<Output = Result<Vec<Event>>> + Send;
}

/// An authorization as InfluxDB lists it, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    pub id: String,
    pub description: String,
    pub active: bool,
    /// Whether it permits exactly what a device may do: to read and write the telemetry bucket, named by its id.
    pub has_device_scope: bool,
    /// Nanoseconds since the Unix epoch, if InfluxDB says so.
    pub created_at: Option<i64>,
}

/// An authorization that was created just now, with its token.
#[derive(Debug, Clone)]
pub struct NewAuthorization {
    pub id: String,
    pub token: SecretString,
}

/// Tokens of devices.
pub trait Authorizations: Send + Sync {
    /// Creates one that is not active yet. After an error it may exist all the same.
    fn create_inactive(
        &self,
        description: &str,
    ) -> impl Future<Output = Result<NewAuthorization>> + Send;
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<Authorization>>> + Send;
    fn list(&self) -> impl Future<Output = Result<Vec<Authorization>>> + Send;
    /// Makes it active or not; `false` if there is none.
    fn set_active(&self, id: &str, active: bool) -> impl Future<Output = Result<bool>> + Send;
    /// Revokes it for good; `false` if there was none.
    fn delete(&self, id: &str) -> impl Future<Output = Result<bool>> + Send;
}

/// What the token of this server may do.
pub trait Privileges: Send + Sync {
    /// Whether it may do everything in every organization; `None` where there are no such tokens.
    fn is_operator(&self) -> impl Future<Output = Result<Option<bool>>> + Send;
}

/// The newest value of one series: one field of one device with one set of tags.
#[derive(Debug, Clone, PartialEq)]
pub struct LastPoint {
    /// The value of the tag that names the device.
    pub device: String,
    pub field: String,
    pub value: Value,
    pub time: i64,
    /// Tags that name sensors, such as `TemperatureSensor`.
    pub sensors: Vec<(String, String)>,
}

/// The value of a field; this program computes with numbers only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    /// A string or a boolean.
    Other,
}

impl Value {
    pub fn as_number(self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(value),
            Self::Integer(value) => Some(value as f64),
            Self::Unsigned(value) => Some(value as f64),
            Self::Other => None,
        }
    }
}

/// Minimum, maximum or count of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    pub kind: AggregateKind,
    pub field: String,
    pub value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    Minimum,
    Maximum,
    Count,
}

/// The windows of one field of one device, whatever other tags its points have.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldWindows {
    pub device: String,
    pub field: Field,
    /// Those that have points, ascending.
    pub windows: Vec<Extremes>,
}

/// By which tags a point names its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By the one that the settings say.
    Usual,
    /// By all that are read: programs that look for either find it.
    All,
}

/// What devices measure. Points are found by both tags that devices use, `clientId` and `device`.
pub trait Telemetry: Send + Sync {
    /// The time of the newest point of every device that has any in the time looked back, unsorted; a device may come twice.
    fn last_seen(
        &self,
        look_back: Duration,
    ) -> impl Future<Output = Result<Vec<(String, i64)>>> + Send;
    /// The newest value of every series of these devices.
    fn last_points(
        &self,
        devices: &[DeviceId],
        look_back: Duration,
    ) -> impl Future<Output = Result<Vec<LastPoint>>> + Send;
    /// Minimum, maximum and count of every series of a device in these fields, all of which hold numbers.
    fn aggregates(
        &self,
        device: &DeviceId,
        fields: &[String],
        look_back: Duration,
    ) -> impl Future<Output = Result<Vec<Aggregate>>> + Send;
    /// When a device sent its first point from `from` up to `to` (nanoseconds, half open).
    fn first_point(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
    ) -> impl Future<Output = Result<Option<i64>>> + Send;
    /// How many points all devices have sent from `from` up to `to` (nanoseconds, half open).
    fn count_points(&self, from: i64, to: i64) -> impl Future<Output = Result<u64>> + Send;
    /// The beginnings of the minutes with any point of a device from `from` up to `to`, in nanoseconds, unsorted.
    fn minutes_with_points(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
    ) -> impl Future<Output = Result<Vec<i64>>> + Send;
    /// The fields of the emulator that hold another type than the emulator writes, of any device, from `from` on.
    fn conflicting_fields(&self, from: i64) -> impl Future<Output = Result<Vec<String>>> + Send;
    /// Writes readings of the emulator. `Ok` means that they are stored for good.
    fn write(
        &self,
        device: &DeviceId,
        readings: &[Reading],
        naming: Naming,
    ) -> impl Future<Output = Result<()>> + Send;
    /// The charted fields of a device from `from` up to `to` (nanoseconds, half open).
    fn series(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
    ) -> impl Future<Output = Result<Series>> + Send;
    /// The same as windows of so many nanoseconds that begin at multiples of their length; those at the ends are whole.
    fn windows(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
        window: NonZeroU64,
    ) -> impl Future<Output = Result<Series>> + Send;
    /// Where a device was at the end of windows of so many nanoseconds from `from` up to `to`, in order.
    fn places(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
        window: NonZeroU64,
    ) -> impl Future<Output = Result<Vec<Place>>> + Send;
    /// All fields of a device from `from` up to `to` (nanoseconds, half open). Fails with [`Cause::TooLarge`] as soon as there are
    /// more than `most` rows, where those that several sets of tags have at one time count each.
    ///
    /// Not recorded for "How it works": an export asks hundreds of times.
    fn rows(
        &self,
        device: &DeviceId,
        from: i64,
        to: i64,
        most: usize,
    ) -> impl Future<Output = Result<Series>> + Send;
    /// The extremes of these fields of these devices in the windows of a span, unsorted; without devices and fields that have no points.
    fn extremes(
        &self,
        devices: &[DeviceId],
        fields: &[Field],
        span: Span,
    ) -> impl Future<Output = Result<Vec<FieldWindows>>> + Send;
}
