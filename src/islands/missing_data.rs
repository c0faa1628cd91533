//! "Write Missing Data": what it will write, its progress, its result.

pub mod job;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};

use self::job::{Job, State};
use crate::api::writing::WriteAllMissingData;
use crate::components::icon::{Glyph, Icon};
use crate::hooks::live::use_live;
use crate::hooks::navigation::refresh_page;
use crate::model::device::{DeviceId, MissingMinutes};
use crate::model::packed::Packed;
use crate::model::writing::{describe_result, group_digits};

/// What is missing, and how the form without a script went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    pub id: DeviceId,
    pub missing: MissingMinutes,
    /// Minutes that the form came back with.
    pub written: Option<u32>,
    /// The error that the form came back with.
    pub error: Option<String>,
}

#[island]
pub fn MissingData(data: Packed<Missing>) -> impl IntoView {
    let job = Job::for_this_page();
    let section = NodeRef::new();
    let id = data.0.id.clone();
    let data = use_live(section, data);
    let missing = Memo::new(move |_| data.with(|data| data.missing));
    let state = job.state();
    let is_running = Memo::new(move |_| state.with(State::is_running));

    let submit = {
        let id = id.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            if !is_running.get_untracked() {
                // Where the box is there, the browser has seen to it that it is checked.
                job.start(id.clone(), missing.get_untracked().has_foreign_points);
            }
        }
    };
    let cancel = move |_| {
        job.cancel();
        refresh_page();
    };
    let result = move || {
        state.with(|state| match state {
            State::Idle => data.with(|data| data.written).map(describe_result),
            State::Starting | State::Writing { .. } | State::Failed { .. } => None,
            State::Done { written } => Some(describe_result(*written)),
            State::Cancelled { written } => {
                Some(format!("Cancelled: {}", describe_written(*written)))
            }
        })
    };
    // "0 minutes missing" need not stand there twice.
    let says_it_already = move || {
        missing.get().count == 0 && result().is_some_and(|sentence| sentence == describe_result(0))
    };
    let failure = move || {
        state.with(|state| match state {
            State::Failed { written: 0, message } => Some(message.clone()),
            State::Failed { written, message } => Some(format!(
                "{message} {}; the next run goes on from there.",
                describe_written(*written)
            )),
            State::Idle => data.with(|data| data.error.clone()),
            _ => None,
        })
    };
    let button = move || if failure().is_some() { "Retry" } else { "Write Missing Data" };

    view! {
        <section class="card" aria-labelledby="missing" node_ref=section>
            <h2 id="missing">"Missing data"</h2>
            {move || (!says_it_already()).then(|| view! { <p class="missing__what">{describe_missing(missing.get())}</p> })}
            <form class="missing__form" method="post" action=WriteAllMissingData::url() on:submit=submit>
                <input type="hidden" name="id" value=id.to_string()/>
                {move || missing.get().has_foreign_points.then(|| view! {
                    <p class="missing__warning">
                        <Glyph icon=Icon::Warning/>
                        "This device has points that the emulator did not write."
                    </p>
                    <label class="checkbox">
                        <input type="checkbox" name="confirmed" value="true" required/>
                        "Write emulated data into a real device"
                    </label>
                })}
                <div class="missing__actions">
                    <button class="button button--primary" hidden=move || is_running.get()>{button}</button>
                    <button type="button" class="button" hidden=move || !is_running.get() on:click=cancel>
                        "Cancel"
                    </button>
                </div>
            </form>
            {move || is_running.get().then(|| view! { <Progress state/> })}
            <p class="missing__result" role="status">{result}</p>
            <p class="field__error" role="alert">{failure}</p>
        </section>
    }
}

/// Bar, minutes, rate and remaining time; heard at every quarter only.
#[component]
fn Progress(state: RwSignal<State>) -> impl IntoView {
    let numbers = move || match state.get() {
        State::Writing { written, total, elapsed_ms } => Some((written, total, elapsed_ms)),
        _ => None,
    };
    let text = move || match numbers() {
        None => "Looking for missing minutes…".to_owned(),
        Some((written, total, elapsed_ms)) => describe_progress(written, total, elapsed_ms),
    };
    let quarter = Memo::new(move |_| {
        numbers().map_or(0, |(written, total, _)| written * 4 / total.max(1) * 25)
    });
    view! {
        <div class="progress">
            <progress
                class="progress__bar"
                aria-label="Minutes written"
                max=move || numbers().map(|(_, total, _)| total.to_string())
                value=move || numbers().map(|(written, ..)| written.to_string())
            ></progress>
            <p class="progress__text">{text}</p>
            <p class="visually-hidden" role="status">{move || format!("{} % written", quarter.get())}</p>
        </div>
    }
}

/// `10,080 minutes missing in the last 7 days`.
fn describe_missing(missing: MissingMinutes) -> String {
    format!("{} missing in the last 7 days", minutes(missing.count))
}

fn describe_written(written: u32) -> String {
    format!("{} written", minutes(written))
}

fn minutes(count: u32) -> String {
    match count {
        1 => "1 minute".to_owned(),
        _ => format!("{} minutes", group_digits(count.into())),
    }
}

/// `4,000 of 10,080 minutes · 12,000 a second · 1 s left`.
fn describe_progress(written: u32, total: u32, elapsed_ms: f64) -> String {
    let done =
        format!("{} of {} minutes", group_digits(written.into()), group_digits(total.into()));
    if written == 0 || elapsed_ms <= 0.0 {
        return done;
    }
    let per_second = f64::from(written) * 1_000.0 / elapsed_ms;
    let left = (f64::from(total.saturating_sub(written)) / per_second).ceil();
    format!("{done} · {} a second · {left} s left", group_digits(per_second.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_missing() {
        let missing = |count| describe_missing(MissingMinutes { count, has_foreign_points: false });
        assert_eq!(missing(10_080), "10,080 minutes missing in the last 7 days");
        assert_eq!(missing(1), "1 minute missing in the last 7 days");
        assert_eq!(missing(0), "0 minutes missing in the last 7 days");
    }

    #[test]
    fn says_how_long_it_takes() {
        assert_eq!(describe_progress(0, 10_080, 0.0), "0 of 10,080 minutes");
        assert_eq!(
            describe_progress(4_000, 10_080, 500.0),
            "4,000 of 10,080 minutes · 8,000 a second · 1 s left"
        );
    }
}
