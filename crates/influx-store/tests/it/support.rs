//! A store in a directory of its own, set up, with one bucket, and short ways to write and read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use influx_store::catalog::{OrganizationId, Setup, SetupResult};
use influx_store::storage::{
    BucketId, Clock, FieldColumn, FieldValue, Options, Rows, Series, Snapshot, Store, TimeRange,
    WriteError,
};
use influx_wire::line_protocol::Precision;
use tempfile::TempDir;

pub(crate) const ALL: TimeRange = TimeRange { start: i64::MIN, stop: i64::MAX };

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) bucket: BucketId,
    pub(crate) organization: OrganizationId,
    pub(crate) token: String,
    pub(crate) options: Options,
    pub(crate) directory: TempDir,
    now: Arc<AtomicI64>,
}

pub(crate) async fn set_up(store: &Store) -> SetupResult {
    let setup = Setup {
        username: "admin".to_owned(),
        organization: "org".to_owned(),
        bucket: "bucket".to_owned(),
        ..Setup::default()
    };
    store.set_up(setup).await.unwrap()
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_options(Options::default()).await
    }

    /// The store's clock stands at 2024-01-01T00:00:00Z until it is moved.
    pub(crate) async fn with_options(options: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(1_704_067_200_000_000_000));
        let clock = Arc::clone(&now);
        let options =
            Options { clock: Clock::new(move || clock.load(Ordering::Relaxed)), ..options };
        let store = Store::open(&directory.path().join("data"), options.clone()).unwrap();
        let SetupResult { bucket, organization, token, .. } = set_up(&store).await;
        Self {
            store,
            bucket: bucket.id,
            organization: organization.id,
            token,
            options,
            directory,
            now,
        }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn set_time(&self, nanoseconds: i64) {
        self.now.store(nanoseconds, Ordering::Relaxed);
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, bucket, organization, token, options, directory, now } = self;
        drop(store);
        let store = open(&directory.path().join("data"), &options);
        Self { store, bucket, organization, token, options, directory, now }
    }

    pub(crate) async fn write(&self, body: &str) -> Result<(), WriteError> {
        self.store.write(self.bucket, body, Precision::Nanoseconds).await
    }

    /// Everything in the bucket, as text.
    pub(crate) fn dump(&self) -> Vec<String> {
        dump(&self.store.snapshot(), self.bucket)
    }
}

pub(crate) fn open(path: &Path, options: &Options) -> Store {
    Store::open(path, options.clone()).unwrap()
}

/// Lines like `measurement,tag=value time field=value field=value`, sorted by series, then by time.
pub(crate) fn dump(snapshot: &Snapshot, bucket: BucketId) -> Vec<String> {
    let mut lines = Vec::new();
    for series in &*snapshot.series(bucket) {
        let fields: Vec<_> = series.fields.iter().map(|field| field.id).collect();
        let rows = snapshot.rows(series.id, &fields, ALL).unwrap();
        for (row, time) in rows.times.iter().enumerate() {
            let mut line = format!("{} {time}", name(series));
            for (field, column) in series.fields.iter().zip(&rows.fields) {
                if let Some(value) = value(column, row) {
                    line.push_str(&format!(" {}={}", field.name, show(&value)));
                }
            }
            lines.push(line);
        }
    }
    lines
}

pub(crate) fn name(series: &Series) -> String {
    let tags = series.tags.iter().map(|(key, value)| format!(",{key}={value}"));
    format!("{}{}", series.measurement, tags.collect::<String>())
}

pub(crate) fn value(column: &FieldColumn, row: usize) -> Option<FieldValue> {
    match column {
        FieldColumn::Float(values) => values[row].map(FieldValue::Float),
        FieldColumn::Integer(values) => values[row].map(FieldValue::Integer),
        FieldColumn::Unsigned(values) => values[row].map(FieldValue::Unsigned),
        FieldColumn::Boolean(values) => values[row].map(FieldValue::Boolean),
        FieldColumn::String(values) => values[row].clone().map(FieldValue::String),
    }
}

pub(crate) fn show(value: &FieldValue) -> String {
    match value {
        FieldValue::Float(value) => format!("{value}"),
        FieldValue::Integer(value) => format!("{value}i"),
        FieldValue::Unsigned(value) => format!("{value}u"),
        FieldValue::Boolean(value) => format!("{value}"),
        FieldValue::String(value) => format!("{value:?}"),
    }
}

/// The rows of the only series of a bucket, for one field.
pub(crate) fn only_rows(
    snapshot: &Snapshot,
    bucket: BucketId,
    field: &str,
    range: TimeRange,
) -> Rows {
    let series = snapshot.series(bucket);
    let [series] = &*series else { panic!("{} series", series.len()) };
    let field = series.fields.iter().find(|known| &*known.name == field).unwrap();
    snapshot.rows(series.id, &[field.id], range).unwrap()
}
