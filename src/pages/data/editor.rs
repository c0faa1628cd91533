//! The Flux editor: a form that sends a script and comes back with it.

use leptos::prelude::*;

use super::fault::Fault;
use crate::model::script::ScriptError;

/// The text box is as high as its text, within limits.
const LINES: std::ops::RangeInclusive<usize> = 8..=24;

/// A form is no larger, whatever its text is made of.
const MOST_CHARACTERS: usize = 20_000;

#[component]
pub fn Editor(script: String, fault: Option<ScriptError>) -> impl IntoView {
    let rows = (script.lines().count() + 1).clamp(*LINES.start(), *LINES.end());
    let described_by = if fault.is_some() { "flux-fault flux-hint" } else { "flux-hint" };
    let is_invalid = fault.is_some().then_some("true");
    let text = escaped(&script);
    view! {
        <form class="card editor" method="post" action="/data" aria-label="Flux editor">
            <div class="field">
                <div class="field__head">
                    <label class="field__label" for="flux">"Flux"</label>
                    <a href="/data">"Query builder"</a>
                </div>
                <textarea
                    class="input editor__text"
                    id="flux"
                    name="flux"
                    rows=rows.to_string()
                    maxlength=MOST_CHARACTERS.to_string()
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    wrap="off"
                    aria-describedby=described_by
                    aria-invalid=is_invalid
                >
                    {text}
                </textarea>
                {fault.map(|error| view! { <Fault error script/> })}
                <p class="field__hint" id="flux-hint">
                    "It runs with a token that may only read the bucket of the measurements. Packages that reach other systems cannot be imported."
                </p>
            </div>
            <p class="question__actions">
                <button class="button button--primary">"Run"</button>
            </p>
        </form>
    }
}

/// A script as the content of a text box, which leptos writes as it is: it takes the content for what must not be escaped.
fn escaped(script: &str) -> String {
    let text = script.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // The first line break of a text box is none.
    if text.starts_with('\n') { format!("\n{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_the_text_box() {
        assert_eq!(escaped("</textarea><b>&lt;"), "&lt;/textarea&gt;&lt;b&gt;&amp;lt;");
        assert_eq!(escaped("\na"), "\n\na");
        let html = Owner::new()
            .with(|| view! { <Editor script="</textarea><b>".to_owned() fault=None/> }.to_html());
        assert!(
            html.contains(">&lt;/textarea&gt;&lt;b&gt;</textarea>") && !html.contains("<b>"),
            "{html}"
        );
    }
}
