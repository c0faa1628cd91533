//! The answer of `v1.fieldsAsCols()` as one table of columns.

use futures::StreamExt;
use influx_client::Query;
use influx_wire::csv::{Batch, ColumnData};

use super::columns::column;
use super::{Session, queries};
use crate::model::device::DeviceId;
use crate::model::field::Field;
use crate::model::series::{Column, Series};
use crate::server::ports::{Cause, PortError, Result};

/// Rows that are held at once: 256 MiB of a time and five values.
const MOST_ROWS: usize = 256 * 1024 * 1024 / (8 * (1 + Field::CHARTED.len()));

/// Reads the charted fields of a device from `from` up to `to`, as the answer arrives.
pub(super) async fn read(
    session: &Session,
    device: &DeviceId,
    from: i64,
    to: i64,
) -> Result<Series> {
    let script = queries::series(session.bucket(), device, &Field::CHARTED, from, to);
    session.record_query("Read the charted fields, one column each", &script);
    gather(session, script, &Field::CHARTED, MOST_ROWS).await
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
    gather(session, script, &Field::ALL, most).await
}

/// Reads these fields of an answer as it arrives, and gives up when there are more than `most` rows.
async fn gather(
    session: &Session,
    script: String,
    fields: &'static [Field],
    most: usize,
) -> Result<Series> {
    let labels = fields.iter().map(|field| field.key()).chain(["_time"]);
    let query = Query::new(script).now(session.now).columns(labels);
    let explain = |error| session.explainer.explain(error);
    let mut stream = session.client.query(query).await.map_err(explain)?;
    let mut rows = Rows::of(fields);
    while let Some(batch) = stream.next().await {
        rows.add(&batch.map_err(explain)?);
        if rows.times.len() > most {
            return Err(PortError {
                sentence: "The range has more points than this server is willing to hold. Choose a shorter one.".to_owned(),
                cause: Cause::TooLarge,
            });
        }
    }
    Ok(rows.finish())
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

    fn add(&mut self, batch: &Batch) {
        let Some(ColumnData::Time(times)) = column(batch, "_time") else { return };
        if times.iter().all(Option::is_some) {
            self.times.extend(times.iter().flatten());
            for (field, values) in self.fields.iter().zip(&mut self.columns) {
                append(values, column(batch, field.key()), times.len());
            }
        }
    }

    /// Sorts by time and merges the rows of one time, which several sets of tags may have.
    fn finish(self) -> Series {
        let Self { fields, times, columns } = self;
        let columns = fields.iter().copied().zip(columns);
        let columns = columns.map(|(field, values)| Column { field, values });
        let is_sorted = times.is_sorted_by(|left, right| left < right);
        if is_sorted {
            return Series { columns: columns.collect(), times };
        }
        let mut order: Vec<usize> = (0..times.len()).collect();
        let time_of = |index: &usize| times.get(*index).copied().unwrap_or_default();
        order.sort_by_key(time_of);
        let groups: Vec<&[usize]> =
            order.chunk_by(|left, right| time_of(left) == time_of(right)).collect();
        let merge = |column: Column| {
            let value_of = |group: &&[usize]| {
                let values = group.iter().filter_map(|index| column.values.get(*index).copied());
                // The table that came last has the last word, where it has one.
                values.fold(f64::NAN, |merged, value| if value.is_nan() { merged } else { value })
            };
            Column { field: column.field, values: groups.iter().map(value_of).collect() }
        };
        Series {
            times: groups.iter().filter_map(|group| group.first()).map(time_of).collect(),
            columns: columns.map(merge).collect(),
        }
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

    fn values(series: &Series, field: Field) -> Vec<Option<f64>> {
        let column = series.columns.iter().find(|column| column.field == field).unwrap();
        column.values.iter().map(|value| Some(*value).filter(|value| !value.is_nan())).collect()
    }

    #[test]
    fn tables_are_merged_by_time() {
        let mut rows = Rows::of(&Field::CHARTED);
        rows.add(&batch(&[10, 30], "Temperature", ColumnData::Double(vec![Some(1.0), None])));
        rows.add(&batch(&[20, 30], "CO2", ColumnData::Long(vec![Some(400), Some(500)])));
        rows.add(&batch(&[30], "Temperature", ColumnData::Double(vec![Some(3.0)])));
        let series = rows.finish();
        assert_eq!(series.times, [10, 20, 30]);
        assert_eq!(values(&series, Field::Temperature), [Some(1.0), None, Some(3.0)]);
        assert_eq!(values(&series, Field::Co2), [None, Some(400.0), Some(500.0)]);
    }

    #[test]
    fn what_is_no_number_is_missing() {
        let mut rows = Rows::of(&Field::CHARTED);
        rows.add(&batch(&[1], "Temperature", ColumnData::String(vec![Some("warm".to_owned())])));
        let series = rows.finish();
        assert_eq!((series.times.len(), values(&series, Field::Temperature)), (1, vec![None]));
    }
}
