//! What readers see: the registry, the catalog and the points as they were after one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use influx_wire::csv::DataType;
use serde::de::DeserializeOwned;

use super::engine::{Engine, EngineSnapshot, Space};
use super::keys::{self, Kind};
use super::registry::{BucketOrdinal, Registry, StoredField, StoredSeries};
use super::{Field, FieldId, OpenError, ReadError, Series, SeriesId};
use crate::catalog::Catalog;

/// The format of keys and values. A store with another one is refused.
const FORMAT: u32 = 1;

#[derive(Clone)]
pub(crate) struct View {
    pub(crate) registry: Arc<Registry>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) engine: EngineSnapshot,
}

/// Ranges of series ids whose points are to be removed.
pub(super) type Garbage = BTreeMap<SeriesId, SeriesId>;

/// Reads the whole catalog; writes the format's version into a store that is new.
pub(super) fn load(engine: &Engine) -> Result<(View, Garbage), OpenError> {
    let snapshot = engine.snapshot();
    match snapshot.get(Space::Catalog, keys::FORMAT).map_err(engine_error)? {
        Some(found) if *found == *FORMAT.to_string().as_bytes() => {}
        Some(found) => {
            let found = String::from_utf8_lossy(&found).into_owned();
            return Err(OpenError::Format { found, supported: FORMAT });
        }
        None => {
            // Only a store that was never written to has no version.
            let (from, to) = ([0_u8], [u8::MAX]);
            if let Some(entry) = snapshot.range(Space::Catalog, &from, &to).next() {
                entry.map_err(engine_error)?;
                return Err(OpenError::Format { found: "unknown".to_owned(), supported: FORMAT });
            }
            let mut batch = engine.batch();
            batch.put(Space::Catalog, keys::FORMAT, FORMAT.to_string().into_bytes());
            batch.commit().map_err(engine_error)?;
        }
    }

    let mut registry = Registry::default();
    let mut fields: BTreeMap<FieldId, (BucketOrdinal, Field)> = BTreeMap::new();
    for_each(&snapshot, Kind::Field, |id, stored: StoredField| {
        let id = FieldId(u32::try_from(id).map_err(|_| damaged("field", id))?);
        let field = Field { id, name: stored.name, data_type: stored.data_type };
        registry.put_field(stored.bucket, &stored.measurement, field.clone());
        fields.insert(id, (stored.bucket, field));
        Ok(())
    })?;
    for_each(&snapshot, Kind::Series, |id, stored: StoredSeries| {
        let series_fields: Option<Vec<Field>> = stored
            .fields
            .iter()
            .map(|id| fields.get(&FieldId(*id)).map(|(_, field)| field.clone()))
            .collect();
        let fields = series_fields.ok_or_else(|| damaged("series", id))?;
        let series =
            Series { id: SeriesId(id), measurement: stored.measurement, tags: stored.tags, fields };
        registry.put_series(Arc::new(series));
        Ok(())
    })?;

    let garbage = load_garbage(&snapshot).map_err(|error| OpenError::Damaged(error.to_string()))?;

    let mut catalog = Catalog::default();
    for_each(&snapshot, Kind::Organization, |_, record| {
        catalog.put_organization(record);
        Ok(())
    })?;
    for_each(&snapshot, Kind::User, |_, record| {
        catalog.put_user(record);
        Ok(())
    })?;
    for_each(&snapshot, Kind::Bucket, |_, record| {
        catalog.put_bucket(record);
        Ok(())
    })?;
    for_each(&snapshot, Kind::Authorization, |_, record| {
        catalog.put_authorization(record);
        Ok(())
    })?;
    let engine = engine.snapshot();
    Ok((View { registry: Arc::new(registry), catalog: Arc::new(catalog), engine }, garbage))
}

/// What is noted on disk as garbage.
pub(super) fn load_garbage(snapshot: &EngineSnapshot) -> Result<Garbage, ReadError> {
    let (from, to) = Kind::Garbage.range();
    let entries = snapshot.range(Space::Catalog, &from, &to).map(|entry| {
        let (key, value) = entry?;
        let from = Kind::Garbage.id(&key).ok_or(ReadError::Damaged)?;
        let to = <[u8; 8]>::try_from(&*value).map_err(|_| ReadError::Damaged)?;
        Ok((SeriesId(from), SeriesId(u64::from_be_bytes(to))))
    });
    entries.collect()
}

fn for_each<T: DeserializeOwned>(
    snapshot: &EngineSnapshot,
    kind: Kind,
    mut each: impl FnMut(u64, T) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let (from, to) = kind.range();
    for entry in snapshot.range(Space::Catalog, &from, &to) {
        let (key, value) = entry.map_err(engine_error)?;
        let name = format!("{kind:?}");
        let id = kind.id(&key).ok_or_else(|| damaged(&name, 0))?;
        each(id, serde_json::from_slice(&value).map_err(|_| damaged(&name, id))?)?;
    }
    Ok(())
}

fn damaged(kind: &str, id: u64) -> OpenError {
    OpenError::Damaged(format!("record of kind {} and id {id:016x}", kind.to_lowercase()))
}

fn engine_error(error: super::engine::EngineError) -> OpenError {
    OpenError::Engine(Arc::new(error))
}

impl View {
    pub(crate) fn data_type(&self, field: FieldId) -> Option<DataType> {
        self.registry.data_type(field)
    }
}
