//! What functions do with small tables.

use influx_wire::csv::Dialect;

use super::{check_answer, check_error, javascript, rows};

/// Two hosts, two fields, one of them unsigned at a single host.
const POINTS: &str = r#"
    cpu,host=a n=1i,usage=1.5 1640991600000000000
    cpu,host=a n=4i,usage=2.5 1640991660000000000
    cpu,host=a n=2i 1640991720000000000
    cpu,host=b n=7i 1640991690000000000
    state,host=a,zone=x on=true,text="up",u=100u 1640991600000000000
    state,host=a,zone=x on=false,text="down, \"far\"",u=101u 1640991660000000000
"#;

const N: &str = r#"data = from(bucket: "b") |> range(start: -1d) |> filter(fn: (r) => r._field == "n")
"#;

/// The rows of `data |> call`, without header.
#[track_caller]
fn check(call: &str, expected: &[&str]) {
    let lines = rows(POINTS, &format!("{N}data |> {call}"));
    assert_eq!(lines, expected, "{call}");
}

#[track_caller]
fn check_rows(rows_literal: &str, calls: &str, expected: &[&str]) {
    let lines =
        rows(POINTS, &format!("import \"array\"\narray.from(rows: [{rows_literal}]) {calls}"));
    assert_eq!(lines, expected, "{calls}");
}

const BOUNDS: &str = "2021-12-31T00:00:00Z,2022-01-01T00:00:00Z";

#[test]
fn selectors_choose_whole_rows() {
    let header = "result,table,_start,_stop,_time,_value,_field,_measurement,host";
    let row = |table: u8, time: &str, value: u8, host: &str| {
        format!("_result,{table},{BOUNDS},2021-12-31T{time}Z,{value},n,cpu,{host}")
    };
    let b = row(1, "23:01:30", 7, "b");
    check("max()", &[header, &row(0, "23:01:00", 4, "a"), &b]);
    check("min()", &[header, &row(0, "23:00:00", 1, "a"), &b]);
    check("last()", &[header, &row(0, "23:02:00", 2, "a"), &b]);
    check("first()", &[header, &row(0, "23:00:00", 1, "a"), &b]);
    check("tail(n: 1)", &[header, &row(0, "23:02:00", 2, "a"), &b]);
    check("limit(n: 1)", &[header, &row(0, "23:00:00", 1, "a"), &b]);
    check(
        "filter(fn: (r) => r._value > 1 and r._value <= 3)",
        &[header, &row(0, "23:02:00", 2, "a")],
    );
    check("top(n: 1)", &[header, &row(0, "23:01:00", 4, "a"), &b]);
}

#[test]
fn after_a_pushed_group_last_goes_by_time_and_in_memory_by_row() {
    let pushed = format!("_result,0,{BOUNDS},2021-12-31T23:02:00Z,2,n,cpu,a");
    check(
        "group() |> last()",
        &["result,table,_start,_stop,_time,_value,_field,_measurement,host", &pushed],
    );
    let in_memory = format!("_result,0,{BOUNDS},2021-12-31T23:01:30Z,7,n,cpu,b");
    check(
        "limit(n: 9) |> group() |> last()",
        &["result,table,_start,_stop,_time,_value,_field,_measurement,host", &in_memory],
    );
}

#[test]
fn aggregates_keep_the_key() {
    check(
        "sum()",
        &[
            "result,table,_start,_stop,_value,_field,_measurement,host",
            &format!("_result,0,{BOUNDS},7,n,cpu,a"),
            &format!("_result,1,{BOUNDS},7,n,cpu,b"),
        ],
    );
    check(
        "limit(n: 9) |> mean()",
        &[
            "result,table,_start,_stop,_field,_measurement,host,_value",
            &format!("_result,0,{BOUNDS},n,cpu,a,2.3333333333333335"),
            &format!("_result,1,{BOUNDS},n,cpu,b,7"),
        ],
    );
    check(
        "group() |> count() |> keep(columns: [\"_value\"])",
        &["result,table,_value", "_result,0,4"],
    );
    check_rows(
        "{_value: 1.0}, {_value: 4.0}",
        "|> spread()",
        &["result,table,_value", "_result,0,3"],
    );
    check_rows(
        "{_value: 1.0}, {_value: 4.0}",
        "|> median()",
        &["result,table,_value", "_result,0,2.5"],
    );
    check_rows(
        "{_value: 1.0}, {_value: 3.0}",
        "|> stddev()",
        &["result,table,_value", "_result,0,1.4142135623730951"],
    );
}

