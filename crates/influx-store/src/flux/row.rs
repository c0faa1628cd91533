//! Functions of rows, made fast: `fn: (r) => …` with labels resolved to columns.
//!
//! A function that consists of one expression over columns, constants, operators and built-in functions is
//! compiled for a table and then runs without records and without looking up names. Any other function runs in
//! the interpreter, on a record for each row. Both ways use the same operators, and a test compares them.

use std::sync::Arc;

use influx_wire::flux::ast::{
    BinaryOperator, Expression, ExpressionKind, FunctionBody, Record as RecordLiteral, Span,
    UnaryOperator,
};

use super::arguments::{Arguments, Need};
use super::column::Values;
use super::error::Failure;
use super::functions::{self, Builtin, Member};
use super::interpreter::{Interpreter, put};
use super::operators;
use super::scope::Scope;
use super::stream::predicate::operands;
use super::table::Table;
use super::value::{Closure, Properties, Record, Value};

/// The name of the parameter that takes the accumulator, and its first value.
type Accumulator<'a> = Option<(&'a str, &'a [(Arc<str>, Value)])>;
/// A label and the values of its column: one for each row, or one for all.
type Extension = (Arc<str>, Vec<Value>);

/// How deep an expression may nest that is compiled.
const MAX_DEPTH: u32 = 64;

/// A compiled expression.
#[derive(Debug)]
enum Code {
    Constant(Value),
    Column(Values),
    /// A property of the accumulator.
    Accumulator(usize),
    Unary(UnaryOperator, Box<Code>),
    Binary(BinaryOperator, Box<(Code, Code)>),
    /// A chain of `and` or `or`: the value that decides, and what is asked in turn.
    Logical(bool, Vec<Code>),
    Conditional(Box<(Code, Code, Code)>),
    Call(&'static Builtin, Vec<(Arc<str>, Code, Span)>, Span),
}

/// The record that a compiled function returns: in the order of the text, with or without the row as its base.
#[derive(Debug)]
struct Shape {
    with_row: bool,
    properties: Vec<(Arc<str>, Code)>,
}

#[derive(Debug)]
enum Body {
    Scalar(Code),
    Record(Shape),
    /// Runs in the interpreter.
    Tree(Arc<Closure>),
}

/// A function of a row of one table, and perhaps of an accumulator.
#[derive(Debug)]
pub(crate) struct RowFunction<'a> {
    table: &'a Table,
    row_parameter: Arc<str>,
    body: Body,
}

struct Compiler<'a> {
    table: &'a Table,
    scope: &'a Scope,
    row: &'a str,
    accumulator: Accumulator<'a>,
}

impl<'a> RowFunction<'a> {
    /// Compiles a function for a table. `accumulator` gives the name of that parameter and its first value.
    pub(crate) fn new(
        closure: &Arc<Closure>,
        table: &'a Table,
        accumulator: Accumulator<'_>,
    ) -> Result<Self, Failure> {
        let parameters = &closure.function.parameters;
        let row = parameters.iter().map(|parameter| parameter.name.name.as_str());
        let row = row
            .filter(|name| accumulator.is_none_or(|(other, _)| other != *name))
            .take(2)
            .collect::<Vec<_>>();
        let [row] = row.as_slice() else {
            return Err(Failure::check(
                closure.span,
                "the function must take one parameter, the row",
            ));
        };
        if accumulator.is_some() && parameters.len() != 2 {
            return Err(Failure::check(closure.span, "missing required argument accumulator"));
        }
        let compiler = Compiler { table, scope: &closure.scope, row, accumulator };
        let body = match &closure.function.body {
            FunctionBody::Expression(expression) => compiler.body(expression),
            FunctionBody::Block(_) => None,
        };
        let body = match (body, accumulator) {
            // In the order of the identity, so that the next round finds each property in its place.
            (Some(Body::Record(mut shape)), Some((_, identity))) => {
                let place =
                    |label: &Arc<str>| identity.iter().position(|(other, _)| other == label);
                shape.properties.sort_by_key(|(label, _)| place(label));
                Some(Body::Record(shape))
            }
            (body, _) => body,
        };
        let body = body.unwrap_or_else(|| Body::Tree(Arc::clone(closure)));
        Ok(Self { table, row_parameter: (*row).into(), body })
    }

    /// The value for a row.
    pub(crate) fn scalar(
        &self,
        row: usize,
        interpreter: &mut Interpreter,
    ) -> Result<Value, Failure> {
        match &self.body {
            Body::Scalar(code) => code.evaluate(row, &[], interpreter),
            Body::Record(_) => {
                Ok(Value::Record(Arc::new(Record::new(self.record(row, interpreter)?, false)?)))
            }
            Body::Tree(closure) => self.interpret(closure, row, None, interpreter),
        }
    }

