//! Annotated CSV into typed columns, as the bytes arrive.

use super::column::{self, parse_long};
use super::error::Error;
use super::records::{self, Record, Records};
use super::{Batch, ColumnData, ColumnMeta};

/// Most bytes of an annotation or a row of names.
const MAXIMUM_HEADER: usize = 64 * 1024;

/// Most bytes of values that are held until they are taken.
const MAXIMUM_HELD: usize = 256 * 1024 * 1024;

/// Push bytes in, take batches out.
///
/// Needs the annotations `datatype`, `group` and `default` in the answer.
///
/// ```
/// use influx_wire::csv::{ColumnData, Reader};
///
/// let mut reader = Reader::with_columns(&["_value"]);
/// reader.push(b"#datatype,string,long,dateTime:RFC3339,double\r\n#group,false,false,false,false\r\n")?;
/// reader.push(b"#default,_result,,,\r\n,result,table,_time,_value\r\n,,0,2022-02-08T22:41:00Z,17\r\n\r\n")?;
/// let batches = reader.finish()?;
/// assert_eq!(batches[0].result, "_result");
/// assert_eq!(batches[0].data, [ColumnData::Double(vec![Some(17.0)])]);
/// # Ok::<(), influx_wire::csv::Error>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    records: Records,
    tables: Tables,
    failure: Option<Error>,
}

impl Reader {
    /// Keeps every column.
    #[expect(clippy::new_without_default, reason = "reading needs a decision about columns")]
    pub fn new() -> Self {
        Self::keeping(None)
    }

    /// Keeps only these columns; the others are skipped without being converted.
    pub fn with_columns(labels: &[&str]) -> Self {
        Self::keeping(Some(labels.iter().map(|&label| label.to_owned()).collect()))
    }

    fn keeping(kept: Option<Vec<String>>) -> Self {
        let tables = Tables {
            kept,
            state: State::BeforeHeader(Annotations::default()),
            done: Vec::new(),
            held: 0,
        };
        Self { records: Records::new(), tables, failure: None }
    }

    /// Reads the next bytes of the answer. After an error the reader stays failed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let tables = &mut self.tables;
        let result = self.records.push(bytes, |record, line| tables.record(record, line));
        if let Err(failure) = &result {
            self.failure = Some(failure.clone());
            // The row that failed may stand in some columns and not in others.
            tables.state = State::BeforeHeader(Annotations::default());
        }
        result
    }

    /// The rows that are complete so far.
    pub fn take(&mut self) -> Vec<Batch> {
        self.tables.take()
    }

    /// Says that the answer is over and gives the rest.
    pub fn finish(mut self) -> Result<Vec<Batch>, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let lacks_rows = match &self.tables.state {
            State::BeforeHeader(annotations) => !annotations.is_empty(),
            State::BeforeError => true,
            State::Rows(_) => false,
        };
        if lacks_rows || self.records.is_inside() {
            return Err(Error::Truncated);
        }
        self.tables.close();
        Ok(self.tables.take())
    }
}

/// Annotation rows whose row of names has not come yet.
#[derive(Debug, Default)]
struct Annotations {
    types: Option<Vec<String>>,
    group: Option<Vec<String>>,
    default: Option<Vec<String>>,
}

impl Annotations {
    fn is_empty(&self) -> bool {
        self.types.is_none() && self.group.is_none() && self.default.is_none()
    }
}

#[derive(Debug)]
enum State {
    BeforeHeader(Annotations),
    /// The next row says what went wrong.
    BeforeError,
    Rows(Open),
}

/// A table whose rows are being read.
#[derive(Debug)]
struct Open {
    batch: Batch,
    /// For each cell behind `table`: its place among the kept columns.
    targets: Vec<Option<usize>>,
    /// For each kept column: what an empty cell means.
    defaults: Vec<Vec<u8>>,
    default_result: String,
    default_table: Option<i64>,
    has_rows: bool,
}

#[derive(Debug)]
struct Tables {
    /// The labels of the wanted columns; `None` is all.
    kept: Option<Vec<String>>,
    state: State,
    done: Vec<Batch>,
    /// Bytes of values since the last taking.
    held: usize,
}

