//! The buckets of the organization. Of their points only numbers and times come out of here.

use influx_wire::api;
use influx_wire::csv::Batch;
use influx_wire::flux::build::{Script, from, string, strings, time};
use influx_wire::time::parse_rfc3339;

use super::Session;
use super::columns::{column, time as time_at, value};
use crate::model::bucket::{BucketCounts, BucketRole};
use crate::server::ports::buckets::{BucketEntry, Buckets};
use crate::server::ports::{Result, Value};

/// The names of the two results.
const SERIES: &str = "series";
const POINTS: &str = "points";

impl Buckets for Session {
    async fn buckets(&self) -> Result<Vec<BucketEntry>> {
        let organization = &self.connection.organization_id;
        let request = format!("GET /api/v2/buckets?orgID={organization}&limit=100");
        self.record("List the buckets of the organization", request, String::new());
        let found = self.client.list_buckets(organization).await;
        let found = found.map_err(|error| self.explainer.explain(error))?;
        Ok(found.into_iter().map(|bucket| self.entry(bucket)).collect())
    }

    async fn count(&self, bucket: &BucketEntry, from: i64) -> Result<BucketCounts> {
        let title = format!("Count the series and points of {}", bucket.name);
        let batches = self.query(&title, counts(&bucket.name, from)).await?;
        let number = |result: &str| -> u64 {
            let of_result = |batch: &&Batch| batch.result == result;
            let values = batches
                .iter()
                .filter(of_result)
                .filter_map(|batch| value(column(batch, "_value"), 0).and_then(Value::as_number));
            values.sum::<f64>() as u64
        };
        Ok(BucketCounts { series: number(SERIES), points: number(POINTS) })
    }

    async fn newest(&self, bucket: &BucketEntry, from: i64) -> Result<Option<i64>> {
        let title = format!("Find the newest point of {}", bucket.name);
        let batches = self.query(&title, newest(&bucket.name, from)).await?;
        Ok(batches.iter().filter_map(|batch| time_at(column(batch, "_time"), 0)).max())
    }
}

impl Session {
    fn entry(&self, bucket: api::Bucket) -> BucketEntry {
        let is = |other: &super::Bucket| other.id == bucket.id;
        let role = match (is(&self.connection.telemetry), is(&self.connection.registry)) {
            (true, true) => Some(BucketRole::Both),
            (true, false) => Some(BucketRole::Telemetry),
            (false, true) => Some(BucketRole::Registry),
            (false, false) => None,
        };
        let retention = bucket.retention_rules.iter().find(|rule| rule.every_seconds > 0);
        BucketEntry {
            role,
            is_system: bucket.kind == "system",
            retention_seconds: retention.map(|rule| rule.every_seconds.unsigned_abs()),
            created_at: parse_rfc3339(&bucket.created_at).ok(),
            updated_at: parse_rfc3339(&bucket.updated_at).ok(),
            id: bucket.id,
            name: bucket.name,
            description: bucket.description,
        }
    }
}

/// The storage engine counts the values of each series. As many rows as that gives are series; points have a value in some
/// of the fields of a set of tags, so that the field with the most has as many as there are.
fn counts(bucket: &str, start: i64) -> String {
    let counted = || from(bucket).range_from(time(start)).count();
    let series = counted().keep(&["_value"]).count();
    let points = counted()
        .call("group", [("columns", strings(&["_field", "_value"])), ("mode", string("except"))])
        .max("_value")
        .keep(&["_value"])
        .call("sum", []);
    Script::new().result(series.yield_as(SERIES)).result(points.yield_as(POINTS)).to_string()
}

fn newest(bucket: &str, start: i64) -> String {
    from(bucket).range_from(time(start)).last().keep(&["_time"]).max("_time").to_string()
}
