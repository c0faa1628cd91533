//! Tables of what InfluxDB 2.x accepts and refuses, and "what is written reads back as the same point".

use proptest::prelude::*;

use super::*;

fn one(text: &str) -> Result<Line<'_>, Error> {
    let mut lines = parse(text, Precision::Nanoseconds);
    let line = lines.next().expect("one line");
    assert_eq!(lines.next(), None, "more than one line in {text:?}");
    line
}

#[track_caller]
fn check_refused(text: &str, reason: &str) {
    let error = one(text).expect_err(text);
    assert_eq!(error.reason, reason, "{text:?}");
    assert_eq!(error.to_string(), format!("unable to parse '{text}': {reason}"));
}

#[track_caller]
fn check_value(text: &str, expected: FieldValue<'_>) {
    let body = format!("m v={text},w=1 5");
    let line = one(&body).expect(text);
    assert_eq!(line.fields, [("v".into(), expected), ("w".into(), FieldValue::Float(1.0))]);
    assert_eq!(line.timestamp, Some(5));
}

#[track_caller]
fn check_value_refused(text: &str, reason: &str) {
    check_refused(&format!("m v={text}"), reason);
    check_refused(&format!("m v={text},w=1 5"), reason);
}

#[track_caller]
fn check_series(text: &str, measurement: &str, tags: &[(&str, &str)]) {
    let body = format!("{text} v=1");
    let line = one(&body).expect(text);
    assert_eq!(line.series, text);
    assert_eq!(line.measurement, measurement);
    let read: Vec<(&str, &str)> =
        line.tags.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect();
    assert_eq!(read, tags);
}

#[test]
fn blank_lines_and_comments_are_left_out() {
    let body = "\n \t\0\n# a comment with \" and =\" in it\n  #another\nm v=1\n\n \tm v=2 7 \n";
    let lines: Vec<_> = parse(body, Precision::Nanoseconds).map(Result::unwrap).collect();
    assert_eq!(lines.iter().map(|line| line.text).collect::<Vec<_>>(), ["m v=1", "m v=2 7 "]);
    assert_eq!(lines[1].timestamp, Some(7));
}

#[test]
fn reading_goes_on_behind_a_bad_line() {
    let body = "m v=1\nbad\nm v=\"a\nb\"\nbad,\nm v=3";
    let lines: Vec<_> = parse(body, Precision::Nanoseconds).collect();
    let numbers: Vec<_> =
        lines.iter().filter_map(|line| line.as_ref().err()).map(|error| error.number).collect();
    assert_eq!((lines.len(), numbers), (5, vec![2, 5]));
}

#[test]
fn a_line_without_its_timestamp() {
    for (text, expected) in [
        ("m v=1", "m v=1"),
        ("m v=1  ", "m v=1"),
        ("m v=1 7", "m v=1"),
        ("m v=1   -7  ", "m v=1"),
        ("m,t=a\\ b v=\" 7\" 7", "m,t=a\\ b v=\" 7\""),
        ("m,t=a\\ b v=\" 7\"", "m,t=a\\ b v=\" 7\""),
        ("m v=\"a\n 7\",w=2i 8", "m v=\"a\n 7\",w=2i"),
    ] {
        let line = one(text).expect(text);
        assert_eq!(line.untimed(), expected, "{text:?}");
        let again = format!("{expected} 9");
        let again = one(&again).expect(expected);
        assert_eq!((again.fields, again.timestamp), (line.fields, Some(9)), "{text:?}");
    }
}

