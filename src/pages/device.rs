//! `/devices/:id`: all about one device.

pub mod fields;
pub mod identity;
pub mod job;
pub mod missing;
pub mod token;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::fields::Fields;
use self::identity::Identity;
use self::missing::MissingData;
use self::token::TokenCard;
use super::not_found::NotFoundPage;
use super::unregister_dialog::{ASK_FORM, UnregisterDialog};
use crate::api::ApiError;
use crate::api::devices::{UnregisterDevice, read_device};
use crate::components::error_panel::ErrorPanel;
use crate::components::how_it_works::HowItWorks;
use crate::components::skeleton::Skeleton;
use crate::hooks::retry::retry_once;
use crate::model::device::DeviceDetails;

#[component]
pub fn DevicePage() -> impl IntoView {
    let parameters = use_params_map();
    let query = use_query_map();
    let id =
        Memo::new(move |_| parameters.with(|parameters| parameters.get("id").unwrap_or_default()));
    let unregister = ServerAction::<UnregisterDevice>::new();
    let device = Resource::new(move || id.get(), read_device);
    retry_once(device, ApiError::is_temporary);
    // What a person does on the page outlives the page's data being read again.
    let token = RwSignal::new(None);
    let job = job::Job::for_this_page();
    Effect::new(move |previous: Option<String>| {
        let id = id.get();
        if previous.is_some_and(|previous| previous != id) {
            token.set(None);
            job.reset();
        }
        id
    });
    // What was read last: where reading it again fails, what a person has just done stays in sight.
    let last = StoredValue::new(None::<DeviceDetails>);

    view! {
        <Transition fallback=move || view! {
            <div class="page">
                <header class="page__head">
                    <h1>{id}</h1>
                </header>
                <Skeleton lines=10/>
            </div>
        }>
            {move || device.get().map(|answer| match answer {
                Ok(details) => {
                    last.set_value(Some(details.clone()));
                    view! { <Details details token job on_change=move || device.refetch()/> }.into_any()
                }
                Err(ApiError::NotFound(message)) => view! { <NotFoundPage message/> }.into_any(),
                Err(error) => {
                    let failure = view! {
                        <ErrorPanel
                            title="The device could not be read"
                            message=error.to_string()
                            on_retry=move || device.refetch()
                        />
                    };
                    match last.get_value().filter(|details| details.id.as_str() == id.get_untracked()) {
                        Some(details) => view! {
                            <div class="page page--notice">{failure}</div>
                            <Details details token job on_change=move || device.refetch()/>
                        }
                        .into_any(),
                        // Plain text: the server writes the title when the signals of the page may be gone.
                        None => view! {
                            <Title text=id.get_untracked()/>
                            <div class="page">
                                <header class="page__head">
                                    <h1>{id.get_untracked()}</h1>
                                </header>
                                {failure}
                            </div>
                        }
                        .into_any(),
                    }
                }
            })}
        </Transition>
        <UnregisterDialog
            page=Signal::derive(move || format!("/devices/{}", id.get()))
            asked=Signal::derive(move || query.with(|query| query.get("unregister")))
            action=unregister
        />
    }
}

#[component]
fn Details(
    details: DeviceDetails,
    /// The token, once it is revealed.
    token: RwSignal<Option<String>>,
    job: job::Job,
    /// Reads the page's data again.
    #[prop(into)]
    on_change: Callback<()>,
) -> impl IntoView {
    let id = details.id.to_string();
    let is_registered = details.registration.is_some();
    view! {
        <Title text=id.clone()/>
        <div class="page">
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
                    <TokenCard id=details.id.clone() registration=details.registration token now=details.now on_registered=on_change/>
                </div>
                <div class="device__column">
                    <MissingData id=details.id missing=details.missing job on_written=on_change/>
                    <Fields fields=details.fields now=details.now/>
                </div>
            </div>
            <HowItWorks calls=details.how/>
        </div>
    }
}
