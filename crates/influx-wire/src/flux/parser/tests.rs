//! The table of precedence, literals and errors. That printed trees parse back is tested with the printer.

use super::super::ast::{ExpressionKind, File, Statement};
use super::super::print;
use super::*;

#[track_caller]
fn check_equal(left: &str, right: &str) {
    assert_eq!(parse(left).expect(left), parse(right).expect(right), "{left} and {right}");
}

#[track_caller]
fn check_error(script: &str, expected: &str) {
    let error = parse(script).map(|file| print(&file)).expect_err(script);
    assert_eq!(error.to_string(), format!("compilation failed: error {expected}"));
}

#[track_caller]
fn kind(script: &str) -> ExpressionKind {
    let File { mut body, .. } = parse(script).expect(script);
    assert_eq!(body.len(), 1, "{script}");
    match body.remove(0) {
        Statement::Expression(expression) => expression.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn precedence() {
    check_equal("-2^2", "(-2)^2");
    check_equal("-1 |> f()", "(-1) |> f()");
    check_equal("2*3 |> f()", "2*(3 |> f())");
    check_equal("2^x |> f()", "2^(x |> f())");
    check_equal("2^3^2", "(2^3)^2");
    check_equal("1-2-3", "(1-2)-3");
    check_equal("1+2*3", "1+(2*3)");
    check_equal("a/b/2", "(a/b)/2");
    check_equal("1+2 == 3", "(1+2) == 3");
    check_equal("1<2<3", "(1<2)<3");
    check_equal("not a == b", "not (a == b)");
    check_equal("exists r.x == true", "exists (r.x == true)");
    check_equal("not a and b", "(not a) and b");
    check_equal("a or b and c or d", "(a or (b and c)) or d");
    check_equal("if a then b else c or d", "if a then b else (c or d)");
    check_equal("-f(x: 1)[0].b", "-(((f(x: 1))[0]).b)");
    check_equal("a |> f() |> g()", "(a |> f()) |> g()");
    check_equal("(r) => r.a + 1", "(r) => (r.a + 1)");
}

#[test]
fn forms_that_mean_the_same() {
    check_equal("r[\"_field\"]", "r._field");
    check_equal("f(a, b)", "f(a: a, b: b,)");
    check_equal("{a, b}", "{a: a, \"b\": b,}");
    check_equal("[1, 2,]", "[1,2]");
    check_equal("[\"a\": 1,]", "[\"a\":1]");
    check_equal("1h1h", "2h");
    check_equal("1y1mo1w1d", "13mo8d");
    check_equal("1us", "1µs");
    check_equal("2021-01-01", "2021-01-01T00:00:00Z");
    check_equal("2021-01-01T01:00:00.5+01:00", "2021-01-01T00:00:00.5Z");
    check_equal(".5 + 5. + 00.5", "0.5+5.0+0.5");
    check_equal("a // comment\n + 2", "a + 2");
    check_equal("@edition(\"2022.1\") x = 1 @other y = 2", "x = 1\ny = 2");
    check_equal("(a) => {return a}", "(a) => { return a }");
    check_equal("{with: 1}", "{\"with\": 1}");
}

#[test]
fn literals() {
    assert_eq!(kind("9223372036854775807"), ExpressionKind::Integer(i64::MAX));
    assert_eq!(kind("1970-01-02"), ExpressionKind::Time(86_400_000_000_000));
    assert_eq!(
        kind(r#""a\n\r\t\"\\\${b} $ \x41""#),
        ExpressionKind::String("a\n\r\t\"\\${b} $ A".to_owned())
    );
    // As InfluxDB reads them: a dollar sign goes together with what stands behind it.
    for (literal, text) in [
        (r#""$${a}""#, "$${a}"),
        (r#""$$\\""#, "$$\\"),
        (r#""$\n$""#, "$\n$"),
        (r#""\x24\\""#, "$\\"),
    ] {
        assert_eq!(kind(literal), ExpressionKind::String(text.to_owned()));
    }
    assert_eq!(kind("\"two\nlines\""), ExpressionKind::String("two\nlines".to_owned()));
    assert_eq!(kind(r"/a\/b\.c/"), ExpressionKind::Regex("a/b\\.c".to_owned()));
    assert!(
        matches!(kind("\"a ${b + \"${c}\"}\""), ExpressionKind::Interpolation(parts) if parts.len() == 2)
    );
    assert!(matches!(kind("r.x =~ /a b/"), ExpressionKind::Binary { .. }));
    assert!(matches!(kind("[:]"), ExpressionKind::Dictionary(entries) if entries.is_empty()));
    assert!(
        matches!(kind("{r with a: 1}"), ExpressionKind::Record(record) if record.base.is_some())
    );
    assert!(matches!(kind("(a, b=2, tables=<-) => a"), ExpressionKind::Function(_)));
    assert!(matches!(kind("(a)"), ExpressionKind::Identifier(_)));
    assert!(matches!(kind("() => 1"), ExpressionKind::Function(_)));
    assert!(matches!(kind("žluťoučký"), ExpressionKind::Identifier(_)));
}

#[test]
fn statements() {
    let file = parse(
        "package main\nimport \"math\"\nimport d \"date\"\n\
         option now = () => 2022-02-15T22:38:31.329Z option task.every = 1h\n\
         builtin f : (x: [A], ?y: int, <-z: stream[A]) => stream[{A with b: string}] where A: Record + X, B: Y\n\
         x = 1 y = x\nf(x)",
    )
    .unwrap();
    assert_eq!(file.package.unwrap().name, "main");
    assert_eq!(file.imports[1].alias.as_ref().unwrap().name, "d");
    let kinds: Vec<_> = file
        .body
        .iter()
        .map(|statement| match statement {
            Statement::Assignment(_) => "assignment",
            Statement::Option(_) => "option",
            Statement::Expression(_) => "expression",
            Statement::Return(_) => "return",
            Statement::Builtin(_) => "builtin",
        })
        .collect();
    assert_eq!(kinds, ["option", "option", "builtin", "assignment", "assignment", "expression"]);
}

#[test]
fn spans_are_those_of_the_text() {
    let script = "a = 1\nfrom(bucket: \"č\") |> limit(n: 1)";
    let file = parse(script).unwrap();
    let Statement::Expression(expression) = &file.body[1] else { panic!() };
    assert_eq!(expression.span.locate(script).to_string(), "@2:1-2:34");
    let ExpressionKind::Pipe { input, call } = &expression.kind else { panic!() };
    assert_eq!(input.span.locate(script).to_string(), "@2:1-2:19");
    assert_eq!(call.span.locate(script).to_string(), "@2:23-2:34");
}

#[test]
fn errors_say_what_and_where() {
    check_error("x = 1;", "@1:6-1:7: invalid character ';'");
    check_error("x = ", "@1:5-1:5: expected an expression, found the end of the script");
    check_error("x = 1\nimport \"math\"", "@2:1-2:7: invalid statement: import");
    check_error("f(1)", "@1:3-1:4: expected the name of a property or argument, found `1`");
    check_error("f(a, b: 1)", "@1:6-1:7: cannot mix implicit and explicit properties");
    check_error("{a: 1, b}", "@1:8-1:9: cannot mix implicit and explicit properties");
    check_error("{a: 1, a: 2}", "@1:8-1:9: \"a\" is given twice");
    check_error("a |> b", "@1:6-1:7: pipe destination must be a function call");
    check_error("(a) => { b = a }", "@1:8-1:17: missing return statement in block");
    check_error("return 1", "@1:8-1:9: a return statement can stand in a function only");
    check_error(
        "0123",
        "@1:1-1:5: invalid integer literal \"0123\": nonzero value cannot start with 0",
    );
    check_error(
        "9223372036854775808",
        "@1:1-1:20: invalid integer literal \"9223372036854775808\": value out of range",
    );
    check_error("1e3", "@1:1-1:4: invalid number or duration \"1e3\"");
    check_error("1h5", "@1:1-1:4: invalid number or duration \"1h5\"");
}

#[test]
fn more_errors() {
    check_error(
        "9999999999999999999h",
        "@1:1-1:21: invalid duration literal \"9999999999999999999h\": value out of range",
    );
    check_error("2021-02-29", "@1:1-1:11: invalid date literal \"2021-02-29\"");
    check_error("2021-01-01T10:00:00", "@1:1-1:20: invalid date literal \"2021-01-01T10:00:00\"");
    check_error("\"\\q\"", "@1:2-1:4: invalid escape sequence \\q in string literal");
    for literal in [r#""$\\""#, r#""$\" x""#, r#""$\${a}""#] {
        let message =
            "ambiguous string literal: write \\x24 for a dollar sign in front of a backslash";
        check_error(literal, &format!("@1:2-1:4: {message}"));
    }
    check_error("\"\\xff\"", "@1:2-1:7: string literal is not valid UTF-8");
    check_error("x = \"a", "@1:5-1:7: unterminated string literal");
    check_error("\"${a\"", "@1:5-1:6: expected `}`, found a string");
    check_error("x =~ /a", "@1:6-1:7: unterminated regular expression literal");
    check_error("f(a: 1", "@1:7-1:7: expected `,` or `)`, found the end of the script");
    check_error("'a'", "@1:1-1:2: invalid character '\\''");
    check_error("if a then b", "@1:12-1:12: expected `else`, found the end of the script");
    check_error("@x(", "@1:3-1:4: the bracket is never closed");
    check_error("testcase a {}", "@1:1-1:9: invalid statement: testcase");
    check_error("x = (1", "@1:7-1:7: expected `)`, found the end of the script");
}

#[test]
fn nothing_exhausts_the_stack() {
    let nested = |open: &str, close: &str, times: usize| {
        format!("{}1{}", open.repeat(times), close.repeat(times))
    };
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("-", ""),
        ("not ", ""),
        ("{a: ", "}"),
        ("f(a: ", ")"),
        ("(a) => ", ""),
        ("() => { return ", "}"),
        ("if a then b else ", ""),
        ("\"${", "}\""),
        ("a[", "]"),
    ] {
        assert!(parse(&nested(open, close, 20)).is_ok(), "{open}");
        let error = parse(&nested(open, close, 10_000)).expect_err(open).message;
        assert!(error.ends_with("the script is nested deeper than 64 levels"), "{error}");
    }
    for (first, link) in
        [("1", "+1"), ("a", " |> f()"), ("a", ".b"), ("a", "(b: 1)"), ("a", " or b")]
    {
        assert!(parse(&(first.to_owned() + &link.repeat(400))).is_ok(), "{link}");
        let error = parse(&(first.to_owned() + &link.repeat(20_000))).expect_err(link).message;
        assert!(error.ends_with("the expression has more than 512 levels"), "{error}");
    }
    // Chains within chains must not add up either.
    let chain = "+1".repeat(400);
    let mut script = "1".to_owned();
    for _ in 0..40 {
        script = format!("({script}){chain}");
    }
    assert!(parse(&script).is_err());
    let long = " ".repeat(MAXIMUM_LENGTH + 1);
    check_error(&long, "@1:1-1:1: the script is longer than 262144 bytes");
}
