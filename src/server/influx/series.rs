//! The answers of `v1.fieldsAsCols()` as one table of columns: all points, or windows of them.

use std::num::NonZeroU64;
use std::time::Duration;

use futures::StreamExt;
use influx_client::Query;
use influx_wire::csv::{Batch, ColumnData};

use super::columns::column;
use super::{Session, queries};
use crate::model::device::DeviceId;
use crate::model::field::Field;
use crate::model::place::Place;
use crate::model::resolution::Resolution;
use crate::model::series::{Column, Series, Spread};
use crate::server::ports::{Cause, PortError, Result};

/// Rows that are held at once: 256 MiB of a time and five values.
const MOST_ROWS: usize = 256 * 1024 * 1024 / (8 * (1 + Field::CHARTED.len()));

const POINTS_TITLE: &str = "Read the charted fields, one column each";
const WINDOWS_TITLE: &str =
    "Read windows of the charted fields: first, smallest, largest and last value";

/// Records the call that reads a range at this resolution.
pub(super) fn note(
    session: &Session,
    device: &DeviceId,
    from: i64,
    to: i64,
    resolution: Resolution,
) {
    let bucket = session.bucket();
    match resolution {
        Resolution::Points => {
            let script = queries::series(bucket, device, &Field::CHARTED, from, to);
            session.record_query(POINTS_TITLE, &script);
        }
        Resolution::Windows(window) => {
            let (from, to) = around(from, to, window);
            let every = Duration::from_nanos(window.get());
            let script = queries::windows(bucket, device, from, to, every);
            session.record_query(WINDOWS_TITLE, &script);
        }
    }
}

/// Reads the charted fields of a device from `from` up to `to`, as the answer arrives.
pub(super) async fn read(
    session: &Session,
    device: &DeviceId,
    from: i64,
    to: i64,
) -> Result<Series> {
    let script = queries::series(session.bucket(), device, &Field::CHARTED, from, to);
    session.record_query(POINTS_TITLE, &script);
    read_points(session, script, &Field::CHARTED, MOST_ROWS).await
}

/// Reads all fields of a device from `from` up to `to`, unless there are more than `most` rows.
pub(super) async fn read_all_fields(
    session: &Session,
    device: &DeviceId,
    from: i64,
    to: i64,
    most: usize,
) -> Result<Series> {
    let script = queries::series(session.bucket(), device, &Field::ALL, from, to);
    read_points(session, script, &Field::ALL, most).await
}

async fn read_points(
    session: &Session,
    script: String,
    fields: &'static [Field],
    most: usize,
) -> Result<Series> {
    let [rows] = read_results(session, script, fields, most, |_| Some(0)).await?;
    let (times, columns) = rows.merged(Merge::Newest);
    let columns = fields.iter().copied().zip(columns);
    let columns = columns.map(|(field, values)| Column::new(field, values)).collect();
    Ok(Series { window: None, times, columns })
}

/// The same as windows of so many nanoseconds that begin at multiples of their length: those that have points.
pub(super) async fn read_windows(
    session: &Session,
    device: &DeviceId,
    from: i64,
    to: i64,
    window: NonZeroU64,
) -> Result<Series> {
    let (from, to) = around(from, to, window);
    let every = Duration::from_nanos(window.get());
    let script = queries::windows(session.bucket(), device, from, to, every);
    session.record_query(WINDOWS_TITLE, &script);
    let result = |name: &str| queries::WINDOW_FUNCTIONS.into_iter().position(|known| known == name);
    let [first, low, high, last] =
        read_results(session, script, &Field::CHARTED, MOST_ROWS, result).await?;
    let (times, last) = last.merged(Merge::Newest);
    // The answers belong together row by row, save that a point may have come between one and the next.
    let fitting = |rows: Rows, merge| {
        let (other, columns) = rows.merged(merge);
        if other == times {
            columns
        } else {
            columns.into_iter().map(|values| rearranged(&other, &values, &times)).collect()
        }
    };
    let first = fitting(first, Merge::Oldest);
    let low = fitting(low, Merge::Smallest);
    let high = fitting(high, Merge::Largest);
    let spreads = first.into_iter().zip(low).zip(high);
    let columns = Field::CHARTED.into_iter().zip(last).zip(spreads);
    let columns = columns.map(|((field, values), ((first, low), high))| Column {
        field,
        values,
        spread: Some(Spread { first, low, high }),
    });
    Ok(Series { window: Some(window), columns: columns.collect(), times })
}

