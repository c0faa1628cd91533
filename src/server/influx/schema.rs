//! The names that the registry's points have in InfluxDB. Those of telemetry are the application's: `model::field`.

/// The measurement.
pub(super) const REGISTRY: &str = "deviceauth";
/// The tag that names the device.
pub(super) const DEVICE_TAG: &str = "deviceId";
/// The one field that is secret.
pub(super) const TOKEN_FIELD: &str = "token";

/// The measurement of the token that callers' scripts run under.
pub(super) const READ_TOKEN: &str = "readtoken";