    /// The record for a row.
    pub(crate) fn record(
        &self,
        row: usize,
        interpreter: &mut Interpreter,
    ) -> Result<Properties, Failure> {
        match &self.body {
            Body::Record(shape) => {
                let mut properties = if shape.with_row { self.row(row) } else { Vec::new() };
                for (label, code) in &shape.properties {
                    put(&mut properties, label, code.evaluate(row, &[], interpreter)?);
                }
                Ok(properties)
            }
            _ => match self.scalar(row, interpreter)? {
                Value::Record(record) => Ok(record.properties.clone()),
                other => Err(Failure::new(format!(
                    "map function must return an object, got {}",
                    other.type_name()
                ))),
            },
        }
    }

    /// The properties that the function sets on top of the row, with their values computed for all rows at once;
    /// none if the function does not have the form `{r with …}`.
    pub(crate) fn extensions(
        &self,
        interpreter: &mut Interpreter,
    ) -> Option<Result<Vec<Extension>, Failure>> {
        let Body::Record(Shape { with_row: true, properties }) = &self.body else { return None };
        let column = |(label, code): &(Arc<str>, Code)| {
            let values = match code {
                // A constant is given once; the caller sees one value for many rows.
                Code::Constant(value) => vec![value.clone()],
                code => (0..self.table.rows)
                    .map(|row| code.evaluate(row, &[], interpreter))
                    .collect::<Result<Vec<_>, Failure>>()?,
            };
            Ok((Arc::clone(label), values))
        };
        Some(properties.iter().map(column).collect())
    }

    /// The next value of the accumulator.
    pub(crate) fn accumulate(
        &self,
        row: usize,
        accumulator: &[(Arc<str>, Value)],
        next: &mut Properties,
        interpreter: &mut Interpreter,
    ) -> Result<(), Failure> {
        next.clear();
        match &self.body {
            Body::Record(shape) if !shape.with_row => {
                for (label, code) in &shape.properties {
                    next.push((Arc::clone(label), code.evaluate(row, accumulator, interpreter)?));
                }
                Ok(())
            }
            Body::Record(_) => {
                Err(Failure::new("the function must return a record like the identity"))
            }
            Body::Scalar(_) => Err(Failure::new("the function must return a record")),
            Body::Tree(closure) => {
                let record = Value::Record(Arc::new(Record::new(accumulator.to_vec(), false)?));
                match self.interpret(closure, row, Some(record), interpreter)? {
                    Value::Record(record) => next.extend(record.properties.iter().cloned()),
                    other => {
                        return Err(Failure::new(format!(
                            "expected record but found {}",
                            other.type_name()
                        )));
                    }
                }
                Ok(())
            }
        }
    }

    fn row(&self, row: usize) -> Properties {
        self.table
            .columns
            .iter()
            .map(|column| (Arc::clone(&column.label), column.values.get(row)))
            .collect()
    }

    fn interpret(
        &self,
        closure: &Arc<Closure>,
        row: usize,
        accumulator: Option<Value>,
        interpreter: &mut Interpreter,
    ) -> Result<Value, Failure> {
        let record = Value::Record(Arc::new(Record::new(self.row(row), true)?));
        let mut arguments = vec![(Arc::clone(&self.row_parameter), record, closure.span)];
        let name = (0..2)
            .filter_map(|index| closure.parameter(index))
            .find(|name| **name != *self.row_parameter);
        if let (Some(value), Some(name)) = (accumulator, name) {
            arguments.push((name.into(), value, closure.span));
        }
        interpreter
            .call(&Value::Closure(Arc::clone(closure)), arguments, None, closure.span)
            .map_err(Failure::in_row)
    }
}

