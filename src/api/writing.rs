//! "Write Missing Data".

use leptos::prelude::*;
use leptos::server_fn::codec::{StreamingText, TextStream};

use super::ApiError;
use super::encoding::Nothing;

/// Writes the missing minutes of the last seven days and reports progress as it goes: lines of
/// [`WriteProgress`](crate::model::writing::WriteProgress). Dropping the answer stops the job after the batch in hand.
///
/// `confirmed` allows it on a device that has points which the emulator did not write.
#[server(prefix = "/rpc", endpoint = "write_missing_data", output = StreamingText)]
pub async fn write_missing_data(
    id: String,
    confirmed: bool,
) -> Result<TextStream<ApiError>, ApiError> {
    use crate::server::edge::{Edge, existing_device_id};
    use crate::server::services::writing;
    use futures::StreamExt;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let (_, influx) = edge.unlimited_influx().await?;
        let shared = edge.shared();
        let plan =
            writing::plan(&influx, &shared.clock, shared.judgement, &shared.jobs, &id, confirmed)
                .await?;
        Ok(writing::start(influx, plan))
    };
    let progress = edge.answer(answer.await)?;
    Ok(TextStream::new(progress.map(|progress| Ok::<_, ApiError>(progress.to_line()))))
}

/// The same for a form without JavaScript: writes all, then goes back to the device's page with the result as `?written=`.
///
/// `confirmed` is what a checkbox sends: present or not.
#[server(prefix = "/rpc", endpoint = "write_all_missing_data", output = Nothing)]
pub async fn write_all_missing_data(id: String, confirmed: Option<String>) -> Result<(), ApiError> {
    use crate::server::edge::{Edge, existing_device_id, redirect};
    use crate::server::services::writing;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let (_, influx) = edge.unlimited_influx().await?;
        let shared = edge.shared();
        let plan = writing::plan(
            &influx,
            &shared.clock,
            shared.judgement,
            &shared.jobs,
            &id,
            confirmed.is_some(),
        )
        .await?;
        Ok((id, writing::finish(influx, plan).await?))
    };
    let (id, written) = edge.answer(answer.await)?;
    redirect(&format!("/devices/{id}?written={written}"));
    Ok(())
}

/// Sends one reading of the emulator for a registered device, then goes back to the device's page with its values as `?sent=`.
///
/// `confirmed` is what a checkbox sends: present or not.
#[server(prefix = "/rpc", endpoint = "send_reading", output = Nothing)]
pub async fn send_reading(id: String, confirmed: Option<String>) -> Result<(), ApiError> {
    use crate::model::sent::Sent;
    use crate::server::edge::{Edge, existing_device_id, redirect};
    use crate::server::services::generate;
    let edge = Edge::of_request()?;
    let answer = async {
        let id = existing_device_id(&id)?;
        let (_, influx) = edge.influx().await?;
        let shared = edge.shared();
        let confirmed = confirmed.is_some();
        let reading =
            generate::send(&influx, &shared.clock, shared.judgement, &id, confirmed).await?;
        Ok((id, Sent::from(reading)))
    };
    let (id, sent) = edge.answer(answer.await)?;
    redirect(&format!("/devices/{id}?sent={}", sent.code()));
    Ok(())
}
