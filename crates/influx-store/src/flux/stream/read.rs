//! Reading storage: `from |> range |> filter* |> group? |> …` as one step.
//!
//! Functions that follow a read are taken into it as long as storage can do them. What that changes visibly is
//! what InfluxDB's own pushdown changes: `_start` and `_stop` stay in the key of a group, and `first` and `last`
//! behind a group go by time.

mod assemble;
pub(crate) mod windowed;

use std::sync::Arc;

use influx_wire::csv::DataType;

use self::assemble::{Labels, SeriesTables};
use super::super::error::{ErrorCode, Failure};
use super::super::source::{BucketInfo, SourceError};
use super::super::table::{Column, Groups, Table};
use super::predicate::{self, Predicate, Verdict};
use super::{Context, Cursor};
use crate::storage::{BucketId, Field, FieldId, Series, TimeRange};

/// The most values that are read at once; few in tests, so that they come past the edges.
const CHUNK_VALUES: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BucketSelector {
    Name(Arc<str>),
    Id(Arc<str>),
}

impl BucketSelector {
    fn text(&self) -> &str {
        match self {
            Self::Name(text) | Self::Id(text) => text,
        }
    }
}

/// How the rows of a series become tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A table for each field.
    Fields,
    /// The oldest row of each.
    First,
    /// The newest row of each.
    Last,
    /// One table with a column for each field: `fieldsAsCols()`.
    Pivoted,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) bucket: BucketSelector,
    pub(crate) range: Option<TimeRange>,
    pub(crate) predicate: Option<Predicate>,
    /// The labels by which tables are grouped, besides `_start` and `_stop`.
    pub(crate) group: Option<Vec<Arc<str>>>,
    pub(crate) shape: Shape,
}

impl Read {
    pub(crate) fn new(bucket: BucketSelector) -> Self {
        Self { bucket, range: None, predicate: None, group: None, shape: Shape::Fields }
    }

    /// Whether nothing but filters has been taken in.
    pub(crate) fn is_plain(&self) -> bool {
        self.range.is_some() && self.group.is_none() && self.shape == Shape::Fields
    }

    /// The fields of a series that the filters let through.
    fn selected(&self, series: &Series) -> Vec<Selected> {
        let select = |field: &Field| {
            let rows = match &self.predicate {
                None => None,
                Some(predicate) => match predicate.verdict(series, &field.name, field.data_type) {
                    Verdict::No => return None,
                    Verdict::Yes => None,
                    Verdict::Rows(rows) => Some(rows),
                },
            };
            Some(Selected { field: field.clone(), rows })
        };
        series.fields.iter().filter_map(select).collect()
    }

    pub(crate) fn validate(&self, context: &Context) -> Result<(), Failure> {
        if self.range.is_none() {
            let name = self.bucket.text();
            return Err(Failure::planning(format!(
                "cannot submit unbounded read to {name:?}; try bounding 'from' with a call to 'range'"
            )));
        }
        find_bucket(context, &self.bucket).map(|_| ())
    }

    pub(crate) fn open(&self, context: &Arc<Context>) -> Result<Cursor, Failure> {
        let bucket = find_bucket(context, &self.bucket)?.id;
        let mut series = context.source.series(bucket).map_err(storage)?;
        if self.shape == Shape::Pivoted {
            let mut sorted = series.to_vec();
            sorted.sort_by(|left, right| predicate::compare_series_keys(left, right));
            series = sorted.into();
        }
        let range = self.range.unwrap_or(TimeRange { start: i64::MIN, stop: i64::MAX });
        let reader = Reader {
            context: Arc::clone(context),
            read: self.clone(),
            range,
            bucket,
            series,
            next: 0,
            labels: Labels::default(),
            ready: Vec::new().into_iter(),
            rest: None,
        };
        match &self.group {
            None => Ok(Box::new(reader)),
            Some(labels) => grouped(reader, labels, self.shape),
        }
    }
}

