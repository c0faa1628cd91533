//! A pipeline of Flux functions as a syntax tree; `influx_wire` prints it and escapes what needs escaping.

use influx_wire::flux::ast::{
    BinaryOperator, Call, Duration, Expression, ExpressionKind, File, Function, FunctionBody,
    Identifier, Import, Parameter, ParameterDefault, Span, Statement, UnaryOperator,
};
use influx_wire::flux::print;

/// `from(…) |> … |> …`
#[derive(Debug, Clone)]
pub(super) struct Pipeline(Expression);

fn expression(kind: ExpressionKind) -> Expression {
    Expression { kind, span: Span::default() }
}

fn identifier(name: &str) -> Identifier {
    Identifier { name: name.to_owned(), span: Span::default() }
}

fn name(name: &str) -> Expression {
    expression(ExpressionKind::Identifier(name.to_owned()))
}

pub(super) fn string(text: &str) -> Expression {
    expression(ExpressionKind::String(text.to_owned()))
}

/// A point in time, in nanoseconds since the Unix epoch.
pub(super) fn time(nanoseconds: i64) -> Expression {
    expression(ExpressionKind::Time(nanoseconds))
}

pub(super) fn duration(duration: std::time::Duration) -> Expression {
    let nanoseconds = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    expression(ExpressionKind::Duration(Duration { months: 0, nanoseconds, negative: false }))
}

/// So long before now.
pub(super) fn ago(length: std::time::Duration) -> Expression {
    let operand = Box::new(duration(length));
    expression(ExpressionKind::Unary { operator: UnaryOperator::Minus, operand })
}

pub(super) fn integer(number: i64) -> Expression {
    expression(ExpressionKind::Integer(number))
}

pub(super) fn boolean(value: bool) -> Expression {
    name(if value { "true" } else { "false" })
}

fn call(callee: Expression, arguments: Vec<(&str, Expression)>) -> Expression {
    let arguments = arguments.into_iter().map(|(name, value)| (identifier(name), value)).collect();
    expression(ExpressionKind::Call(Box::new(Call { callee, arguments })))
}

fn member(object: &str, property: &str) -> Expression {
    expression(ExpressionKind::Member {
        object: Box::new(name(object)),
        property: property.to_owned(),
    })
}

fn strings(texts: &[&str]) -> Expression {
    expression(ExpressionKind::Array(texts.iter().map(|text| string(text)).collect()))
}

/// A condition on a row `r`.
#[derive(Debug, Clone)]
pub(super) struct Condition(Expression);

impl Condition {
    fn compare(column: &str, operator: BinaryOperator, text: &str) -> Self {
        let (left, right) = (Box::new(member("r", column)), Box::new(string(text)));
        Self(expression(ExpressionKind::Binary { operator, left, right }))
    }

    pub(super) fn equal(column: &str, text: &str) -> Self {
        Self::compare(column, BinaryOperator::Equal, text)
    }

    pub(super) fn not_equal(column: &str, text: &str) -> Self {
        Self::compare(column, BinaryOperator::NotEqual, text)
    }

    fn join(self, operator: BinaryOperator, other: Self) -> Self {
        let (left, right) = (Box::new(self.0), Box::new(other.0));
        Self(expression(ExpressionKind::Binary { operator, left, right }))
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.join(BinaryOperator::And, other)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.join(BinaryOperator::Or, other)
    }

    /// One of several conditions, of which there must be at least one.
    pub(super) fn any(conditions: impl IntoIterator<Item = Self>) -> Option<Self> {
        conditions.into_iter().reduce(Self::or)
    }
}

impl Pipeline {
    pub(super) fn from(bucket: &str) -> Self {
        Self(call(name("from"), vec![("bucket", string(bucket))]))
    }

    /// `|> function(argument: value, …)`
    pub(super) fn then(self, function: &str, arguments: Vec<(&str, Expression)>) -> Self {
        self.pipe(call(name(function), arguments))
    }

    /// `|> package.function()`
    pub(super) fn then_of(self, package: &str, function: &str) -> Self {
        self.pipe(call(member(package, function), Vec::new()))
    }

    fn pipe(self, call: Expression) -> Self {
        Self(expression(ExpressionKind::Pipe { input: Box::new(self.0), call: Box::new(call) }))
    }

    /// From `start` to now.
    pub(super) fn since(self, start: Expression) -> Self {
        self.then("range", vec![("start", start)])
    }

    pub(super) fn range(self, start: Expression, stop: Expression) -> Self {
        self.then("range", vec![("start", start), ("stop", stop)])
    }

    pub(super) fn filter(self, condition: Condition) -> Self {
        let function = Function {
            parameters: vec![Parameter { name: identifier("r"), default: ParameterDefault::None }],
            body: FunctionBody::Expression(condition.0),
        };
        self.then("filter", vec![("fn", expression(ExpressionKind::Function(Box::new(function))))])
    }

    pub(super) fn keep(self, columns: &[&str]) -> Self {
        self.then("keep", vec![("columns", strings(columns))])
    }

    pub(super) fn group(self, columns: &[&str]) -> Self {
        self.then("group", vec![("columns", strings(columns))])
    }

    /// `|> aggregateWindow(every: …, fn: …, createEmpty: false, timeSrc: "_start")`
    pub(super) fn windows(self, every: std::time::Duration, function: &str) -> Self {
        self.then(
            "aggregateWindow",
            vec![
                ("every", duration(every)),
                ("fn", name(function)),
                ("createEmpty", boolean(false)),
                ("timeSrc", string("_start")),
            ],
        )
    }

    pub(super) fn named(self, result: &str) -> Self {
        self.then("yield", vec![("name", string(result))])
    }
}

/// A script of one or several pipelines.
pub(super) fn script(imports: &[&str], pipelines: impl IntoIterator<Item = Pipeline>) -> String {
    let import =
        |path: &&str| Import { alias: None, path: (*path).to_owned(), span: Span::default() };
    print(&File {
        package: None,
        imports: imports.iter().map(import).collect(),
        body: pipelines.into_iter().map(|pipeline| Statement::Expression(pipeline.0)).collect(),
    })
}
