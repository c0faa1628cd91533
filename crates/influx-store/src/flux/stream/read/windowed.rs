//! Windows over storage: `from |> range |> filter* |> aggregateWindow` as one step.
//!
//! The rows of a series go by once and leave a value for each window behind (`pass`); they never become tables.
//! Results of one query that differ only in what they compute of a window share the pass: whoever comes first
//! computes for all ([`Scan`]). What comes out is what cutting and reducing the tables of the read gives
//! (`functions::window`), which is still the way for everything that storage does not compute.

mod pass;

use std::collections::HashMap;
use std::collections::btree_set::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use influx_wire::csv::DataType;

use self::pass::Pass;
use super::super::super::calendar::Windows;
use super::super::super::column::Values;
use super::super::super::error::Failure;
use super::super::super::functions::aggregate::Aggregate;
use super::super::super::functions::select::Selector;
use super::super::super::functions::window::{Reducer, Request, starts_within};
use super::super::super::table::Table;
use super::super::context::Held;
use super::super::{Context, Cursor};
use super::assemble::{Labels, SeriesTables};
use super::{Read, find_bucket, storage};
use crate::storage::{BucketId, Series, SeriesId, TimeRange};

/// One part in so many of a query's memory may hold what later results will ask for.
const SHARE_OF_MEMORY: usize = 8;

/// A plain read, cut into windows.
pub(crate) struct WindowedRead {
    scan: Arc<Scan>,
    request: Arc<Request>,
}

impl WindowedRead {
    /// Whether storage computes this: what needs no more than one value at a time.
    pub(crate) fn computes(reducer: Reducer) -> bool {
        match reducer {
            Reducer::Selector(Selector::First | Selector::Last | Selector::Min | Selector::Max)
            | Reducer::Aggregate(Aggregate::Count | Aggregate::Sum | Aggregate::Mean) => true,
            Reducer::Aggregate(_) => false,
        }
    }

    /// `read` is plain, and the windows are a partition of time.
    pub(crate) fn new(read: &Read, request: Request, context: &Context) -> Self {
        let scan = context.scans.share(read, request.windows, request.reducer);
        Self { scan, request: Arc::new(request) }
    }

    pub(crate) fn validate(&self, context: &Context) -> Result<(), Failure> {
        self.scan.read.validate(context)
    }

    pub(crate) fn open(&self, context: &Arc<Context>) -> Result<Cursor, Failure> {
        let bucket = find_bucket(context, &self.scan.read.bucket)?.id;
        Ok(Box::new(Reader {
            context: Arc::clone(context),
            scan: Arc::clone(&self.scan),
            request: Arc::clone(&self.request),
            bucket,
            series: context.source.series(bucket).map_err(storage)?,
            next: 0,
            labels: Labels::default(),
            present: None,
        }))
    }
}

/// The scans of a query that some stream still refers to.
#[derive(Default)]
pub(crate) struct Scans(Mutex<Vec<Weak<Scan>>>);

impl Scans {
    /// The scan of these rows and windows, told that one more result needs `reducer` of it.
    fn share(&self, read: &Read, windows: Windows, reducer: Reducer) -> Arc<Scan> {
        let mut scans = lock(&self.0);
        scans.retain(|scan| scan.strong_count() > 0);
        let known = scans
            .iter()
            .filter_map(Weak::upgrade)
            .find(|scan| scan.windows == windows && scan.read == *read);
        let scan = known.unwrap_or_else(|| {
            let scan = Arc::new(Scan::new(read.clone(), windows));
            scans.push(Arc::downgrade(&scan));
            scan
        });
        let mut wanted = lock(&scan.wanted);
        if !wanted.contains(&reducer) {
            wanted.push(reducer);
        }
        drop(wanted);
        scan
    }
}

/// What was computed stays right when a thread that held the lock has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rows and windows that several results have in common, with what is computed of them already.
struct Scan {
    read: Read,
    windows: Windows,
    /// What the results ask for.
    wanted: Mutex<Vec<Reducer>>,
    memo: Mutex<Memo>,
}

/// Series that were computed for all results. It lives as long as a result that may ask.
#[derive(Default)]
struct Memo {
    series: HashMap<SeriesId, Arc<SeriesWindows>>,
    bytes: usize,
    /// No more fits in: each result computes for itself from here on.
    full: bool,
}

impl Scan {
    fn new(read: Read, windows: Windows) -> Self {
        Self { read, windows, wanted: Mutex::default(), memo: Mutex::default() }
    }

    /// The range of the read, which a plain one has.
    fn range(&self) -> TimeRange {
        self.read.range.unwrap_or(TimeRange { start: i64::MIN, stop: i64::MAX })
    }

