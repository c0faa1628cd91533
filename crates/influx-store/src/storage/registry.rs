//! Which series and fields there are: the part of the catalog that the points themselves define.
//!
//! A registry is immutable once it is published in a view; the writer clones what it changes. A series id holds
//! the ordinal of its bucket in the upper bits, so that the points of a bucket stand together on disk and the
//! bucket of a series is known without a look-up.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use influx_wire::csv::DataType;
use serde::{Deserialize, Serialize};

use super::{Field, FieldId, Series, SeriesId};

const SERIES_BITS: u32 = 40;

/// The place of a bucket in the series ids; never used again while points of the bucket are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct BucketOrdinal(pub(crate) u32);

impl BucketOrdinal {
    /// What the upper bits of a series id hold.
    pub(crate) const MAX: u32 = (1 << (u64::BITS - SERIES_BITS)) - 1;

    pub(crate) fn of(series: SeriesId) -> Self {
        Self((series.0 >> SERIES_BITS) as u32)
    }

    /// The first series id of the bucket; ids begin with the one behind it.
    pub(crate) fn first_series(self) -> SeriesId {
        SeriesId(u64::from(self.0) << SERIES_BITS)
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A tag set: pairs of key and value, sorted bytewise by key.
pub(crate) type Tags = [(Arc<str>, Arc<str>)];

/// A series that compares by its tags: bytewise, pair by pair, a shorter set first.
#[derive(Debug, Clone)]
struct ByTags(Arc<Series>);

impl Borrow<Tags> for ByTags {
    fn borrow(&self) -> &Tags {
        &self.0.tags
    }
}

impl PartialEq for ByTags {
    fn eq(&self, other: &Self) -> bool {
        self.0.tags == other.0.tags
    }
}

impl Eq for ByTags {}

impl PartialOrd for ByTags {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByTags {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.tags.cmp(&other.0.tags)
    }
}

#[derive(Debug, Clone, Default)]
struct Measurement {
    fields: BTreeMap<Arc<str>, Field>,
    series: BTreeSet<ByTags>,
}

#[derive(Debug, Clone, Default)]
struct BucketIndex {
    measurements: BTreeMap<Arc<str>, Arc<Measurement>>,
    /// All series in order, made when somebody asks.
    sorted: OnceLock<Arc<[Arc<Series>]>>,
    count: usize,
}

/// All series and fields of all buckets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    buckets: HashMap<BucketOrdinal, Arc<BucketIndex>>,
    data_types: Arc<HashMap<FieldId, DataType>>,
}

impl Registry {
    /// The series of a bucket, sorted by measurement, then by tags.
    pub(crate) fn series(&self, bucket: BucketOrdinal) -> Arc<[Arc<Series>]> {
        let Some(index) = self.buckets.get(&bucket) else { return Arc::default() };
        let sorted = index.sorted.get_or_init(|| {
            let measurements = index.measurements.values();
            measurements
                .flat_map(|measurement| {
                    measurement.series.iter().map(|series| Arc::clone(&series.0))
                })
                .collect()
        });
        Arc::clone(sorted)
    }

    pub(crate) fn series_count(&self, bucket: BucketOrdinal) -> usize {
        self.buckets.get(&bucket).map_or(0, |index| index.count)
    }

    pub(crate) fn find_series(
        &self,
        bucket: BucketOrdinal,
        measurement: &str,
        tags: &Tags,
    ) -> Option<&Arc<Series>> {
        Some(&self.buckets.get(&bucket)?.measurements.get(measurement)?.series.get(tags)?.0)
    }

    pub(crate) fn find_field(
        &self,
        bucket: BucketOrdinal,
        measurement: &str,
        name: &str,
    ) -> Option<&Field> {
        self.buckets.get(&bucket)?.measurements.get(measurement)?.fields.get(name)
    }

    pub(crate) fn data_type(&self, field: FieldId) -> Option<DataType> {
        self.data_types.get(&field).copied()
    }

