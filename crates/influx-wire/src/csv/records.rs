//! Bytes into rows of cells, however the bytes are cut.
//!
//! Hardly any row has a quoted cell, so a line without a quote is taken as it is and split at its commas.
//! A line with a quote goes through `csv-core`, which keeps its state from one piece of the answer to the next.

use csv_core::{ReadFieldResult, ReaderBuilder, Terminator};

use super::error::Error;

/// Most bytes of one cell.
const MAXIMUM_CELL: usize = 1024 * 1024;

/// Most bytes of one row.
const MAXIMUM_ROW: usize = 32 * 1024 * 1024;

/// A row, without its line end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Record<'a> {
    /// No cell is quoted.
    Plain(&'a [u8]),
    /// The cells one behind the other, and where each of them ends.
    Quoted { text: &'a [u8], ends: &'a [usize] },
}

impl<'a> Record<'a> {
    pub(super) fn len(self) -> usize {
        let (Self::Plain(text) | Self::Quoted { text, .. }) = self;
        text.len()
    }

    /// All cells, for the few rows where speed does not matter.
    pub(super) fn cells(self) -> Vec<&'a [u8]> {
        match self {
            Self::Plain(line) => plain_cells(line).collect(),
            Self::Quoted { text, ends } => quoted_cells(text, ends).collect(),
        }
    }
}

pub(super) fn plain_cells(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b',', line).chain(std::iter::once(line.len())).map(move |end| {
        let cell = line.get(start..end).unwrap_or_default();
        start = end + 1;
        cell
    })
}

pub(super) fn quoted_cells<'a>(
    text: &'a [u8],
    ends: &'a [usize],
) -> impl Iterator<Item = &'a [u8]> {
    let mut start = 0;
    ends.iter()
        .map(move |&end| text.get(std::mem::replace(&mut start, end)..end).unwrap_or_default())
}

#[derive(Debug)]
pub(super) struct Records {
    /// The beginning of a line whose end has not arrived and that has no quote so far.
    pending: Vec<u8>,
    core: csv_core::Reader,
    /// Whether `core` is in the middle of a row.
    in_core: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The line on which the current row begins, from 1, and line feeds inside the row.
    line: u64,
    feeds: u64,
}

impl Records {
    pub(super) fn new() -> Self {
        // A carriage return before the line feed is cut off here: `csv-core` would end the row at it and leave
        // the line feed, which would look like a blank line.
        let core = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build();
        Self {
            pending: Vec::new(),
            core,
            in_core: false,
            text: Vec::new(),
            ends: Vec::new(),
            line: 1,
            feeds: 0,
        }
    }

    /// Whether the bytes so far end in the middle of a row.
    pub(super) fn is_inside(&self) -> bool {
        self.in_core || !self.pending.is_empty()
    }

    /// Gives each row that becomes complete, with the number of its line, to `row`.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        mut row: impl FnMut(Record<'_>, u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while !bytes.is_empty() {
            if self.in_core {
                bytes = self.push_quoted(bytes, &mut row)?;
                continue;
            }
            let end = memchr::memchr(b'\n', bytes);
            let (head, rest) =
                end.and_then(|end| bytes.split_at_checked(end)).unwrap_or((bytes, &[]));
            if memchr::memchr(b'"', head).is_some() {
                // What is pending has no quote and no line feed, so it cannot complete a row.
                self.in_core = true;
                let pending = std::mem::take(&mut self.pending);
                self.push_quoted(&pending, &mut row)?;
                continue;
            }
            if end.is_none() {
                self.pending.extend_from_slice(head);
                return check_row(self.pending.len());
            }
            bytes = rest.get(1..).unwrap_or_default();
            if self.pending.is_empty() {
                row(Record::Plain(without_return(head)), self.line)?;
            } else {
                self.pending.extend_from_slice(head);
                row(Record::Plain(without_return(&self.pending)), self.line)?;
                self.pending.clear();
            }
            self.line += 1;
        }
        Ok(())
    }

    /// Reads up to the end of the row; what is behind it is left.
    fn push_quoted<'b>(
        &mut self,
        mut bytes: &'b [u8],
        row: &mut impl FnMut(Record<'_>, u64) -> Result<(), Error>,
    ) -> Result<&'b [u8], Error> {
        // An empty input would tell `csv-core` that the answer is over.
        while !bytes.is_empty() {
            let mut output = [0; 4096];
            let (result, read, written) = self.core.read_field(bytes, &mut output);
            let (taken, rest) = bytes.split_at_checked(read).unwrap_or((bytes, &[]));
            self.feeds += memchr::memchr_iter(b'\n', taken).count() as u64;
            bytes = rest;
            self.text.extend_from_slice(output.get(..written).unwrap_or_default());
            check_row(self.text.len())?;
            if self.text.len() - self.ends.last().copied().unwrap_or(0) > MAXIMUM_CELL {
                return Err(Error::TooLarge(format!("a cell has more than {MAXIMUM_CELL} bytes")));
            }
            let ReadFieldResult::Field { record_end } = result else { continue };
            if record_end && self.text.last() == Some(&b'\r') {
                self.text.pop();
            }
            self.ends.push(self.text.len());
            if record_end {
                row(Record::Quoted { text: &self.text, ends: &self.ends }, self.line)?;
                self.text.clear();
                self.ends.clear();
                self.in_core = false;
                self.line += std::mem::take(&mut self.feeds);
                return Ok(bytes);
            }
        }
        Ok(bytes)
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn check_row(length: usize) -> Result<(), Error> {
    if length > MAXIMUM_ROW {
        return Err(Error::TooLarge(format!("a row has more than {MAXIMUM_ROW} bytes")));
    }
    Ok(())
}

pub(super) fn check_cell(cell: &[u8]) -> Result<(), Error> {
    if cell.len() > MAXIMUM_CELL {
        return Err(Error::TooLarge(format!("a cell has more than {MAXIMUM_CELL} bytes")));
    }
    Ok(())
}
