//! Whatever a script says, the evaluator answers or refuses, within its limits.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use influx_wire::csv::Dialect;
use proptest::prelude::*;

use super::{check_error, environment, execution, rows};
use crate::flux::{ErrorCode, Execution, Limits, prepare};

const POINTS: &str = r#"
    environment,clientId=x,TemperatureSensor=t Temperature=1.5,CO2=400i,on=true 1640991600000000000
    environment,clientId=x,TemperatureSensor=t Temperature=2.5,CO2=401i 1640991660000000000
    environment,clientId=y name="n" 1640991660000000000
"#;

/// Runs a script to its end with narrow limits; only a panic or a hang fails.
fn survives(script: &str) {
    let mut environment = environment(POINTS, "2022-01-01T00:00:00Z");
    environment.limits =
        Limits { memory_bytes: 1 << 20, windows: 1_000, duration: Some(Duration::from_secs(5)) };
    if let Ok(execution) = prepare(script, Dialect::default(), &environment) {
        for chunk in execution {
            let _ = chunk;
        }
    }
}

const KNOWN: &[&str] = &[
    r#"import "influxdata/influxdb/v1" from ( bucket : "b" ) |> range ( start : -30d ) |> filter ( fn : ( r ) => r . _measurement == "environment" ) |> filter ( fn : ( r ) => r [ "_field" ] == "Temperature" or r . _field == "CO2" ) |> v1 . fieldsAsCols ( ) |> keep ( columns : [ "_time" , "Temperature" ] )"#,
    r#"import "math" from ( bucket : "b" ) |> range ( start : 0 ) |> filter ( fn : ( r ) => r . clientId == "x" and r . _field != "on" ) |> toFloat ( ) |> group ( columns : [ "_field" ] ) |> reduce ( fn : ( r , accumulator ) => ( { maxValue : ( if r . _value > accumulator . maxValue then r . _value else accumulator . maxValue ) , count : accumulator . count + 1.0 } ) , identity : { count : 0.0 , maxValue : math . mInf ( sign : -1 ) } )"#,
    r#"from ( bucket : "b" ) |> range ( start : -60d ) |> filter ( fn : ( r ) => r . _field == "Temperature" ) |> aggregateWindow ( every : 1h , fn : mean , createEmpty : false ) |> yield ( name : "mean" )"#,
    r#"from ( bucket : "b" ) |> range ( start : -1y ) |> last ( ) |> keep ( columns : [ "_time" , "clientId" ] ) |> group ( columns : [ "clientId" ] ) |> max ( column : "_time" ) |> map ( fn : ( r ) => ( { r with _value : 0 } ) ) |> sort ( columns : [ "_time" ] , desc : true ) |> rename ( columns : { clientId : "device" } ) |> window ( every : 1mo ) |> pivot ( rowKey : [ "_time" ] , columnKey : [ "_field" ] , valueColumn : "_value" ) |> distinct ( column : "_value" ) |> difference ( ) |> fill ( value : 0 ) |> limit ( n : 3 )"#,
];

const WORDS: &[&str] = &[
    "from",
    "(",
    "bucket",
    ":",
    "\"b\"",
    ")",
    "|>",
    "range",
    "start",
    "-1d",
    "0",
    "stop",
    "filter",
    "fn",
    "r",
    "=>",
    ".",
    "_value",
    "_field",
    "==",
    "!=",
    "<",
    ">",
    "=~",
    "/a/",
    "and",
    "or",
    "not",
    "exists",
    "last",
    "first",
    "max",
    "group",
    "columns",
    "[",
    "]",
    "{",
    "}",
    "with",
    ",",
    "=",
    "if",
    "then",
    "else",
    "1",
    "1.5",
    "-9223372036854775807",
    "inf",
    "1mo",
    "1ns",
    "2022-01-01",
    "map",
    "reduce",
    "identity",
    "aggregateWindow",
    "every",
    "mean",
    "import",
    "\"math\"",
    "math",
    "return",
    "option",
    "now",
    "<-",
    "tables",
    "yield",
    "name",
    "true",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "keep",
    "pivot",
    "union",
    "limit",
    "n",
    "\"${r}\"",
    "string",
    "v",
    "array",
    "sort",
    "desc",
    "window",
    "period",
    "median",
    "quantile",
    "q",
    "offset",
    "createEmpty",
    "column",
    "\"_time\"",
    "difference",
    "length",
    "arr",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        survives(&words.join(" "));
    }

    #[test]
    fn known_queries_with_words_changed(
        query in prop::sample::select(KNOWN),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, prop::sample::select(WORDS)), 1..5),
    ) {
        let mut words: Vec<&str> = query.split(' ').collect();
        for (place, kind, word) in changes {
            let place = place.index(words.len());
            match kind {
                0 => words[place] = word,
                1 => words.insert(place, word),
                2 if words.len() > 1 => { words.remove(place); }
                _ => {
                    let other = (place * 7 + 3) % words.len();
                    words.swap(place, other);
                }
            }
        }
        survives(&words.join(" "));
    }

    /// Functions of rows run compiled where they can; a block keeps them in the interpreter.
    #[test]
    fn compiled_functions_and_the_interpreter_agree(expression in expression()) {
        let script = |body: &str| format!(
            "import \"array\" array.from(rows: [{{a: 1, b: 2.5, c: \"x\", d: true}}, {{a: -3, b: 0.0, c: \"yy\"}}, {{a: 0}}])
            |> map(fn: (r) => {body})"
        );
        let compiled = execution("", &script(&format!("({{v: {expression}}})"))).and_then(Execution::collect_answer);
        let tree = execution("", &script(&format!("{{ return {{v: {expression}}} }}"))).and_then(Execution::collect_answer);
        match (compiled, tree) {
            (Ok(compiled), Ok(tree)) => prop_assert_eq!(compiled, tree),
            (Err(compiled), Err(tree)) => {
                // The functions differ in length, so the places do.
                let text = |message: &str| message.rsplit("map: ").next().map(str::to_owned);
                prop_assert_eq!(text(&compiled.message), text(&tree.message));
            }
            (compiled, tree) => prop_assert!(false, "{:?} {:?}", compiled, tree),
        }
    }
}

