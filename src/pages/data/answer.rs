//! The answer to a query: what it has, as a picture, as tables and as it came.

use leptos::prelude::*;

use super::chart::LinesFigure;
use super::tables::Tables;
use crate::components::copy_button::CopyButton;
use crate::model::data::QueryAnswer;
use crate::model::writing::group_digits;

#[component]
pub fn Answer(
    answer: QueryAnswer,
    /// What it is the answer to.
    script: String,
    /// The parameters of the address; `None` where the script is too long for one.
    asked: Option<String>,
) -> impl IntoView {
    let summary = summary(&answer);
    let QueryAnswer { tables, lines, line_count, csv, is_csv_complete, row_count, .. } = answer;
    let download = match asked {
        Some(asked) => view! {
            <a class="button" href=format!("/data/result.csv?{asked}") download="">"Download CSV"</a>
        }
        .into_any(),
        None => view! {
            <form method="post" action="/data/result.csv">
                <input type="hidden" name="flux" value=script/>
                <button class="button">"Download CSV"</button>
            </form>
        }
        .into_any(),
    };
    if row_count == 0 {
        return view! {
            <div class="empty card">
                <h2>"No rows"</h2>
                <p>"The query was answered, but nothing is what it asks for. Ask for a longer range, or for another device or field."</p>
            </div>
        }
        .into_any();
    }
    view! {
        <section class="result" aria-labelledby="result">
            <div class="section-head">
                <div>
                    <h2 id="result">"Result"</h2>
                    <p class="hint">{summary}</p>
                </div>
                {download}
            </div>
            <LinesFigure lines line_count/>
            <Tables tables/>
            <details class="disclosure result__csv" data-key="csv">
                <summary>"Annotated CSV"</summary>
                <div class="section-head">
                    <p class="hint">
                        {if is_csv_complete { "As InfluxDB has sent it." } else { "As InfluxDB has sent it: the first lines. The file has all." }}
                    </p>
                    <CopyButton source="result-csv" what="CSV"/>
                </div>
                <pre class="script" tabindex="0"><code id="result-csv">{csv}</code></pre>
            </details>
        </section>
    }
    .into_any()
}

/// `2,700 rows in 30 tables. Of these the first 1,000 rows of the first 20 tables are shown.`
fn summary(answer: &QueryAnswer) -> String {
    let count = |number: usize, one: &str| {
        let digits = group_digits(number as u64);
        if number == 1 { format!("{digits} {one}") } else { format!("{digits} {one}s") }
    };
    let rows = count(answer.row_count, "row");
    let tables = count(answer.table_count, "table");
    let whole = if answer.is_complete {
        format!("{rows} in {tables}.")
    } else {
        format!("More than {rows} in {tables}: no more were read. The file has all.")
    };
    let shown: usize = answer.tables.iter().map(|table| table.rows.len()).sum();
    let is_all = shown == answer.row_count && answer.tables.len() == answer.table_count;
    if is_all {
        return whole;
    }
    let first = |number: usize, all: usize, one: &str| match number {
        number if number == all => format!("all {}", count(number, one)),
        1 => format!("the first {one}"),
        number => format!("the first {}", count(number, one)),
    };
    let rows = first(shown, answer.row_count, "row");
    if answer.tables.len() == answer.table_count {
        return format!("{whole} Shown as tables: {rows}.");
    }
    let tables = first(answer.tables.len(), answer.table_count, "table");
    format!("{whole} Shown as tables: {rows} of {tables}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::data::AnswerTable;

    fn answer(rows: usize, shown: usize, tables: usize, is_complete: bool) -> QueryAnswer {
        let table = AnswerTable {
            result: None,
            key: Vec::new(),
            columns: Vec::new(),
            rows: vec![Vec::new(); shown],
            row_count: rows,
        };
        QueryAnswer {
            tables: vec![table],
            table_count: tables,
            row_count: rows,
            is_complete,
            ..QueryAnswer::default()
        }
    }

    #[test]
    fn what_is_shown_of_how_much() {
        for (answer, expected) in [
            (answer(1, 1, 1, true), "1 row in 1 table."),
            (
                answer(2_700, 1_000, 1, true),
                "2,700 rows in 1 table. Shown as tables: the first 1,000 rows.",
            ),
            (
                answer(2_700, 90, 30, true),
                "2,700 rows in 30 tables. Shown as tables: the first 90 rows of the first table.",
            ),
            (
                answer(200_001, 1_000, 1, false),
                "More than 200,001 rows in 1 table: no more were read. The file has all. Shown as tables: the first 1,000 rows.",
            ),
        ] {
            assert_eq!(summary(&answer), expected);
        }
    }
}