impl Compiler<'_> {
    fn body(&self, expression: &Expression) -> Option<Body> {
        match &expression.kind {
            ExpressionKind::Record(record) => self.record(record).map(Body::Record),
            _ => self.code(expression, MAX_DEPTH).map(Body::Scalar),
        }
    }

    fn record(&self, literal: &RecordLiteral) -> Option<Shape> {
        let with_row = match &literal.base {
            None => false,
            Some(base) if base.name == self.row => true,
            Some(_) => return None,
        };
        let property = |(name, value): &(influx_wire::flux::ast::Identifier, Expression)| {
            Some((Arc::from(name.name.as_str()), self.code(value, MAX_DEPTH)?))
        };
        let properties = literal.properties.iter().map(property).collect::<Option<_>>()?;
        Some(Shape { with_row, properties })
    }

    fn code(&self, expression: &Expression, depth: u32) -> Option<Code> {
        let span = expression.span;
        // What nests deeper is left to the interpreter, which says so where it is too deep.
        let depth = depth.checked_sub(1)?;
        Some(match &expression.kind {
            ExpressionKind::Integer(value) => Code::Constant(Value::Int(*value)),
            ExpressionKind::Float(value) => Code::Constant(Value::Float(*value)),
            ExpressionKind::String(value) => Code::Constant(Value::string(value.as_str())),
            ExpressionKind::Duration(value) => Code::Constant(Value::Duration(*value)),
            ExpressionKind::Time(value) => Code::Constant(Value::Time(*value)),
            ExpressionKind::Regex(pattern) => {
                Code::Constant(super::interpreter::compile_regex(pattern).ok()?)
            }
            ExpressionKind::Identifier(name) => Code::Constant(self.variable(name)?),
            ExpressionKind::Member { object, property } => {
                return self.member(object, property, depth);
            }
            ExpressionKind::Unary { operator, operand } => {
                Code::Unary(*operator, Box::new(self.code(operand, depth)?))
            }
            ExpressionKind::Binary {
                operator: operator @ (BinaryOperator::And | BinaryOperator::Or),
                ..
            } => {
                let parts = operands(expression, *operator)
                    .into_iter()
                    .map(|part| self.code(part, depth))
                    .collect::<Option<_>>()?;
                Code::Logical(*operator == BinaryOperator::Or, parts)
            }
            ExpressionKind::Binary { operator, left, right } => Code::Binary(
                *operator,
                Box::new((self.code(left, depth)?, self.code(right, depth)?)),
            ),
            ExpressionKind::Conditional { test, consequent, alternate } => {
                let parts = (
                    self.code(test, depth)?,
                    self.code(consequent, depth)?,
                    self.code(alternate, depth)?,
                );
                Code::Conditional(Box::new(parts))
            }
            ExpressionKind::Call(call) => {
                let builtin = self.builtin(&call.callee)?;
                // Functions of streams and functions are for the interpreter.
                if builtin.parameters.iter().any(|parameter| parameter.need == Need::Piped) {
                    return None;
                }
                let arguments = call
                    .arguments
                    .iter()
                    .map(|(name, value)| {
                        Some((Arc::from(name.name.as_str()), self.code(value, depth)?, value.span))
                    })
                    .collect::<Option<_>>()?;
                Code::Call(builtin, arguments, span)
            }
            _ => return None,
        })
    }

    /// A variable from outside of the function.
    fn variable(&self, name: &str) -> Option<Value> {
        if name == self.row || self.accumulator.is_some_and(|(other, _)| other == name) {
            return None;
        }
        self.scope.get(name).cloned().or_else(|| functions::universe(name))
    }

    fn member(&self, object: &Expression, property: &str, depth: u32) -> Option<Code> {
        if let ExpressionKind::Identifier(name) = &object.kind {
            if name == self.row {
                return Some(match self.table.values(property) {
                    Some(Values::Constant { value, .. }) => Code::Constant(value.clone()),
                    Some(values) => Code::Column(values.clone()),
                    None => Code::Constant(Value::Null),
                });
            }
            if let Some((accumulator, properties)) = self.accumulator
                && name == accumulator
            {
                return properties
                    .iter()
                    .position(|(label, _)| **label == *property)
                    .map(Code::Accumulator);
            }
        }
        let Code::Constant(object) = self.code(object, depth)? else { return None };
        super::interpreter::member(&object, property).ok().map(Code::Constant)
    }

    fn builtin(&self, callee: &Expression) -> Option<&'static Builtin> {
        match &callee.kind {
            ExpressionKind::Identifier(name) => match self.variable(name)? {
                Value::Builtin(builtin) => Some(builtin),
                _ => None,
            },
            ExpressionKind::Member { object, property } => {
                let ExpressionKind::Identifier(name) = &object.kind else { return None };
                match self.variable(name)? {
                    Value::Package(package) => match package.member(property)? {
                        Member::Function(builtin) => Some(builtin),
                        Member::Constant(_) => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Code {
    fn evaluate(
        &self,
        row: usize,
        accumulator: &[(Arc<str>, Value)],
        interpreter: &mut Interpreter,
    ) -> Result<Value, Failure> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Column(values) => Ok(values.get(row)),
            Self::Accumulator(index) => {
                Ok(accumulator.get(*index).map_or(Value::Null, |(_, value)| value.clone()))
            }
            Self::Unary(operator, operand) => {
                operators::unary(*operator, &operand.evaluate(row, accumulator, interpreter)?)
            }
            Self::Binary(operator, sides) => {
                let left = sides.0.evaluate(row, accumulator, interpreter)?;
                let right = sides.1.evaluate(row, accumulator, interpreter)?;
                operators::binary(*operator, &left, &right)
            }
            Self::Logical(decides, parts) => {
                for part in parts {
                    let value = part.evaluate(row, accumulator, interpreter)?;
                    if operators::condition(&value)? == *decides {
                        return Ok(Value::Bool(*decides));
                    }
                }
                Ok(Value::Bool(!decides))
            }
            Self::Conditional(parts) => {
                let (test, consequent, alternate) = &**parts;
                let holds = operators::condition(&test.evaluate(row, accumulator, interpreter)?)?;
                if holds { consequent } else { alternate }.evaluate(row, accumulator, interpreter)
            }
            Self::Call(builtin, codes, span) => {
                let mut arguments = Vec::with_capacity(codes.len());
                for (name, code, place) in codes {
                    arguments.push((
                        Arc::clone(name),
                        code.evaluate(row, accumulator, interpreter)?,
                        *place,
                    ));
                }
                let arguments = Arguments::bind(builtin.parameters, arguments, None, *span)?;
                (builtin.run)(interpreter, &arguments)
            }
        }
    }
}
