use super::*;

#[track_caller]
fn refused(script: &str, line: u32, column: u32, part: &str) {
    let error = check(script).expect_err(script);
    assert_eq!(error.position, Some(Position { line, column }), "{script}: {error}");
    assert!(error.message.contains(part), "{script}: {error}");
}

#[test]
fn what_computes_and_reads_is_run() {
    for script in [
        "from(bucket: \"b\") |> range(start: -1h)",
        "import \"influxdata/influxdb/schema\"\nschema.fieldsAsCols(tables: x)",
        "import e \"experimental\" e.set(tables: x, o: {host: \"a record, no argument\"})",
        "from(bucket: \"b\") |> map(fn: (r) => ({r with host: r.host, url: r[\"url\"], to: r.to}))",
        "import \"csv\" csv.from(csv: \"a,b\", mode: \"raw\")",
        "x = r.a =~ /a\\\\b/ y = /[\\\\]\\/c/",
        "",
    ] {
        assert!(check(script).is_ok(), "{script}: {:?}", check(script));
    }
}

#[test]
fn packages_are_permitted_by_name() {
    for package in [
        "http",
        "http/requests",
        "experimental/http",
        "experimental/http/requests",
        "experimental/csv",
        "experimental/influxdb",
        "experimental/mqtt",
        "experimental/prometheus",
        "experimental/bigtable",
        "experimental/usage",
        "experimental/iox",
        "sql",
        "socket",
        "slack",
        "kafka",
        "pagerduty",
        "pushbullet",
        "contrib/sranka/telegram",
        "contrib/qxip/clickhouse",
        "influxdata/influxdb/secrets",
        "influxdata/influxdb/sample",
        "influxdata/influxdb/tasks",
        "influxdata/influxdb/monitor",
        "internal/debug",
        "testing",
        "nowhere",
        "HTTP",
        " http",
        "",
    ] {
        let script = format!("import \"math\"\nimport x {package:?}\nx.get(a: 1)");
        refused(&script, 2, 1, "cannot be imported here");
    }
    refused("import \"\\x68ttp\"", 1, 1, "\"http\"");
}

#[test]
fn nothing_asks_another_server() {
    refused("from(bucket: \"b\", host: \"http://10.0.0.1\")", 1, 19, "`host`");
    refused("f = from f(host: \"h\")", 1, 12, "`host`");
    refused("x = {f: from} x.f(bucket: \"b\", host: h)", 1, 32, "`host`");
    refused("host = \"h\" from(bucket, host)", 1, 25, "`host`");
    refused("a |> b(fn: (r) => ({r with x: \"${buckets(host: \"h\")}\"}))", 1, 42, "`host`");
    refused("f = (x=from(host: \"h\")) => { y = x return y }", 1, 13, "`host`");
    refused("option now = () => [from(host: \"h\")][0]", 1, 26, "`host`");
    refused("import \"csv\" csv.from(file: \"/etc/passwd\")", 1, 23, "`file`");
    refused("import \"csv\" csv.from(url: \"http://10.0.0.1\")", 1, 23, "`url`");
}

#[test]
fn nothing_writes() {
    refused("from(bucket: \"b\")\n |> to(bucket: \"b\")", 2, 5, "`to` writes");
    refused("import \"experimental\" x |> experimental.to(bucket: \"b\")", 1, 28, "`to` writes");
    refused("wideTo(bucket: \"b\")", 1, 1, "`wideTo` writes");
    refused("builtin f : int", 1, 9, "`builtin`");
}

#[test]
fn what_is_no_flux_is_not_run() {
    refused("from(bucket: ", 1, 14, "compilation failed: error @1:14-1:14: expected");
    refused("SELECT 'a'", 1, 8, "invalid character");
    refused(&" ".repeat(300 * 1024), 1, 1, "longer than");
}

/// Texts out of which InfluxDB would read something else: behind the dollar sign it sees an escaped quote, and in the regular
/// expression an escaped slash.
#[test]
fn texts_that_can_be_read_in_two_ways_do_not_get_through() {
    refused("a = \"$\\\\\" + \" b = from(host: h) // \"", 1, 6, "ambiguous string");
    refused("a = /x\\\\/ y = \"/ z = from(host: h) // \"", 1, 5, "ambiguous regular expression");
    refused("a = /x\\\\\\/y/", 1, 5, "ambiguous regular expression");
    // A comment ends where the line does, and with nothing else.
    let checked = check("a = 1 // \r from(host: \"h\")\nb = 2 // c").unwrap();
    assert_eq!(checked.text, "a = 1\nb = 2\n");
}

#[test]
fn what_is_run_is_printed_from_what_was_looked_at() {
    let written = "// mine\nfrom(bucket:\"$${b}\")|>range(start:0) @edition(\"x\") y=\"${1}\"";
    let checked = check(written).unwrap();
    assert_eq!(
        checked.text,
        "from(bucket: \"\\x24\\x24{b}\")\n    |> range(start: 0)\ny = \"${1}\"\n"
    );
    assert_eq!(checked.written, written);
}
