//! The syntax tree of a Flux script, close to the specification's grammar.
//!
//! Every node carries its [`Span`], because InfluxDB's error texts name line and column.

/// A half-open range of byte offsets in the script as it was sent.
///
/// Two spans always compare equal, so that trees can be compared without their positions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// From the beginning of this span to the end of another one.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// Where the span is in its script, as error texts name it: `@1:4-1:9`.
    pub fn locate(self, script: &str) -> Location {
        Location { start: position(script, self.start), end: position(script, self.end) }
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

/// Line and column of a byte offset, both from 1. Columns count bytes, as InfluxDB counts them.
pub fn position(script: &str, offset: u32) -> (u32, u32) {
    let bytes = script.as_bytes();
    let before = bytes.get(..offset as usize).unwrap_or(bytes);
    let line_feeds = memchr::memchr_iter(b'\n', before).count();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |line_feed| line_feed + 1);
    (line_feeds as u32 + 1, (before.len() - line_start) as u32 + 1)
}

/// A span as lines and columns; prints `@1:4-1:9`. The end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    pub start: (u32, u32),
    pub end: (u32, u32),
}

impl std::fmt::Display for Location {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ((line, column), (end_line, end_column)) = (self.start, self.end);
        write!(formatter, "@{line}:{column}-{end_line}:{end_column}")
    }
}

/// A whole script.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    pub package: Option<Identifier>,
    pub imports: Vec<Import>,
    pub body: Vec<Statement>,
}

/// `import alias "path"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub alias: Option<Identifier>,
    pub path: String,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    pub name: String,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `name = value`
    Assignment(Assignment),
    /// `option name = value` or `option package.name = value`
    Option(OptionStatement),
    /// An expression on its own: what it streams becomes a result.
    Expression(Expression),
    /// `return value`, in the block of a function only.
    Return(Expression),
    /// `builtin name : type`; the type is not kept.
    Builtin(Identifier),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    pub name: Identifier,
    pub value: Expression,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OptionStatement {
    pub package: Option<Identifier>,
    pub name: Identifier,
    pub value: Expression,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// Also `true`, `false` and `inf`, which are predeclared names, not keywords.
    Identifier(String),
    Integer(i64),
    Float(f64),
    /// A string without interpolation.
    String(String),
    /// `"a ${expression} b"`
    Interpolation(Vec<StringPart>),
    Duration(Duration),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
    /// The pattern between the slashes, `\/` already turned into `/`.
    Regex(String),
    Array(Vec<Expression>),
    /// `["key": value]`, `[:]`
    Dictionary(Vec<(Expression, Expression)>),
    Record(Record),
    Function(Box<Function>),
    Call(Box<Call>),
    /// `object.property` and `object["property"]`
    Member {
        object: Box<Expression>,
        property: String,
    },
    /// `array[index]`, where the index is not a string literal
    Index {
        object: Box<Expression>,
        index: Box<Expression>,
    },
    /// `input |> call`; `call` is always a [`ExpressionKind::Call`].
    Pipe {
        input: Box<Expression>,
        call: Box<Expression>,
    },
    Unary {
        operator: UnaryOperator,
        operand: Box<Expression>,
    },
    Binary {
        operator: BinaryOperator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    Conditional {
        test: Box<Expression>,
        consequent: Box<Expression>,
        alternate: Box<Expression>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum StringPart {
    Text(String),
    Expression(Expression),
}

/// A sign, whole months and nanoseconds, because a month has no fixed length.
///
/// The parser never sets `negative`: `-1h` is [`UnaryOperator::Minus`] before a duration. Evaluators do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duration {
    pub months: i64,
    pub nanoseconds: i64,
    pub negative: bool,
}

/// `{with base …, key: value}`; keys are unique.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `r` in `{r with x: 1}`.
    pub base: Option<Identifier>,
    pub properties: Vec<(Identifier, Expression)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    pub parameters: Vec<Parameter>,
    pub body: FunctionBody,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub name: Identifier,
    pub default: ParameterDefault,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ParameterDefault {
    /// The argument must be given.
    None,
    /// `name=value`
    Value(Expression),
    /// `name=<-`: takes what is piped in.
    Pipe,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    Expression(Expression),
    /// Statements, the last of which returns.
    Block(Vec<Statement>),
}

/// `callee(name: value, …)`; a shorthand argument `f(a)` is kept as `a: a`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub callee: Expression,
    pub arguments: Vec<(Identifier, Expression)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    Plus,
    Minus,
    Not,
    Exists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperator {
    Power,
    Multiply,
    Divide,
    Modulo,
    Add,
    Subtract,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    RegexMatch,
    RegexNotMatch,
    And,
    Or,
}