/// Reads where a device was at the end of each window.
pub(super) async fn read_places(
    session: &Session,
    device: &DeviceId,
    from: i64,
    to: i64,
    window: NonZeroU64,
) -> Result<Vec<Place>> {
    let (from, to) = around(from, to, window);
    let every = Duration::from_nanos(window.get());
    let script = queries::places(session.bucket(), device, from, to, every);
    session.record_query("Read where the device was", &script);
    let [rows] = read_results(session, script, &PLACE, MOST_ROWS, |_| Some(0)).await?;
    let (_, columns) = rows.merged(Merge::Newest);
    let [lat, lon] = columns.as_slice() else { return Ok(Vec::new()) };
    // Where one of the two is missing, it is no place.
    Ok(lat.iter().zip(lon).filter_map(|(lat, lon)| Place::new(*lat, *lon)).collect())
}

/// The fields that tell where a device is.
const PLACE: [Field; 2] = [Field::Lat, Field::Lon];

/// The borders of windows around a range.
fn around(from: i64, to: i64, window: NonZeroU64) -> (i64, i64) {
    let Ok(window) = i64::try_from(window.get()) else { return (from, to) };
    let start = from.saturating_sub(from.rem_euclid(window));
    let stop = to.saturating_add((-to.rem_euclid(window)).rem_euclid(window));
    (start, stop)
}

/// Values at `times` as values at other times; NaN where there is none.
fn rearranged(times: &[i64], values: &[f64], wanted: &[i64]) -> Vec<f64> {
    let value_at = |time| values.get(times.binary_search(time).ok()?).copied();
    wanted.iter().map(|time| value_at(time).unwrap_or(f64::NAN)).collect()
}

/// Reads these fields of an answer as it arrives, sorted by what `result` says about the names of results; those without
/// place are no concern. Gives up when there are more than `most` rows.
async fn read_results<const RESULTS: usize>(
    session: &Session,
    script: String,
    fields: &'static [Field],
    most: usize,
    result: impl Fn(&str) -> Option<usize>,
) -> Result<[Rows; RESULTS]> {
    let labels = fields.iter().map(|field| field.key()).chain(["_time"]);
    let query = Query::new(script).now(session.now).columns(labels);
    let explain = |error| session.explainer.explain(error);
    let mut stream = session.client.query(query).await.map_err(explain)?;
    let mut results = std::array::from_fn(|_| Rows::of(fields));
    let mut held = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(explain)?;
        if let Some(rows) = result(&batch.result).and_then(|place| results.get_mut(place)) {
            held += rows.add(&batch);
        }
        if held > most {
            return Err(PortError {
                sentence: "The range has more points than this server is willing to hold. Choose a shorter one.".to_owned(),
                cause: Cause::TooLarge,
            });
        }
    }
    Ok(results)
}

/// What becomes of several values at one time, which devices have whose sensors have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// That of the table that came first, where it has one.
    Oldest,
    /// That of the table that came last.
    Newest,
    Smallest,
    Largest,
}

impl Merge {
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Oldest if one.is_nan() => other,
            Self::Oldest => one,
            Self::Newest if other.is_nan() => one,
            Self::Newest => other,
            // The smaller or larger of a number and NaN is the number.
            Self::Smallest => one.min(other),
            Self::Largest => one.max(other),
        }
    }
}

/// Rows of several tables, column by column.
#[derive(Debug)]
struct Rows {
    fields: &'static [Field],
    times: Vec<i64>,
    /// One for each field.
    columns: Vec<Vec<f64>>,
}

impl Rows {
    fn of(fields: &'static [Field]) -> Self {
        Self { fields, times: Vec::new(), columns: vec![Vec::new(); fields.len()] }
    }

    /// Takes the rows of a batch; gives how many there are.
    fn add(&mut self, batch: &Batch) -> usize {
        let Some(ColumnData::Time(times)) = column(batch, "_time") else { return 0 };
        if times.iter().any(Option::is_none) {
            return 0;
        }
        self.times.extend(times.iter().flatten());
        for (field, values) in self.fields.iter().zip(&mut self.columns) {
            append(values, column(batch, field.key()), times.len());
        }
        times.len()
    }

    /// Sorted by time, the rows of one time merged, which several sets of tags may have.
    fn merged(self, merge: Merge) -> (Vec<i64>, Vec<Vec<f64>>) {
        let Self { times, columns, .. } = self;
        if times.is_sorted_by(|left, right| left < right) {
            return (times, columns);
        }
        let mut order: Vec<usize> = (0..times.len()).collect();
        let time_of = |index: &usize| times.get(*index).copied().unwrap_or_default();
        order.sort_by_key(time_of);
        let groups: Vec<&[usize]> =
            order.chunk_by(|left, right| time_of(left) == time_of(right)).collect();
        let column = |column: Vec<f64>| {
            let value_of = |group: &&[usize]| {
                let values = group.iter().filter_map(|index| column.get(*index).copied());
                values.fold(f64::NAN, |merged, value| merge.of(merged, value))
            };
            groups.iter().map(value_of).collect()
        };
        let columns = columns.into_iter().map(column).collect();
        (groups.iter().filter_map(|group| group.first()).map(time_of).collect(), columns)
    }
}

