//! The tables of an answer.

use leptos::prelude::*;

use crate::components::moment::Moment;
use crate::hooks::zone::local_time;
use crate::model::data::{AnswerColumn, AnswerTable, Cell};
use crate::model::writing::group_digits;

#[component]
pub fn Tables(tables: Vec<AnswerTable>) -> impl IntoView {
    let mut tables: Vec<AnswerTable> =
        tables.into_iter().filter(|table| !table.rows.is_empty()).collect();
    let common = take_common(&mut tables);
    let common = (!common.is_empty()).then(|| {
        view! { <p class="result__common">"All tables have " {pairs(common)}</p> }
    });
    let tables = tables
        .into_iter()
        .enumerate()
        .map(|(index, table)| view! { <Table index table/> })
        .collect_view();
    view! {
        {common}
        <div class="result__tables">{tables}</div>
    }
}

/// Takes what several tables have in common out of their keys.
fn take_common(tables: &mut [AnswerTable]) -> Vec<(String, String)> {
    let [first, others @ ..] = &*tables else { return Vec::new() };
    if others.is_empty() {
        return Vec::new();
    }
    let is_common = |pair: &&(String, String)| others.iter().all(|table| table.key.contains(*pair));
    let common: Vec<_> = first.key.iter().filter(is_common).cloned().collect();
    for table in tables {
        table.key.retain(|pair| !common.contains(pair));
    }
    common
}

/// Names and values.
fn pairs(pairs: impl IntoIterator<Item = (String, String)>) -> impl IntoView {
    let pair = |(name, value): (String, String)| {
        view! { <span class="key"><span class="key__name">{name}</span> " " {value}</span> " " }
    };
    pairs.into_iter().map(pair).collect_view()
}

/// One table, under what all of its rows have in common.
#[component]
fn Table(index: usize, table: AnswerTable) -> impl IntoView {
    let AnswerTable { result, key, columns, rows, row_count } = table;
    let id = format!("table-{index}");
    let labelled_by = id.clone();
    let more = (rows.len() < row_count).then(|| {
        let (shown, all) = (group_digits(rows.len() as u64), group_digits(row_count as u64));
        view! { <span class="hint">{format!("the first {shown} of {all} rows")}</span> }
    });
    let result = result.map(|result| ("result".to_owned(), result));
    let pairs = pairs(result.into_iter().chain(key));
    let heads = columns
        .iter()
        .map(|AnswerColumn { label, is_number }| {
            view! { <th scope="col" class=is_number.then_some("number")>{label.clone()}</th> }
        })
        .collect_view();
    let rows = rows
        .into_iter()
        .map(|row| {
            let cells = row.into_iter().zip(&columns).map(|(cell, column)| cell_view(cell, column));
            view! { <tr>{cells.collect_view()}</tr> }
        })
        .collect_view();
    view! {
        <div class="scroller result__scroller" tabindex="0" role="region" aria-labelledby=labelled_by>
            <table class="table result__table">
                <caption class="result__caption" id=id>{pairs} {more}</caption>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn cell_view(cell: Cell, column: &AnswerColumn) -> impl IntoView + use<> {
    let class = column.is_number.then_some("number");
    match cell {
        Cell::Null => view! { <td class=class>"–"</td> }.into_any(),
        Cell::Text(text) => view! { <td class=class>{text}</td> }.into_any(),
        Cell::Time(time) => view! { <td><Moment time=local_time(time)/></td> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(key: &[(&str, &str)]) -> AnswerTable {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        AnswerTable {
            result: None,
            key: key.iter().map(pair).collect(),
            columns: Vec::new(),
            rows: Vec::new(),
            row_count: 0,
        }
    }

    #[test]
    fn what_all_tables_have_is_said_once() {
        let mut several = [
            table(&[("_field", "CO2"), ("device", "a")]),
            table(&[("_field", "TVOC"), ("device", "a")]),
        ];
        let common = take_common(&mut several);
        assert_eq!(common, table(&[("device", "a")]).key);
        assert_eq!(several, [table(&[("_field", "CO2")]), table(&[("_field", "TVOC")])]);
        let mut one = [table(&[("_field", "CO2")])];
        assert_eq!(take_common(&mut one), []);
        assert_eq!(one, [table(&[("_field", "CO2")])]);
        assert_eq!(take_common(&mut []), []);
    }
}
