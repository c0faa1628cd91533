//! Expressions.
//!
//! Operators that lie next to each other in the table of precedence and associate to the left share one
//! function, [`Parser::binary`]; the rest has a function of its own each.

use super::super::ast::{
    BinaryOperator, Call, Expression, ExpressionKind, Function, FunctionBody, Identifier,
    Parameter, ParameterDefault, Record, Span, StringPart, UnaryOperator,
};
use super::super::lexer::{self, Keyword, Kind, Result, StringEnd, problem};
use super::Parser;

/// From the loosest to the tightest. `not` and `exists` stand between `And` and `Comparison`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Power,
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.nested(|parser| {
            if parser.token.kind == Kind::Keyword(Keyword::If) {
                parser.conditional()
            } else {
                parser.binary(Level::Or)
            }
        })
    }

    fn conditional(&mut self) -> Result<Expression> {
        let start = self.advance()?.span.start;
        let test = self.expression()?;
        let mut height = self.height;
        self.keyword(Keyword::Then, "`then`")?;
        let consequent = self.expression()?;
        height = height.max(self.height);
        self.keyword(Keyword::Else, "`else`")?;
        let alternate = self.expression()?;
        height = height.max(self.height);
        let kind = ExpressionKind::Conditional {
            test: Box::new(test),
            consequent: Box::new(consequent),
            alternate: Box::new(alternate),
        };
        self.made(kind, self.span_from(start), height)
    }

    fn keyword(&mut self, keyword: Keyword, expected: &str) -> Result<()> {
        if self.token.kind != Kind::Keyword(keyword) {
            return self.unexpected(expected);
        }
        self.advance()?;
        Ok(())
    }

    /// An expression whose highest part has this height.
    fn made(&mut self, kind: ExpressionKind, span: Span, height: u32) -> Result<Expression> {
        self.grow(height, span)?;
        Ok(Expression { kind, span })
    }

    fn leaf(&mut self, kind: ExpressionKind, span: Span) -> Result<Expression> {
        self.made(kind, span, 0)
    }

    /// A chain of operators of this level, whose operands are of the next one.
    fn binary(&mut self, level: Level) -> Result<Expression> {
        let mut left = self.operand(level)?;
        let mut height = self.height;
        while let Some(operator) = self.operator(level) {
            self.advance()?;
            let right = self.operand(level)?;
            let span = left.span.to(right.span);
            let kind =
                ExpressionKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
            left = self.made(kind, span, height.max(self.height))?;
            height = self.height;
        }
        Ok(left)
    }

    fn operand(&mut self, level: Level) -> Result<Expression> {
        match level {
            Level::Or => self.binary(Level::And),
            Level::And => self.logical_unary(),
            Level::Comparison => self.binary(Level::Sum),
            Level::Sum => self.binary(Level::Product),
            Level::Product => self.binary(Level::Power),
            Level::Power => self.pipe(),
        }
    }

    fn operator(&self, level: Level) -> Option<BinaryOperator> {
        Some(match (level, self.token.kind) {
            (Level::Or, Kind::Keyword(Keyword::Or)) => BinaryOperator::Or,
            (Level::And, Kind::Keyword(Keyword::And)) => BinaryOperator::And,
            (Level::Comparison, Kind::Sign("==")) => BinaryOperator::Equal,
            (Level::Comparison, Kind::Sign("!=")) => BinaryOperator::NotEqual,
            (Level::Comparison, Kind::Sign("<")) => BinaryOperator::Less,
            (Level::Comparison, Kind::Sign("<=")) => BinaryOperator::LessOrEqual,
            (Level::Comparison, Kind::Sign(">")) => BinaryOperator::Greater,
            (Level::Comparison, Kind::Sign(">=")) => BinaryOperator::GreaterOrEqual,
            (Level::Comparison, Kind::Sign("=~")) => BinaryOperator::RegexMatch,
            (Level::Comparison, Kind::Sign("!~")) => BinaryOperator::RegexNotMatch,
            (Level::Sum, Kind::Sign("+")) => BinaryOperator::Add,
            (Level::Sum, Kind::Sign("-")) => BinaryOperator::Subtract,
            (Level::Product, Kind::Sign("*")) => BinaryOperator::Multiply,
            (Level::Product, Kind::Sign("/")) => BinaryOperator::Divide,
            (Level::Product, Kind::Sign("%")) => BinaryOperator::Modulo,
            (Level::Power, Kind::Sign("^")) => BinaryOperator::Power,
            _ => return None,
        })
    }

    fn logical_unary(&mut self) -> Result<Expression> {
        let operator = match self.token.kind {
            Kind::Keyword(Keyword::Not) => UnaryOperator::Not,
            Kind::Keyword(Keyword::Exists) => UnaryOperator::Exists,
            _ => return self.binary(Level::Comparison),
        };
        let start = self.advance()?.span.start;
        let operand = self.nested(Self::logical_unary)?;
        self.unary_made(operator, operand, start)
    }

    fn unary_made(
        &mut self,
        operator: UnaryOperator,
        operand: Expression,
        start: u32,
    ) -> Result<Expression> {
        let span = Span { start, end: operand.span.end };
        let kind = ExpressionKind::Unary { operator, operand: Box::new(operand) };
        self.made(kind, span, self.height)
    }

    fn pipe(&mut self) -> Result<Expression> {
        let mut input = self.unary()?;
        let mut height = self.height;
        while self.accept("|>")? {
            let call = self.unary()?;
            if !matches!(call.kind, ExpressionKind::Call(_)) {
                return problem(call.span, "pipe destination must be a function call");
            }
            let span = input.span.to(call.span);
            let kind = ExpressionKind::Pipe { input: Box::new(input), call: Box::new(call) };
            input = self.made(kind, span, height.max(self.height))?;
            height = self.height;
        }
        Ok(input)
    }

    fn unary(&mut self) -> Result<Expression> {
        let operator = match self.token.kind {
            Kind::Sign("+") => UnaryOperator::Plus,
            Kind::Sign("-") => UnaryOperator::Minus,
            _ => return self.postfix(),
        };
        let start = self.advance()?.span.start;
        let operand = self.nested(Self::unary)?;
        self.unary_made(operator, operand, start)
    }

    fn postfix(&mut self) -> Result<Expression> {
        let mut object = self.primary()?;
        loop {
            let height = self.height;
            let start = object.span.start;
            let (kind, height) = match self.token.kind {
                Kind::Sign("(") => {
                    self.advance()?;
                    let arguments = self.properties(")", false)?;
                    let height = height.max(self.height);
                    (ExpressionKind::Call(Box::new(Call { callee: object, arguments })), height)
                }
                Kind::Sign(".") => {
                    self.advance()?;
                    let property = self.identifier("the name of a property")?.name;
                    (ExpressionKind::Member { object: Box::new(object), property }, height)
                }
                Kind::Sign("[") => {
                    self.advance()?;
                    let index = self.expression()?;
                    self.expect("]")?;
                    let height = height.max(self.height);
                    let object = Box::new(object);
                    let kind = match index.kind {
                        ExpressionKind::String(property) => {
                            ExpressionKind::Member { object, property }
                        }
                        _ => ExpressionKind::Index { object, index: Box::new(index) },
                    };
                    (kind, height)
                }
                _ => return Ok(object),
            };
            object = self.made(kind, self.span_from(start), height)?;
        }
    }

    fn primary(&mut self) -> Result<Expression> {
        let token = self.token;
        let text = self.text(token);
        let span = token.span;
        match token.kind {
            Kind::Identifier => {
                self.advance()?;
                self.leaf(ExpressionKind::Identifier(text.to_owned()), span)
            }
            Kind::Integer => {
                self.advance()?;
                self.leaf(ExpressionKind::Integer(lexer::integer(text, span)?), span)
            }
            Kind::Float => {
                self.advance()?;
                // Digits and a point are a float for the standard library too.
                let value = text.parse().unwrap_or(f64::INFINITY);
                if f64::is_infinite(value) {
                    return problem(span, "invalid float literal: value out of range");
                }
                self.leaf(ExpressionKind::Float(value), span)
            }
            Kind::Duration => {
                self.advance()?;
                self.leaf(ExpressionKind::Duration(lexer::duration(text, span)?), span)
            }
            Kind::Time => {
                self.advance()?;
                self.leaf(ExpressionKind::Time(lexer::time(text, span)?), span)
            }
            Kind::Quote => self.string(),
            Kind::Sign("/") => {
                self.lexer.seek(span.end);
                let pattern = self.lexer.regex()?;
                let span = Span { start: span.start, end: self.lexer.position() };
                self.resume(span.end)?;
                self.leaf(ExpressionKind::Regex(pattern), span)
            }
            Kind::Sign("[") => self.array(),
            Kind::Sign("{") => self.record(),
            Kind::Sign("(") if self.is_function() => self.function(),
            Kind::Sign("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            _ => self.unexpected("an expression"),
        }
    }

    /// Goes on with the token behind a text that the lexer was asked to read otherwise.
    fn resume(&mut self, end: u32) -> Result<()> {
        self.end = end;
        self.token = self.lexer.next()?;
        Ok(())
    }

    pub(super) fn string(&mut self) -> Result<Expression> {
        let start = self.token.span.start;
        let mut parts: Vec<StringPart> = Vec::new();
        let mut height = 0;
        self.lexer.seek(self.token.span.end);
        loop {
            let (text, end) = self.lexer.string()?;
            if end == StringEnd::Quote {
                self.resume(self.lexer.position())?;
                let span = self.span_from(start);
                if parts.is_empty() {
                    return self.leaf(ExpressionKind::String(text), span);
                }
                if !text.is_empty() {
                    parts.push(StringPart::Text(text));
                }
                return self.made(ExpressionKind::Interpolation(parts), span, height);
            }
            if !text.is_empty() {
                parts.push(StringPart::Text(text));
            }
            self.resume(self.lexer.position())?;
            parts.push(StringPart::Expression(self.expression()?));
            height = height.max(self.height);
            if !self.is_sign("}") {
                return self.unexpected("`}`");
            }
            self.lexer.seek(self.token.span.end);
        }
    }

    /// Whether the parenthesis that comes next opens the parameters of a function.
    fn is_function(&self) -> bool {
        // What cannot be read as a token is no parameter, and may be a regular expression.
        let mut lexer = self.lexer;
        let mut next = || lexer.next().map_or(Kind::End, |token| token.kind);
        match next() {
            Kind::Sign(")") => true,
            Kind::Identifier => match next() {
                Kind::Sign("," | "=") => true,
                Kind::Sign(")") => next() == Kind::Sign("=>"),
                _ => false,
            },
            _ => false,
        }
    }

    fn function(&mut self) -> Result<Expression> {
        let start = self.expect("(")?.span.start;
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut height = 0;
        while !self.is_sign(")") {
            let name = self.identifier("the name of a parameter")?;
            if parameters.iter().any(|before| before.name.name == name.name) {
                return problem(name.span, format!("parameter {} is given twice", name.name));
            }
            let default = if !self.accept("=")? {
                ParameterDefault::None
            } else if self.accept("<-")? {
                ParameterDefault::Pipe
            } else {
                let value = self.expression()?;
                height = height.max(self.height);
                ParameterDefault::Value(value)
            };
            parameters.push(Parameter { name, default });
            if !self.is_sign(")") {
                self.expect(",")?;
            }
        }
        self.expect(")")?;
        self.expect("=>")?;
        let body = if self.is_sign("{") {
            FunctionBody::Block(self.nested(Self::block)?)
        } else {
            FunctionBody::Expression(self.expression()?)
        };
        height = height.max(self.height);
        let kind = ExpressionKind::Function(Box::new(Function { parameters, body }));
        self.made(kind, self.span_from(start), height)
    }

    fn array(&mut self) -> Result<Expression> {
        let start = self.expect("[")?.span.start;
        if self.accept(":")? {
            self.expect("]")?;
            return self.leaf(ExpressionKind::Dictionary(Vec::new()), self.span_from(start));
        }
        let mut elements = Vec::new();
        let mut entries = Vec::new();
        let mut height = 0;
        while !self.is_sign("]") {
            let element = self.expression()?;
            height = height.max(self.height);
            if elements.is_empty() && (!entries.is_empty() || self.is_sign(":")) {
                self.expect(":")?;
                entries.push((element, self.expression()?));
                height = height.max(self.height);
            } else {
                elements.push(element);
            }
            if !self.is_sign("]") {
                self.expect(",")?;
            }
        }
        self.expect("]")?;
        let kind = if entries.is_empty() {
            ExpressionKind::Array(elements)
        } else {
            ExpressionKind::Dictionary(entries)
        };
        self.made(kind, self.span_from(start), height)
    }

    fn record(&mut self) -> Result<Expression> {
        let start = self.expect("{")?.span.start;
        let mut base = None;
        if self.token.kind == Kind::Identifier {
            let mut ahead = *self;
            let name = ahead.identifier("a name")?;
            if ahead.token.kind == Kind::Identifier && ahead.text(ahead.token) == "with" {
                ahead.advance()?;
                *self = ahead;
                base = Some(name);
            }
        }
        let properties = self.properties("}", true)?;
        let kind = ExpressionKind::Record(Record { base, properties });
        self.made(kind, self.span_from(start), self.height)
    }

    /// `name: value, …` or `name, …` up to a closing sign. Sets the height to that of the highest value.
    fn properties(
        &mut self,
        closing: &'static str,
        with_strings: bool,
    ) -> Result<Vec<(Identifier, Expression)>> {
        let mut properties: Vec<(Identifier, Expression)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        let mut height = 0;
        let mut is_explicit = None;
        while !self.is_sign(closing) {
            let key = self.property_name(with_strings)?;
            if !names.insert(key.name.clone()) {
                return problem(key.span, format!("{:?} is given twice", key.name));
            }
            let explicit = self.is_sign(":");
            if *is_explicit.get_or_insert(explicit) != explicit {
                return problem(key.span, "cannot mix implicit and explicit properties");
            }
            let value = if explicit {
                self.advance()?;
                self.expression()?
            } else if lexer::is_identifier(&key.name) {
                self.leaf(ExpressionKind::Identifier(key.name.clone()), key.span)?
            } else {
                return self.unexpected("`:`");
            };
            height = height.max(self.height);
            properties.push((key, value));
            if !self.is_sign(closing) && !self.accept(",")? {
                return self.unexpected(&format!("`,` or `{closing}`"));
            }
        }
        self.expect(closing)?;
        self.height = height;
        Ok(properties)
    }

    fn property_name(&mut self, with_strings: bool) -> Result<Identifier> {
        if with_strings && self.token.kind == Kind::Quote {
            let Expression { kind, span } = self.string()?;
            return match kind {
                ExpressionKind::String(name) => Ok(Identifier { name, span }),
                _ => problem(span, "the name of a property cannot contain an expression"),
            };
        }
        self.identifier("the name of a property or argument")
    }
}
