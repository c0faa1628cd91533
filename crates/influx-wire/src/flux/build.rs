//! Builds Flux from Rust values: the only way in which programs of this workspace make Flux text.
//!
//! Values (ids, names of buckets, times) become literals, which the printer escapes. Names of functions and
//! arguments are `&'static str`: they belong to the program and can never come from outside.
//!
//! ```
//! use std::time::Duration;
//!
//! use influx_wire::flux::build::{Script, ago, column, from, identifier, boolean, duration};
//!
//! let devices = from("iot_center_devices")
//!     .range_from(0)
//!     .filter(column("_measurement").equals("deviceauth").and(column("_field").not_equals("token")))
//!     .last();
//! assert_eq!(
//!     devices.to_string(),
//!     r#"from(bucket: "iot_center_devices")
//!     |> range(start: 0)
//!     |> filter(fn: (r) => r._measurement == "deviceauth" and r._field != "token")
//!     |> last()"#
//! );
//!
//! let minutes = Script::new()
//!     .import("influxdata/influxdb/v1")
//!     .result(
//!         from("iot_center")
//!             .range_from(ago(Duration::from_secs(3600)))
//!             .filter(column("clientId").equals("a \"quoted\" id"))
//!             .call("aggregateWindow", [
//!                 ("every", duration(Duration::from_secs(60))),
//!                 ("fn", identifier("count")),
//!                 ("createEmpty", boolean(false)),
//!             ])
//!             .call("v1.fieldsAsCols", [])
//!             .yield_as("minutes"),
//!     );
//! assert_eq!(
//!     minutes.to_string(),
//!     r#"import "influxdata/influxdb/v1"
//!
//! from(bucket: "iot_center")
//!     |> range(start: -1h)
//!     |> filter(fn: (r) => r.clientId == "a \"quoted\" id")
//!     |> aggregateWindow(every: 1m, fn: count, createEmpty: false)
//!     |> v1.fieldsAsCols()
//!     |> yield(name: "minutes")
//! "#
//! );
//! ```

use std::fmt;

use super::ast::{
    Assignment, BinaryOperator, Call, Duration, Expression, ExpressionKind, File, Function,
    FunctionBody, Identifier, Import, OptionStatement, Parameter, ParameterDefault, Record, Span,
    Statement, UnaryOperator,
};
use super::printer;

/// A script under construction. Prints as Flux.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    file: File,
}

impl Script {
    pub fn new() -> Self {
        Self::default()
    }

    /// `import "path"`
    #[must_use]
    pub fn import(mut self, path: &'static str) -> Self {
        let (path, span) = (path.to_owned(), Span::default());
        self.file.imports.push(Import { alias: None, path, span });
        self
    }

    /// `name = value`
    #[must_use]
    pub fn assign(mut self, name: &'static str, value: impl Into<Expression>) -> Self {
        let assignment = Assignment { name: named(name), value: value.into() };
        self.file.body.push(Statement::Assignment(assignment));
        self
    }

    /// `option name = value`
    #[must_use]
    pub fn option(mut self, name: &'static str, value: impl Into<Expression>) -> Self {
        let option = OptionStatement { package: None, name: named(name), value: value.into() };
        self.file.body.push(Statement::Option(option));
        self
    }

    /// Adds a stream whose tables are a result of the script. Where there are several, each needs a
    /// [`Pipeline::yield_as`].
    #[must_use]
    pub fn result(mut self, stream: impl Into<Expression>) -> Self {
        self.file.body.push(Statement::Expression(stream.into()));
        self
    }

    pub fn file(&self) -> &File {
        &self.file
    }
}

impl fmt::Display for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&printer::print(&self.file))
    }
}

/// A stream of tables and the functions that it is piped through. Prints as Flux.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline(Expression);

/// The points of a bucket, by the bucket's name.
pub fn from(bucket: &str) -> Pipeline {
    Pipeline::of(call("from", [("bucket", string(bucket))]))
}

impl Pipeline {
    /// A stream that comes from another function, or from a variable.
    pub fn of(source: impl Into<Expression>) -> Self {
        Self(source.into())
    }