impl Tables {
    fn take(&mut self) -> Vec<Batch> {
        self.held = 0;
        let mut batches = std::mem::take(&mut self.done);
        if let State::Rows(open) = &mut self.state {
            batches.extend(open.take_rows());
        }
        batches
    }

    /// Ends the table that is open.
    fn close(&mut self) {
        let state = std::mem::replace(&mut self.state, State::BeforeHeader(Annotations::default()));
        if let State::Rows(mut open) = state {
            if open.has_rows {
                self.done.extend(open.take_rows());
            } else {
                self.done.push(open.batch);
            }
        }
    }

    fn record(&mut self, record: Record<'_>, line: u64) -> Result<(), Error> {
        let is_annotation = match record {
            Record::Plain([]) => {
                if let State::BeforeHeader(annotations) = &self.state
                    && !annotations.is_empty()
                {
                    return malformed(line, "the row of names is missing");
                }
                self.close();
                return Ok(());
            }
            Record::Plain(text) | Record::Quoted { text, .. } => text.first() == Some(&b'#'),
        };
        match &mut self.state {
            State::Rows(open) if !is_annotation => {
                let grown = match record {
                    Record::Plain(text) => {
                        open.row(records::plain_cells(text), line, &mut self.done)
                    }
                    Record::Quoted { text, ends } => {
                        open.row(records::quoted_cells(text, ends), line, &mut self.done)
                    }
                };
                let grown = match grown {
                    // Never seen without a blank line before it, but it must not be lost.
                    Err(_) if is_error_header(&record.cells()) => {
                        self.state = State::BeforeError;
                        return Ok(());
                    }
                    grown => grown?,
                };
                self.held += grown;
                if self.held > MAXIMUM_HELD {
                    let text = format!("its columns have more than {MAXIMUM_HELD} bytes");
                    return Err(Error::TooLarge(text));
                }
                Ok(())
            }
            State::BeforeError => {
                let cells = texts(record, line)?;
                let mut cells = cells.into_iter().skip(1);
                let message = cells.next().unwrap_or_default();
                Err(Error::Query { message, reference: cells.next().unwrap_or_default() })
            }
            _ => {
                if record.len() > MAXIMUM_HEADER {
                    let text = format!("a header has more than {MAXIMUM_HEADER} bytes");
                    return Err(Error::TooLarge(text));
                }
                if is_annotation {
                    self.annotation(record, line)
                } else {
                    self.header(record, line)
                }
            }
        }
    }

    fn annotation(&mut self, record: Record<'_>, line: u64) -> Result<(), Error> {
        if let State::Rows(_) = self.state {
            self.close();
        }
        let State::BeforeHeader(annotations) = &mut self.state else { return Ok(()) };
        let cells = texts(record, line)?;
        match cells.first().map(String::as_str) {
            Some("#datatype") => annotations.types = Some(cells),
            Some("#group") => annotations.group = Some(cells),
            Some("#default") => annotations.default = Some(cells),
            // Others may be added to the format one day.
            _ => {}
        }
        Ok(())
    }

    fn header(&mut self, record: Record<'_>, line: u64) -> Result<(), Error> {
        if is_error_header(&record.cells()) {
            self.state = State::BeforeError;
            return Ok(());
        }
        let State::BeforeHeader(annotations) = &mut self.state else { return Ok(()) };
        let Annotations { types, group, default } = std::mem::take(annotations);
        let (Some(types), Some(group)) = (types, group) else {
            return malformed(line, "the annotations #datatype and #group are missing");
        };
        let names = texts(record, line)?;
        let default = default.unwrap_or_else(|| vec![String::new(); names.len()]);
        if [&types, &group, &default].iter().any(|row| row.len() != names.len()) {
            return malformed(line, "annotations and names differ in their number");
        }
        let (["", "result", "table"], [_, default_result, default_table]) =
            (first_three(&names).unwrap_or_default(), first_three(&default).unwrap_or_default())
        else {
            return malformed(line, "the row of names is missing");
        };
        let default_table = match default_table {
            "" => None,
            text => match parse_long(text.as_bytes()) {
                Some(table) => Some(table),
                None => return malformed(line, "the default of `table` is not a number"),
            },
        };
        let mut open = Open {
            batch: Batch {
                result: default_result.to_owned(),
                tables: Vec::new(),
                columns: Vec::new(),
                data: Vec::new(),
            },
            targets: Vec::new(),
            defaults: Vec::new(),
            default_result: default_result.to_owned(),
            default_table,
            has_rows: false,
        };
        let columns = names.iter().zip(&types).zip(group.iter().zip(&default)).skip(3);
        for ((label, annotation), (group, default)) in columns {
            if self.kept.as_ref().is_some_and(|kept| !kept.contains(label)) {
                open.targets.push(None);
                continue;
            }
            let Some(data_type) = column::data_type(annotation) else {
                return malformed(
                    line,
                    &format!("unknown type `{annotation}` of column `{label}`"),
                );
            };
            open.targets.push(Some(open.batch.columns.len()));
            open.defaults.push(default.clone().into_bytes());
            let group = group == "true";
            open.batch.columns.push(ColumnMeta { label: label.clone(), data_type, group });
            open.batch.data.push(ColumnData::empty(data_type));
        }
        self.state = State::Rows(open);
        Ok(())
    }
}

