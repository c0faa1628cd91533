//! Whatever tree is printed, the text parses back to it.

use proptest::prelude::*;

use super::super::ast::*;
use super::super::{build, parse};
use super::*;

fn named(name: String) -> Identifier {
    Identifier { name, span: Span::default() }
}

fn expression(kind: ExpressionKind) -> Expression {
    Expression { kind, span: Span::default() }
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_č][a-zA-Z0-9_]{0,4}".prop_filter("keyword", |name| lexer::is_identifier(name))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\\\\\"$${}\n\t\0a-c]{0,6}"]
}

fn leaf() -> impl Strategy<Value = Expression> {
    prop_oneof![
        name().prop_map(ExpressionKind::Identifier),
        (0..=i64::MAX).prop_map(ExpressionKind::Integer),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|value| ExpressionKind::Float(value.abs())),
        text().prop_map(ExpressionKind::String),
        (0..i64::MAX / 13, 0..=i64::MAX).prop_map(|(months, nanoseconds)| {
            ExpressionKind::Duration(Duration { months, nanoseconds, negative: false })
        }),
        any::<i64>().prop_map(ExpressionKind::Time),
        "[a-c.*/ ]{1,5}".prop_map(ExpressionKind::Regex),
        Just(ExpressionKind::Dictionary(Vec::new())),
    ]
    .prop_map(expression)
}

fn properties(
    names: impl Strategy<Value = String>,
    values: impl Strategy<Value = Expression>,
) -> impl Strategy<Value = Vec<(Identifier, Expression)>> {
    prop::collection::btree_map(names, values, 0..3).prop_map(|properties| {
        properties.into_iter().map(|(name, value)| (named(name), value)).collect()
    })
}

fn call_of(
    callees: impl Strategy<Value = Expression>,
    values: impl Strategy<Value = Expression>,
) -> impl Strategy<Value = Expression> {
    (callees, properties(name(), values)).prop_map(|(callee, arguments)| {
        expression(ExpressionKind::Call(Box::new(Call { callee, arguments })))
    })
}

fn operator() -> impl Strategy<Value = BinaryOperator> {
    use BinaryOperator::{
        Add, And, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Modulo, Multiply,
        NotEqual, Or, Power, RegexMatch, RegexNotMatch, Subtract,
    };
    prop::sample::select(vec![
        Add,
        And,
        Divide,
        Equal,
        Greater,
        GreaterOrEqual,
        Less,
        LessOrEqual,
        Modulo,
        Multiply,
        NotEqual,
        Or,
        Power,
        RegexMatch,
        RegexNotMatch,
        Subtract,
    ])
}

/// Texts and expressions in turn, as the parser makes them: no empty text, no two texts in a row.
fn interpolation(
    inner: impl Strategy<Value = Expression>,
) -> impl Strategy<Value = ExpressionKind> {
    (prop::collection::vec((text(), inner), 1..3), text()).prop_map(|(pairs, last)| {
        let mut parts = Vec::new();
        for (text, inner) in pairs {
            parts.extend((!text.is_empty()).then_some(StringPart::Text(text)));
            parts.push(StringPart::Expression(inner));
        }
        parts.extend((!last.is_empty()).then_some(StringPart::Text(last)));
        ExpressionKind::Interpolation(parts)
    })
}

fn function(inner: BoxedStrategy<Expression>) -> impl Strategy<Value = ExpressionKind> {
    let default = prop_oneof![
        Just(ParameterDefault::None),
        Just(ParameterDefault::Pipe),
        inner.clone().prop_map(ParameterDefault::Value),
    ];
    let parameters = prop::collection::btree_map(name(), default, 0..3).prop_map(|parameters| {
        let parameter = |(name, default)| Parameter { name: named(name), default };
        parameters.into_iter().map(parameter).collect::<Vec<_>>()
    });
    let block = (prop::collection::vec((name(), inner.clone()), 0..3), inner.clone()).prop_map(
        |(assignments, last)| {
            let assign =
                |(name, value)| Statement::Assignment(Assignment { name: named(name), value });
            let mut block: Vec<_> = assignments.into_iter().map(assign).collect();
            block.push(Statement::Return(last));
            FunctionBody::Block(block)
        },
    );
    let body = prop_oneof![inner.prop_map(FunctionBody::Expression), block];
    (parameters, body).prop_map(|(parameters, body)| {
        ExpressionKind::Function(Box::new(Function { parameters, body }))
    })
}

