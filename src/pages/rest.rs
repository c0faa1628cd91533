//! `/api`: the REST API for other programs, as its own description has it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::failed_part::FailedPart;
use crate::api::rest::list_operations;
use crate::components::copy_button::CopyButton;
use crate::model::rest::{Answer, Operation, Parameter};

#[component]
pub fn RestPage() -> impl IntoView {
    view! {
        <Title text="REST API"/>
        <div class="page">
            <header class="page__head">
                <h1>"REST API"</h1>
                <div class="page__actions">
                    <a class="button" href="/api/openapi.json" download="openapi.json">"OpenAPI 3.1"</a>
                </div>
            </header>
            <p class="rest__intro">
                "For devices and other programs. Bodies are JSON, whatever their content type; errors are objects with a sentence under "
                <code>"error"</code>
                ". A token is in the answer of a registration or rotation, and in the configuration of a device, and only where the caller is no browser."
            </p>
            <Suspense>
                {Suspend::new(async move {
                    match list_operations().await {
                        Ok(operations) => operations
                            .into_iter()
                            .enumerate()
                            .map(|(index, operation)| view! { <OperationCard index operation/> })
                            .collect_view()
                            .into_any(),
                        Err(error) => view! {
                            <FailedPart title="The description could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn OperationCard(index: usize, operation: Operation) -> impl IntoView {
    let example = example(&operation);
    let Operation { method, path, summary, description, parameters, answers, .. } = operation;
    let id = format!("example-{index}");
    view! {
        <details class="card rest__operation">
            <summary>
                <h2 class="rest__summary">
                    <span class="rest__method">{method.clone()}</span>
                    " "
                    <span class="mono">{path.clone()}</span>
                </h2>
                <span class="hint">{summary}</span>
            </summary>
            {(!description.is_empty()).then(|| view! { <p>{description}</p> })}
            {(!parameters.is_empty()).then(|| view! { <Parameters parameters/> })}
            <Answers answers/>
            <div class="rest__example">
                <div class="section-head">
                    <h3>"Try it"</h3>
                    <CopyButton source=id.clone() what=format!("the command for {method} {path}")/>
                </div>
                <pre class="rest__command" id=id tabindex="0">{example}</pre>
            </div>
        </details>
    }
}

/// What to type in a terminal on the server's machine.
fn example(operation: &Operation) -> String {
    let path = operation.path.replace("{id}", "virtual_device");
    let method =
        if operation.method == "GET" { String::new() } else { format!(" -X {}", operation.method) };
    let body = operation.body.as_ref().map(|body| format!(" -d '{body}'")).unwrap_or_default();
    format!("curl{method} http://localhost:3000{path}{body}")
}

#[component]
fn Parameters(parameters: Vec<Parameter>) -> impl IntoView {
    view! {
        <h3>"Parameters"</h3>
        <dl class="definitions">
            {parameters
                .into_iter()
                .map(|Parameter { name, place, description }| view! {
                    <dt class="mono">{name}</dt>
                    <dd>{format!("in the {place}. {description}")}</dd>
                })
                .collect_view()}
        </dl>
    }
}

#[component]
fn Answers(answers: Vec<Answer>) -> impl IntoView {
    view! {
        <h3>"Answers"</h3>
        <dl class="definitions">
            {answers
                .into_iter()
                .map(|Answer { status, description }| view! {
                    <dt class="mono">{status}</dt>
                    <dd>{description}</dd>
                })
                .collect_view()}
        </dl>
    }
}
