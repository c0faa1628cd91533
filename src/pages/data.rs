//! `/data`: questions to InfluxDB, put together from choices or written in Flux, and their answers.
//!
//! All of it is rendered by the server: the address is the question. A script that is too long for an address comes as a form.

pub mod answer;
pub mod builder;
pub mod chart;
pub mod editor;
pub mod fault;
pub mod tables;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;

use self::answer::Answer;
use self::builder::Builder;
use self::editor::Editor;
use super::failed_part::FailedPart;
use crate::api::ApiError;
use crate::api::data::read_data;
use crate::components::how_it_works::HowItWorks;
use crate::components::notice::Failure;
use crate::hooks::last_device::last_device;
use crate::hooks::response::set_status;
use crate::model::data::{DataView, Outcome, PostedScript, SelectionParameters};

#[component]
pub fn DataPage() -> impl IntoView {
    let query = use_query_map();
    let parameters = query.with_untracked(parameters);
    let posted = use_context::<PostedScript>().map(|PostedScript(script)| script);
    let is_posted = posted.is_some();
    let script = posted.or_else(|| query.with_untracked(|query| query.get("flux")));
    let asked = (!is_posted).then(|| query_string(&parameters, script.as_deref()));
    let asks_in_flux = script.is_some();
    view! {
        <Title text="Data"/>
        <div class="page">
            <header class="page__head">
                <h1>"Data"</h1>
            </header>
            <Suspense>
                {Suspend::new(async move {
                    match read_data(parameters, script, last_device()).await {
                        Ok(view) => view! { <Question view asks_in_flux asked/> }.into_any(),
                        Err(ApiError::Invalid { message, .. }) => view! { <BadSelection message/> }.into_any(),
                        Err(error) => view! {
                            <FailedPart title="InfluxDB cannot be asked" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

/// What the address asks the builder for.
fn parameters(query: &ParamsMap) -> SelectionParameters {
    SelectionParameters {
        device: query.get("device"),
        field: query.get("field"),
        range: query.get("range"),
        window: query.get("window"),
        function: query.get("fn"),
    }
}

/// The parameters of the address that asks the same.
fn query_string(parameters: &SelectionParameters, script: Option<&str>) -> String {
    let SelectionParameters { device, field, range, window, function } = parameters;
    let builder = [
        ("device", device),
        ("field", field),
        ("range", range),
        ("window", window),
        ("fn", function),
    ];
    let parameter = |name: &str, value: &str| format!("{name}={}", Url::escape(value));
    if let Some(script) = script {
        return parameter("flux", script);
    }
    let named = builder.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    named.map(|(name, value)| parameter(name, value)).collect::<Vec<_>>().join("&")
}

/// The question and what became of it.
#[component]
fn Question(
    view: DataView,
    /// Or by the builder.
    asks_in_flux: bool,
    /// The parameters of the address; `None` where the script is too long for one.
    asked: Option<String>,
) -> impl IntoView {
    let DataView { selection, devices, fields, choices_failed, script, outcome, how, .. } = view;
    // Only now it is known which device is asked for where the address names none.
    let asked = asked.map(|asked| match &selection {
        Some(selection) if !asked.contains("device=") => {
            format!("device={}&{asked}", selection.device)
        }
        _ => asked,
    });
    let fault = match &outcome {
        Outcome::Script(error) => Some(error.clone()),
        _ => None,
    };
    let has_script = !script.trim().is_empty();
    if let Outcome::Closed(reason) = outcome {
        set_status(403);
        return view! { <Failure title="Queries are closed" message=reason>""</Failure> }
            .into_any();
    }
    let question = if asks_in_flux {
        view! { <Editor script=script.clone() fault/> }.into_any()
    } else if let Some(selection) = selection {
        view! { <Builder selection devices fields script=script.clone() fault/> }.into_any()
    } else if choices_failed.is_none() {
        view! { <NoDevice/> }.into_any()
    } else {
        ().into_any()
    };
    let choices_failed = choices_failed.map(|message| {
        view! { <FailedPart title="Devices and fields could not be read" message/> }
    });
    let answer = match outcome {
        Outcome::NotRun if has_script => view! { <Waiting asked/> }.into_any(),
        Outcome::NotRun | Outcome::Script(_) | Outcome::Closed(_) => ().into_any(),
        Outcome::Failed(message) if asks_in_flux => {
            view! { <Unanswered message asked/> }.into_any()
        }
        Outcome::Failed(message) => {
            view! { <FailedPart title="The question was not answered" message/> }.into_any()
        }
        Outcome::Answer(answer) => view! { <Answer answer=*answer script asked/> }.into_any(),
    };
    view! {
        {choices_failed}
        {question}
        {answer}
        <HowItWorks calls=how/>
    }
    .into_any()
}

/// Says why nothing was run, and runs it.
#[component]
fn Waiting(asked: Option<String>) -> impl IntoView {
    let run = asked.map(|asked| {
        view! { <p class="empty__actions"><a class="button" href=format!("/data?{asked}")>"Run it"</a></p> }
    });
    view! {
        <div class="empty card">
            <h2>"Not run yet"</h2>
            <p>"A link on another site has led here, and queries are not run at the word of others. Look at this one first."</p>
            {run}
        </div>
    }
}

/// Says why there is no answer to a script, and asks again when somebody wants it: it may be a heavy one.
#[component]
fn Unanswered(message: String, asked: Option<String>) -> impl IntoView {
    let again = match asked {
        Some(asked) => {
            view! { <a class="button" href=format!("/data?{asked}")>"Retry"</a> }.into_any()
        }
        None => "Run it again.".into_any(),
    };
    view! {
        <Failure title="The query was not answered" message>
            <p>"If it has much to read, ask for a shorter range or longer windows."</p>
            <p class="notice__action">{again}</p>
        </Failure>
    }
}

/// What to do where there is nothing to ask about.
#[component]
fn NoDevice() -> impl IntoView {
    view! {
        <div class="empty card">
            <h2>"No device is registered"</h2>
            <p>"Register one and let it measure, or try it with a virtual device. What is in the bucket already can be asked for in Flux."</p>
            <p class="empty__actions">
                <a class="button button--primary" href="/">"Register a device"</a>
                <a class="button" href="/data?flux=">"Write Flux"</a>
            </p>
        </div>
    }
}

/// Parameters that ask for what there is not, and the way to those that do not.
#[component]
fn BadSelection(message: String) -> impl IntoView {
    set_status(400);
    view! {
        <div class="empty card">
            <h2>"There is no such question"</h2>
            <p>{message}</p>
            <p class="empty__actions">
                <a class="button" href="/data">"Ask another one"</a>
            </p>
        </div>
    }
}
