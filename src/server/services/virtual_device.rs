//! The way in for people who have no device yet: a virtual one, registered and with a week of data.

use super::listing::Judgement;
use super::locks::{DeviceLocks, Jobs};
use super::registration::register;
use super::{Error, Result, writing};
use crate::model::device::DeviceId;
use crate::server::ports::{Authorizations, Clock, Registry, Telemetry};

/// The id that the emulator's device has always had.
pub const ID: &str = "virtual_device";

/// Registers the virtual device where it is not registered yet, and writes its missing week.
pub async fn prepare(
    ports: impl Registry + Authorizations + Telemetry + 'static,
    clock: &impl Clock,
    judgement: Judgement,
    locks: &DeviceLocks,
    jobs: &Jobs,
) -> Result<DeviceId> {
    let id = DeviceId::parse(ID).map_err(|error| Error::Internal(error.to_string()))?;
    {
        let _lock = locks.lock(ID).await;
        match register(&ports, clock, &id, false).await {
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    // Whoever asks for the virtual device wants emulated values, whatever else it has.
    match writing::plan(&ports, clock, judgement, jobs, &id, true).await {
        Ok(plan) => {
            writing::finish(ports, plan).await?;
        }
        // Somebody is writing it already: its dashboard fills up as they do.
        Err(Error::Conflict(_)) if jobs.is_running(ID) => {}
        Err(error) => return Err(error),
    }
    Ok(id)
}