    /// `|> name(argument: value, …)`. The name may have a package before it: `v1.fieldsAsCols`.
    #[must_use]
    pub fn call(
        self,
        name: &'static str,
        arguments: impl IntoIterator<Item = (&'static str, Expression)>,
    ) -> Self {
        let call = Box::new(call(name, arguments));
        Self(expression(ExpressionKind::Pipe { input: Box::new(self.0), call }))
    }

    /// From an instant (inclusive) up to now.
    #[must_use]
    pub fn range_from(self, start: impl Into<Expression>) -> Self {
        self.call("range", [("start", start.into())])
    }

    /// From one instant (inclusive) to another (exclusive).
    #[must_use]
    pub fn range(self, start: impl Into<Expression>, stop: impl Into<Expression>) -> Self {
        self.call("range", [("start", start.into()), ("stop", stop.into())])
    }

    /// Keeps the rows for which a predicate over [`column()`]s is true.
    #[must_use]
    pub fn filter(self, predicate: Expression) -> Self {
        self.call("filter", [("fn", row_function(predicate))])
    }

    /// Replaces each row by a record made of its [`column()`]s, see [`row_with`].
    #[must_use]
    pub fn map(self, record: Expression) -> Self {
        self.call("map", [("fn", row_function(record))])
    }

    #[must_use]
    pub fn first(self) -> Self {
        self.call("first", [])
    }

    #[must_use]
    pub fn last(self) -> Self {
        self.call("last", [])
    }

    #[must_use]
    pub fn count(self) -> Self {
        self.call("count", [])
    }

    /// The row with the greatest value in a column.
    #[must_use]
    pub fn max(self, column: &str) -> Self {
        self.call("max", [("column", string(column))])
    }

    /// The row with the least value in a column.
    #[must_use]
    pub fn min(self, column: &str) -> Self {
        self.call("min", [("column", string(column))])
    }

    #[must_use]
    pub fn keep<T: AsRef<str>>(self, columns: &[T]) -> Self {
        self.call("keep", [("columns", strings(columns))])
    }

    #[must_use]
    pub fn drop_columns<T: AsRef<str>>(self, columns: &[T]) -> Self {
        self.call("drop", [("columns", strings(columns))])
    }

    /// Groups by these columns; by none puts all rows into one table.
    #[must_use]
    pub fn group<T: AsRef<str>>(self, columns: &[T]) -> Self {
        if columns.is_empty() {
            return self.call("group", []);
        }
        self.call("group", [("columns", strings(columns))])
    }

    #[must_use]
    pub fn sort<T: AsRef<str>>(self, columns: &[T]) -> Self {
        self.call("sort", [("columns", strings(columns))])
    }

    /// At most so many rows of each table.
    #[must_use]
    pub fn limit(self, rows: u32) -> Self {
        self.call("limit", [("n", integer(i64::from(rows)))])
    }

    /// Names the result.
    #[must_use]
    pub fn yield_as(self, name: &str) -> Self {
        self.call("yield", [("name", string(name))])
    }
}

impl From<Pipeline> for Expression {
    fn from(pipeline: Pipeline) -> Self {
        pipeline.0
    }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&printer::print_expression(&self.0))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&printer::print_expression(self))
    }
}

fn expression(kind: ExpressionKind) -> Expression {
    Expression { kind, span: Span::default() }
}

fn named(name: &str) -> Identifier {
    Identifier { name: name.to_owned(), span: Span::default() }
}

/// A variable or function, perhaps of a package: `mean`, `math.pi`.
pub fn identifier(name: &'static str) -> Expression {
    let mut parts = name.split('.');
    let first = ExpressionKind::Identifier(parts.next().unwrap_or_default().to_owned());
    parts.fold(expression(first), |object, property| {
        let (object, property) = (Box::new(object), property.to_owned());
        expression(ExpressionKind::Member { object, property })
    })
}

