//! A source over points in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use influx_wire::csv::DataType;
use influx_wire::line_protocol::{self, Precision};

use crate::flux::{BucketInfo, Edges, Source, SourceError};
use crate::storage::{
    BucketId, Field, FieldColumn, FieldId, FieldValue, Rows, Series, SeriesId, TimeRange,
};

/// The rows of a series: time, then field.
type Points = BTreeMap<i64, BTreeMap<FieldId, FieldValue>>;

/// Measurement and tags.
type Name = (String, Vec<(String, String)>);

/// One set of points, which every bucket shows.
#[derive(Debug)]
pub(super) struct Memory {
    series: Arc<[Arc<Series>]>,
    points: BTreeMap<SeriesId, Points>,
    types: BTreeMap<FieldId, DataType>,
}

impl Memory {
    /// Indented line protocol with nanoseconds.
    pub(super) fn new(text: &str) -> Self {
        let text: String = text.lines().map(|line| line.trim().to_owned() + "\n").collect();
        let mut fields: BTreeMap<(String, String), (FieldId, DataType)> = BTreeMap::new();
        let mut series: BTreeMap<Name, (BTreeMap<String, FieldId>, Points)> = BTreeMap::new();
        for line in line_protocol::parse(&text, Precision::Nanoseconds) {
            let line = line.unwrap_or_else(|error| panic!("{error}"));
            let tags =
                line.tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            let (names, points) = series.entry((line.measurement.to_string(), tags)).or_default();
            let row = points.entry(line.timestamp.unwrap()).or_default();
            for (name, value) in &line.fields {
                let value = match value {
                    line_protocol::FieldValue::Float(value) => FieldValue::Float(*value),
                    line_protocol::FieldValue::Integer(value) => FieldValue::Integer(*value),
                    line_protocol::FieldValue::Unsigned(value) => FieldValue::Unsigned(*value),
                    line_protocol::FieldValue::Boolean(value) => FieldValue::Boolean(*value),
                    line_protocol::FieldValue::String(value) => {
                        FieldValue::String((&**value).into())
                    }
                };
                let next = FieldId(u32::try_from(fields.len()).unwrap());
                let key = (line.measurement.to_string(), name.to_string());
                let (id, _) = *fields.entry(key).or_insert((next, value.data_type()));
                names.insert(name.to_string(), id);
                row.insert(id, value);
            }
        }
        let types = fields.into_values().collect();
        let mut all = Vec::new();
        let mut points = BTreeMap::new();
        for (number, ((measurement, tags), (names, rows))) in (0..).zip(series) {
            let id = SeriesId(number);
            let field = |(name, id): (String, FieldId)| {
                let types: &BTreeMap<FieldId, DataType> = &types;
                Field { id, name: name.into(), data_type: types[&id] }
            };
            all.push(Arc::new(Series {
                id,
                measurement: measurement.into(),
                tags: tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
                fields: names.into_iter().map(field).collect(),
            }));
            points.insert(id, rows);
        }
        Self { series: all.into(), points, types }
    }

    fn edges<'a>(
        fields: &[FieldId],
        rows: impl Iterator<Item = (&'a i64, &'a BTreeMap<FieldId, FieldValue>)> + Clone,
    ) -> Edges {
        let edge = |field: &FieldId| {
            rows.clone().find_map(|(time, row)| Some((*time, row.get(field)?.clone())))
        };
        fields.iter().map(edge).collect()
    }
}

impl Source for Memory {
    fn buckets(&self) -> Result<Vec<BucketInfo>, SourceError> {
        let bucket = |(number, name): (u64, &str)| BucketInfo {
            id: BucketId(number),
            name: name.to_owned(),
            organization_id: "0000000000000001".to_owned(),
            retention_seconds: 0,
        };
        Ok([(1, "b"), (2, "iot_center"), (3, "iot_center_devices")].map(bucket).to_vec())
    }

    fn series(&self, _: BucketId) -> Result<Arc<[Arc<Series>]>, SourceError> {
        Ok(Arc::clone(&self.series))
    }

    fn rows(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Result<Rows, SourceError> {
        let has_any = |row: &BTreeMap<FieldId, FieldValue>| {
            fields.iter().any(|field| row.contains_key(field))
        };
        let rows: Vec<_> = self.points[&series.id]
            .range(range.start..range.stop.max(range.start))
            .filter(|(_, row)| has_any(row))
            .take(limit)
            .collect();
        macro_rules! column {
            ($field:expr, $kind:ident) => {
                FieldColumn::$kind(
                    rows.iter()
                        .map(|(_, row)| match row.get($field) {
                            Some(FieldValue::$kind(value)) => Some(value.clone()),
                            _ => None,
                        })
                        .collect(),
                )
            };
        }
        let column = |field: &FieldId| match self.types[field] {
            DataType::Double => column!(field, Float),
            DataType::Long => column!(field, Integer),
            DataType::UnsignedLong => column!(field, Unsigned),
            DataType::Boolean => column!(field, Boolean),
            _ => column!(field, String),
        };
        Ok(Rows {
            times: rows.iter().map(|(time, _)| **time).collect(),
            fields: fields.iter().map(column).collect(),
        })
    }

    fn last(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        Ok(Self::edges(fields, self.points[&series.id].range(range.start..range.stop).rev()))
    }

    fn first(
        &self,
        _: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        Ok(Self::edges(fields, self.points[&series.id].range(range.start..range.stop)))
    }
}
