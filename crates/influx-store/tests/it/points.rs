//! Writing, reading, retention and deleting.

use std::sync::Arc;
use std::time::Duration;

use influx_store::catalog::{BucketUpdate, NewBucket};
use influx_store::storage::{
    DeleteError, FieldColumn, FieldValue, OpenError, Options, ReadError, Store, StoreError,
    TagOperator, TagPredicate, TimeRange, WriteError,
};
use influx_wire::line_protocol::Precision;

use crate::support::{ALL, Fixture, dump, name, only_rows};

const HOUR: i64 = 3_600_000_000_000;

#[track_caller]
fn check(fixture: &Fixture, expected: &[&str]) {
    assert_eq!(fixture.dump(), expected);
}

#[track_caller]
fn check_partial(result: Result<(), WriteError>, expected: &str, expected_dropped: usize) {
    match result {
        Err(WriteError::Partial { message, dropped }) => {
            assert_eq!(message, expected);
            assert_eq!(dropped, expected_dropped);
        }
        other => panic!("{other:?}"),
    }
}

fn equal(key: &str, value: &str) -> TagPredicate {
    TagPredicate { key: key.to_owned(), operator: TagOperator::Equal, value: value.to_owned() }
}

fn not_equal(key: &str, value: &str) -> TagPredicate {
    TagPredicate { key: key.to_owned(), operator: TagOperator::NotEqual, value: value.to_owned() }
}

#[tokio::test]
async fn every_type_is_read_back() {
    let fixture = Fixture::new().await;
    fixture
        .write("m,t=a f=1.5,i=-3i,u=18446744073709551615u,b=true,s=\"a \\\"text\\\"\" 10\nm,t=a f=-0.5,b=false,s=\"\" -10")
        .await
        .unwrap();
    let expected = [
        "m,t=a -10 b=false f=-0.5 s=\"\"",
        "m,t=a 10 b=true f=1.5 i=-3i s=\"a \\\"text\\\"\" u=18446744073709551615u",
    ];
    check(&fixture, &expected);
    check(&fixture.reopen(), &expected);
}

#[tokio::test]
async fn series_are_sorted_by_measurement_and_tags() {
    let fixture = Fixture::new().await;
    fixture
        .write("n v=1 1\nm,b=1 v=1 1\nm,a=2 v=1 1\nm,a=1,b=1 v=1 1\nm,a=1 v=1 1\nm v=1 1")
        .await
        .unwrap();
    let series = fixture.store.snapshot().series(fixture.bucket);
    let names: Vec<String> = series.iter().map(|series| name(series)).collect();
    assert_eq!(names, ["m", "m,a=1", "m,a=1,b=1", "m,a=2", "m,b=1", "n"]);
}

#[tokio::test]
async fn fields_of_one_time_merge_and_the_last_write_wins() {
    let fixture = Fixture::new().await;
    // Within a request, in any order of times.
    fixture
        .write("m a=1,b=1 20\nm a=1 10\nm b=2,c=3 20\nm a=5 10\nm a=7 30\nm a=8,z=1 30")
        .await
        .unwrap();
    check(&fixture, &["m 10 a=5", "m 20 a=1 b=2 c=3", "m 30 a=8 z=1"]);
    // Between requests, also after the store was closed, and with older times than any.
    let fixture = fixture.reopen();
    fixture.write("m b=9 10\nm c=4 30\nm a=0 5\nm a=6 5").await.unwrap();
    check(&fixture, &["m 5 a=6", "m 10 a=5 b=9", "m 20 a=1 b=2 c=3", "m 30 a=8 c=4 z=1"]);
}

#[tokio::test]
async fn a_gap_is_filled_and_what_stands_at_its_ends_is_merged() {
    let lines = |field: &str, times: &[i64]| -> String {
        times.iter().map(|time| format!("m {field}=1 {time}\n")).collect()
    };
    // One time in a hundred exists, then every other one: gaps that are worth looking for, and gaps that are not.
    let existing: Vec<i64> = (0..5).map(|i| i * 100).chain((500..600).step_by(2)).collect();
    let ascending: Vec<i64> = (-50..600).collect();
    let descending: Vec<i64> = ascending.iter().rev().copied().collect();
    for times in [ascending.clone(), descending] {
        let fixture = Fixture::new().await;
        fixture.write(&lines("a", &existing)).await.unwrap();
        let fixture = fixture.reopen();
        fixture.write(&lines("b", &times)).await.unwrap();
        let expected: Vec<String> = ascending
            .iter()
            .map(|time| {
                let older = if existing.contains(time) { "a=1 " } else { "" };
                format!("m {time} {older}b=1")
            })
            .collect();
        assert_eq!(fixture.dump(), expected);
    }
}

