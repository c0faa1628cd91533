//! Points written and deleted.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use influx_client::{Client, Error, Query};
use influx_wire::api::{Bucket, DeleteRequest};
use influx_wire::csv::ColumnData;
use influx_wire::line_protocol::Precision;

use super::fixture::Fixture;

/// All values of a float field `f`, in order of time.
async fn values(client: &Client, bucket: &Bucket) -> Vec<f64> {
    let script = format!(
        "from(bucket: \"{}\") |> range(start: 0, stop: 2100-01-01) |> filter(fn: (r) => r._field == \"f\") |> group() \
         |> sort(columns: [\"_time\"])",
        bucket.name
    );
    let batches = client.query_all(Query::new(script).columns(["_value"])).await.unwrap();
    let data = batches.into_iter().flat_map(|batch| batch.data);
    data.flat_map(|data| match data {
        ColumnData::Double(values) => values.into_iter().flatten().collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    })
    .collect()
}

pub(super) async fn writes(fixture: &Fixture) {
    let Fixture { client, organization, target, .. } = fixture;
    let bucket = fixture.bucket().await;
    client.write(&bucket.name, "m f=1 1", Precision::Seconds).await.unwrap();
    client.write(&bucket.id, "m f=2 2000", Precision::Milliseconds).await.unwrap();
    client.write(&bucket.name, "m f=3 3000000", Precision::Microseconds).await.unwrap();
    client.write(&bucket.name, "m f=4 4000000000", Precision::Nanoseconds).await.unwrap();
    assert_eq!(values(client, &bucket).await, [1.0, 2.0, 3.0, 4.0]);
    // The same series and time is the same point.
    client
        .write(&bucket.name, "m f=5 4\n# a comment\n\nm f=6 5\n", Precision::Seconds)
        .await
        .unwrap();
    assert_eq!(values(client, &bucket).await, [1.0, 2.0, 3.0, 5.0, 6.0]);
    client.write_untimed(&bucket.name, "m f=7", Precision::Nanoseconds).await.unwrap();
    assert_eq!(values(client, &bucket).await.last(), Some(&7.0));
    client.write(&bucket.name, "", Precision::Seconds).await.unwrap();

    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"m f=0.5 0\n").unwrap();
    let packed = encoder.finish().unwrap();
    for (encoding, by) in [
        ("gzip", format!("org={}", organization.id)),
        ("x-gzip", format!("orgID={}", organization.id)),
    ] {
        let call = format!("POST /api/v2/write?{by}&bucket={}&precision=s", bucket.name);
        let headers = [("Content-Encoding", encoding)];
        let answer = fixture.call_with(Some(&target.token), &call, &headers, packed.clone()).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    assert_eq!(values(client, &bucket).await.first(), Some(&0.5));
    fixture.drop_bucket(&bucket).await;
}

pub(super) async fn refused_writes(fixture: &Fixture) {
    let Fixture { client, organization, .. } = fixture;
    let bucket = fixture.bucket().await;
    let refused =
        client.write(&bucket.name, "m f=1 1\nm f= 2\nx\nm f=3 3", Precision::Seconds).await;
    let message =
        "unable to parse 'm f= 2': missing field value\nunable to parse 'x': missing fields"
            .to_owned();
    assert_eq!(refused, Err(Error::Invalid { message }));
    assert_eq!(values(client, &bucket).await, [] as [f64; 0], "one bad line refuses all");

    client.write(&bucket.name, "m f=1 1", Precision::Seconds).await.unwrap();
    let partial =
        client.write(&bucket.name, "m f=2 2\nm f=\"text\" 3\nm f=4i 4", Precision::Seconds).await;
    let message = "failure writing points to database: partial write: field type conflict: input field \"f\" on \
                   measurement \"m\" is type string, already exists as type float dropped=2";
    assert_eq!(partial, Err(Error::PartialWrite { message: message.to_owned(), dropped: Some(2) }));
    assert_eq!(values(client, &bucket).await, [1.0, 2.0], "all others are written");

    let (org, name) = (&organization.id, &bucket.name);
    for (call, status, message) in [
        (
            format!("org={org}&bucket={name}&precision=h"),
            400,
            "invalid precision; valid precision units are ns, us, ms, and s",
        ),
        (format!("bucket={name}"), 400, "Please provide either orgID or org"),
        (format!("org=nobody&bucket={name}"), 404, "organization name \"nobody\" not found"),
        (format!("orgID=00000000000000aa&bucket={name}"), 404, "organization not found"),
        (format!("orgID=aa&bucket={name}"), 400, "id must have a length of 16 bytes"),
        (format!("org={org}"), 404, "bucket not found"),
        (format!("org={org}&bucket=nowhere"), 404, "bucket \"nowhere\" not found"),
    ] {
        fixture.operator(&format!("POST /api/v2/write?{call}"), "m f=9").await.is(status, message);
    }
    fixture.drop_bucket(&bucket).await;
}