#[test]
fn missing_tags_in_filters() {
    let count = |filter: &str| {
        let script = format!(
            "from(bucket: \"b\") |> range(start: -1d) |> filter(fn: (r) => r._field == \"n\" and {filter}) |> count()"
        );
        rows(POINTS, &script).len().saturating_sub(1)
    };
    assert_eq!(count("r.nope != \"x\""), 2, "pushed: the series without the tag stay");
    assert_eq!(count("r.nope == \"\""), 0);
    assert_eq!(count("exists r.nope"), 0);
    assert_eq!(count("not (r.nope == \"x\")"), 0, "in memory: null drops the row");
    assert_eq!(count("r.host =~ /^[ab]$/"), 2);
    assert_eq!(count("r.host !~ /a/"), 1);
}

#[test]
fn values_of_another_type_do_not_match_in_storage_and_fail_in_memory() {
    let script = |filter: &str| {
        format!(
            "from(bucket: \"b\") |> range(start: -1d) |> filter(fn: (r) => {filter}) |> keep(columns: [\"_field\", \"_value\"])"
        )
    };
    assert_eq!(
        rows(POINTS, &script("r._value == \"up\"")),
        ["result,table,_value,_field", "_result,0,up,text"]
    );
    assert_eq!(rows(POINTS, &script("r._value == 100")).len(), 0, "an int finds no unsigned field");
    assert_eq!(
        rows(POINTS, &script("r._value == 2.5")),
        ["result,table,_value,_field", "_result,0,2.5,usage"]
    );
    check_error(
        POINTS,
        "from(bucket: \"b\") |> range(start: -1d) |> limit(n: 1) |> filter(fn: (r) => r._value > 1.0)",
        400,
        "runtime error @1:58-1:91: filter: cannot compile: unsupported binary expression bool > float",
    );
}

#[test]
fn keep_and_drop_change_the_key_and_merge() {
    check(
        "keep(columns: [\"_value\", \"host\"])",
        &[
            "result,table,_value,host",
            "_result,0,1,a",
            "_result,0,4,a",
            "_result,0,2,a",
            "_result,1,7,b",
        ],
    );
    check(
        "drop(fn: (column) => column =~ /^_[^v]/) |> drop(columns: [\"host\"])",
        &["result,table,_value", "_result,0,1", "_result,0,4", "_result,0,2", "_result,0,7"],
    );
}

#[test]
fn columns_are_renamed_copied_set_and_filled() {
    check_rows(
        "{a: 1, b: 2}",
        "|> rename(columns: {a: \"c\"})",
        &["result,table,c,b", "_result,0,1,2"],
    );
    check_rows(
        "{a: 1, b: 2}",
        "|> duplicate(column: \"a\", as: \"b\")",
        &["result,table,a,b", "_result,0,1,1"],
    );
    check_rows(
        "{a: 1}",
        "|> set(key: \"x\", value: \"y\")",
        &["result,table,a,x", "_result,0,1,y"],
    );
    check_rows(
        "{_value: 1, k: \"x\"}, {k: \"y\"}",
        "|> fill(value: 9)",
        &["result,table,_value,k", "_result,0,1,x", "_result,0,9,y"],
    );
    check_rows(
        "{_value: 1, k: \"x\"}, {k: \"y\"}",
        "|> fill(usePrevious: true)",
        &["result,table,_value,k", "_result,0,1,x", "_result,0,1,y"],
    );
    check_error(
        "",
        "import \"array\" array.from(rows: [{a: 1}]) |> rename(columns: {n: \"m\"})",
        400,
        "runtime error @1:46-1:71: rename: rename error: column \"n\" doesn't exist",
    );
}

