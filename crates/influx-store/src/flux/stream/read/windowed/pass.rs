//! One pass over the rows of a series: what each reducer makes of each window of each field.
//!
//! Values are taken in the order of the rows and computed with as `functions::aggregate` and `functions::select`
//! do it, so that not even the last bit of a sum differs.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::super::super::super::calendar::{Steps, Windows};
use super::super::super::super::column::Builder;
use super::super::super::super::error::Failure;
use super::super::super::super::functions::aggregate::Aggregate;
use super::super::super::super::functions::select::Selector;
use super::super::super::super::functions::window::Reducer;
use super::super::super::super::value::{Value, compare_floats};
use super::super::super::Context;
use super::super::super::context::Held;
use super::super::{Selected, assemble, storage};
use super::FieldWindows;
use crate::storage::{BucketId, FieldColumn, FieldId, Series, TimeRange};

/// How many rows are read at once; few in tests, so that windows come past the edges.
const CHUNK_ROWS: usize = if cfg!(test) { 7 } else { 1 << 10 };

/// What is known while rows go by.
pub(super) struct Pass<'a> {
    fields: Vec<(&'a Selected, Box<dyn Fold>)>,
    steps: Steps,
    /// The start of the window of the last row.
    open: Option<i64>,
}

impl<'a> Pass<'a> {
    /// No field gets more than one window above `most`.
    pub(super) fn new(
        selected: &'a [Selected],
        reducers: &[Reducer],
        windows: Windows,
        most: usize,
    ) -> Self {
        let fields = selected.iter().map(|field| (field, fold_of(field, reducers, most)));
        Self { fields: fields.collect(), steps: Steps::new(windows), open: None }
    }

    /// The windows of the fields that have a value in the range.
    pub(super) fn run(
        mut self,
        bucket: BucketId,
        series: &Series,
        range: TimeRange,
        context: &Context,
        held: &mut Held,
    ) -> Result<Vec<FieldWindows>, Failure> {
        let ids: Vec<FieldId> = self.fields.iter().map(|(selected, _)| selected.field.id).collect();
        for rows in context.source.chunks(bucket, series, &ids, range, CHUNK_ROWS) {
            context.check()?;
            let mut rows = rows.map_err(storage)?;
            for ((selected, _), column) in self.fields.iter().zip(&mut rows.fields) {
                assemble::clear_others(column, selected);
            }
            let before = self.size();
            self.fold(&rows.times, &rows.fields)?;
            held.add(self.size().saturating_sub(before))?;
        }
        self.close()?;
        let finished = self.fields.into_iter().filter_map(|(selected, fold)| fold.finish(selected));
        Ok(finished.collect())
    }

    /// Takes in some rows, window by window.
    fn fold(&mut self, times: &[i64], columns: &[FieldColumn]) -> Result<(), Failure> {
        let mut from = 0;
        while let Some(time) = times.get(from) {
            let start = self.steps.start_of(*time);
            if self.open != Some(start) {
                self.close()?;
                self.open = Some(start);
            }
            let rest = times.get(from..).unwrap_or_default();
            let same = rest.iter().position(|time| self.steps.start_of(*time) != start);
            let to = same.map_or(times.len(), |length| from + length);
            for ((_, fold), column) in self.fields.iter_mut().zip(columns) {
                fold.take_in(column, from..to);
            }
            from = to;
        }
        Ok(())
    }

    /// Ends the window that is open.
    fn close(&mut self) -> Result<(), Failure> {
        let Some(start) = self.open.take() else { return Ok(()) };
        self.fields.iter_mut().try_for_each(|(_, fold)| fold.close(start))
    }

    /// About how many bytes the windows take.
    fn size(&self) -> usize {
        self.fields.iter().map(|(_, fold)| fold.size()).sum()
    }
}

/// What the reducers make of one field.
trait Fold: Send {
    /// Takes in rows of the window that is open.
    fn take_in(&mut self, column: &FieldColumn, rows: Range<usize>);

    /// Ends the window that is open.
    fn close(&mut self, start: i64) -> Result<(), Failure>;

    fn size(&self) -> usize;

    /// None if no window has a value.
    fn finish(self: Box<Self>, selected: &Selected) -> Option<FieldWindows>;
}

fn fold_of(selected: &Selected, reducers: &[Reducer], most: usize) -> Box<dyn Fold> {
    use influx_wire::csv::DataType;
    match selected.field.data_type {
        DataType::Double => Box::new(Folded::<f64>::new(selected, reducers, most)),
        DataType::Long | DataType::Time => Box::new(Folded::<i64>::new(selected, reducers, most)),
        DataType::UnsignedLong => Box::new(Folded::<u64>::new(selected, reducers, most)),
        DataType::Boolean => Box::new(Folded::<bool>::new(selected, reducers, most)),
        DataType::String => Box::new(Folded::<Arc<str>>::new(selected, reducers, most)),
    }
}

/// The windows of a field of one type.
struct Folded<T> {
    reducers: Vec<Reduced<T>>,
    /// The values of the window that is open.
    count: i64,
    starts: Vec<i64>,
    most: usize,
    /// About how much memory the ended windows take.
    bytes: usize,
}

/// What one reducer makes of the windows.
struct Reduced<T> {
    reducer: Reducer,
    /// Of the window that is open: the value that is chosen so far, or the sum.
    value: Option<T>,
    /// Of the window that is open: the sum, for the mean.
    total: f64,
    column: Builder,
}

impl<T> Folded<T> {
    fn new(selected: &Selected, reducers: &[Reducer], most: usize) -> Self {
        let reduced = |reducer: &Reducer| {
            let data_type = reducer.result_type(selected.field.data_type).ok()?;
            let column = Builder::new(data_type, 0);
            Some(Reduced { reducer: *reducer, value: None, total: 0.0, column })
        };
        let reducers = reducers.iter().filter_map(reduced).collect();
        Self { reducers, count: 0, starts: Vec::new(), most, bytes: 0 }
    }
}