/// The bucket, if the caller may read it.
pub(crate) fn find_bucket(
    context: &Context,
    selector: &BucketSelector,
) -> Result<BucketInfo, Failure> {
    let matches = |bucket: &BucketInfo| match selector {
        BucketSelector::Name(name) => bucket.name == **name,
        BucketSelector::Id(id) => {
            u64::from_str_radix(id, 16).is_ok_and(|id| bucket.id == BucketId(id))
        }
    };
    let found = context.source.buckets().map_err(storage)?.into_iter().find(matches);
    found.ok_or_else(|| {
        let message = format!("could not find bucket {:?}", selector.text());
        Failure::start(ErrorCode::NotFound, message)
    })
}

pub(crate) fn storage(error: SourceError) -> Failure {
    Failure::storage(error.to_string())
}

/// A field that the filters let through; some only with certain values.
#[derive(Debug, Clone)]
struct Selected {
    field: Field,
    rows: Option<Predicate>,
}

/// Reads series after series.
struct Reader {
    context: Arc<Context>,
    read: Read,
    range: TimeRange,
    bucket: BucketId,
    series: Arc<[Arc<Series>]>,
    next: usize,
    labels: Labels,
    ready: std::vec::IntoIter<Table>,
    /// What is left of a series that is too long to be read at once.
    rest: Option<Rest>,
}

struct Rest {
    series: Arc<Series>,
    fields: std::vec::IntoIter<Selected>,
    /// The field being read, and where to go on.
    current: Option<(Selected, i64, bool)>,
}

impl Reader {
    fn read_next(&mut self) -> Result<Option<Table>, Failure> {
        loop {
            if let Some(table) = self.ready.next() {
                return Ok(Some(table));
            }
            self.context.check()?;
            if self.rest.is_some() {
                self.read_rest()?;
                continue;
            }
            let Some(series) = self.series.get(self.next).map(Arc::clone) else { return Ok(None) };
            self.next += 1;
            let fields = self.read.selected(&series);
            if !fields.is_empty() {
                self.ready = self.read_series(&series, fields)?.into_iter();
            }
        }
    }

    fn read_series(
        &mut self,
        series: &Arc<Series>,
        fields: Vec<Selected>,
    ) -> Result<Vec<Table>, Failure> {
        let tables = SeriesTables { labels: &self.labels, series, range: self.range };
        let ids: Vec<FieldId> = fields.iter().map(|selected| selected.field.id).collect();
        let by_time = matches!(self.read.shape, Shape::First | Shape::Last);
        if by_time && fields.iter().all(|selected| selected.rows.is_none()) {
            let source = &self.context.source;
            let edges = if self.read.shape == Shape::Last {
                source.last(self.bucket, series, &ids, self.range)
            } else {
                source.first(self.bucket, series, &ids, self.range)
            };
            return Ok(tables.edges(&fields, edges.map_err(storage)?));
        }
        let limit = (CHUNK_VALUES / fields.len()).max(1);
        let mut rows = self
            .context
            .source
            .rows(self.bucket, series, &ids, self.range, limit)
            .map_err(storage)?;
        let mut complete = rows.times.len() < limit;
        if self.read.shape == Shape::Fields && !complete {
            self.rest = Some(Rest {
                series: Arc::clone(series),
                fields: fields.into_iter(),
                current: None,
            });
            return Ok(Vec::new());
        }
        let mut held = self.context.hold();
        while !complete {
            self.context.check()?;
            held.add(limit * (ids.len() + 1) * 16)?;
            let start = rows.times.last().map_or(self.range.stop, |time| time.saturating_add(1));
            let range = TimeRange { start, ..self.range };
            let more = self
                .context
                .source
                .rows(self.bucket, series, &ids, range, limit)
                .map_err(storage)?;
            complete = more.times.len() < limit;
            assemble::append(&mut rows, more);
        }
        Ok(match self.read.shape {
            Shape::Pivoted => tables.pivoted(&fields, rows).into_iter().collect(),
            Shape::Fields => tables.fields(&fields, rows),
            // Only where a condition on the value is in the way of the shorter path above.
            Shape::First => {
                tables.fields(&fields, rows).into_iter().map(|table| table.take(&[0])).collect()
            }
            Shape::Last => {
                let last = |table: Table| table.take(&[table.rows.saturating_sub(1)]);
                tables.fields(&fields, rows).into_iter().map(last).collect()
            }
        })
    }