#[test]
fn map_regroups_when_it_changes_the_key() {
    check(
        "map(fn: (r) => ({r with host: \"all\"})) |> keep(columns: [\"host\", \"_value\"])",
        &[
            "result,table,_value,host",
            "_result,0,1,all",
            "_result,0,4,all",
            "_result,0,2,all",
            "_result,0,7,all",
        ],
    );
    check(
        "map(fn: (r) => ({v: r._value * 2, host: r.host, missing: r.nope}))",
        &[
            "result,table,host,v",
            "_result,0,a,2",
            "_result,0,a,8",
            "_result,0,a,4",
            "_result,1,b,14",
        ],
    );
    // The interpreter's way, since it has a block.
    check(
        "map(fn: (r) => { double = r._value * 2 return {host: r.host, v: double} })",
        &[
            "result,table,host,v",
            "_result,0,a,2",
            "_result,0,a,8",
            "_result,0,a,4",
            "_result,1,b,14",
        ],
    );
}

#[test]
fn rows_are_sorted_and_made_unique() {
    let values = "{v: 3, k: \"a\"}, {v: 1, k: \"b\"}, {k: \"c\"}, {v: 3, k: \"d\"}";
    check_rows(
        values,
        "|> sort(columns: [\"v\"], desc: true)",
        &["result,table,v,k", "_result,0,,c", "_result,0,3,a", "_result,0,3,d", "_result,0,1,b"],
    );
    check_rows(
        values,
        "|> unique(column: \"v\")",
        &["result,table,v,k", "_result,0,3,a", "_result,0,1,b", "_result,0,,c"],
    );
    check_rows(
        values,
        "|> distinct(column: \"v\")",
        &["result,table,_value", "_result,0,3", "_result,0,1", "_result,0,"],
    );
}

#[test]
fn windows_are_clipped_and_may_be_empty() {
    check(
        "aggregateWindow(every: 1m, fn: count, createEmpty: false, timeSrc: \"_start\") |> keep(columns: [\"_time\"]) |> distinct(column: \"_time\")",
        &[
            "result,table,_value",
            "_result,0,2021-12-31T23:00:00Z",
            "_result,0,2021-12-31T23:01:00Z",
            "_result,0,2021-12-31T23:02:00Z",
        ],
    );
    let script = r#"from(bucket: "b") |> range(start: 2021-12-31T22:59:30Z, stop: 2021-12-31T23:02:30Z)
        |> filter(fn: (r) => r._field == "n" and r.host == "b")
        |> aggregateWindow(every: 1m, fn: FN)
        |> map(fn: (r) => ({cell: string(v: r._time) + " " + (if exists r._value then string(v: r._value) else "-")}))"#;
    for function in ["mean", "last", "(tables=<-, column) => tables |> mean(column: column)"] {
        assert_eq!(
            rows(POINTS, &script.replace("FN", function)),
            [
                "result,table,cell",
                "_result,0,2021-12-31T23:00:00.000000000Z -",
                "_result,0,2021-12-31T23:01:00.000000000Z -",
                "_result,0,2021-12-31T23:02:00.000000000Z 7",
                "_result,0,2021-12-31T23:02:30.000000000Z -",
            ],
            "{function}"
        );
    }
    check(
        "window(every: 1m) |> sum() |> window(every: inf) |> keep(columns: [\"host\", \"_value\"])",
        &[
            "result,table,host,_value",
            "_result,0,a,1",
            "_result,0,a,4",
            "_result,0,a,2",
            "_result,1,b,7",
        ],
    );
}