#[tokio::test]
async fn a_bad_line_refuses_the_whole_body() {
    let fixture = Fixture::new().await;
    let error = fixture.write("m v=1 1\nm v= 2\nm v=2 3\nn").await.unwrap_err();
    let WriteError::Lines { message } = error else { panic!("{error:?}") };
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 2, "{message}");
    assert!(lines[0].starts_with("unable to parse 'm v= 2': "), "{message}");
    assert!(lines[1].starts_with("unable to parse 'n': "), "{message}");
    check(&fixture, &[]);
}

#[tokio::test]
async fn another_type_is_refused_and_all_other_points_are_written() {
    let fixture = Fixture::new().await;
    fixture.write("m,t=a v=1 1").await.unwrap();
    check_partial(
        fixture.write("m,t=b new=1,v=1i 2\nm,t=b v=2 3\nm,t=c v=\"x\" 4\nm,t=d ok=t 5").await,
        "partial write: field type conflict: input field \"v\" on measurement \"m\" is type integer, already exists as type \
         float dropped=2",
        2,
    );
    check(&fixture, &["m,t=a 1 v=1", "m,t=b 3 v=2", "m,t=d 5 ok=true"]);
    // A refused point leaves no field behind: its name is free for another type.
    fixture.write("m,t=b new=\"text\" 6").await.unwrap();
    // The first point of a request decides.
    check_partial(
        fixture.write("k v=1i 1\nk v=1 2\nk v=1u 3").await,
        "partial write: field type conflict: input field \"v\" on measurement \"k\" is type float, already exists as type \
         integer dropped=2",
        2,
    );
}

#[tokio::test]
async fn a_string_that_is_too_long_is_refused() {
    let fixture = Fixture::new().await;
    let longest = "x".repeat(1_048_576);
    fixture.write(&format!("m v=\"{longest}\" 1")).await.unwrap();
    check_partial(
        fixture.write(&format!("m v=\"{longest}x\" 2\nm v=\"short\" 3")).await,
        "partial write: input field \"v\" on measurement \"m\" is too long, 1048577 > 1048576 dropped=1",
        1,
    );
    let rows = only_rows(&fixture.store.snapshot(), fixture.bucket, "v", ALL);
    assert_eq!(rows.times, [1, 3]);
}

#[tokio::test]
async fn a_field_called_time_is_left_out() {
    let fixture = Fixture::new().await;
    fixture.write("m time=1,v=2 1").await.unwrap();
    check_partial(
        fixture.write("m time=1 2").await,
        "partial write: invalid field name: input field \"time\" on measurement \"m\" is invalid dropped=1",
        1,
    );
    check(&fixture, &["m 1 v=2"]);
}

#[tokio::test]
async fn a_missing_timestamp_is_the_stores_time_cut_to_the_precision() {
    let fixture = Fixture::new().await;
    fixture.set_time(1_700_000_000_123_456_789);
    fixture.store.write(fixture.bucket, "m v=1\nm w=2", Precision::Milliseconds).await.unwrap();
    check(&fixture, &["m 1700000000123000000 v=1 w=2"]);
}

#[tokio::test]
async fn a_bucket_takes_no_more_series_than_it_may() {
    let fixture =
        Fixture::with_options(Options { max_series_per_bucket: 2, ..Options::default() }).await;
    check_partial(
        fixture.write("m,t=a v=1 1\nm,t=b v=1 1\nm,t=c v=1 1\nm,t=a v=2 2").await,
        "partial write: max-series-per-database limit exceeded: (2) dropped=1",
        1,
    );
    check(&fixture, &["m,t=a 1 v=1", "m,t=a 2 v=2", "m,t=b 1 v=1"]);
}