fn expression() -> impl Strategy<Value = String> {
    let leaves = [
        "r.a",
        "r.b",
        "r.c",
        "r.d",
        "r.nope",
        "1",
        "2.5",
        "\"x\"",
        "true",
        "/x/",
        "float(v: r.a)",
        "r[\"a\"]",
    ];
    prop::sample::select(leaves.to_vec()).prop_map(str::to_owned).prop_recursive(
        4,
        24,
        3,
        |inner| {
            let operators = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "=~", "and", "or"];
            prop_oneof![
                (inner.clone(), prop::sample::select(operators.to_vec()), inner.clone())
                    .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(test, yes, no)| format!("(if {test} then {yes} else {no})")),
                inner.clone().prop_map(|operand| format!("(not {operand})")),
                inner.clone().prop_map(|operand| format!("(exists {operand})")),
                inner.clone().prop_map(|operand| format!("(-{operand})")),
                inner.prop_map(|operand| format!("string(v: {operand})")),
            ]
        },
    )
}

#[test]
fn nesting_by_names_is_limited() {
    let mut calls = "f0 = () => 1\n".to_owned();
    let mut arrays = "a0 = [1]\n".to_owned();
    let mut plan = "s0 = from(bucket: \"b\") |> range(start: -1d)\n".to_owned();
    for number in 1..3_000 {
        let before = number - 1;
        let _ = writeln!(calls, "f{number} = () => f{before}()");
        let _ = writeln!(arrays, "a{number} = [a{before}]");
        let _ = writeln!(plan, "s{number} = s{before} |> limit(n: 1)");
    }
    for (script, what) in [
        (calls + "f499()", "values nested too deeply"),
        (arrays, "values nested too deeply"),
        (plan, "more than 200 steps in a row"),
    ] {
        let error = execution("", &script).map(|_| ()).unwrap_err();
        assert!(error.message.contains(what), "{error}");
    }
    let mut calls = "f0 = () => 1\n".to_owned();
    for number in 1..400 {
        let _ = writeln!(calls, "f{number} = () => f{}()", number - 1);
    }
    let error = execution("", &(calls + "f399()")).map(|_| ()).unwrap_err();
    assert!(error.message.contains("calls nested too deeply"), "{error}");
}

#[test]
fn the_longest_plans_fit_on_the_stack() {
    for step in ["limit(n: 9)", "sort()", "group()", "filter(fn: (r) => true)"] {
        let script = (0..190).fold(READ.to_owned(), |script, _| script + " |> " + step);
        let lines = rows("m a=1 1640991600000000000", &script);
        assert_eq!(lines.len(), 2, "{step}");
    }
}

#[test]
fn the_longest_conditions_fit_on_the_stack() {
    let condition = (0..500)
        .fold("false".to_owned(), |text, number| format!("{text} or r.host == \"{number}\""));
    let points = "m,host=499 a=1 1640991600000000000";
    for before in ["", "|> limit(n: 9)"] {
        let lines = rows(points, &format!("{READ} {before} |> filter(fn: (r) => {condition})"));
        assert_eq!(lines.len(), 2, "{before}");
    }
    let mapped =
        rows(points, &format!("{READ} |> map(fn: (r) => {{ return {{v: {condition}}} }})"));
    assert_eq!(mapped, ["result,table,v", "_result,0,true"]);
    let sum = (0..500).fold("0".to_owned(), |text, number| format!("{text} + {number}"));
    let mapped = rows(points, &format!("{READ} |> map(fn: (r) => ({{v: {sum}}}))"));
    assert_eq!(mapped, ["result,table,v", "_result,0,124750"]);
    for long in ["x = now".to_owned() + &"()".repeat(500), "x = now".to_owned() + &".a".repeat(500)]
    {
        let error = execution("", &long).map(|_| ()).unwrap_err();
        assert!(error.message.contains("nested too deeply"), "{error}");
    }
}

