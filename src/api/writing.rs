//! "Write Missing Data".

use leptos::prelude::*;
use leptos::server_fn::codec::{StreamingText, TextStream};

use super::ApiError;

/// Writes the missing minutes of the last seven days and reports progress as it goes: lines of
/// [`WriteProgress`](crate::model::writing::WriteProgress). Dropping the answer stops the job after the batch in hand.
///
/// `confirmed` allows it on a device that has points which the emulator did not write.
#[server(prefix = "/rpc", endpoint = "write_missing_data", output = StreamingText)]
pub async fn write_missing_data(id: String, confirmed: bool) -> Result<TextStream<ApiError>, ApiError> {
    todo!()
}

/// The same for a form without JavaScript: writes all, then goes back to the device's page with the result as `?written=`.
///
/// `confirmed` is what a checkbox sends: present or not.
#[server(prefix = "/rpc", endpoint = "write_all_missing_data")]
pub async fn write_all_missing_data(id: String, confirmed: Option<String>) -> Result<(), ApiError> {
    todo!()
}
