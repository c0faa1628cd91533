//! The tokens that a device has and had, and what can be done with them. The token itself is revealed elsewhere.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::tokens::ChangeToken;
use crate::components::moment::{Ago, Moment};
use crate::hooks::zone::local_time;
use crate::model::device::DeviceId;
use crate::model::time::Timestamp;
use crate::model::token::{TokenChange, TokenLife, TokenRecord};
use crate::pages::form_error::form_error;

/// The newest token first.
#[component]
pub fn Tokens(id: DeviceId, tokens: Vec<TokenRecord>, now: Timestamp) -> impl IntoView {
    let current = tokens.iter().find(|token| token.until.is_none()).map(|token| token.state);
    let error = form_error::<ChangeToken>();
    let changes = match current {
        Some(TokenLife::Active) => &[TokenChange::Rotate, TokenChange::Disable][..],
        Some(TokenLife::Disabled) => &[TokenChange::Rotate, TokenChange::Enable],
        _ => &[TokenChange::Rotate],
    };
    let explanation = match current {
        Some(TokenLife::Gone) => {
            "InfluxDB does not have the authorization of this device any more: its token opens nothing. Rotate it to give the device a new one."
        }
        Some(TokenLife::Disabled) => {
            "The token is disabled: the device can neither read nor write until it is enabled or gets a new one."
        }
        _ => {
            "A new token replaces the old one, which goes on until the device had time to fetch it: two refreshes of its configuration."
        }
    };
    let device = id.to_string();
    view! {
        <section class="card tokens" aria-labelledby="tokens">
            <h2 id="tokens">"Token history"</h2>
            <div class="scroller" tabindex="0" role="region" aria-label="Table of the tokens">
                <table class="table table--cards">
                    <caption class="visually-hidden">"Authorizations of this device, the newest first"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Authorization"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Since"</th>
                            <th scope="col">"Replaced"</th>
                            <th scope="col">"Revealed"</th>
                        </tr>
                    </thead>
                    <tbody>{tokens.into_iter().map(|token| view! { <Row token now/> }).collect_view()}</tbody>
                </table>
            </div>
            <p class="hint">{explanation}</p>
            <form class="tokens__actions" method="post" action=ChangeToken::url()>
                <input type="hidden" name="device_id" value=device/>
                {changes
                    .iter()
                    .map(|change| view! {
                        <button class="button" name="change" value=change.key()>{change.label()}</button>
                    })
                    .collect_view()}
            </form>
            {error.map(|error| view! { <p class="field__error" role="alert">{error}</p> })}
        </section>
    }
}

#[component]
fn Row(token: TokenRecord, now: Timestamp) -> impl IntoView {
    let TokenRecord { authorization_id, since, until, revealed_at, state } = token;
    let moment = |time: Option<Timestamp>| match time {
        Some(time) => view! { <Ago time=local_time(time) now/> }.into_any(),
        None => "–".into_any(),
    };
    let state = match state {
        TokenLife::Active => "active".into_any(),
        TokenLife::Overlapping { until } if until > now => {
            view! { "active until " <Moment time=local_time(until)/> }.into_any()
        }
        TokenLife::Overlapping { .. } => "about to be disabled".into_any(),
        TokenLife::Disabled => "disabled".into_any(),
        TokenLife::Gone => "revoked".into_any(),
        TokenLife::Unknown => "not known at the moment".into_any(),
    };
    view! {
        <tr data-key=authorization_id.clone()>
            <th class="mono" scope="row">{authorization_id.clone()}</th>
            <td class="table__wide" data-label="State">{state}</td>
            <td data-label="Since">
                <Ago time=local_time(since) now/>
            </td>
            <td data-label="Replaced">{moment(until)}</td>
            <td data-label="Revealed">{moment(revealed_at)}</td>
        </tr>
    }
}