#[tokio::test]
async fn ranges_are_half_open_and_rows_without_the_fields_are_left_out() {
    let fixture = Fixture::new().await;
    fixture.write("m a=1 1\nm b=2 2\nm a=3,b=3 3\nm b=4 4\nm a=5 5").await.unwrap();
    let snapshot = fixture.store.snapshot();
    let series = Arc::clone(&snapshot.series(fixture.bucket)[0]);
    let [a, b] = [series.fields[0].id, series.fields[1].id];
    let rows = snapshot.rows(series.id, &[b, a], TimeRange { start: 1, stop: 5 }).unwrap();
    assert_eq!(rows.times, [1, 2, 3, 4]);
    assert_eq!(
        rows.fields,
        [
            FieldColumn::Float(vec![None, Some(2.0), Some(3.0), Some(4.0)]),
            FieldColumn::Float(vec![Some(1.0), None, Some(3.0), None])
        ]
    );
    assert_eq!(snapshot.rows(series.id, &[a], TimeRange { start: 2, stop: 5 }).unwrap().times, [3]);
    // No rows: columns of the right type and no length. An empty or inverted range is no error.
    for range in [
        TimeRange { start: 6, stop: 9 },
        TimeRange { start: 3, stop: 3 },
        TimeRange { start: 4, stop: 2 },
    ] {
        let rows = snapshot.rows(series.id, &[a], range).unwrap();
        assert_eq!(
            (rows.times.len(), &rows.fields[..]),
            (0, &[FieldColumn::Float(Vec::new())][..])
        );
    }
    assert!(matches!(
        snapshot.rows(series.id, &[influx_store::storage::FieldId(99)], ALL),
        Err(ReadError::UnknownField(_))
    ));
    let chunks: Vec<Vec<i64>> = snapshot
        .rows_chunked(series.id, &[a, b], ALL, 2)
        .unwrap()
        .map(|rows| rows.unwrap().times)
        .collect();
    assert_eq!(chunks, [vec![1, 2], vec![3, 4], vec![5]]);
}

#[tokio::test]
async fn first_and_last_are_found_for_each_field() {
    let fixture = Fixture::new().await;
    fixture.write("m a=1 1\nm b=2 2\nm a=3,b=3 3\nm b=4 4\nm c=t 5").await.unwrap();
    let snapshot = fixture.store.snapshot();
    let series = Arc::clone(&snapshot.series(fixture.bucket)[0]);
    let ids: Vec<_> = series.fields.iter().map(|field| field.id).collect();
    let float = |time, value| Some((time, FieldValue::Float(value)));
    assert_eq!(
        snapshot.last_of(series.id, &ids, ALL).unwrap(),
        [float(3, 3.0), float(4, 4.0), Some((5, FieldValue::Boolean(true)))]
    );
    assert_eq!(
        snapshot.first_of(series.id, &ids, TimeRange { start: 2, stop: 5 }).unwrap(),
        [float(3, 3.0), float(2, 2.0), None]
    );
    assert_eq!(
        snapshot.last(series.id, ids[1], TimeRange { start: 0, stop: 4 }).unwrap(),
        float(3, 3.0)
    );
    assert_eq!(snapshot.first(series.id, ids[0], ALL).unwrap(), float(1, 1.0));
}

#[tokio::test]
async fn a_snapshot_does_not_change() {
    let fixture = Fixture::new().await;
    fixture.write("m v=1 1").await.unwrap();
    let before = fixture.store.snapshot();
    fixture.write("m v=2 1\nm v=2 2\nn v=1 1").await.unwrap();
    fixture
        .store
        .delete(fixture.bucket, i64::MIN, i64::MAX, &[equal("_measurement", "m")])
        .await
        .unwrap();
    assert_eq!(dump(&before, fixture.bucket), ["m 1 v=1"]);
    check(&fixture, &["n 1 v=1"]);
}

#[tokio::test]
async fn retention_refuses_old_points_and_hides_what_has_become_old() {
    let fixture = Fixture::new().await;
    let bucket = NewBucket {
        organization: fixture.organization,
        name: "short".to_owned(),
        description: String::new(),
        retention_seconds: 3600,
        shard_group_seconds: None,
    };
    let bucket = fixture.store.create_bucket(bucket).await.unwrap().id;
    let fixture = &fixture;
    let write = |body: String| async move {
        fixture.store.write(bucket, &body, Precision::Nanoseconds).await
    };
    let now = fixture.store.now();
    check_partial(
        write(format!(
            "rm v=1 {now}\nrm v=1 {}\nrm,t=a v=1 {}\nrm v=1 {}",
            now - 2 * HOUR,
            now - 3 * HOUR,
            now + HOUR
        ))
        .await,
        &format!(
            "partial write: dropped 2 points outside retention policy of duration 1h0m0s - oldest point rm,t=a at \
             2023-12-31T21:00:00Z dropped because it violates a Retention Policy Lower Bound at 2023-12-31T23:00:00Z, newest \
             point rm at 2023-12-31T22:00:00Z dropped because it violates a Retention Policy Lower Bound at \
             2023-12-31T23:00:00Z dropped=2 for database: {bucket} for retention policy: autogen"
        ),
        2,
    );
    // Another reason wins, and counts alone.
    check_partial(
        write(format!("rm v=1i {now}\nrm v=1 {}", now - 2 * HOUR)).await,
        "partial write: field type conflict: input field \"v\" on measurement \"rm\" is type integer, already exists as \
         type float dropped=1",
        1,
    );
    let times = || only_rows(&fixture.store.snapshot(), bucket, "v", ALL).times;
    assert_eq!(times(), [now, now + HOUR]);
    fixture.set_time(now + HOUR + 1);
    assert_eq!(times(), [now + HOUR]);
    fixture.set_time(now + 3 * HOUR);
    assert_eq!(times(), [0_i64; 0]);
    // What is only hidden comes back when the retention is lifted.
    let forever = BucketUpdate { retention_seconds: Some(0), ..BucketUpdate::default() };
    fixture.store.update_bucket(bucket, forever).await.unwrap();
    assert_eq!(times(), [now, now + HOUR]);
}