fn range(start: &str, stop: &str, predicate: Option<&str>) -> DeleteRequest {
    DeleteRequest {
        start: start.to_owned(),
        stop: stop.to_owned(),
        predicate: predicate.map(str::to_owned),
    }
}

pub(super) async fn deletes(fixture: &Fixture) {
    let Fixture { client, .. } = fixture;
    let bucket = fixture.bucket().await;
    let lines = "m,t=a f=1 1\nm,t=a f=2 2\nm,t=a f=3 3\nm,t=b\\ c f=4 4\nn,t=a f=5 5\n";
    client.write(&bucket.name, lines, Precision::Seconds).await.unwrap();
    let (second, third) = ("1970-01-01T00:00:02Z", "1970-01-01T00:00:03Z");
    let request = range(second, third, Some("_measurement=\"m\" AND t=\"a\""));
    client.delete(&bucket.name, &request).await.unwrap();
    assert_eq!(values(client, &bucket).await, [1.0, 4.0, 5.0], "both ends belong to the range");
    let whole = |predicate| range("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", predicate);
    client.delete(&bucket.name, &whole(Some("t=\"nobody\""))).await.unwrap();
    client.delete(&bucket.id, &whole(Some("(t=\"b c\")"))).await.unwrap();
    assert_eq!(values(client, &bucket).await, [1.0, 5.0]);
    client.write(&bucket.name, "o f=6 6\no,t=d f=7 7", Precision::Seconds).await.unwrap();
    client.delete(&bucket.name, &whole(Some("t != a"))).await.unwrap();
    client.delete(&bucket.name, &whole(Some("t = \"\""))).await.unwrap();
    assert_eq!(
        values(client, &bucket).await,
        [1.0, 5.0, 6.0],
        "a series without the tag is not meant"
    );
    client.delete(&bucket.name, &whole(None)).await.unwrap();
    assert_eq!(values(client, &bucket).await, [] as [f64; 0]);
    fixture.drop_bucket(&bucket).await;
}

pub(super) async fn refused_deletes(fixture: &Fixture) {
    let bucket = fixture.bucket().await;
    let path =
        format!("POST /api/v2/delete?org={}&bucket={}", fixture.organization.id, bucket.name);
    let (start, stop) = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
    for (request, status, message) in [
        (
            range("", stop, None),
            400,
            "error decoding json body: invalid RFC3339Nano for field start, please format your time with RFC3339Nano \
             format, example: 2009-01-02T23:00:00Z",
        ),
        (
            range(start, "yesterday", None),
            400,
            "error decoding json body: invalid RFC3339Nano for field stop, please format your time with RFC3339Nano \
             format, example: 2009-01-01T23:00:00Z",
        ),
        (
            range("1500-01-01T00:00:00Z", stop, None),
            400,
            "error decoding json body: invalid start time, start time must not be before \
             1677-09-21T00:12:43.145224194Z",
        ),
        (
            range(start, "2500-01-01T00:00:00Z", None),
            400,
            "error decoding json body: invalid stop time, stop time must not be after \
             2262-04-11T23:47:16.854775806Z",
        ),
        (range(start, stop, Some("_field=\"f\"")), 501, "delete by field is not supported"),
        (
            range(start, stop, Some("a=b or c=d")),
            400,
            "error decoding json body: the logical operator OR is not supported yet at position 4",
        ),
        (
            range(start, stop, Some("a=~/b/")),
            400,
            "error decoding json body: operator: \"=~\" at position: 1 is not supported yet",
        ),
        (
            range(start, stop, Some("a='b'")),
            400,
            "error decoding json body: bad tag value: \"b\", at position 1",
        ),
    ] {
        fixture.operator(&path, serde_json::to_string(&request).unwrap()).await.is(status, message);
    }
    fixture.operator(&path, "").await.is(400, "error decoding json body: EOF");
    let body = serde_json::to_string(&range(start, stop, None)).unwrap();
    for (parameters, status, message) in [
        (
            format!("org={}", fixture.organization.id),
            400,
            "Please provide either bucketID or bucket",
        ),
        (format!("bucket={}", bucket.name), 400, "Please provide either orgID or org"),
        (
            format!("org={}&bucket=nowhere", fixture.organization.id),
            404,
            "bucket \"nowhere\" not found",
        ),
        (
            format!("org={}&bucketID=00000000000000aa", fixture.organization.id),
            404,
            "bucket not found",
        ),
    ] {
        fixture
            .operator(&format!("POST /api/v2/delete?{parameters}"), body.clone())
            .await
            .is(status, message);
    }
    fixture.drop_bucket(&bucket).await;
}