#[test]
fn pivoting_in_storage_and_in_memory_agree() {
    let fields =
        r#"from(bucket: "b") |> range(start: -1d) |> filter(fn: (r) => r._measurement == "cpu")"#;
    let call = r#"|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")"#;
    let pushed = rows(POINTS, &format!("{fields} {call}"));
    let in_memory = rows(POINTS, &format!("{fields} |> limit(n: 99) {call}"));
    assert_eq!(pushed, in_memory);
    assert_eq!(
        pushed,
        [
            "result,table,_start,_stop,_time,_measurement,host,n,usage",
            &format!("_result,0,{BOUNDS},2021-12-31T23:00:00Z,cpu,a,1,1.5"),
            &format!("_result,0,{BOUNDS},2021-12-31T23:01:00Z,cpu,a,4,2.5"),
            &format!("_result,0,{BOUNDS},2021-12-31T23:02:00Z,cpu,a,2,"),
            "result,table,_start,_stop,_time,_measurement,host,n",
            &format!("_result,1,{BOUNDS},2021-12-31T23:01:30Z,cpu,b,7"),
        ]
    );
    let filtered = format!("{fields} |> filter(fn: (r) => r._value > 2)");
    assert_eq!(
        rows(POINTS, &format!("{filtered} {call}")),
        rows(POINTS, &format!("{filtered} |> limit(n: 99) {call}"))
    );
}

#[test]
fn rows_come_by_first_appearance_when_the_first_field_has_gaps() {
    let points = "m b=1 1640991600000000000\nm a=2,b=2 1640991660000000000";
    let script = r#"import "influxdata/influxdb/v1" from(bucket: "b") |> range(start: -1d) CALL |> v1.fieldsAsCols() |> keep(columns: ["_time", "a", "b"])"#;
    let expected = [
        "result,table,_time,a,b",
        "_result,0,2021-12-31T23:01:00Z,2,2",
        "_result,0,2021-12-31T23:00:00Z,,1",
    ];
    assert_eq!(rows(points, &script.replace("CALL", "")), expected);
    assert_eq!(rows(points, &script.replace("CALL", "|> limit(n: 9)")), expected);
}

#[test]
fn last_seen_of_all_devices_in_one_query() {
    let points = "
        environment,clientId=x Temperature=1,Humidity=2 1640991600000000000
        environment,clientId=x Temperature=3 1640991660000000000
        environment,device=y Temperature=5i 1640991690000000000";
    let points = points.replace("Temperature=5i", "CO2=5i");
    let script = r#"from(bucket: "b") |> range(start: -1y)
        |> filter(fn: (r) => r._measurement == "environment" and (r.clientId == "x" or r.device == "y"))
        |> last() |> keep(columns: ["_time", "clientId", "device"])
        |> group(columns: ["clientId", "device"]) |> max(column: "_time")"#;
    assert_eq!(
        rows(&points, script),
        [
            "result,table,_time,device",
            "_result,0,2021-12-31T23:01:30Z,y",
            "result,table,_time,clientId",
            "_result,1,2021-12-31T23:01:00Z,x",
        ]
    );
}

