//! The beginning of an answer as tables and lines, as much as a page shows.

use std::collections::BTreeSet;

use futures::StreamExt;
use influx_wire::csv::{Batch, ColumnData, ColumnMeta, DataType, Error, Reader};

use super::check::script_error;
use crate::model::data::{
    AnswerColumn, AnswerLine, AnswerTable, Cell, LINES_DRAWN, QueryAnswer, ROWS_SHOWN, TABLES_SHOWN,
};
use crate::model::time::Timestamp;
use crate::server::influx::columns::value;
use crate::server::ports::scripts::{Answer, ScriptFailure};
use crate::server::ports::{Cause, PortError, Result, Value};

/// What is behind so many rows, or so many bytes, is not read: a page that shows more would be none.
const ROWS_READ: usize = 200_000;
const BYTES_READ: usize = 64 * 1024 * 1024;

/// So much of the text is shown.
const CSV_SHOWN: usize = 8 * 1024;

/// Group keys hold the bounds of the range, which are no news.
const BOUNDS: [&str; 2] = ["_start", "_stop"];

/// Reads an answer until there is enough of it.
pub(super) async fn read(mut answer: Answer) -> Result<QueryAnswer, ScriptFailure> {
    let mut reader = Reader::new();
    let mut collected = Collected::default();
    let mut bytes = 0;
    let is_complete = loop {
        let Some(piece) = answer.next().await.transpose()? else { break true };
        bytes += piece.len();
        collected.text(&piece);
        reader.push(&piece).map_err(failure)?;
        reader.take().iter().for_each(|batch| collected.batch(batch));
        if bytes > BYTES_READ || collected.answer.row_count > ROWS_READ {
            break false;
        }
    };
    // Dropping the rest cancels the query.
    drop(answer);
    if is_complete {
        reader.finish().map_err(failure)?.iter().for_each(|batch| collected.batch(batch));
    }
    Ok(collected.finish(is_complete))
}