#[test]
fn series() {
    check_series("m", "m", &[]);
    check_series("_m", "_m", &[]);
    check_series("m=n", "m=n", &[]);
    check_series("\"m\"", "\"m\"", &[]);
    check_series("m\\ n\\,o", "m n,o", &[]);
    check_series("m\\=n\\o", "m\\=n\\o", &[]);
    check_series("m\\\\ n", "m\\ n", &[]);
    check_series("m,b=2,a=1", "m", &[("a", "1"), ("b", "2")]);
    check_series("m,t\\ \\,\\==\\ v\\,\\=", "m", &[("t ,=", " v,=")]);
    check_series("m,t=a\\b,u=\"q\"", "m", &[("t", "a\\b"), ("u", "\"q\"")]);
    check_series("m,t=a\\\\\\,b", "m", &[("t", "a\\\\,b")]);
    check_series("měření,místo=Brno", "měření", &[("místo", "Brno")]);
}

#[test]
fn series_refused() {
    check_refused(",t=a v=1", "missing measurement");
    check_refused("m", "missing fields");
    check_refused("m,t=a", "missing fields");
    check_refused("m\\ v=1", "missing fields");
    check_refused("m\\ v=1 5", "invalid field format");
    check_refused("m,t= v=1", "missing tag value");
    check_refused("m,t=,u=a v=1", "missing tag value");
    check_refused("m,t v=1", "missing tag value");
    check_refused("m,=a v=1", "missing tag key");
    check_refused("m, v=1", "missing tag key");
    check_refused("m,,t=a v=1", "missing tag key");
    check_refused("m,t=a, v=1", "missing tag key");
    check_refused("m,t=a=b v=1", "invalid tag format");
    check_refused("m,t==b v=1", "invalid tag format");
    check_refused("m,t=a\\ v=1", "invalid tag format");
    check_refused("m,t=a,t=a v=1", "duplicate tags");
    check_refused("m,t=a,s=b,t=c v=1", "duplicate tags");
    check_refused("m,t=a\tb v=1", "invalid control character in a name");
    for key in RESERVED_TAG_KEYS {
        let reason = format!("cannot use reserved tag key \"{key}\"");
        check_refused(&format!("m,{key}=a v=1"), &reason);
    }
}

#[test]
fn fields_refused() {
    check_refused("m =1", "missing field key");
    check_refused("m v=1,=2", "missing field key");
    check_refused("m v=", "missing field value");
    check_refused("m v= 5", "missing field value");
    check_refused("m v=,w=1", "missing field value");
    check_refused("m v", "invalid field format");
    check_refused("m ", "invalid field format");
    check_refused("m v=1,", "invalid field format");
    check_refused("m v=1,,w=2", "invalid field format");
    check_refused("m ,v=1", "invalid field format");
    check_refused("m v=1 b=2 1", "bad timestamp");
}

#[test]
fn floats() {
    for (text, value) in [
        ("1", 1.0),
        ("-1", -1.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1e3),
        ("1E3", 1e3),
        ("1e+3", 1e3),
        ("1e-3", 1e-3),
        ("007", 7.0),
        ("14.4071543", 14.407_154_3),
        ("0.1", 0.1),
        ("123456789012345678", 123_456_789_012_345_678.0),
        ("1e-400", 0.0),
    ] {
        check_value(text, FieldValue::Float(value));
    }
    check_value_refused("+1", "invalid boolean");
    check_value_refused("Inf", "invalid boolean");
    check_value_refused("+Inf", "invalid boolean");
    for text in [
        "0x10", "1_000", "1f", "NaN", "nan", "-inf", ".", "-", "-.", "1.1.1", "1-", "1e1.5", "1ee3",
    ] {
        check_value_refused(text, "invalid number");
    }
    for text in ["1e400", "-1e400", "1e"] {
        check_value_refused(text, "invalid float");
    }
}