#[test]
fn several_results_come_by_name() {
    let script = format!(
        "{N}a = data |> filter(fn: (r) => r.host == \"a\") |> keep(columns: [\"_value\"])
        a |> min() |> yield(name: \"min\")
        a |> max() |> yield(name: \"max\")
        a |> count() |> yield(name: \"count\")
        a |> last() |> yield(name: \"last\")"
    );
    check_answer(
        POINTS,
        "2022-01-01T00:00:00Z",
        javascript(),
        &script,
        "
        #datatype,string,long,long
        #group,false,false,false
        #default,count,,
        ,result,table,_value
        ,,0,3

        #datatype,string,long,long
        #group,false,false,false
        #default,last,,
        ,result,table,_value
        ,,0,2

        #datatype,string,long,long
        #group,false,false,false
        #default,max,,
        ,result,table,_value
        ,,0,4

        #datatype,string,long,long
        #group,false,false,false
        #default,min,,
        ,result,table,_value
        ,,0,1",
    );
}

#[test]
fn an_empty_table_has_its_key_in_the_defaults() {
    check_answer(
        POINTS,
        "2022-01-01T00:00:00Z",
        javascript(),
        &format!(
            "{N}data |> filter(fn: (r) => r.host == \"b\") |> limit(n: 0) |> keep(columns: [\"_value\", \"host\"])"
        ),
        "
        #datatype,string,long,long,string
        #group,false,false,false,true
        #default,_result,0,,b
        ,result,table,_value,host",
    );
}

#[test]
fn cells_are_quoted_and_typed() {
    check_answer(
        POINTS,
        "2022-01-01T00:00:00Z",
        Dialect::default(),
        r#"from(bucket: "b") |> range(start: -1d) |> filter(fn: (r) => r._measurement == "state") |> last() |> keep(columns: ["_field", "_value"])"#,
        r#"
        ,result,table,_value,_field
        ,_result,0,false,on

        ,result,table,_value,_field
        ,_result,1,"down, ""far""",text

        ,result,table,_value,_field
        ,_result,2,101,u"#,
    );
}

#[test]
fn schemas_and_buckets_are_listed() {
    let list =
        |call: &str| rows(POINTS, &format!("import \"influxdata/influxdb/schema\"\nschema.{call}"));
    let expect = |values: &[&str]| {
        let lines = values.iter().map(|value| format!("_result,0,{value}"));
        ["result,table,_value".to_owned()].into_iter().chain(lines).collect::<Vec<_>>()
    };
    assert_eq!(list("measurements(bucket: \"b\")"), expect(&["cpu", "state"]));
    assert_eq!(list("tagValues(bucket: \"b\", tag: \"host\")"), expect(&["a", "b"]));
    assert_eq!(
        list("tagKeys(bucket: \"b\")"),
        expect(&["_start", "_stop", "_field", "_measurement", "host", "zone"])
    );
    assert_eq!(
        list("fieldKeys(bucket: \"b\", predicate: (r) => r._measurement == \"cpu\")"),
        expect(&["n", "usage"])
    );
    assert_eq!(rows(POINTS, "buckets() |> keep(columns: [\"name\"])").len(), 4);
}

#[test]
fn differences_and_rates() {
    let values =
        "{_time: 1970-01-01T00:00:00Z, _value: 1.0}, {_time: 1970-01-01T00:00:10Z, _value: 6.0}";
    check_rows(
        values,
        "|> difference() |> drop(columns: [\"_time\"])",
        &["result,table,_value", "_result,0,5"],
    );
    check_rows(
        values,
        "|> derivative() |> drop(columns: [\"_time\"])",
        &["result,table,_value", "_result,0,0.5"],
    );
    check_rows(
        values,
        "|> elapsed() |> keep(columns: [\"elapsed\"])",
        &["result,table,elapsed", "_result,0,10"],
    );
    check_rows(
        values,
        "|> cumulativeSum() |> last() |> drop(columns: [\"_time\"])",
        &["result,table,_value", "_result,0,7"],
    );
}

#[test]
fn unions_append_rows_of_equal_keys() {
    let script = r#"import "array"
        union(tables: [array.from(rows: [{a: 1}]), array.from(rows: [{a: 2, b: "x"}])])"#;
    assert_eq!(rows("", script), ["result,table,a,b", "_result,0,1,", "_result,0,2,x"]);
}

#[test]
fn reads_without_range_or_bucket_are_refused() {
    check_error(
        "",
        "from(bucket: \"b\") |> last()",
        400,
        "error in building plan while starting program: cannot submit unbounded read to \"b\"; try bounding 'from' with a call to 'range'",
    );
    check_error(
        "",
        "from(bucket: \"x\") |> range(start: -1h)",
        404,
        "failed to initialize execute state: could not find bucket \"x\"",
    );
    check_error(
        "",
        "from(bucket: \"b\") |> range(start: 1h)",
        400,
        "error calling function \"range\" @1:22-1:38: cannot query an empty range",
    );
    check_error(
        "cpu,host=a x=1 1640991600000000000\ncpu,host=b x=1 1640991600000000000",
        "from(bucket: \"b\") |> range(start: -1d) |> max(column: \"nope\")",
        400,
        "runtime error @1:43-1:62: max: no column \"nope\" exists",
    );
}

#[test]
fn more_windows_than_allowed_are_refused() {
    check_error(
        POINTS,
        "from(bucket: \"b\") |> range(start: 0) |> filter(fn: (r) => r._field == \"n\") |> aggregateWindow(every: 1s, fn: count)",
        400,
        "query exceeds limit: more than 1000000 windows",
    );
}