#[test]
fn work_that_doubles_with_each_line_ends_at_the_deadline() {
    let mut script = "f0 = () => 1\n".to_owned();
    for number in 1..60 {
        let before = number - 1;
        let _ = writeln!(script, "f{number} = () => f{before}() + f{before}()");
    }
    let mut environment = environment("", "2022-01-01T00:00:00Z");
    environment.limits.duration = Some(Duration::from_millis(50));
    let error =
        prepare(&(script + "f59()"), Dialect::default(), &environment).map(|_| ()).unwrap_err();
    assert_eq!((error.code, error.code.status()), (ErrorCode::Unavailable, 503));
}

#[test]
fn text_that_doubles_with_each_line_is_refused() {
    let mut script = "s0 = \"0123456789\"\n".to_owned();
    for number in 1..64 {
        let _ = writeln!(script, "s{number} = s{0} + s{0}", number - 1);
    }
    let error = execution("", &script).map(|_| ()).unwrap_err();
    assert!(error.message.starts_with("query exceeds limit"), "{error}");
}

/// Many rows in two fields, the second of strings.
fn long() -> String {
    let mut points = String::new();
    for minute in 0..3_000_i64 {
        let time = 1_640_000_000_000_000_000 + minute * 60_000_000_000;
        let _ = writeln!(points, "m a={minute},z=\"{minute}\" {time}");
    }
    points
}

const READ: &str = "from(bucket: \"b\") |> range(start: -30d)";

#[test]
fn long_series_come_in_parts_that_are_one_table() {
    let points = long();
    let lines = rows(&points, READ);
    assert_eq!(lines.len(), 6_002, "two headers, because the types differ");
    assert!(lines[1].starts_with("_result,0,") && lines[3_000].starts_with("_result,0,"));
    assert!(lines[3_002].starts_with("_result,1,"));
}

#[test]
fn limits_and_filters_work_across_parts() {
    let points = long();
    let read = format!("{READ} |> filter(fn: (r) => r._field == \"a\")");
    let values =
        |calls: &str| rows(&points, &format!("{read} {calls} |> keep(columns: [\"_value\"])"));
    assert_eq!(
        values("|> limit(n: 2, offset: 255)"),
        ["result,table,_value", "_result,0,255", "_result,0,256"]
    );
    assert_eq!(
        values("|> filter(fn: (r) => float(v: r._value) > 2998.5)"),
        ["result,table,_value", "_result,0,2999"]
    );
    assert_eq!(values("|> count()"), ["result,table,_value", "_result,0,3000"]);
    assert_eq!(
        values("|> filter(fn: (r) => r._value >= 1500) |> first()"),
        ["result,table,_value", "_result,0,1500"]
    );
    let pivoted = rows(
        &points,
        &format!(
            "import \"influxdata/influxdb/v1\" {READ} |> v1.fieldsAsCols() |> keep(columns: [\"a\", \"z\"])"
        ),
    );
    assert_eq!((pivoted.len(), pivoted[3_000].as_str()), (3_001, "_result,0,2999,2999"));
}

#[test]
fn an_error_after_the_first_chunk_stands_in_the_answer() {
    let script = format!("{READ} |> limit(n: 9999) |> filter(fn: (r) => r._value >= 0.0)");
    let mut chunks = execution(&long(), &script).unwrap();
    assert!(chunks.next().unwrap().is_ok());
    let rest: Vec<u8> = chunks.flat_map(Result::unwrap).collect();
    let rest = String::from_utf8(rest).unwrap();
    let expected = ",error,reference\r\n,runtime error @1:62-1:96: filter: cannot compile: unsupported binary expression string >= float,";
    assert!(rest.contains(expected), "{}", rest.get(rest.len().saturating_sub(300)..).unwrap());
}

#[test]
fn memory_is_limited_and_given_back() {
    let points = long();
    let mut environment = environment(&points, "2022-01-01T00:00:00Z");
    environment.limits.memory_bytes = 200_000;
    let run = |script: &str| prepare(script, Dialect::default(), &environment)?.collect_answer();
    let sorted = format!("{READ} |> group() |> sort()");
    assert!(run(&sorted).unwrap_err().message.starts_with("query exceeds limit: more than"));
    assert!(
        run(&format!("{READ} |> limit(n: 5000)")).is_ok(),
        "rows that pass through are not held"
    );
    let parts =
        format!("{READ} |> filter(fn: (r) => r._field == \"a\") |> range(start: -30d) |> count()");
    assert!(run(&parts).is_ok());
}

#[test]
fn a_cancelled_query_stops() {
    let points = long();
    let environment = environment(&points, "2022-01-01T00:00:00Z");
    let mut execution = prepare(READ, Dialect::default(), &environment).unwrap();
    environment.cancelled.store(true, Ordering::Relaxed);
    assert_eq!(execution.next().unwrap().unwrap_err().code, ErrorCode::Unavailable);
    assert!(execution.next().is_none());
}

#[test]
fn expensive_regular_expressions_are_refused() {
    let script = format!("{READ} |> filter(fn: (r) => r.host =~ /(a{{1000}}){{1000}}/)");
    check_error(
        "",
        &script,
        400,
        "error @1:72-1:89: regex parse error: Compiled regex exceeds size limit of 1048576 bytes.",
    );
}