    /// The windows of a series, with what `reducer` makes of them.
    fn windows_of(
        &self,
        series: &Series,
        reducer: Reducer,
        bucket: BucketId,
        context: &Arc<Context>,
    ) -> Result<Arc<SeriesWindows>, Failure> {
        let full = {
            let memo = lock(&self.memo);
            match memo.series.get(&series.id) {
                Some(known) if known.reducers.contains(&reducer) => return Ok(Arc::clone(known)),
                _ => memo.full,
            }
        };
        let reducers = if full { vec![reducer] } else { lock(&self.wanted).clone() };
        let windows = Arc::new(self.compute(series, reducers, bucket, context)?);
        if !full {
            let mut memo = lock(&self.memo);
            memo.bytes = memo.bytes.saturating_add(windows.held.bytes());
            memo.full = memo.bytes > context.limits.memory_bytes / SHARE_OF_MEMORY;
            if !memo.full {
                memo.series.insert(series.id, Arc::clone(&windows));
            }
        }
        Ok(windows)
    }

    fn compute(
        &self,
        series: &Series,
        reducers: Vec<Reducer>,
        bucket: BucketId,
        context: &Arc<Context>,
    ) -> Result<SeriesWindows, Failure> {
        let selected = self.read.selected(series);
        let mut held = context.hold();
        let fields = if selected.is_empty() {
            Vec::new()
        } else {
            let pass = Pass::new(&selected, &reducers, self.windows, context.limits.windows);
            pass.run(bucket, series, self.range(), context, &mut held)?
        };
        Ok(SeriesWindows { reducers, fields, held })
    }
}

/// The windows of one series.
struct SeriesWindows {
    /// What was computed.
    reducers: Vec<Reducer>,
    /// Those with a value, in the order of the series.
    fields: Vec<FieldWindows>,
    held: Held,
}

/// The windows of one field.
struct FieldWindows {
    name: Arc<str>,
    data_type: DataType,
    /// The start of each window with a value; one more than the limit where there are too many.
    starts: Vec<i64>,
    /// What the reducers make of each window. Those that cannot work on the type of the field are not there.
    columns: Vec<(Reducer, Values)>,
}

impl FieldWindows {
    fn table(
        &self,
        request: &Request,
        tables: &SeriesTables<'_>,
        context: &Context,
    ) -> Result<Table, Failure> {
        let most = context.limits.windows;
        if self.starts.len() > most {
            return Err(Failure::limit(format!("more than {most} windows")));
        }
        let all = request
            .create_empty
            .then(|| starts_within(&request.windows, tables.range, most))
            .transpose()?;
        let data_type = request.reducer.result_type(self.data_type)?;
        let found = self.columns.iter().find(|(reducer, _)| *reducer == request.reducer);
        let values = found.map_or_else(|| Values::null(data_type), |(_, values)| values.clone());
        let time = |start: &i64| Some(request.time(*start, tables.range));
        let (times, values): (Vec<Option<i64>>, Values) = match all {
            None => (self.starts.iter().map(time).collect(), values),
            Some(mut all) => {
                all.extend(&self.starts);
                (all.iter().map(time).collect(), self.with_empty(&all, &values, request.reducer))
            }
        };
        let rows = times.len();
        Ok(tables.table(&self.name, Values::Time(Arc::new(times)), values, rows))
    }

    /// The values for all windows: null for those that have none, of which there are 0.
    fn with_empty(&self, all: &BTreeSet<i64>, values: &Values, reducer: Reducer) -> Values {
        let mut present = (0..).zip(&self.starts).peekable();
        let row = |start: &i64| {
            // Beyond all rows: null.
            present.next_if(|(_, known)| *known == start).map_or(usize::MAX, |(row, _)| row)
        };
        let rows: Vec<usize> = all.iter().map(row).collect();
        match values.take(&rows) {
            Values::Long(counts) if reducer == Reducer::Aggregate(Aggregate::Count) => {
                let count = |count: &Option<i64>| Some(count.unwrap_or(0));
                Values::Long(Arc::new(counts.iter().map(count).collect()))
            }
            values => values,
        }
    }
}

/// Reads series after series, as tables.
struct Reader {
    context: Arc<Context>,
    scan: Arc<Scan>,
    request: Arc<Request>,
    bucket: BucketId,
    series: Arc<[Arc<Series>]>,
    next: usize,
    labels: Labels,
    /// The series whose tables come out, and the number of the next.
    present: Option<(Arc<Series>, Arc<SeriesWindows>, usize)>,
}

impl Reader {
    fn read_next(&mut self) -> Result<Option<Table>, Failure> {
        loop {
            self.context.check()?;
            if let Some((series, windows, next)) = &mut self.present
                && let Some(field) = windows.fields.get(*next)
            {
                *next += 1;
                let range = self.scan.range();
                let tables = SeriesTables { labels: &self.labels, series, range };
                return field.table(&self.request, &tables, &self.context).map(Some);
            }
            let Some(series) = self.series.get(self.next) else { return Ok(None) };
            self.next += 1;
            let reducer = self.request.reducer;
            let windows = self.scan.windows_of(series, reducer, self.bucket, &self.context)?;
            self.present = Some((Arc::clone(series), windows, 0));
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Table, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_next().transpose()
    }
}
