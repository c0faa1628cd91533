//! Registration and listing of devices.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use super::encoding::Nothing;
use crate::model::device::{DeviceDetails, DeviceList, DeviceListRequest, Fleet};

/// A page of the list of devices, with the newest point of each.
#[server(prefix = "/rpc", endpoint = "list_devices", input = GetUrl)]
pub async fn list_devices(request: DeviceListRequest) -> Result<DeviceList, ApiError> {
    use crate::server::{edge::Edge, services::listing};
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        let shared = edge.shared();
        let list = listing::list(&influx, &shared.clock, shared.judgement, &request).await?;
        Ok(DeviceList { leftovers: shared.leftovers(), ..list })
    };
    edge.answer(answer.await)
}

/// The fleet at a glance.
#[server(prefix = "/rpc", endpoint = "read_fleet", input = GetUrl)]
pub async fn read_fleet() -> Result<Fleet, ApiError> {
    use crate::server::{edge::Edge, services::fleet};
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        fleet::fleet(&influx, &edge.shared().clock, edge.shared().judgement).await
    };
    edge.answer(answer.await)
}

/// All about one device. [`ApiError::NotFound`] if it is neither registered nor has data, or if `id` is no device id.
#[server(prefix = "/rpc", endpoint = "read_device", input = GetUrl)]
pub async fn read_device(id: String) -> Result<DeviceDetails, ApiError> {
    use crate::server::edge::{Edge, existing_device_id};
    use crate::server::services::details;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let (connection, influx) = edge.influx().await?;
        let configuration = edge.state().device_configuration(&connection, edge.host());
        let shared = edge.shared();
        details::details(
            &influx,
            &shared.clock,
            shared.judgement,
            shared.overlap(),
            configuration,
            &id,
        )
        .await
    };
    edge.answer(answer.await)
}

/// Registers a device and goes to its page, where its token can be revealed once.
#[server(prefix = "/rpc", endpoint = "register_device", output = Nothing)]
pub async fn register_device(device_id: String) -> Result<(), ApiError> {
    use crate::server::edge::{Edge, parse_device_id, redirect};
    use crate::server::services::registration;
    let edge = Edge::of_request()?;
    edge.check_registration()?;
    let answer = async {
        let id = parse_device_id(device_id.trim())?;
        let (_, influx) = edge.influx().await?;
        let _lock = edge.shared().locks.lock(id.as_str()).await;
        registration::register(&influx, &edge.shared().clock, &id, false).await?;
        Ok(id)
    };
    let id = edge.answer(answer.await)?;
    redirect(&format!("/devices/{id}"));
    Ok(())
}

/// Revokes a device's token and takes it off the registry; its telemetry stays. Goes to the list of devices.
#[server(prefix = "/rpc", endpoint = "unregister_device", output = Nothing)]
pub async fn unregister_device(device_id: String) -> Result<(), ApiError> {
    use crate::server::edge::{Edge, redirect};
    use crate::server::services::registration;
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        let _lock = edge.shared().locks.lock(&device_id).await;
        registration::unregister(&influx, &edge.shared().clock, &device_id).await
    };
    edge.answer(answer.await)?;
    redirect("/devices");
    Ok(())
}

/// Registers `virtual_device` where it is not yet registered, writes its missing week and goes to its dashboard.
#[server(prefix = "/rpc", endpoint = "try_virtual_device", output = Nothing)]
pub async fn try_virtual_device() -> Result<(), ApiError> {
    use crate::server::edge::{Edge, redirect};
    use crate::server::services::virtual_device;
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.unlimited_influx().await?;
        let shared = edge.shared();
        virtual_device::prepare(
            influx,
            &shared.clock,
            shared.judgement,
            &shared.locks,
            &shared.jobs,
        )
        .await
    };
    let id = edge.answer(answer.await)?;
    redirect(&format!("/dashboard/{id}?range=7d"));
    Ok(())
}
