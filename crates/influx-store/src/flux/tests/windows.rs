//! Windows that storage computes: the answers are those of the generic way, and rows are read once.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use influx_wire::csv::Dialect;
use influx_wire::time::parse_rfc3339;
use proptest::prelude::*;

use super::{Memory, javascript, rows};
use crate::flux::{
    BucketInfo, Chunks, Edges, Environment, ErrorCode, Execution, Limits, QueryError, Source,
    SourceError, prepare,
};
use crate::storage::{BucketId, FieldId, Rows, Series, TimeRange};

/// Keeps functions behind it away from storage, and changes nothing else.
const BARRIER: &str = "|> limit(n: 1000000)";

/// Points in memory that count how often somebody scans them.
struct Counting {
    memory: Memory,
    scans: AtomicUsize,
}

impl Source for Counting {
    fn buckets(&self) -> Result<Vec<BucketInfo>, SourceError> {
        self.memory.buckets()
    }

    fn series(&self, bucket: BucketId) -> Result<Arc<[Arc<Series>]>, SourceError> {
        self.memory.series(bucket)
    }

    fn rows(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Result<Rows, SourceError> {
        self.memory.rows(bucket, series, fields, range, limit)
    }

    fn chunks<'a>(
        &'a self,
        bucket: BucketId,
        series: &'a Series,
        fields: &'a [FieldId],
        range: TimeRange,
        limit: usize,
    ) -> Chunks<'a> {
        self.scans.fetch_add(1, Ordering::Relaxed);
        self.memory.chunks(bucket, series, fields, range, limit)
    }

    fn last(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.memory.last(bucket, series, fields, range)
    }

    fn first(
        &self,
        bucket: BucketId,
        series: &Series,
        fields: &[FieldId],
        range: TimeRange,
    ) -> Result<Edges, SourceError> {
        self.memory.first(bucket, series, fields, range)
    }
}

/// The answer, and how often a series was scanned.
fn answer(points: &str, limits: &Limits, script: &str) -> (Result<String, QueryError>, usize) {
    let source = Arc::new(Counting { memory: Memory::new(points), scans: AtomicUsize::new(0) });
    let now = parse_rfc3339("2022-01-01T00:00:00Z").unwrap();
    let shared = Arc::clone(&source);
    let environment = Environment { limits: limits.clone(), ..Environment::new(shared, now) };
    let answer = prepare(script, javascript(), &environment)
        .and_then(Execution::collect_answer)
        .map(|bytes| String::from_utf8(bytes).unwrap());
    (answer, source.scans.load(Ordering::Relaxed))
}

/// Compares the answer with that of the generic way; `%` stands where the barrier goes. How often it was scanned.
#[track_caller]
fn check_generic(points: &str, limits: &Limits, script: &str) -> usize {
    // Of the same length, because errors say where they are.
    let (pushed, scans) = answer(points, limits, &script.replace('%', &" ".repeat(BARRIER.len())));
    let (generic, none) = answer(points, limits, &script.replace('%', BARRIER));
    assert_eq!(none, 0, "the generic way does not scan: {script}");
    assert_eq!(pushed, generic, "{script}");
    scans
}

const POINTS: &str = r#"
    m,host=a f=1.5,i=4i,u=7u,b=true,s="x" 1640991600000000000
    m,host=a f=-0.5,i=9i 1640991630000000000
    m,host=a f=2.5,i=4i,u=2u,b=false,s="y" 1640991690000000000
    m,host=a f=2.5 1640991990000000000
    m,host=b f=8.0 1640991600000000000
    m,host=b i=-3i 1640991660000000000
"#;

#[test]
fn the_first_and_the_last_window_are_clipped_to_the_range() {
    let of = |arguments: &str| {
        let script = format!(
            r#"from(bucket: "b") |> range(start: 2021-12-31T23:00:20Z, stop: 2021-12-31T23:01:40Z)
                |> filter(fn: (r) => r._field == "f" and r.host == "a")
                |> aggregateWindow(every: 1m, {arguments}) |> keep(columns: ["_time", "_value"])"#
        );
        rows(POINTS, &script)
    };
    let header = "result,table,_time,_value";
    assert_eq!(
        of("fn: max"),
        [header, "_result,0,2021-12-31T23:01:00Z,-0.5", "_result,0,2021-12-31T23:01:40Z,2.5"]
    );
    assert_eq!(
        of("fn: sum, timeSrc: \"_start\""),
        [header, "_result,0,2021-12-31T23:00:20Z,-0.5", "_result,0,2021-12-31T23:01:00Z,2.5"]
    );
}

