//! Expressions, functions, names and their errors.

use super::{check_error, rows};

/// The text of an expression's value.
#[track_caller]
fn check(expression: &str, expected: &str) {
    let script = format!(
        "import \"array\" import \"math\" import \"strings\" import \"date\" import \"dict\" import \"regexp\"
        value = {expression}
        array.from(rows: [{{v: string(v: value)}}])"
    );
    assert_eq!(
        rows("", &script),
        ["result,table,v", &format!("_result,0,{expected}")],
        "{expression}"
    );
}

#[track_caller]
fn check_fails(expression: &str, expected: &str) {
    check_error(
        "",
        &format!("import \"array\"\nv = {expression}\narray.from(rows: [{{v}}])"),
        400,
        expected,
    );
}

#[test]
fn operators() {
    check("1 + 2 * 3", "7");
    check("2 ^ 3", "8");
    check("-7 % 3", "-1");
    check("7 / 2", "3");
    check("1.0 / 0.0", "+Inf");
    check("\"a\" + \"b\"", "ab");
    check("1 == 1.0 and uint(v: 1) == 1", "true");
    check("not 1 > 2 or false", "true");
    check("\"abc\" =~ /b/", "true");
    check("if 1 < 2 then \"yes\" else \"no\"", "yes");
    check("\"${1 + 1} and ${2.5}\"", "2 and 2.5");
    check("[1, 2, 3][1]", "2");
    check("{a: {b: 5}}.a.b", "5");
    check("9223372036854775807 + 1", "-9223372036854775808");
}

#[test]
fn functions_have_defaults_pipes_and_closures() {
    check("((a, b=2) => a + b)(a: 1)", "3");
    check("5 |> ((x=<-, by) => x * by)(by: 3)", "15");
    check("((x) => { y = x + 1 z = y * 2 return z })(x: 1)", "4");
    check("((k) => ((x) => x + k))(k: 10)(x: 1)", "11");
}

#[test]
fn conversions() {
    check("int(v: \"42\") + int(v: 2.9) + int(v: true)", "45");
    check("float(v: \"1.5e3\")", "1500");
    check("time(v: \"2021-01-01\")", "2021-01-01T00:00:00.000000000Z");
    check("duration(v: \"1h30m\")", "1h30m");
    check("duration(v: 90)", "90ns");
    check("uint(v: -1)", "18446744073709551615");
    check("bool(v: 1)", "true");
    check_fails(
        "int(v: \"1.5\")",
        "error calling function \"int\" @2:5-2:18: cannot convert string \"1.5\" to int due to invalid syntax",
    );
    check_fails(
        "bool(v: 2)",
        "error calling function \"bool\" @2:5-2:15: cannot convert int 2 to bool, must be 0 or 1",
    );
}

#[test]
fn packages() {
    check("math.round(x: -2.5)", "-3");
    check("math.mInf(sign: -1)", "-Inf");
    check("strings.joinStr(arr: strings.split(v: \"a,b\", t: \",\"), v: \"-\")", "a-b");
    check("strings.strlen(v: \"häuser\")", "6");
    check("strings.substring(v: \"häuser\", start: 1, end: 3)", "äu");
    check("date.truncate(t: 2022-05-08T10:11:12Z, unit: 1mo)", "2022-05-01T00:00:00.000000000Z");
    check("date.add(d: 1mo, to: 2022-01-31)", "2022-02-28T00:00:00.000000000Z");
    check("date.weekDay(t: 2022-05-08)", "0");
    check("length(arr: [1, 2])", "2");
    check("contains(value: \"b\", set: [\"a\", \"b\"])", "true");
    check("dict.get(dict: [\"a\": 1, \"b\": 2], key: \"b\", default: 0)", "2");
    check("regexp.findString(r: /a+/, v: \"baab\")", "aa");
    check("now()", "2022-01-01T00:00:00.000000000Z");
}

#[test]
fn options_set_now_and_variables() {
    let script = "import \"array\" option now = () => 2020-01-01T00:00:00Z option v = {start: -1d, name: \"x\"}
        array.from(rows: [{t: now(), n: v.name}])";
    assert_eq!(rows("", script), ["result,table,t,n", "_result,0,2020-01-01T00:00:00Z,x"]);
}

#[test]
fn tables_can_become_values() {
    let points = "cpu,host=a n=1i 1640991600000000000";
    let script = r#"import "array"
        data = from(bucket: "b") |> range(start: -1d)
        first = (data |> findColumn(fn: (key) => key.host == "a", column: "_value"))[0]
        row = data |> findRecord(fn: (key) => true, idx: 0)
        array.from(rows: [{first: first, host: row.host}])"#;
    assert_eq!(rows(points, script), ["result,table,first,host", "_result,0,1,a"]);
}

#[test]
fn all_wrong_names_and_arguments_are_reported_with_their_places() {
    check_error(
        "",
        "from(bucket: \"b\")\n  |> range(start: -1h)\n  |> holtWinters(n: 10)\n  |> limit(n: x)",
        400,
        "error @3:6-3:17: undefined identifier holtWinters\n\nerror @4:15-4:16: undefined identifier x",
    );
    check_error("", "import \"http\"", 400, "error @1:1-1:14: invalid import path http");
    check_error(
        "",
        "import \"math\" x = math.nope(x: 1)",
        400,
        "error @1:19-1:28: undefined identifier math.nope",
    );
    let read = "from(bucket: \"b\") |> range(start: -1h)";
    check_error(
        "",
        &format!("{read} |> limit()"),
        400,
        "error @1:43-1:50: missing required argument n",
    );
    check_error(
        "",
        &format!("{read} |> limit(n: 1, zz: 2)"),
        400,
        "error @1:43-1:61: found unexpected argument zz (Expected `offset`)",
    );
    check_error(
        "",
        &format!("{read} |> limit(n: \"x\")"),
        400,
        "error @1:52-1:55: expected int but found string (argument n)",
    );
    check_error("", "x = 1 x = 2", 400, "error @1:7-1:8: variable \"x\" reassigned");
    check_error("", "x = {a: 1}.b", 400, "error @1:5-1:13: record is missing label b");
    check_error("", "x = 1 / 0", 400, "error @1:5-1:10: cannot divide by zero");
    check_error(
        "",
        "x = 1h + 1h",
        400,
        "error @1:5-1:12: unsupported binary expression duration + duration",
    );
}

#[test]
fn a_script_without_results_says_so() {
    check_error(
        "",
        "x = 1",
        400,
        "error in building plan while starting program: this Flux script returns no streaming data. Consider adding a \"yield\" or invoking streaming functions directly, without performing an assignment",
    );
    let read = "from(bucket: \"b\") |> range(start: -1h)";
    check_error(
        "",
        &format!("{read} {read}"),
        400,
        "error in building plan while starting program: tried to produce more than one result with the name \"_result\"",
    );
}
