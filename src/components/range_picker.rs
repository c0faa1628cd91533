//! The choice of the span of time that a dashboard shows.

use leptos::prelude::*;

use crate::model::range::{RelativeRange, TimeRange};

/// Links to the ranges that end now, the one that is shown marked as such.
#[component]
pub fn RangePicker(
    /// What the links lead to, without parameters.
    #[prop(into)]
    path: String,
    /// What is shown; `None` if what was asked for is no range.
    current: Option<TimeRange>,
    /// Parameters that the links keep.
    #[prop(optional, into)]
    kept: String,
) -> impl IntoView {
    let links = RelativeRange::ALL
        .into_iter()
        .map(|range| {
            let range_as_time = TimeRange::Relative(range);
            let is_current = (current == Some(range_as_time)).then_some("true");
            view! {
                <li>
                    <a
                        class="ranges__link"
                        href=format!("{path}?{}{kept}", range_as_time.query_string())
                        title=range.label()
                        aria-current=is_current
                    >
                        {range.code()}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="ranges" aria-label="Time range">
            <ul class="ranges__list">{links}</ul>
        </nav>
    }
}