#[test]
fn integers() {
    check_value("1i", FieldValue::Integer(1));
    check_value("-1i", FieldValue::Integer(-1));
    check_value("007i", FieldValue::Integer(7));
    check_value("9223372036854775807i", FieldValue::Integer(i64::MAX));
    check_value("-9223372036854775808i", FieldValue::Integer(i64::MIN));
    check_value("1u", FieldValue::Unsigned(1));
    check_value("18446744073709551615u", FieldValue::Unsigned(u64::MAX));
    for text in ["1.5i", "1e2i", "1.i", "-1u", "i", "9i10", "9i1", "1ii", "1iu", "1.5u", "-i"] {
        check_value_refused(text, if text == "i" { "invalid boolean" } else { "invalid number" });
    }
    check_value_refused(
        "9223372036854775808i",
        "unable to parse integer 9223372036854775808: strconv.ParseInt: parsing \"9223372036854775808\": value out of range",
    );
    check_value_refused(
        "18446744073709551616u",
        "unable to parse unsigned 18446744073709551616: strconv.ParseUint: parsing \"18446744073709551616\": value out of range",
    );
}

#[test]
fn booleans() {
    for (texts, value) in
        [(["t", "T", "true", "True", "TRUE"], true), (["f", "F", "false", "False", "FALSE"], false)]
    {
        for text in texts {
            check_value(text, FieldValue::Boolean(value));
        }
    }
    for text in ["tRUE", "yes", "'x'", "tr", "truee"] {
        check_value_refused(text, "invalid boolean");
    }
}

