//! What the charts show as a table: for reading, copying and hearing.

use std::num::NonZeroU64;

use leptos::prelude::*;

use crate::charts::summary::duration_words;
use crate::components::moment::Moment;
use crate::hooks::zone::local_time;
use crate::model::field::Field;
use crate::model::resolution::window_for;
use crate::model::series::{Column, Row, Series};
use crate::model::time::Timestamp;

/// More rows would be a file: that is what the export is for.
const ROWS: u32 = 24;

/// The charted fields as rows of times: points where they are few, else the smallest and the largest value of spans of time.
#[component]
pub fn ValuesTable(series: Series) -> impl IntoView {
    let series = coarse(series);
    let title = match series.window {
        None => "Values as a table".to_owned(),
        Some(window) => {
            format!(
                "Values as a table, {} a row, lowest to highest",
                duration_words(window.get() as f64)
            )
        }
    };
    let heads = Field::CHARTED
        .into_iter()
        .map(|field| view! {
            <th scope="col" class="number">{field.key()} " " <span class="unit">{field.unit()}</span></th>
        })
        .collect_view();
    let rows = series
        .times
        .iter()
        .enumerate()
        .rev()
        .map(|(index, time)| {
            let cells = series
                .columns
                .iter()
                .map(|column| view! { <td class="number">{cell(column, index)}</td> })
                .collect_view();
            view! {
                <tr>
                    <th scope="row"><Moment time=local_time(Timestamp::from_nanoseconds(*time))/></th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="disclosure charts__table" data-key="values-table">
            <summary>{title}</summary>
            <div class="scroller" tabindex="0" role="region" aria-label="Values as a table">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Time"</th>
                            {heads}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
}

/// As few rows as a table may have.
fn coarse(series: Series) -> Series {
    let (Some(first), Some(last)) = (series.times.first(), series.times.last()) else {
        return series;
    };
    if series.times.len() <= ROWS as usize {
        return series;
    }
    let (first, last) = (Timestamp::from_nanoseconds(*first), Timestamp::from_nanoseconds(*last));
    let window = window_for(first, last, ROWS);
    // Only whole windows of the series become windows of the table.
    let own = series.window.map_or(1, NonZeroU64::get);
    let whole = NonZeroU64::new(window.get().next_multiple_of(own)).unwrap_or(window);
    series.folded(whole)
}

/// `21.3`, or `19.8 – 23.4` where there are several values.
fn cell(column: &Column, index: usize) -> String {
    let Some(Row { low, high, .. }) = column.row(index) else { return "–".to_owned() };
    let (low, high) = (column.field.format(low), column.field.format(high));
    if low == high { low } else { format!("{low} – {high}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(count: i64) -> Series {
        let times: Vec<i64> = (0..count).map(|minute| minute * 60_000_000_000).collect();
        let values = (0..count).map(|minute| minute as f64).collect();
        Series { window: None, times, columns: vec![Column::new(Field::Temperature, values)] }
    }

    #[test]
    fn few_points_are_rows_and_many_are_summed_up() {
        assert_eq!(coarse(minutes(24)), minutes(24));
        let day = coarse(minutes(1_440));
        assert!(day.times.len() <= ROWS as usize + 1, "{}", day.times.len());
        assert_eq!(cell(&day.columns[0], 0), "0.0 – 59.0");
        assert_eq!(cell(&minutes(3).columns[0], 2), "2.0");
        assert_eq!(cell(&minutes(3).columns[0], 3), "–");
    }
}