#[tokio::test]
async fn what_retention_does_not_keep_is_removed_from_disk() {
    let options = Options { expiry_interval: Duration::from_millis(20), ..Options::default() };
    let fixture = Fixture::with_options(options).await;
    let now = fixture.store.now();
    fixture
        .write(&format!(
            "m,t=a v=1 {now}\nm,t=a v=2 {}\nm,t=b v=1 {now}\nk v=1 {now}",
            now + 2 * HOUR
        ))
        .await
        .unwrap();
    let update = BucketUpdate {
        retention_seconds: Some(3600),
        shard_group_seconds: Some(3600),
        ..BucketUpdate::default()
    };
    fixture.store.update_bucket(fixture.bucket, update).await.unwrap();
    fixture.set_time(now + 2 * HOUR);
    // The series go when their last point has gone.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while fixture.store.snapshot().series(fixture.bucket).len() > 1 {
        assert!(std::time::Instant::now() < deadline, "still there: {:?}", fixture.dump());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let forever = BucketUpdate { retention_seconds: Some(0), ..BucketUpdate::default() };
    fixture.store.update_bucket(fixture.bucket, forever).await.unwrap();
    check(&fixture.reopen(), &[&format!("m,t=a {} v=2", now + 2 * HOUR)]);
}

#[tokio::test]
async fn delete_removes_a_closed_range_of_the_series_that_match() {
    let fixture = Fixture::new().await;
    let body = ["m,t=a", "m,t=b", "m", "n,t=a"]
        .map(|series| (1..=5).map(|time| format!("{series} v=1 {time}\n")).collect::<String>());
    fixture.write(&body.concat()).await.unwrap();
    let count = |series: &str| {
        let dump = fixture.dump();
        dump.iter().filter(|line| line.split(' ').next() == Some(series)).count()
    };
    fixture
        .store
        .delete(fixture.bucket, 2, 3, &[equal("_measurement", "m"), equal("t", "a")])
        .await
        .unwrap();
    assert_eq!(["m,t=a", "m,t=b", "m", "n,t=a"].map(count), [3, 5, 5, 5]);
    // A series without the tag is one whose tag is empty.
    fixture.store.delete(fixture.bucket, 4, i64::MAX, &[not_equal("t", "a")]).await.unwrap();
    assert_eq!(["m,t=a", "m,t=b", "m", "n,t=a"].map(count), [3, 3, 3, 5]);
    fixture.store.delete(fixture.bucket, i64::MIN, i64::MAX, &[equal("t", "")]).await.unwrap();
    assert_eq!(["m,t=a", "m,t=b", "m", "n,t=a"].map(count), [3, 3, 0, 5]);
    fixture.store.delete(fixture.bucket, 5, 1, &[]).await.unwrap();
    fixture.store.delete(fixture.bucket, 1, 1, &[]).await.unwrap();
    assert_eq!(["m,t=a", "m,t=b", "n,t=a"].map(count), [2, 2, 4]);
    let fixture = fixture.reopen();
    assert_eq!(fixture.dump().len(), 8);
    fixture.store.delete(fixture.bucket, i64::MIN, i64::MAX, &[]).await.unwrap();
    check(&fixture, &[]);
    check(&fixture.reopen(), &[]);
}

#[tokio::test]
async fn a_type_is_forgotten_with_the_last_point_of_its_measurement() {
    let fixture = Fixture::new().await;
    fixture.write("m,t=a v=1 1\nm,t=b v=1 1").await.unwrap();
    fixture.store.delete(fixture.bucket, 1, 1, &[equal("t", "a")]).await.unwrap();
    assert!(fixture.write("m,t=a v=1i 1").await.is_err());
    fixture.store.delete(fixture.bucket, 1, 1, &[]).await.unwrap();
    fixture.write("m,t=a v=1i 1").await.unwrap();
    check(&fixture.reopen(), &["m,t=a 1 v=1i"]);
}