impl Open {
    /// The rows so far, if there are any.
    fn take_rows(&mut self) -> Option<Batch> {
        if self.batch.tables.is_empty() {
            return None;
        }
        Some(Batch {
            result: self.batch.result.clone(),
            tables: std::mem::take(&mut self.batch.tables),
            columns: self.batch.columns.clone(),
            data: self.batch.data.iter_mut().map(ColumnData::take).collect(),
        })
    }

    /// Appends a row and returns about how many bytes it takes.
    fn row<'c>(
        &mut self,
        mut cells: impl Iterator<Item = &'c [u8]>,
        line: u64,
        done: &mut Vec<Batch>,
    ) -> Result<usize, Error> {
        let (Some(b""), Some(result), Some(table)) = (cells.next(), cells.next(), cells.next())
        else {
            return malformed(line, "a row has too few cells, or text before them");
        };
        let result = if result.is_empty() { self.default_result.as_bytes() } else { result };
        if result != self.batch.result.as_bytes() {
            let Ok(result) = std::str::from_utf8(result) else {
                return malformed(line, "the name of the result is not UTF-8");
            };
            let result = result.to_owned();
            done.extend(self.take_rows());
            self.batch.result = result;
        }
        let table = if table.is_empty() { self.default_table } else { parse_long(table) };
        let Some(table) = table else {
            return malformed(line, "the number of the table is missing");
        };
        let mut grown = 16 * (1 + self.defaults.len());
        for target in &self.targets {
            let Some(mut cell) = cells.next() else {
                return malformed(line, "a row has fewer cells than there are names");
            };
            let Some(target) = *target else { continue };
            let (Some(data), Some(default)) =
                (self.batch.data.get_mut(target), self.defaults.get(target))
            else {
                continue;
            };
            if cell.is_empty() {
                cell = default;
            }
            if let ColumnData::String(_) = data {
                records::check_cell(cell)?;
                grown += cell.len() + 8;
            }
            if data.push(cell).is_err() {
                let column = self.batch.columns.get(target);
                let label = column.map_or("", |column| column.label.as_str());
                let data_type = column.map_or("", |column| column.data_type.as_str());
                let text = String::from_utf8_lossy(cell).chars().take(40).collect::<String>();
                let reason = format!("`{text}` in column `{label}` is not of type {data_type}");
                return malformed(line, &reason);
            }
        }
        if cells.next().is_some() {
            return malformed(line, "a row has more cells than there are names");
        }
        self.batch.tables.push(table);
        self.has_rows = true;
        Ok(grown)
    }
}

fn malformed<T>(line: u64, reason: &str) -> Result<T, Error> {
    Err(Error::Malformed { line, reason: reason.to_owned() })
}

fn is_error_header(cells: &[&[u8]]) -> bool {
    matches!(cells, [b"", b"error"] | [b"", b"error", b"reference", ..])
}

fn texts(record: Record<'_>, line: u64) -> Result<Vec<String>, Error> {
    let texts: Result<Vec<_>, _> =
        record.cells().into_iter().map(|cell| String::from_utf8(cell.to_vec())).collect();
    texts.or_else(|_| malformed(line, "a text is not UTF-8"))
}

fn first_three(cells: &[String]) -> Option<[&str; 3]> {
    match cells {
        [first, second, third, ..] => Some([first, second, third]),
        _ => None,
    }
}