/// `name(argument: value, …)`
pub fn call(
    name: &'static str,
    arguments: impl IntoIterator<Item = (&'static str, Expression)>,
) -> Expression {
    let callee = identifier(name);
    let arguments = arguments.into_iter().map(|(name, value)| (named(name), value)).collect();
    expression(ExpressionKind::Call(Box::new(Call { callee, arguments })))
}

pub fn string(text: &str) -> Expression {
    expression(ExpressionKind::String(text.to_owned()))
}

/// An array of strings.
pub fn strings<T: AsRef<str>>(texts: &[T]) -> Expression {
    array(texts.iter().map(|text| string(text.as_ref())))
}

pub fn array(elements: impl IntoIterator<Item = Expression>) -> Expression {
    expression(ExpressionKind::Array(elements.into_iter().collect()))
}

pub fn integer(value: i64) -> Expression {
    match value.checked_neg() {
        // The literal has no sign, and the absolute value of the least integer is none.
        None => call("int", [("v", string(&value.to_string()))]),
        Some(absolute) if absolute > 0 => unary(UnaryOperator::Minus, integer(absolute)),
        Some(_) => expression(ExpressionKind::Integer(value)),
    }
}

pub fn float(value: f64) -> Expression {
    if value.is_nan() {
        call("float", [("v", string("NaN"))])
    } else if value.is_sign_negative() {
        unary(UnaryOperator::Minus, float(-value))
    } else if value.is_infinite() {
        call("float", [("v", string("+Inf"))])
    } else {
        expression(ExpressionKind::Float(value))
    }
}

pub fn boolean(value: bool) -> Expression {
    identifier(if value { "true" } else { "false" })
}

/// An instant, in nanoseconds since the Unix epoch.
pub fn time(nanoseconds: i64) -> Expression {
    expression(ExpressionKind::Time(nanoseconds))
}

/// A length of time.
pub fn duration(length: impl Into<Duration>) -> Expression {
    let length: Duration = length.into();
    let unsigned = expression(ExpressionKind::Duration(Duration { negative: false, ..length }));
    if length.negative { unary(UnaryOperator::Minus, unsigned) } else { unsigned }
}

/// An instant so long before now.
pub fn ago(length: impl Into<Duration>) -> Expression {
    unary(UnaryOperator::Minus, duration(length))
}

impl From<std::time::Duration> for Duration {
    /// Lengths beyond 292 years are cut to that.
    fn from(length: std::time::Duration) -> Self {
        let nanoseconds = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        Self { months: 0, nanoseconds, negative: false }
    }
}

/// The column of the row that a [`Pipeline::filter`] or [`Pipeline::map`] looks at: `r.name`.
pub fn column(name: &str) -> Expression {
    let object = Box::new(identifier("r"));
    expression(ExpressionKind::Member { object, property: name.to_owned() })
}

/// Whether a column has one of these values: `r.id == "a" or r.id == "b"`. Of no values it is `false`.
pub fn any_of<T: AsRef<str>>(name: &str, values: &[T]) -> Expression {
    /// Longer chains become trees with parentheses: readers of Flux limit how high a tree grows.
    const LONGEST_CHAIN: usize = 64;
    if values.len() > LONGEST_CHAIN {
        let (left, right) = values.split_at(values.len() / 2);
        return any_of(name, left).or(any_of(name, right));
    }
    values
        .iter()
        .map(|value| column(name).equals(value.as_ref()))
        .reduce(Expression::or)
        .unwrap_or_else(|| boolean(false))
}

/// The row with some columns set: `{r with name: value, …}`, for [`Pipeline::map`].
pub fn row_with(properties: impl IntoIterator<Item = (&'static str, Expression)>) -> Expression {
    let properties = properties.into_iter().map(|(name, value)| (named(name), value)).collect();
    expression(ExpressionKind::Record(Record { base: Some(named("r")), properties }))
}

/// `{name: value, …}`
pub fn record(properties: impl IntoIterator<Item = (&'static str, Expression)>) -> Expression {
    let properties = properties.into_iter().map(|(name, value)| (named(name), value)).collect();
    expression(ExpressionKind::Record(Record { base: None, properties }))
}

/// `(r) => body`
pub fn row_function(body: Expression) -> Expression {
    function(&["r"], body)
}

/// `(parameter, …) => body`
pub fn function(parameters: &[&'static str], body: Expression) -> Expression {
    let parameters = parameters
        .iter()
        .map(|name| Parameter { name: named(name), default: ParameterDefault::None })
        .collect();
    let body = FunctionBody::Expression(body);
    expression(ExpressionKind::Function(Box::new(Function { parameters, body })))
}

fn unary(operator: UnaryOperator, operand: Expression) -> Expression {
    expression(ExpressionKind::Unary { operator, operand: Box::new(operand) })
}

impl Expression {
    /// `self operator other`
    #[must_use]
    pub fn operator(self, operator: BinaryOperator, other: impl Into<Self>) -> Self {
        let (left, right) = (Box::new(self), Box::new(other.into()));
        expression(ExpressionKind::Binary { operator, left, right })
    }

    #[must_use]
    pub fn equals(self, other: impl Into<Self>) -> Self {
        self.operator(BinaryOperator::Equal, other)
    }

    #[must_use]
    pub fn not_equals(self, other: impl Into<Self>) -> Self {
        self.operator(BinaryOperator::NotEqual, other)
    }

    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.operator(BinaryOperator::And, other)
    }

    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.operator(BinaryOperator::Or, other)
    }

    /// Whether the value is not null.
    #[must_use]
    pub fn exists(self) -> Self {
        unary(UnaryOperator::Exists, self)
    }

    #[must_use]
    pub fn negated(self) -> Self {
        unary(UnaryOperator::Not, self)
    }

    /// `if self then consequent else alternate`
    #[must_use]
    pub fn then(self, consequent: impl Into<Self>, alternate: impl Into<Self>) -> Self {
        expression(ExpressionKind::Conditional {
            test: Box::new(self),
            consequent: Box::new(consequent.into()),
            alternate: Box::new(alternate.into()),
        })
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        string(text)
    }
}

impl From<&String> for Expression {
    fn from(text: &String) -> Self {
        string(text)
    }
}

impl From<i64> for Expression {
    fn from(value: i64) -> Self {
        integer(value)
    }
}

impl From<f64> for Expression {
    fn from(value: f64) -> Self {
        float(value)
    }
}

impl From<bool> for Expression {
    fn from(value: bool) -> Self {
        boolean(value)
    }
}