#[tokio::test]
async fn a_deleted_series_comes_back_without_its_old_points() {
    let fixture = Fixture::new().await;
    let body: String = (0..30_000).map(|time| format!("m v={time} {time}\n")).collect();
    fixture.write(&body).await.unwrap();
    fixture.store.delete(fixture.bucket, 0, 30_000, &[]).await.unwrap();
    fixture.write("m w=1 7").await.unwrap();
    check(&fixture, &["m 7 w=1"]);
    let fixture = fixture.reopen();
    check(&fixture, &["m 7 w=1"]);
    // More rows than one step removes, but not all.
    fixture.write(&body).await.unwrap();
    fixture.store.delete(fixture.bucket, 0, 29_998, &[]).await.unwrap();
    check(&fixture, &["m 29999 v=29999"]);
}

#[tokio::test]
async fn buckets_do_not_see_each_other() {
    let fixture = Fixture::new().await;
    let new = |name: &str| NewBucket {
        organization: fixture.organization,
        name: name.to_owned(),
        description: String::new(),
        retention_seconds: 0,
        shard_group_seconds: None,
    };
    let other = fixture.store.create_bucket(new("other")).await.unwrap().id;
    fixture.write("m v=1 1").await.unwrap();
    fixture.store.write(other, "m v=2i 1", Precision::Nanoseconds).await.unwrap();
    check(&fixture, &["m 1 v=1"]);
    assert_eq!(dump(&fixture.store.snapshot(), other), ["m 1 v=2i"]);
    fixture.store.delete_bucket(other).await.unwrap();
    assert_eq!(dump(&fixture.store.snapshot(), other), [""; 0]);
    assert!(matches!(
        fixture.store.write(other, "m v=2i 1", Precision::Nanoseconds).await,
        Err(WriteError::UnknownBucket)
    ));
    assert!(matches!(
        fixture.store.delete(other, 0, 1, &[]).await,
        Err(DeleteError::UnknownBucket)
    ));
    // A new bucket does not inherit anything, whichever place it gets.
    let third = fixture.store.create_bucket(new("other")).await.unwrap().id;
    fixture.store.write(third, "m w=3 3", Precision::Nanoseconds).await.unwrap();
    assert_eq!(dump(&fixture.store.snapshot(), third), ["m 3 w=3"]);
    let fixture = fixture.reopen();
    check(&fixture, &["m 1 v=1"]);
    assert_eq!(dump(&fixture.store.snapshot(), third), ["m 3 w=3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_lose_nothing() {
    let fixture = Fixture::new().await;
    let writers = (0..8).map(|writer| {
        let (store, bucket) = (fixture.store.clone(), fixture.bucket);
        tokio::spawn(async move {
            for time in 0..100 {
                // All write to a series of their own and to one in common, at the same time.
                let body =
                    format!("m,w={writer} v={time}i {time}\nshared f{writer}={time}i {time}");
                store.write(bucket, &body, Precision::Nanoseconds).await.unwrap();
                let series = store.snapshot().series(bucket);
                assert!(series.iter().any(|series| name(series) == format!("m,w={writer}")));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let fixture = fixture.reopen();
    let dump = fixture.dump();
    assert_eq!(dump.len(), 900);
    for time in 0..100 {
        let fields: String = (0..8).map(|writer| format!(" f{writer}={time}i")).collect();
        assert!(dump.contains(&format!("shared {time}{fields}")));
    }
}

#[tokio::test]
async fn a_store_is_opened_once() {
    let fixture = Fixture::new().await;
    let error = Store::open(&fixture.path(), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    let fixture = fixture.reopen();
    fixture.write("m v=1 1").await.unwrap();
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new().await;
    fixture.write("m v=1 1").await.unwrap();
    let mut directories = vec![fixture.path()];
    while let Some(directory) = directories.pop() {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700, "{}", directory.display());
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn what_would_wait_too_long_is_refused_and_can_be_sent_again() {
    let fixture =
        Fixture::with_options(Options { max_waiting_bytes: 100, ..Options::default() }).await;
    // A single body of any size gets through.
    let body: String = (0..50).map(|time| format!("m v=1 {time}\n")).collect();
    fixture.write(&body).await.unwrap();
    let all = futures::future::join_all((0..20).map(|_| fixture.write(&body))).await;
    assert!(all.iter().any(Result::is_ok));
    for result in all {
        assert!(matches!(result, Ok(()) | Err(WriteError::Store(StoreError::Busy))), "{result:?}");
    }
    fixture.write("m v=1 1").await.unwrap();
}
