//! `/devices/:id`: all about one device.

pub mod connect;
pub mod fields;
pub mod identity;
pub mod one_reading;
pub mod qr;
pub mod tokens;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::connect::Connect;
use self::fields::Fields;
use self::identity::Identity;
use self::one_reading::OneReading;
use self::tokens::Tokens;
use super::events::Events;
use super::failed_part::FailedPart;
use super::form_error::form_error;
use super::not_found::NotFoundPage;
use crate::api::ApiError;
use crate::api::devices::{RegisterDevice, UnregisterDevice, read_device};
use crate::api::writing::{SendReading, WriteAllMissingData};
use crate::components::how_it_works::HowItWorks;
use crate::hooks::zone::zone_between;
use crate::islands::missing_data::{Missing, MissingData};
use crate::islands::send_reading::Sending;
use crate::islands::token_card::{TokenCard, TokenState};
use crate::islands::unregister_dialog::{ASK_FORM, Question, UnregisterDialog};
use crate::model::device::{DeviceDetails, Reveal};
use crate::model::environment_file::EnvironmentFile;
use crate::model::packed::Packed;
use crate::model::sent::Sent;
use crate::model::zone::Zone;

#[component]
pub fn DevicePage() -> impl IntoView {
    let query = use_query_map();
    let id = use_params_map().with_untracked(|parameters| parameters.get("id").unwrap_or_default());
    let question = Question {
        page: format!("/devices/{id}"),
        asked: query.with_untracked(|query| query.get("unregister")),
        error: form_error::<UnregisterDevice>(),
    };
    let forms = Forms {
        written: query.with_untracked(|query| query.get_str("written")?.parse().ok()),
        write_error: form_error::<WriteAllMissingData>(),
        sent: query.with_untracked(|query| Sent::from_code(query.get_str("sent")?)),
        send_error: form_error::<SendReading>(),
        register_error: form_error::<RegisterDevice>(),
    };
    view! {
        <Suspense>
            {Suspend::new(async move {
                match read_device(id.clone()).await {
                    Ok(details) => view! { <Details details forms/> }.into_any(),
                    Err(ApiError::NotFound(message)) => view! { <NotFoundPage message/> }.into_any(),
                    Err(error) => view! {
                        <Title text=id.clone()/>
                        <div class="page">
                            <header class="page__head">
                                <h1>{id}</h1>
                            </header>
                            <FailedPart title="The device could not be read" message=error.to_string()/>
                        </div>
                    }
                    .into_any(),
                }
            })}
        </Suspense>
        <UnregisterDialog data=Packed(question)/>
    }
}

/// What the forms of this page came back with where there was no script.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    written: Option<u32>,
    write_error: Option<String>,
    sent: Option<Sent>,
    send_error: Option<String>,
    register_error: Option<String>,
}

/// A device that is there, or has been.
#[component]
pub fn Details(details: DeviceDetails, forms: Forms) -> impl IntoView {
    let reveal = details.registration.as_ref().map(|registration| registration.reveal);
    let token = TokenState {
        id: details.id.clone(),
        file: EnvironmentFile::new(&details.id, &details.configuration),
        reveal,
        // Of no other time it tells more than how long ago it was.
        zone: match reveal {
            Some(Reveal::Revealed { at }) => zone_between(at, at),
            _ => Zone::utc(),
        },
        now: details.now,
        error: forms.register_error,
    };
    let missing = Missing {
        id: details.id.clone(),
        missing: details.missing,
        written: forms.written,
        error: forms.write_error,
    };
    let sending = Sending {
        id: details.id.clone(),
        is_real: details.missing.has_foreign_points,
        error: forms.send_error,
    };
    let id = details.id.to_string();
    let is_registered = details.registration.is_some();
    view! {
        <Title text=id.clone()/>
        <div class="page" data-key=id.clone()>
            <header class="page__head">
                <div>
                    <p class="page__path">
                        <a href="/devices">"Devices"</a>
                    </p>
                    <h1>{id.clone()}</h1>
                </div>
                <div class="page__actions">
                    {is_registered.then(|| view! {
                        <button class="button button--danger" form=ASK_FORM name="unregister" value=id.clone()>
                            "Unregister"
                        </button>
                    })}
                    <a class="button button--primary" href=format!("/dashboard/{id}")>"Dashboard"</a>
                </div>
            </header>
            <div class="device">
                <div class="device__column">
                    <Identity details=details.clone()/>
                    <TokenCard data=Packed(token)/>
                </div>
                <div class="device__column">
                    <MissingData data=Packed(missing)/>
                    // Others have no token, and no device would send anything in their name.
                    {is_registered.then(|| view! { <OneReading sending sent=forms.sent/> })}
                    <Fields fields=details.fields now=details.now/>
                    {is_registered.then(|| view! {
                        <Tokens id=details.id.clone() tokens=details.tokens now=details.now/>
                    })}
                    <Events events=details.events now=details.now names_devices=false/>
                </div>
                {is_registered.then(|| view! { <Connect device=details.id configuration=details.configuration/> })}
            </div>
            <HowItWorks calls=details.how/>
        </div>
    }
}