    /// Adds a series, or puts it in the place of the one with the same measurement and tags.
    pub(crate) fn put_series(&mut self, series: Arc<Series>) {
        let index = self.index(BucketOrdinal::of(series.id));
        let measurement = index.measurements.entry(Arc::clone(&series.measurement)).or_default();
        if Arc::make_mut(measurement).series.replace(ByTags(series)).is_none() {
            index.count += 1;
        }
    }

    pub(crate) fn put_field(
        &mut self,
        bucket: BucketOrdinal,
        measurement: &Arc<str>,
        field: Field,
    ) {
        Arc::make_mut(&mut self.data_types).insert(field.id, field.data_type);
        let measurement =
            self.index(bucket).measurements.entry(Arc::clone(measurement)).or_default();
        Arc::make_mut(measurement).fields.insert(Arc::clone(&field.name), field);
    }

    /// Removes a series. The fields that are gone with it, because it was the last one of its measurement.
    pub(crate) fn remove_series(&mut self, series: &Series) -> Vec<Field> {
        let index = self.index(BucketOrdinal::of(series.id));
        let Some(measurement) = index.measurements.get_mut(&series.measurement) else {
            return Vec::new();
        };
        let measurement = Arc::make_mut(measurement);
        if measurement.series.remove(series.tags.as_slice()) {
            index.count -= 1;
        }
        if !measurement.series.is_empty() {
            return Vec::new();
        }
        let gone: Vec<Field> = std::mem::take(&mut measurement.fields).into_values().collect();
        index.measurements.remove(&series.measurement);
        let data_types = Arc::make_mut(&mut self.data_types);
        for field in &gone {
            data_types.remove(&field.id);
        }
        gone
    }

    /// Forgets a bucket; all its series and fields.
    pub(crate) fn remove_bucket(&mut self, bucket: BucketOrdinal) -> (Vec<SeriesId>, Vec<FieldId>) {
        let Some(index) = self.buckets.remove(&bucket) else { return Default::default() };
        let measurements = || index.measurements.values();
        let series = measurements()
            .flat_map(|measurement| measurement.series.iter().map(|series| series.0.id));
        let fields: Vec<FieldId> = measurements()
            .flat_map(|measurement| measurement.fields.values().map(|field| field.id))
            .collect();
        let data_types = Arc::make_mut(&mut self.data_types);
        for field in &fields {
            data_types.remove(field);
        }
        (series.collect(), fields)
    }

    fn index(&mut self, bucket: BucketOrdinal) -> &mut BucketIndex {
        let index = Arc::make_mut(self.buckets.entry(bucket).or_default());
        index.sorted = OnceLock::new();
        index
    }
}

/// A series as it stands in the catalog, under its id.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredSeries {
    pub(crate) measurement: Arc<str>,
    pub(crate) tags: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) fields: Vec<u32>,
}

/// A field as it stands in the catalog, under its id.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredField {
    pub(crate) bucket: BucketOrdinal,
    pub(crate) measurement: Arc<str>,
    pub(crate) name: Arc<str>,
    #[serde(rename = "type", with = "data_type_name")]
    pub(crate) data_type: DataType,
}

/// What InfluxDB calls the types of fields in its messages, and the catalog on disk.
pub(crate) fn type_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Double => "float",
        DataType::Long => "integer",
        DataType::UnsignedLong => "unsigned",
        DataType::Boolean => "boolean",
        DataType::String => "string",
        DataType::Time => "time",
    }
}

/// For serde: a type by its name.
mod data_type_name {
    use influx_wire::csv::DataType;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        data_type: &DataType,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::type_name(*data_type))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DataType, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        match &*name {
            "float" => Ok(DataType::Double),
            "integer" => Ok(DataType::Long),
            "unsigned" => Ok(DataType::UnsignedLong),
            "boolean" => Ok(DataType::Boolean),
            "string" => Ok(DataType::String),
            _ => Err(D::Error::custom(format!("unknown field type `{name}`"))),
        }
    }
}