    /// Reads the next part of a long series, field by field.
    fn read_rest(&mut self) -> Result<(), Failure> {
        let Some(rest) = &mut self.rest else { return Ok(()) };
        let Some((selected, start, continued)) = rest
            .current
            .take()
            .or_else(|| rest.fields.next().map(|field| (field, self.range.start, false)))
        else {
            self.rest = None;
            return Ok(());
        };
        let range = TimeRange { start, ..self.range };
        let limit = CHUNK_VALUES / 4;
        let ids = [selected.field.id];
        let rows = self
            .context
            .source
            .rows(self.bucket, &rest.series, &ids, range, limit)
            .map_err(storage)?;
        let next = rows
            .times
            .last()
            .filter(|_| rows.times.len() >= limit)
            .map(|time| time.saturating_add(1));
        let tables = SeriesTables { labels: &self.labels, series: &rest.series, range: self.range };
        let mut parts = tables.fields(std::slice::from_ref(&selected), rows);
        for part in &mut parts {
            part.continued = continued;
        }
        let continued = continued || !parts.is_empty();
        rest.current = next.map(|next| (selected, next, continued));
        self.ready = parts.into_iter();
        Ok(())
    }
}

impl Iterator for Reader {
    type Item = Result<Table, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_next().transpose()
    }
}

/// Groups what `reader` reads; `_start` and `_stop` stay in the key.
fn grouped(reader: Reader, labels: &[Arc<str>], shape: Shape) -> Result<Cursor, Failure> {
    let mut held = reader.context.hold();
    let mut groups = Groups::default();
    for table in reader {
        let mut table = table?;
        held.add(table.size())?;
        for column in &mut table.columns {
            column.group =
                matches!(&*column.label, "_start" | "_stop") || labels.contains(&column.label);
        }
        groups.add(table);
    }
    let mut tables = Vec::new();
    for parts in groups.into_groups() {
        let types: Vec<DataType> = parts
            .iter()
            .filter_map(|part| part.values("_value"))
            .map(super::super::column::Values::data_type)
            .collect();
        if let Some((first, other)) =
            types.first().zip(types.iter().find(|other| types.first() != Some(other)))
        {
            let (first, other) = (storage_type(*first), storage_type(*other));
            return Err(Failure::new(format!(
                "schema collision: cannot group {first} and {other} types together"
            )));
        }
        let mut table = super::super::table::concatenate(parts)?;
        table.continued = false;
        table.columns.sort_by(|left, right| {
            rank(left).cmp(&rank(right)).then_with(|| left.label.cmp(&right.label))
        });
        tables.push(match shape {
            Shape::First | Shape::Last => edge(&table, shape),
            _ => table,
        });
    }
    Ok(Box::new(tables.into_iter().map(move |table| {
        let _ = &held;
        Ok(table)
    })))
}

/// The oldest or newest row of a table, whatever the order of its rows.
fn edge(table: &Table, shape: Shape) -> Table {
    let time = |row: &usize| table.values("_time").and_then(|times| times.time(*row));
    let row = match shape {
        Shape::First => (0..table.rows).rev().min_by_key(time),
        _ => (0..table.rows).max_by_key(time),
    };
    table.take(row.as_slice())
}

fn rank(column: &Column) -> u8 {
    match &*column.label {
        "_start" => 0,
        "_stop" => 1,
        "_time" => 2,
        "_value" => 3,
        _ => 4,
    }
}

fn storage_type(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Long => "integer",
        DataType::UnsignedLong => "unsigned",
        DataType::Double => "float",
        DataType::Boolean => "boolean",
        DataType::String => "string",
        DataType::Time => "time",
    }
}