#[test]
fn empty_windows_are_null_and_count_nothing() {
    let of = |function: &str| {
        let script = format!(
            r#"from(bucket: "b") |> range(start: 2021-12-31T23:05:00Z, stop: 2021-12-31T23:08:00Z)
                |> filter(fn: (r) => r._field == "f")
                |> aggregateWindow(every: 1m, fn: {function}) |> keep(columns: ["_value"])"#
        );
        rows(POINTS, &script)
    };
    assert_eq!(of("last"), ["result,table,_value", "_result,0,", "_result,0,2.5", "_result,0,"]);
    assert_eq!(of("count"), ["result,table,_value", "_result,0,0", "_result,0,1", "_result,0,0"]);
}

/// As the application asks for a long range, for several functions at once.
fn dashboard(functions: &[&str]) -> String {
    let mut script = "import \"influxdata/influxdb/v1\"\n".to_owned();
    for function in functions {
        let _ = writeln!(
            script,
            r#"from(bucket: "b") |> range(start: 2021-12-31T23:00:00Z, stop: 2022-01-01T00:00:00Z)
                |> filter(fn: (r) => r._measurement == "m") |> filter(fn: (r) => r.host == "a" or r.host == "b")
                |> filter(fn: (r) => r._field == "f" or r._field == "i" or r._field =~ /^u$/) %
                |> aggregateWindow(every: 1m, fn: {function}, createEmpty: false, timeSrc: "_start")
                |> v1.fieldsAsCols() |> keep(columns: ["_time", "f", "i", "u"]) |> yield(name: "{function}")"#
        );
    }
    script
}

#[test]
fn results_that_differ_in_their_function_only_share_a_scan() {
    let limits = Limits::default();
    let script = dashboard(&["first", "min", "max", "last", "mean", "sum", "count"]);
    assert_eq!(check_generic(POINTS, &limits, &script), 2, "one for each series");
    let other_range = script.replacen("23:00:00Z", "23:00:30Z", 1);
    assert_eq!(check_generic(POINTS, &limits, &other_range), 4);
    let other_filter = script.replacen("\"i\"", "\"s\"", 1);
    assert_eq!(check_generic(POINTS, &limits, &other_filter), 4);
    let other_windows = script.replacen("every: 1m", "every: 2m", 1);
    assert_eq!(check_generic(POINTS, &limits, &other_windows), 4);
}

#[test]
fn what_does_not_fit_into_memory_twice_is_scanned_again() {
    let limits = Limits { memory_bytes: 2_000, ..Limits::default() };
    let windows =
        "from(bucket: \"b\") |> range(start: -1d) |> aggregateWindow(every: 1s, createEmpty: false";
    let script = format!(
        "{windows}, fn: first) |> yield(name: \"a\")\n{windows}, fn: last) |> yield(name: \"b\")"
    );
    let (answer, scans) = answer(POINTS, &limits, &script);
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(scans, 4, "two series, twice");
}

#[test]
fn functions_that_storage_does_not_compute_go_the_generic_way() {
    for call in [
        "aggregateWindow(every: 1m, fn: median)",
        "aggregateWindow(every: 1m, fn: spread)",
        "aggregateWindow(every: 1m, period: 2m, fn: sum)",
        "aggregateWindow(every: 1m, fn: max, timeDst: \"when\")",
        "aggregateWindow(every: 1m, fn: (tables=<-, column) => tables |> max(column: column))",
        "group(columns: [\"host\"]) |> aggregateWindow(every: 1m, fn: max)",
    ] {
        let script = format!(
            "from(bucket: \"b\") |> range(start: -1d) |> filter(fn: (r) => r._field == \"f\") % |> {call}"
        );
        if call.starts_with("group") {
            // Storage's own order of rows is another one behind a group.
            let (answer, scans) = answer(POINTS, &Limits::default(), &script.replace('%', ""));
            assert!(answer.is_ok(), "{answer:?}");
            assert_eq!(scans, 0);
        } else {
            assert_eq!(check_generic(POINTS, &Limits::default(), &script), 0, "{call}");
        }
    }
}

