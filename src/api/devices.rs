//! Registration and listing of devices.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use crate::model::device::{DeviceDetails, DeviceList, DeviceListRequest, Fleet};

/// A page of the list of devices, with the newest point of each.
#[server(prefix = "/rpc", endpoint = "list_devices", input = GetUrl)]
pub async fn list_devices(request: DeviceListRequest) -> Result<DeviceList, ApiError> {
    todo!()
}

/// The fleet at a glance.
#[server(prefix = "/rpc", endpoint = "fleet", input = GetUrl)]
pub async fn fleet() -> Result<Fleet, ApiError> {
    todo!()
}

/// All about one device. [`ApiError::NotFound`] if it is neither registered nor has data, or if `id` is no device id.
#[server(prefix = "/rpc", endpoint = "device_details", input = GetUrl)]
pub async fn device_details(id: String) -> Result<DeviceDetails, ApiError> {
    todo!()
}

/// Registers a device and goes to its page, where its token can be revealed once.
#[server(prefix = "/rpc", endpoint = "register_device")]
pub async fn register_device(device_id: String) -> Result<(), ApiError> {
    todo!()
}

/// Revokes a device's token and takes it off the registry; its telemetry stays. Goes to the list of devices.
#[server(prefix = "/rpc", endpoint = "unregister_device")]
pub async fn unregister_device(device_id: String) -> Result<(), ApiError> {
    todo!()
}

/// Registers `virtual_device` where it is not yet registered, writes its missing week and goes to its dashboard.
#[server(prefix = "/rpc", endpoint = "try_virtual_device")]
pub async fn try_virtual_device() -> Result<(), ApiError> {
    todo!()
}
