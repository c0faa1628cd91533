//! One reading of the emulator, sent at once: whether a point arrives, and what it looks like, without a device.

use leptos::prelude::*;

use crate::islands::send_reading::{SendReading, Sending};
use crate::model::packed::Packed;
use crate::model::sent::Sent;

/// The button, and what it has sent: `sent`, as the address says.
#[component]
pub fn OneReading(sending: Sending, sent: Option<Sent>) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="one-reading">
            <h2 id="one-reading">"One reading"</h2>
            <p>"A point of now with all seven fields, as the emulator would measure them."</p>
            <SendReading data=Packed(sending)/>
            <p class="missing__result" role="status">{sent.map(|sent| sent.to_string())}</p>
        </section>
    }
}