fn any_expression() -> impl Strategy<Value = Expression> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let inner = inner.boxed();
        let boxed = || inner.clone().prop_map(Box::new);
        let unary = prop::sample::select(vec![
            UnaryOperator::Plus,
            UnaryOperator::Minus,
            UnaryOperator::Not,
            UnaryOperator::Exists,
        ]);
        let is_index = |index: &Expression| !matches!(index.kind, ExpressionKind::String(_));
        prop_oneof![
            (operator(), boxed(), boxed()).prop_map(|(operator, left, right)| {
                ExpressionKind::Binary { operator, left, right }
            }),
            (unary, boxed())
                .prop_map(|(operator, operand)| ExpressionKind::Unary { operator, operand }),
            (boxed(), text())
                .prop_map(|(object, property)| ExpressionKind::Member { object, property }),
            (boxed(), inner.clone().prop_filter("index", is_index)).prop_map(|(object, index)| {
                ExpressionKind::Index { object, index: Box::new(index) }
            }),
            call_of(inner.clone(), inner.clone()).prop_map(|call| call.kind),
            (boxed(), call_of(inner.clone(), inner.clone()))
                .prop_map(|(input, call)| { ExpressionKind::Pipe { input, call: Box::new(call) } }),
            (boxed(), boxed(), boxed()).prop_map(|(test, consequent, alternate)| {
                ExpressionKind::Conditional { test, consequent, alternate }
            }),
            prop::collection::vec(inner.clone(), 0..3).prop_map(ExpressionKind::Array),
            prop::collection::vec((inner.clone(), inner.clone()), 0..3)
                .prop_map(ExpressionKind::Dictionary),
            (prop::option::of(name().prop_map(named)), properties(text(), inner.clone()))
                .prop_map(|(base, properties)| ExpressionKind::Record(Record { base, properties })),
            interpolation(inner.clone()),
            function(inner.clone()),
        ]
        .prop_map(expression)
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    prop_oneof![
        (name(), any_expression()).prop_map(|(name, value)| {
            Statement::Assignment(Assignment { name: named(name), value })
        }),
        (prop::option::of(name()), name(), any_expression()).prop_map(|(package, name, value)| {
            let package = package.map(named);
            Statement::Option(OptionStatement { package, name: named(name), value })
        }),
        call_of(
            name().prop_map(|name| expression(ExpressionKind::Identifier(name))),
            any_expression()
        )
        .prop_map(Statement::Expression),
        name().prop_map(|name| Statement::Builtin(named(name))),
    ]
}

fn file() -> impl Strategy<Value = File> {
    let import = (prop::option::of(name().prop_map(named)), text())
        .prop_map(|(alias, path)| Import { alias, path, span: Span::default() });
    (
        prop::option::of(name().prop_map(named)),
        prop::collection::vec(import, 0..3),
        prop::collection::vec(statement(), 0..4),
    )
        .prop_map(|(package, imports, body)| File { package, imports, body })
}