/// Appends a column of numbers; NaN stands for a missing value.
fn append(values: &mut Vec<f64>, column: Option<&ColumnData>, rows: usize) {
    let length = values.len() + rows;
    match column {
        Some(ColumnData::Double(numbers)) => {
            values.extend(numbers.iter().map(|value| value.unwrap_or(f64::NAN)));
        }
        Some(ColumnData::Long(numbers)) => {
            values.extend(numbers.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)));
        }
        Some(ColumnData::UnsignedLong(numbers)) => {
            values.extend(numbers.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)));
        }
        Some(ColumnData::String(_) | ColumnData::Boolean(_) | ColumnData::Time(_)) | None => {}
    }
    values.resize(length, f64::NAN);
}

#[cfg(test)]
mod tests {
    use influx_wire::csv::{ColumnMeta, DataType};

    use super::*;

    fn batch(times: &[i64], label: &str, data: ColumnData) -> Batch {
        let meta = |label: &str, data_type| ColumnMeta {
            label: label.to_owned(),
            data_type,
            group: false,
        };
        Batch {
            result: "_result".to_owned(),
            tables: vec![0; times.len()],
            columns: vec![meta("_time", DataType::Time), meta(label, DataType::Double)],
            data: vec![ColumnData::Time(times.iter().copied().map(Some).collect()), data],
        }
    }

    fn values(columns: &[Vec<f64>], field: Field) -> Vec<Option<f64>> {
        let place = Field::CHARTED.into_iter().position(|charted| charted == field).unwrap();
        columns[place].iter().map(|value| Some(*value).filter(|value| !value.is_nan())).collect()
    }

    #[test]
    fn tables_are_merged_by_time() {
        let mut rows = Rows::of(&Field::CHARTED);
        rows.add(&batch(&[10, 30], "Temperature", ColumnData::Double(vec![Some(1.0), None])));
        rows.add(&batch(&[20, 30], "CO2", ColumnData::Long(vec![Some(400), Some(500)])));
        rows.add(&batch(&[30], "Temperature", ColumnData::Double(vec![Some(3.0)])));
        let (times, columns) = rows.merged(Merge::Newest);
        assert_eq!(times, [10, 20, 30]);
        assert_eq!(values(&columns, Field::Temperature), [Some(1.0), None, Some(3.0)]);
        assert_eq!(values(&columns, Field::Co2), [None, Some(400.0), Some(500.0)]);
    }

    #[test]
    fn windows_of_several_tables_keep_their_extremes() {
        let merged = |merge| {
            let mut rows = Rows::of(&Field::CHARTED);
            rows.add(&batch(&[10, 20], "CO2", ColumnData::Long(vec![Some(500), Some(1)])));
            rows.add(&batch(&[10, 20], "CO2", ColumnData::Long(vec![Some(400), None])));
            values(&rows.merged(merge).1, Field::Co2)
        };
        assert_eq!(merged(Merge::Oldest), [Some(500.0), Some(1.0)]);
        assert_eq!(merged(Merge::Newest), [Some(400.0), Some(1.0)]);
        assert_eq!(merged(Merge::Smallest), [Some(400.0), Some(1.0)]);
        assert_eq!(merged(Merge::Largest), [Some(500.0), Some(1.0)]);
    }

    #[test]
    fn windows_are_read_whole() {
        let hour = NonZeroU64::new(3_600).expect("is not 0");
        assert_eq!(around(3_600, 7_200, hour), (3_600, 7_200));
        assert_eq!(around(3_601, 7_201, hour), (3_600, 10_800));
        assert_eq!(around(-1, 0, hour), (-3_600, 0));
    }

    #[test]
    fn rows_that_are_not_everywhere_find_their_place() {
        let values = rearranged(&[1, 3], &[10.0, 30.0], &[1, 2, 3]);
        assert_eq!(values[0], 10.0);
        assert!(values[1].is_nan());
        assert_eq!(values[2], 30.0);
    }

    #[test]
    fn what_is_no_number_is_missing() {
        let mut rows = Rows::of(&Field::CHARTED);
        rows.add(&batch(&[1], "Temperature", ColumnData::String(vec![Some("warm".to_owned())])));
        let (times, columns) = rows.merged(Merge::Newest);
        assert_eq!((times.len(), values(&columns, Field::Temperature)), (1, vec![None]));
    }
}
