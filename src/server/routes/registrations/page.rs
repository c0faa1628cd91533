//! The page that tells what became of a list: its frame, its rows, its end.

use leptos::prelude::*;

use crate::model::device::DeviceId;
use crate::model::writing::group_digits;
use crate::server::routes::document::{Link, document};
use crate::server::services::provisioning::Registered;
use crate::server::state::AppState;

/// What stands where the rows and the end will be. No text of the page can be this.
const ROWS: &str = "<!--rows-->";
const END: &str = "<!--end-->";

/// A page in three parts.
#[derive(Debug)]
pub(super) struct Frame {
    /// Up to the rows.
    pub(super) head: String,
    /// Between the rows and the end.
    pub(super) middle: String,
    pub(super) foot: String,
}

pub(super) fn frame(state: &AppState) -> Frame {
    let link = Link { path: "/devices".to_owned(), text: "To the devices" };
    let page = document(state, super::TITLE, link, || {
        view! {
            <p>"Stay on this page until its end is there: who leaves it stops the work."</p>
            <table class="table registrations">
                <caption class="visually-hidden">"What became of each line of the list"</caption>
                <thead>
                    <tr>
                        <th class="number" scope="col">"Line"</th>
                        <th scope="col">"Device"</th>
                        <th scope="col">"Result"</th>
                    </tr>
                </thead>
                <tbody inner_html=ROWS></tbody>
            </table>
            <div class="registrations__end" inner_html=END></div>
        }
    });
    let part = |text: &str, mark: &str| {
        let (before, behind) = text.split_once(mark).unwrap_or((text, ""));
        (before.to_owned(), behind.to_owned())
    };
    let (head, rest) = part(&page, ROWS);
    let (middle, foot) = part(&rest, END);
    Frame { head, middle, foot }
}

/// What became of a line.
#[derive(Debug)]
pub(super) enum Row {
    Device { number: usize, device: DeviceId, outcome: Registered },
    Again { number: usize, device: DeviceId, line: usize },
    Invalid { number: usize, text: String, reason: String },
}

impl Row {
    pub(super) fn to_html(&self) -> String {
        let (number, name, result, is_wrong) = match self {
            Self::Device { number, device, outcome } => {
                let (result, is_wrong) = match outcome {
                    Registered::Now => ("registered".to_owned(), false),
                    Registered::Already { .. } => ("was registered already".to_owned(), false),
                    Registered::Failed(sentence) => (sentence.clone(), true),
                    Registered::NotTried => {
                        ("not tried: others before it have failed".to_owned(), true)
                    }
                };
                (number, Ok(device), result, is_wrong)
            }
            Self::Again { number, device, line } => {
                (number, Ok(device), format!("stands in line {line} already"), false)
            }
            Self::Invalid { number, text, reason } => {
                (number, Err(text), format!("no device ID: {reason}"), true)
            }
        };
        let name = match name {
            Ok(device) => {
                view! { <a href=format!("/devices/{device}")>{device.to_string()}</a> }.into_any()
            }
            Err(text) => view! { <code>{text.clone()}</code> }.into_any(),
        };
        let class = if is_wrong { "registrations__wrong" } else { "" };
        let row = view! {
            <tr>
                <td class="number">{group_digits(*number as u64)}</td>
                <th scope="row">{name}</th>
                <td class=class>{result}</td>
            </tr>
        };
        row.to_html()
    }
}

/// What became of all lines.
#[derive(Debug, Default)]
pub(super) struct Tally {
    registered: usize,
    already: usize,
    again: usize,
    invalid: usize,
    failed: usize,
    not_tried: usize,
    /// The devices whose token can be shown.
    with_token: Vec<DeviceId>,
    /// The list has columns that nobody has read.
    has_other_columns: bool,
}

impl Tally {
    pub(super) fn new(has_other_columns: bool) -> Self {
        Self { has_other_columns, ..Self::default() }
    }

    pub(super) fn count(&mut self, row: &Row) {
        let (counter, with_token) = match row {
            Row::Invalid { .. } => (&mut self.invalid, None),
            Row::Again { .. } => (&mut self.again, None),
            Row::Device { device, outcome, .. } => match outcome {
                Registered::Now => (&mut self.registered, Some(device)),
                Registered::Already { has_token } => {
                    (&mut self.already, has_token.then_some(device))
                }
                Registered::Failed(_) => (&mut self.failed, None),
                Registered::NotTried => (&mut self.not_tried, None),
            },
        };
        *counter += 1;
        self.with_token.extend(with_token.cloned());
    }

    /// `97 registered, 2 registered already, 1 failed.`
    fn sentence(&self) -> String {
        let parts = [
            (self.registered, "registered"),
            (self.already, "registered already"),
            (self.again, "repeated"),
            (self.invalid, "no device ID"),
            (self.failed, "failed"),
            (self.not_tried, "not tried"),
        ];
        // That none was registered is worth a word, that none has failed is not.
        let said = parts.iter().enumerate().filter(|(index, (count, _))| *index == 0 || *count > 0);
        let words: Vec<String> = said
            .map(|(_, (count, what))| format!("{} {what}", group_digits(*count as u64)))
            .collect();
        format!("{}.", words.join(", "))
    }

    pub(super) fn to_html(&self) -> String {
        let ids: Vec<&str> = self.with_token.iter().map(DeviceId::as_str).collect();
        let count = match ids.len() {
            1 => "The token of one device".to_owned(),
            count => format!("The tokens of {} devices", group_digits(count as u64)),
        };
        let has_failed = self.failed + self.not_tried > 0;
        let end = view! {
            <p class="registrations__result" role="status">{self.sentence()}</p>
            {self.has_other_columns.then(|| view! {
                <p>"The list has several columns: only the one with the IDs was read."</p>
            })}
            {has_failed.then(|| view! {
                <p>"Paste the list again to try once more: what is registered stays as it is."</p>
            })}
            {(!ids.is_empty()).then(|| view! {
                <form method="post" action="/registrations/tokens">
                    <input type="hidden" name="ids" value=ids.join(" ")/>
                    <button class="button button--primary">"Reveal and download tokens"</button>
                </form>
                <p class="hint">
                    {count} " can be shown once, within 15 minutes of the registration. The file is then the only place where they are."
                </p>
            })}
        };
        end.to_html()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, outcome: Registered) -> Row {
        Row::Device { number: 1, device: DeviceId::parse(id).unwrap(), outcome }
    }

    #[test]
    fn the_end_counts_all_lines() {
        let mut tally = Tally::default();
        assert_eq!(tally.sentence(), "0 registered.");
        for row in [
            device("a", Registered::Now),
            device("b", Registered::Already { has_token: true }),
            device("c", Registered::Already { has_token: false }),
            device("d", Registered::Failed("It is full.".to_owned())),
            device("e", Registered::NotTried),
            Row::Again { number: 6, device: DeviceId::parse("a").unwrap(), line: 1 },
            Row::Invalid { number: 7, text: "..".to_owned(), reason: "no".to_owned() },
        ] {
            tally.count(&row);
        }
        assert_eq!(
            tally.sentence(),
            "1 registered, 2 registered already, 1 repeated, 1 no device ID, 1 failed, 1 not tried."
        );
        let html = tally.to_html();
        assert!(
            html.contains("value=\"a b\"") && html.contains("The tokens of 2 devices"),
            "{html}"
        );
    }

    #[test]
    fn what_was_pasted_is_text() {
        let text = "<script>\"&".to_owned();
        let html = Row::Invalid { number: 1, text: text.clone(), reason: text }.to_html();
        assert!(!html.contains("<script>"), "{html}");
    }
}