#[test]
fn strings() {
    for (text, value) in [
        (r#""""#, ""),
        (r#""a b,c=d""#, "a b,c=d"),
        (r#""a\"b\\c\nd""#, "a\"b\\c\\nd"),
        (r#""ends with \\""#, "ends with \\"),
        ("\"two\nlines\"", "two\nlines"),
        ("\"tab\tand čeština\"", "tab\tand čeština"),
    ] {
        check_value(text, FieldValue::String(value.into()));
    }
    check_refused("m v=\"a", "unbalanced quotes");
    check_refused("m v=\"", "unbalanced quotes");
    check_refused("m v=\"\\\"", "unbalanced quotes");
    check_refused("m v=\"a\"b", "invalid field format");
    check_refused("m v=\"a\"\r", "invalid field format");
}

#[test]
fn the_last_of_equal_field_keys_is_kept() {
    let line = one("m a=1,b=2,a=3i").unwrap();
    let expected = [("a".into(), FieldValue::Integer(3)), ("b".into(), FieldValue::Float(2.0))];
    assert_eq!(line.fields, expected);
    let many: Vec<String> = (0..100).map(|index| format!("f{}={index}i", index % 50)).collect();
    let body = format!("m {}", many.join(","));
    let line = one(&body).unwrap();
    assert_eq!(line.fields.len(), 50);
    assert_eq!(line.fields[1], ("f1".into(), FieldValue::Integer(51)));
}

#[test]
fn timestamps() {
    use Precision::{Microseconds, Milliseconds, Nanoseconds, Seconds};

    let time = |text: &str, precision| {
        parse(&format!("m v=1 {text}"), precision)
            .next()
            .expect("one line")
            .map(|line| line.timestamp)
            .map_err(|error| error.reason)
    };
    assert_eq!(time("", Nanoseconds), Ok(None));
    assert_eq!(time("-1", Nanoseconds), Ok(Some(-1)));
    assert_eq!(time("  1  ", Nanoseconds), Ok(Some(1)));
    assert_eq!(time("1", Microseconds), Ok(Some(1_000)));
    assert_eq!(time("1", Milliseconds), Ok(Some(1_000_000)));
    assert_eq!(time("1", Seconds), Ok(Some(1_000_000_000)));
    assert_eq!(time("9223372036854775806", Nanoseconds), Ok(Some(i64::MAX - 1)));
    assert_eq!(time("-9223372036854775806", Nanoseconds), Ok(Some(-i64::MAX + 1)));
    let outside = "time outside range -9223372036854775806 - 9223372036854775806";
    for (text, precision) in [
        ("9223372036854775807", Nanoseconds),
        ("-9223372036854775807", Nanoseconds),
        ("9223372037", Seconds),
        ("9223372036854775807", Seconds),
    ] {
        assert_eq!(time(text, precision), Err(outside.to_owned()));
    }
    assert_eq!(
        time("9223372036854775808", Nanoseconds),
        Err("strconv.ParseInt: parsing \"9223372036854775808\": value out of range".to_owned())
    );
    for text in ["+1", "1.5", "1e3", "1\r", "-", "a", "--1"] {
        assert_eq!(time(text, Nanoseconds), Err("bad timestamp".to_owned()), "{text:?}");
    }
    assert_eq!(time("1 2", Nanoseconds), Err("point is invalid".to_owned()));
}

#[test]
fn carriage_returns_are_not_line_ends() {
    check_refused("m v=1\r", "invalid number");
}

#[test]
fn keys_have_a_greatest_length() {
    let long = "x".repeat(MAXIMUM_KEY_LENGTH - 5);
    assert!(one(&format!("{long} v=1")).is_ok());
    let error = one(&format!("{long}x v=1")).map(|line| line.timestamp).unwrap_err();
    assert_eq!(error.reason, "max key length exceeded: 65536 > 65535");
}

#[test]
fn what_cannot_be_expressed_is_not_written() {
    #[track_caller]
    fn check(
        measurement: &str,
        tags: &[(&str, &str)],
        fields: &[(&str, FieldValue<'_>)],
        expected: &str,
    ) {
        let mut writer = LineWriter::default();
        let fields = || fields.iter().cloned();
        writer.point("before", [], [("v", FieldValue::Boolean(true))], None).unwrap();
        let error = writer.point(measurement, tags.iter().copied(), fields(), None).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(writer.as_str(), "before v=true\n");
    }
    let one = [("v", FieldValue::Integer(1))];
    check("", &[], &one, "measurement must not be empty");
    check("#m", &[], &one, "measurement `#m` begins with `#`");
    check(
        "m\\",
        &[],
        &one,
        "measurement `m\\` ends with a backslash, which line protocol cannot express",
    );
    check("m\\=n", &[], &one, "measurement `m\\=n` contains a backslash before an equals sign");
    check("m\n", &[], &one, "measurement `m\\n` contains the control character '\\n'");
    check("m", &[("", "a")], &one, "tag key must not be empty");
    check(
        "m",
        &[("t", "a\\")],
        &one,
        "tag value `a\\` ends with a backslash, which line protocol cannot express",
    );
    check("m", &[("time", "a")], &one, "`time` is a reserved name and cannot be a tag or a field");
    check("m", &[("a", "1"), ("a", "1")], &one, "the tag `a` is given twice");
    check("m", &[], &[], "the point has no fields");
    check(
        "m",
        &[],
        &[("_time", FieldValue::Integer(1))],
        "`_time` is a reserved name and cannot be a tag or a field",
    );
    check("m", &[], &[("v", FieldValue::Float(f64::NAN))], "field `v` is not a finite number");
    check("m", &[], &[("v", FieldValue::Float(f64::INFINITY))], "field `v` is not a finite number");
    check(
        &"m".repeat(70_000),
        &[],
        &one,
        "measurement, tags and field key have 70005 bytes, more than 65535",
    );
}

#[test]
fn tags_without_a_value_are_left_out() {
    let mut writer = LineWriter::default();
    writer.point("m", [("a", ""), ("b", "1")], [("v", FieldValue::Unsigned(1))], Some(-5)).unwrap();
    assert_eq!(writer.take(), "m,b=1 v=1u -5\n");
    assert_eq!(writer.as_str(), "");
}

/// A point of owned parts, as the generators make it.
#[derive(Debug, Clone)]
struct Point {
    measurement: String,
    tags: std::collections::BTreeMap<String, String>,
    fields: Vec<(String, FieldValue<'static>)>,
    timestamp: Option<i64>,
}

fn name() -> impl Strategy<Value = String> {
    // Everything that has a meaning in line protocol, often, and letters of one to four bytes.
    "[-,= \\\\\"#a-cčž😀._]{0,6}[a-z,= \"]"
        .prop_filter("reserved", |name| !RESERVED_TAG_KEYS.contains(&name.as_str()))
}

fn value() -> impl Strategy<Value = FieldValue<'static>> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(FieldValue::Float),
        (-1_000_000_i64..1_000_000, 0..7).prop_map(|(mantissa, decimals)| {
            FieldValue::Float(mantissa as f64 / 10_f64.powi(decimals))
        }),
        any::<i64>().prop_map(FieldValue::Integer),
        any::<u64>().prop_map(FieldValue::Unsigned),
        any::<bool>().prop_map(FieldValue::Boolean),
        any::<String>().prop_map(|text| FieldValue::String(text.into())),
        "[\"\\\\\n, =]{0,6}".prop_map(|text| FieldValue::String(text.into())),
    ]
}

fn point() -> impl Strategy<Value = Point> {
    (
        name().prop_filter("measurement", |name| !name.starts_with('#') && !name.contains("\\=")),
        prop::collection::btree_map(name(), name(), 0..4),
        prop::collection::hash_map(name(), value(), 1..20),
        prop::option::of(-i64::MAX + 1..i64::MAX),
    )
        .prop_map(|(measurement, tags, fields, timestamp)| Point {
            measurement,
            tags,
            fields: fields.into_iter().collect(),
            timestamp,
        })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same_points(points in prop::collection::vec(point(), 1..4)) {
        let mut writer = LineWriter::default();
        let mut by_series = LineWriter::default();
        for point in &points {
            let tags = || point.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let fields = || point.fields.iter().map(|(key, value)| (key.as_str(), value.clone()));
            writer.point(&point.measurement, tags(), fields(), point.timestamp).unwrap();
            let series = SeriesKey::new(&point.measurement, tags()).unwrap();
            by_series.point_of(&series, fields(), point.timestamp).unwrap();
        }
        let body = writer.take();
        prop_assert_eq!(by_series.as_str(), &body);
        let lines: Vec<_> = parse(&body, Precision::Nanoseconds).collect();
        prop_assert_eq!(lines.len(), points.len());
        for (line, point) in lines.into_iter().zip(points) {
            let line = line.unwrap();
            prop_assert_eq!(line.measurement.as_ref(), point.measurement);
            let tags: std::collections::BTreeMap<String, String> = line
                .tags
                .iter()
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect();
            prop_assert!(line.tags.is_sorted());
            prop_assert_eq!(tags, point.tags);
            let moved = format!("{} 42", line.untimed());
            let moved = parse(&moved, Precision::Nanoseconds).next().unwrap().unwrap();
            prop_assert_eq!((moved.series, moved.timestamp), (line.series, Some(42)));
            prop_assert_eq!(&moved.fields, &line.fields);
            let fields: Vec<(String, FieldValue<'_>)> =
                line.fields.into_iter().map(|(key, value)| (key.into_owned(), value)).collect();
            prop_assert_eq!(fields, point.fields);
            prop_assert_eq!(line.timestamp, point.timestamp);
        }
    }

    #[test]
    fn numbers_read_as_the_standard_library_reads_them(text in "-?[0-9]{0,18}\\.?[0-9]{0,18}(e[-+]?[0-9]{1,3})?") {
        let body = format!("m v={text}");
        if let Ok(line) = one(&body) {
            let expected: f64 = text.parse().unwrap();
            match &line.fields[0].1 {
                FieldValue::Float(value) => prop_assert_eq!(value.to_bits(), expected.to_bits()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn no_input_panics(body in "[-+mt,= \\\\\"\n\r\t#0-9ieu.čT\0]{0,60}") {
        for line in parse(&body, Precision::Seconds).flatten() {
            prop_assert!(!line.fields.is_empty());
            prop_assert!(line.text.starts_with(line.series));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(body: String) {
        let _ = parse(&body, Precision::Nanoseconds).count();
    }
}
