//! The names that the registry's points and the events have in InfluxDB. Those of telemetry are the application's: `model::field`.

/// The measurement.
pub(super) const REGISTRY: &str = "deviceauth";
/// The tag that names the device.
pub(super) const DEVICE_TAG: &str = "deviceId";
/// The one field that is secret.
pub(super) const TOKEN_FIELD: &str = "token";

/// The measurement of the log of events.
pub(super) const EVENTS: &str = "deviceevent";
/// The tag that says what happened.
pub(super) const KIND_TAG: &str = "kind";
/// What an event is about. Every event has both fields, so that all have the same columns; empty where there is nothing to say.
pub(super) const DETAIL_FIELD: &str = "detail";
/// When an outage ended, as RFC 3339.
pub(super) const UNTIL_FIELD: &str = "until";
/// The measurement of the token that callers' scripts run under.
pub(super) const READ_TOKEN: &str = "readtoken";