proptest! {
    #[test]
    fn what_is_printed_parses_back(file in file()) {
        let text = print(&file);
        prop_assert_eq!(parse(&text), Ok(file), "{}", text);
    }

    #[test]
    fn an_expression_parses_back(value in any_expression()) {
        let body = vec![Statement::Expression(value)];
        let file = File { body, ..File::default() };
        let text = print(&file);
        prop_assert_eq!(parse(&text), Ok(file), "{}", text);
    }

    #[test]
    fn a_string_is_one_literal(text: String) {
        let file = build::Script::new().result(build::string(&text)).to_string();
        let expected = vec![Statement::Expression(expression(ExpressionKind::String(text)))];
        prop_assert_eq!(parse(&file).unwrap().body, expected);
    }

    #[test]
    fn no_name_escapes(name: String) {
        let value = expression(ExpressionKind::Identifier(name));
        let printed = print_expression(&value);
        let body = parse(&printed).unwrap().body;
        let is_one = matches!(
            body.as_slice(),
            [Statement::Expression(Expression { kind: ExpressionKind::Identifier(_), .. })]
        );
        prop_assert!(is_one);
    }

    #[test]
    fn no_regex_escapes(pattern in "[/\\\\\na-c]{0,6}") {
        let body = parse(&print_expression(&expression(ExpressionKind::Regex(pattern)))).unwrap().body;
        let is_one = matches!(
            body.as_slice(),
            [Statement::Expression(Expression { kind: ExpressionKind::Regex(_), .. })]
        );
        prop_assert!(is_one);
    }

    #[test]
    fn numbers_of_the_builder_are_literals(integer: i64, bits: u64) {
        for value in [build::integer(integer), build::float(f64::from_bits(bits))] {
            let body = vec![Statement::Expression(value)];
            let file = File { body, ..File::default() };
            prop_assert_eq!(parse(&print(&file)), Ok(file));
        }
    }

    #[test]
    fn no_script_panics(script in "([a-z(){}\\[\\]\"$.,:=<>+*/|0-9 -]|=>|<-|\n| and | not |if |\\|>){0,60}") {
        if let Ok(file) = parse(&script) {
            // The printer's text may read otherwise where a statement begins with a bracket.
            let _ = print(&file);
        }
    }
}

#[test]
fn long_alternatives_stay_flat_enough() {
    let values: Vec<String> = (0..5_000).map(|index| format!("d{index}")).collect();
    let script = build::Script::new()
        .result(build::from("b").range_from(0).filter(build::any_of("id", &values)));
    assert_eq!(parse(&script.to_string()).as_ref(), Ok(script.file()));
    assert_eq!(
        build::any_of("id", &values[..3]).to_string(),
        r#"r.id == "d0" or r.id == "d1" or r.id == "d2""#
    );
    assert_eq!(build::any_of::<&str>("id", &[]).to_string(), "false");
}

#[test]
fn literals() {
    let hour = std::time::Duration::from_mins(90);
    for (value, text) in [
        (build::ago(hour), "-1h30m"),
        (build::duration(std::time::Duration::ZERO), "0s"),
        (
            build::duration(Duration { months: 14, nanoseconds: 1_000_000, negative: true }),
            "-1y2mo1ms",
        ),
        (build::time(1_651_771_548_057_014_000), "2022-05-05T17:25:48.057014Z"),
        (build::integer(i64::MIN), "int(v: \"-9223372036854775808\")"),
        (build::float(1e21), "1000000000000000000000.0"),
        (build::float(-0.5), "-0.5"),
        (build::float(f64::NEG_INFINITY), "-float(v: \"+Inf\")"),
        (build::string("a\u{1}\"${b}\\"), "\"a\\x01\\\"\\x24{b}\\\\\""),
        (build::string("$\\"), "\"\\x24\\\\\""),
        (
            build::column("a b").exists().and(build::column("_time")),
            "exists r[\"a b\"] and r._time",
        ),
        (
            build::row_function(build::row_with([("_value", build::integer(0))])),
            "(r) => ({r with _value: 0})",
        ),
        (build::column("a").equals(true).then(1, 2.5), "if r.a == true then 1 else 2.5"),
    ] {
        assert_eq!(value.to_string(), text);
    }
}