fn failure(error: Error) -> ScriptFailure {
    match error {
        Error::Query { message, .. } => ScriptFailure::Script(script_error(message)),
        error => ScriptFailure::Port(PortError {
            sentence: format!(
                "The answer cannot be read: {error}. It can be downloaded as CSV all the same."
            ),
            cause: Cause::Unexpected,
        }),
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Collected {
    answer: QueryAnswer,
    csv: Vec<u8>,
    bytes: usize,
    /// Result and number of the table that is being read.
    current: Option<(String, i64)>,
    results: BTreeSet<String>,
    rows_shown: usize,
    lines: Vec<Labelled>,
}

/// A line before it is known what distinguishes it.
#[derive(Debug)]
struct Labelled {
    result: String,
    column: String,
    key: Vec<(String, String)>,
    points: Vec<(i64, f64)>,
}

impl Collected {
    fn text(&mut self, piece: &[u8]) {
        self.bytes += piece.len();
        let room = CSV_SHOWN.saturating_sub(self.csv.len());
        self.csv.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

    fn batch(&mut self, batch: &Batch) {
        let numbers = number_columns(batch);
        for (row, table) in batch.tables.iter().enumerate() {
            if self
                .current
                .as_ref()
                .is_none_or(|(result, of)| *result != batch.result || of != table)
            {
                self.begin(batch, row, &numbers);
                self.current = Some((batch.result.clone(), *table));
            }
            self.row(batch, row, &numbers);
        }
    }

    /// The first row of a table.
    fn begin(&mut self, batch: &Batch, row: usize, numbers: &[usize]) {
        self.results.insert(batch.result.clone());
        let is_key = |meta: &ColumnMeta| meta.group;
        let key: Vec<(String, String)> = pairs(batch)
            .filter(|(meta, _)| is_key(meta) && !BOUNDS.contains(&meta.label.as_str()))
            .map(|(meta, data)| (meta.label.clone(), text_of(data, row)))
            .collect();
        if self.answer.table_count < TABLES_SHOWN {
            let columns =
                pairs(batch).filter(|(meta, _)| !is_key(meta)).map(|(meta, _)| AnswerColumn {
                    label: meta.label.clone(),
                    is_number: matches!(
                        meta.data_type,
                        DataType::Double | DataType::Long | DataType::UnsignedLong
                    ),
                });
            self.answer.tables.push(AnswerTable {
                result: Some(batch.result.clone()),
                key: key.clone(),
                columns: columns.collect(),
                rows: Vec::new(),
                row_count: 0,
            });
        }
        self.answer.table_count += 1;
        for column in numbers {
            if self.answer.line_count < LINES_DRAWN
                && let Some(meta) = batch.columns.get(*column)
            {
                self.lines.push(Labelled {
                    result: batch.result.clone(),
                    column: meta.label.clone(),
                    key: key.clone(),
                    points: Vec::new(),
                });
            }
            self.answer.line_count += 1;
        }
    }

    fn row(&mut self, batch: &Batch, row: usize, numbers: &[usize]) {
        self.answer.row_count += 1;
        if self.answer.table_count <= TABLES_SHOWN
            && let Some(table) = self.answer.tables.last_mut()
        {
            table.row_count += 1;
            if self.rows_shown < ROWS_SHOWN {
                self.rows_shown += 1;
                let cells = pairs(batch).filter(|(meta, _)| !meta.group);
                table.rows.push(cells.map(|(_, data)| cell(data, row)).collect());
            }
        }
        // The lines of this table are the last ones, as far as they are drawn.
        let first = self.answer.line_count - numbers.len();
        let Some(time) = time_of(batch, row) else { return };
        for (index, column) in numbers.iter().enumerate() {
            let number = value(batch.data.get(*column), row).and_then(Value::as_number);
            if let (Some(line), Some(number)) = (self.lines.get_mut(first + index), number)
                && number.is_finite()
            {
                line.points.push((time, number));
            }
        }
    }

    fn finish(self, is_complete: bool) -> QueryAnswer {
        let Self { mut answer, csv, bytes, results, lines, .. } = self;
        if results.len() < 2 {
            answer.tables.iter_mut().for_each(|table| table.result = None);
        }
        answer.lines = labelled(lines, results.len() > 1);
        answer.is_complete = is_complete;
        answer.is_csv_complete = is_complete && bytes <= CSV_SHOWN;
        let shown = String::from_utf8_lossy(&csv);
        // Lines that are whole.
        let end = if answer.is_csv_complete { shown.len() } else { shown.rfind('\n').unwrap_or(0) };
        answer.csv = shown.get(..end).unwrap_or_default().replace("\r\n", "\n");
        answer
    }
}

fn pairs(batch: &Batch) -> impl Iterator<Item = (&ColumnMeta, &ColumnData)> {
    batch.columns.iter().zip(&batch.data)
}

/// The columns that can be drawn over time: `_value`, or where there is none (after a pivot), all numbers.
fn number_columns(batch: &Batch) -> Vec<usize> {
    let has_times = batch
        .columns
        .iter()
        .any(|meta| meta.label == "_time" && meta.data_type == DataType::Time && !meta.group);
    let is_number = |meta: &ColumnMeta| {
        let numbers = [DataType::Double, DataType::Long, DataType::UnsignedLong];
        numbers.contains(&meta.data_type) && !meta.group
    };
    let has_value = batch.columns.iter().any(|meta| meta.label == "_value");
    let is_drawn = |meta: &ColumnMeta| is_number(meta) && (!has_value || meta.label == "_value");
    let columns = batch.columns.iter().enumerate();
    columns.filter(|(_, meta)| has_times && is_drawn(meta)).map(|(index, _)| index).collect()
}

fn time_of(batch: &Batch, row: usize) -> Option<i64> {
    crate::server::influx::columns::time(
        crate::server::influx::columns::column(batch, "_time"),
        row,
    )
}

fn cell(data: &ColumnData, row: usize) -> Cell {
    match data {
        ColumnData::Time(values) => values
            .get(row)
            .copied()
            .flatten()
            .map_or(Cell::Null, |time| Cell::Time(Timestamp::from_nanoseconds(time))),
        ColumnData::String(values) => {
            values.get(row).cloned().flatten().map_or(Cell::Null, Cell::Text)
        }
        ColumnData::Double(values) => number(values, row),
        ColumnData::Long(values) => number(values, row),
        ColumnData::UnsignedLong(values) => number(values, row),
        ColumnData::Boolean(values) => number(values, row),
    }
}

fn number<T: Copy + std::fmt::Display>(values: &[Option<T>], row: usize) -> Cell {
    values.get(row).copied().flatten().map_or(Cell::Null, |value| Cell::Text(value.to_string()))
}

fn text_of(data: &ColumnData, row: usize) -> String {
    match cell(data, row) {
        Cell::Null => String::new(),
        Cell::Text(text) => text,
        Cell::Time(time) => time.rfc3339(),
    }
}

/// Each line under what it has and some other one has not.
fn labelled(lines: Vec<Labelled>, has_results: bool) -> Vec<AnswerLine> {
    let differs = |label: &str| {
        let mut values = lines.iter().map(|line| line.key.iter().find(|(name, _)| name == label));
        let first = values.next().flatten();
        values.any(|value| value != first)
    };
    let labels: Vec<String> = lines
        .iter()
        .map(|line| {
            let field = line.key.iter().find(|(name, _)| name == "_field");
            let name = match field {
                Some((_, field)) if line.column == "_value" => field.clone(),
                _ => line.column.clone(),
            };
            let others = line
                .key
                .iter()
                .filter(|(name, _)| name != "_field" && differs(name))
                .map(|(name, value)| format!("{name} {value}"));
            let result = has_results.then(|| line.result.clone());
            std::iter::once(name).chain(result).chain(others).collect::<Vec<_>>().join(" · ")
        })
        .collect();
    let drawn = |(line, label): (Labelled, String)| {
        let mut points = line.points;
        points.sort_by_key(|(time, _)| *time);
        let (times, values) = points.into_iter().unzip();
        AnswerLine { label, times, values }
    };
    lines.into_iter().zip(labels).map(drawn).collect()
}

#[cfg(test)]
mod tests;
