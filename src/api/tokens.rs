//! The tokens of devices after their registration, and authorizations that belong to no device. No answer here holds a token: a new one
//! is revealed on the page of its device.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use super::encoding::Nothing;
use crate::model::authorization::LeftoverList;
use crate::model::token::TokenChange;

/// Gives a device a new token, or switches its tokens off or on. Goes to its page, where a new one can be revealed.
#[server(prefix = "/rpc", endpoint = "change_token", output = Nothing)]
pub async fn change_token(device_id: String, change: TokenChange) -> Result<(), ApiError> {
    use crate::server::edge::{Edge, redirect};
    use crate::server::services::rotation;
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        let _lock = edge.shared().locks.lock(&device_id).await;
        rotation::change(&influx, &edge.shared().clock, &device_id, change).await
    };
    edge.answer(answer.await)?;
    redirect(&format!("/devices/{device_id}"));
    Ok(())
}

/// The authorizations that belong to no registered device.
#[server(prefix = "/rpc", endpoint = "list_leftovers", input = GetUrl)]
pub async fn list_leftovers() -> Result<LeftoverList, ApiError> {
    use crate::server::{edge::Edge, services::audit};
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        audit::leftovers(&influx).await
    };
    edge.answer(answer.await)
}

/// Registers a device that a former IoT Center knew. Goes to its page, where its token can be revealed.
#[server(prefix = "/rpc", endpoint = "adopt_device", output = Nothing)]
pub async fn adopt_device(device_id: String) -> Result<(), ApiError> {
    use crate::server::edge::{Edge, parse_device_id, redirect};
    use crate::server::services::adoption;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = parse_device_id(&device_id)?;
        let (_, influx) = edge.influx().await?;
        let _lock = edge.shared().locks.lock(id.as_str()).await;
        adoption::adopt(&influx, &edge.shared().clock, &id, false).await?;
        Ok(id)
    };
    let id = edge.answer(answer.await)?;
    redirect(&format!("/devices/{id}"));
    Ok(())
}

/// Deletes an authorization that belongs to no registered device. Goes back to the list of them.
#[server(prefix = "/rpc", endpoint = "remove_authorization", output = Nothing)]
pub async fn remove_authorization(authorization_id: String) -> Result<(), ApiError> {
    use crate::server::edge::{Edge, redirect};
    use crate::server::services::adoption;
    let edge = Edge::of_request()?;
    let answer = async {
        let (_, influx) = edge.influx().await?;
        let shared = edge.shared();
        adoption::remove(&influx, &shared.clock, &shared.locks, &authorization_id).await
    };
    edge.answer(answer.await)?;
    redirect("/authorizations");
    Ok(())
}