impl<T: Sample> Fold for Folded<T> {
    fn take_in(&mut self, column: &FieldColumn, rows: Range<usize>) {
        let values = T::values(column).get(rows).unwrap_or_default();
        self.count += values.iter().flatten().count() as i64;
        for reduced in &mut self.reducers {
            reduced.take_in(values);
        }
    }

    fn close(&mut self, start: i64) -> Result<(), Failure> {
        let count = std::mem::take(&mut self.count);
        if count == 0 || self.starts.len() > self.most {
            return Ok(());
        }
        self.starts.push(start);
        self.bytes += size_of::<i64>();
        for reduced in &mut self.reducers {
            self.bytes += size_of::<Option<T>>() + reduced.value.as_ref().map_or(0, T::text_bytes);
            reduced.close(count)?;
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.bytes
    }

    fn finish(self: Box<Self>, selected: &Selected) -> Option<FieldWindows> {
        if self.starts.is_empty() {
            return None;
        }
        let columns = self.reducers.into_iter();
        Some(FieldWindows {
            name: Arc::clone(&selected.field.name),
            data_type: selected.field.data_type,
            starts: self.starts,
            columns: columns.map(|reduced| (reduced.reducer, reduced.column.finish())).collect(),
        })
    }
}

impl<T: Sample> Reduced<T> {
    fn take_in(&mut self, values: &[Option<T>]) {
        let mut values = values.iter().flatten();
        match self.reducer {
            Reducer::Selector(Selector::First) => {
                if self.value.is_none() {
                    self.value = values.next().cloned();
                }
            }
            Reducer::Selector(Selector::Last) => {
                if let Some(last) = values.next_back() {
                    self.value = Some(last.clone());
                }
            }
            Reducer::Selector(Selector::Min) => self.choose(values, Ordering::Less),
            Reducer::Selector(Selector::Max) => self.choose(values, Ordering::Greater),
            Reducer::Aggregate(Aggregate::Sum) => {
                let first = self.value.take().or_else(|| values.next().cloned());
                self.value = first.map(|first| values.fold(first, T::plus));
            }
            Reducer::Aggregate(Aggregate::Mean) => {
                self.total = values.fold(self.total, |total, value| total + value.number());
            }
            // Counted for all of them, or not computed here.
            Reducer::Aggregate(_) => {}
        }
    }

    /// Keeps the first of the values to which no other is `better`.
    fn choose<'a>(&mut self, values: impl Iterator<Item = &'a T>, better: Ordering)
    where
        T: 'a,
    {
        for value in values {
            if self.value.as_ref().is_none_or(|best| value.compare(best) == better) {
                self.value = Some(value.clone());
            }
        }
    }

    /// Ends a window with so many values.
    fn close(&mut self, count: i64) -> Result<(), Failure> {
        let value = self.value.take().map_or(Value::Null, T::into_value);
        let total = std::mem::take(&mut self.total);
        self.column.push(&match self.reducer {
            Reducer::Aggregate(Aggregate::Count) => Value::Int(count),
            Reducer::Aggregate(Aggregate::Mean) => Value::Float(total / count as f64),
            _ => value,
        })
    }
}

/// A value of a field. Only numbers are compared and added, whatever the defaults say of the others.
trait Sample: Clone + Send + 'static {
    /// The values of a column of this type; none of another one.
    fn values(column: &FieldColumn) -> &[Option<Self>];

    fn into_value(self) -> Value;

    /// How much memory it refers to.
    fn text_bytes(&self) -> usize {
        0
    }

    fn compare(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    /// The sum; integers wrap.
    fn plus(self, _: &Self) -> Self {
        self
    }

    fn number(&self) -> f64 {
        f64::NAN
    }
}

impl Sample for f64 {
    fn values(column: &FieldColumn) -> &[Option<Self>] {
        if let FieldColumn::Float(values) = column { values } else { &[] }
    }

    fn into_value(self) -> Value {
        Value::Float(self)
    }

    fn compare(&self, other: &Self) -> Ordering {
        compare_floats(*self, *other)
    }

    fn plus(self, other: &Self) -> Self {
        self + other
    }

    fn number(&self) -> f64 {
        *self
    }
}

impl Sample for i64 {
    fn values(column: &FieldColumn) -> &[Option<Self>] {
        if let FieldColumn::Integer(values) = column { values } else { &[] }
    }

    fn into_value(self) -> Value {
        Value::Int(self)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn plus(self, other: &Self) -> Self {
        self.wrapping_add(*other)
    }

    fn number(&self) -> f64 {
        *self as f64
    }
}

impl Sample for u64 {
    fn values(column: &FieldColumn) -> &[Option<Self>] {
        if let FieldColumn::Unsigned(values) = column { values } else { &[] }
    }

    fn into_value(self) -> Value {
        Value::UInt(self)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn plus(self, other: &Self) -> Self {
        self.wrapping_add(*other)
    }

    fn number(&self) -> f64 {
        *self as f64
    }
}

impl Sample for bool {
    fn values(column: &FieldColumn) -> &[Option<Self>] {
        if let FieldColumn::Boolean(values) = column { values } else { &[] }
    }

    fn into_value(self) -> Value {
        Value::Bool(self)
    }
}

impl Sample for Arc<str> {
    fn values(column: &FieldColumn) -> &[Option<Self>] {
        if let FieldColumn::String(values) = column { values } else { &[] }
    }

    fn into_value(self) -> Value {
        Value::String(self)
    }

    fn text_bytes(&self) -> usize {
        self.len()
    }
}