#[test]
fn a_query_that_is_cancelled_stops_in_the_middle_of_a_scan() {
    let points: String = (0..100).fold(String::new(), |mut points, minute| {
        let _ = writeln!(points, "m f={minute} {}", 1_640_991_600_000_000_000_i64 + minute);
        points
    });
    let now = parse_rfc3339("2022-01-01T00:00:00Z").unwrap();
    let environment = Environment::new(Arc::new(Memory::new(&points)), now);
    let script = r#"from(bucket: "b") |> range(start: -1d) |> aggregateWindow(every: 1h, fn: max)"#;
    let mut execution = prepare(script, Dialect::default(), &environment).unwrap();
    environment.cancelled.store(true, Ordering::Relaxed);
    let error = execution.next().unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(execution.next().is_none());
}

/// Lines of up to three series, in any order, with times twice.
fn points() -> impl Strategy<Value = String> {
    const TAGS: [&str; 4] = ["", ",host=a", ",host=b", ",host=a,zone=z"];
    let field = prop_oneof![
        (-9..9_i8).prop_map(|value| format!("f={}", f64::from(value) * 0.1)),
        any::<i64>().prop_map(|value| format!("i={value}i")),
        (0..9_i8).prop_map(|value| format!("j={value}i")),
        any::<u64>().prop_map(|value| format!("u={value}u")),
        any::<bool>().prop_map(|value| format!("b={value}")),
        "[a-c]{0,2}".prop_map(|value| format!("s=\"{value}\"")),
    ];
    let fields = prop::collection::vec(field, 1..5).prop_map(|fields| fields.join(","));
    let line = (prop::sample::select(&TAGS), fields, 0..400_i64);
    prop::collection::vec(line, 1..60).prop_map(|lines| {
        let mut text = String::new();
        for (tags, fields, second) in lines {
            let time = (1_640_991_600 + second) * 1_000_000_000;
            let _ = writeln!(text, "m{tags} {fields} {time}");
        }
        text
    })
}

/// A whole result, but for its name; `%` stands where the barrier goes.
fn result() -> impl Strategy<Value = (String, String)> {
    let pick = |texts: &'static [&'static str]| prop::sample::select(texts);
    let source = (
        prop_oneof![3 => Just((0, 500)), 2 => (0..400_i64, 1..400_i64)],
        pick(&[
            "",
            "|> filter(fn: (r) => r._field == \"f\" or r._field == \"i\")",
            "|> filter(fn: (r) => r._field != \"s\" and r._field != \"b\")",
            "|> filter(fn: (r) => r._field =~ /[fj]/ and r._value > 0.2)",
            "|> filter(fn: (r) => r.host == \"a\") |> filter(fn: (r) => r._field == \"j\")",
            "|> filter(fn: (r) => r._value == \"a\" or r._field == \"u\")",
        ]),
        pick(&["7s", "1m", "90s", "1h", "1mo", "1d"]),
        pick(&["", ", offset: 5s", ", offset: -20s", ", offset: 40d"]),
    );
    let source = source.prop_map(|((start, length), filter, every, offset)| {
        let start = 1_640_991_600 + start;
        let stop = start + length;
        let read = format!("from(bucket: \"b\") |> range(start: {start}, stop: {stop}) {filter} %");
        format!("{read} |> aggregateWindow(every: {every}{offset}")
    });
    let rest = (
        pick(&["", ", createEmpty: true", ", createEmpty: false"]),
        pick(&["", ", timeSrc: \"_start\"", ", timeSrc: \"_stop\""]),
        pick(&["", "|> v1.fieldsAsCols()", "|> group() |> sort()", "|> drop(columns: [\"host\"])"]),
    );
    (source, rest)
        .prop_map(|(source, (empty, time, then))| (source, format!("{empty}{time}) {then}")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn storage_and_the_generic_way_agree(
        points in points(),
        (source, rest) in result(),
        functions in prop::collection::vec(
            prop::sample::select(&["first", "last", "min", "max", "mean", "sum", "count", "spread"]),
            1..4,
        ),
        windows in prop_oneof![3 => Just(1_000_000_usize), 1 => 1..9_usize],
    ) {
        let mut script = "import \"influxdata/influxdb/v1\"\n".to_owned();
        for (number, function) in functions.iter().enumerate() {
            let _ = writeln!(script, "{source}, fn: {function}{rest} |> yield(name: \"{number}\")");
        }
        check_generic(&points, &Limits { windows, ..Limits::default() }, &script);
    }
}
