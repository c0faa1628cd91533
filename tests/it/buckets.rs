//! The page of the buckets, on every backend that there is.

use influx_wire::api::{CreateBucket, RetentionRule};
use iot_center::model::bucket::{BucketCounts, BucketList, BucketRole, LastWrite};
use iot_center::server::ports::Clock;

use crate::application::{Application, on_every_backend};
use crate::services::write;

#[tokio::test]
async fn buckets_say_what_they_have() {
    on_every_backend(async |application| {
        let name = application.name;
        let connection = application.state.shared.backend.connection_now().unwrap();
        let now = application.state.shared.clock.now();
        let minute = 60_000_000_000;
        // Two sets of tags: two fields and one; a value that is older than what is counted.
        let lines = format!(
            "environment,clientId=a Temperature=1,CO2=2i {}\nenvironment,clientId=a Temperature=1 {}\nenvironment,clientId=b Temperature=1 {}\n\
             environment,clientId=b Temperature=1 {}",
            now - 3 * minute,
            now - 2 * minute,
            now - 4 * minute,
            now - 40 * 24 * 60 * minute,
        );
        write(application, &application.operator_token, &lines).await.unwrap();
        for number in 0..23 {
            let day = RetentionRule { kind: "expire".to_owned(), every_seconds: 86_400, shard_group_duration_seconds: None };
            let request = CreateBucket {
                org_id: connection.organization_id.clone(),
                name: format!("other {number:02}"),
                description: Some("<b>mine</b>".to_owned()),
                retention_rules: vec![day],
            };
            connection.client.create_bucket(&request).await.unwrap();
        }

        let answer = application.read("list_buckets", "").await;
        let list: BucketList = answer.json();
        let names: Vec<&str> = list.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        // InfluxDB lists 20 at a time unless it is asked for more.
        assert!(names.len() >= 27 && names.contains(&"other 22"), "{name}: {names:?}");
        assert_eq!(names[..3], ["iot_center", "iot_center_devices", "other 00"], "{name}");
        let [telemetry, registry, other, ..] = list.buckets.as_slice() else { panic!("{names:?}") };
        assert_eq!((telemetry.role, registry.role, other.role), (Some(BucketRole::Telemetry), Some(BucketRole::Registry), None));
        assert_eq!(telemetry.counts, Some(BucketCounts { series: 3, points: 3 }), "{name}");
        let LastWrite::At(newest) = telemetry.last_write else { panic!("{name}: {telemetry:?}") };
        assert_eq!(newest.0, (now - 2 * minute) / 1_000_000, "{name}");
        assert_eq!((telemetry.retention_seconds, other.retention_seconds), (None, Some(86_400)), "{name}");
        assert_eq!((other.counts, other.last_write), (Some(BucketCounts { series: 0, points: 0 }), LastWrite::None), "{name}");
        assert!(telemetry.created_at.is_some());
        let system = list.buckets.last().unwrap();
        assert!(system.is_system && system.name.starts_with('_'), "{name}: {system:?}");

        let page = application.page("/buckets").await;
        assert!(page.status.is_success());
        assert!(page.body.contains("other 22") && page.body.contains("&lt;b&gt;mine") && !page.body.contains("<b>mine"), "{name}");
    })
    .await;
}

#[tokio::test]
async fn an_influxdb_that_is_away_is_said() {
    let application = Application::upstream("http://127.0.0.1:9", "a-token");
    let page = application.page("/buckets").await;
    assert!(page.body.contains("The buckets could not be read") && page.body.contains("Retry"));
    let page = application.page("/data?flux=x").await;
    assert!(page.body.contains("InfluxDB cannot be asked") && page.body.contains("Retry"));
}
