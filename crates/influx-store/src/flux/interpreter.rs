//! Walks the syntax tree: values, names, calls. Streams are only described here, not read.

use std::sync::Arc;

use influx_wire::flux::ast::{
    BinaryOperator, Call, Expression, ExpressionKind, File, Function, FunctionBody,
    OptionStatement, ParameterDefault, Record as RecordLiteral, Span, Statement, StringPart,
};

use super::arguments::Arguments;
use super::error::Failure;
use super::functions::{self, Member};
use super::operators;
use super::scope::Scope;
use super::stream::{Context, Stream};
use super::value::{Array, Closure, Dictionary, Record, Value};

/// How many expressions and calls may be nested in each other while they are evaluated.
const MAX_NESTING: u32 = 128;

/// A named output of a script.
#[derive(Debug, Clone)]
pub(crate) struct Yield {
    pub(crate) name: Arc<str>,
    pub(crate) stream: Stream,
    explicit: bool,
}

#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) context: Arc<Context>,
    /// What `now()` returns, in nanoseconds since the epoch.
    pub(crate) now: i64,
    pub(crate) results: Vec<Yield>,
    nesting: u32,
}

impl Interpreter {
    pub(crate) fn new(context: Arc<Context>, now: i64) -> Self {
        Self { context, now, results: Vec::new(), nesting: 0 }
    }

    /// Runs the statements of a file and returns the names that it leaves behind.
    pub(crate) fn run(&mut self, file: &File, mut scope: Scope) -> Result<Scope, Failure> {
        for import in &file.imports {
            let package = functions::package(&import.path).ok_or_else(|| {
                Failure::check(import.span, format!("invalid import path {}", import.path))
            })?;
            let name = import.alias.as_ref().map_or(package.name, |alias| alias.name.as_str());
            scope = scope.with(name, Value::Package(package));
        }
        for statement in &file.body {
            self.context.check()?;
            match statement {
                Statement::Assignment(assignment) => {
                    let value = self.evaluate(&assignment.value, &scope)?;
                    scope = scope.with(assignment.name.name.as_str(), value);
                }
                Statement::Option(option) => scope = self.set_option(option, scope)?,
                Statement::Expression(expression) => {
                    let value = self.evaluate(expression, &scope)?;
                    if let Value::Stream(stream) = value
                        && !stream.yielded
                    {
                        self.add_result("_result".into(), stream, false)?;
                    }
                }
                Statement::Return(expression) => {
                    return Err(Failure::check(
                        expression.span,
                        "return statement outside of a function",
                    ));
                }
                Statement::Builtin(_) => {}
            }
        }
        Ok(scope)
    }

    fn set_option(&mut self, option: &OptionStatement, scope: Scope) -> Result<Scope, Failure> {
        let span = option.name.span;
        if option.package.is_some() {
            return Err(Failure::check(
                span,
                format!("option {} is not supported", option.name.name),
            ));
        }
        match option.name.name.as_str() {
            "now" => {
                let function = self.evaluate(&option.value, &scope)?;
                match self.call(&function, Vec::new(), None, span)? {
                    Value::Time(now) => self.now = now,
                    other => {
                        let message = format!("expected time but found {}", other.type_name());
                        return Err(Failure::check(span, message));
                    }
                }
                Ok(scope)
            }
            "location" => Err(Failure::check(
                span,
                "option location is not supported: windows are cut in UTC",
            )),
            name => {
                let value = self.evaluate(&option.value, &scope)?;
                Ok(scope.with(name, value))
            }
        }
    }

    /// Adds an output of the script.
    pub(crate) fn add_result(
        &mut self,
        name: Arc<str>,
        stream: Stream,
        explicit: bool,
    ) -> Result<(), Failure> {
        if let Some(other) = self.results.iter().find(|result| result.name == name) {
            let message = if explicit && other.explicit {
                format!("found more than one call to yield() with the name {name:?}")
            } else {
                format!("tried to produce more than one result with the name {name:?}")
            };
            return Err(Failure::planning(message));
        }
        self.results.push(Yield { name, stream, explicit });
        Ok(())
    }

    /// The value of an expression.
    pub(crate) fn evaluate(
        &mut self,
        expression: &Expression,
        scope: &Scope,
    ) -> Result<Value, Failure> {
        self.nesting += 1;
        let value = if self.nesting > MAX_NESTING {
            Err(Failure::limit("expressions or calls nested too deeply"))
        } else {
            self.evaluate_nested(expression, scope)
        };
        self.nesting -= 1;
        value
    }

    fn evaluate_nested(
        &mut self,
        expression: &Expression,
        scope: &Scope,
    ) -> Result<Value, Failure> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Identifier(name) => lookup(name, scope, span),
            ExpressionKind::Integer(value) => Ok(Value::Int(*value)),
            ExpressionKind::Float(value) => Ok(Value::Float(*value)),
            ExpressionKind::String(value) => Ok(Value::string(value.as_str())),
            ExpressionKind::Duration(value) => Ok(Value::Duration(*value)),
            ExpressionKind::Time(value) => Ok(Value::Time(*value)),
            ExpressionKind::Regex(pattern) => {
                compile_regex(pattern).map_err(|failure| failure.at(span))
            }
            ExpressionKind::Interpolation(parts) => self.interpolate(parts, scope, span),
            ExpressionKind::Array(items) => self.array(items, scope),
            ExpressionKind::Dictionary(entries) => self.dictionary(entries, scope),
            ExpressionKind::Record(record) => self.record(record, scope, span),
            ExpressionKind::Function(function) => closure(function, scope, span),
            ExpressionKind::Call(call) => self.call_expression(call, None, scope, span),
            ExpressionKind::Pipe { .. } => self.pipe(expression, scope),
            ExpressionKind::Member { object, property } => {
                self.member(object, property, scope, span)
            }
            ExpressionKind::Index { object, index } => self.index(object, index, scope, span),
            ExpressionKind::Unary { operator, operand } => {
                let operand = self.evaluate(operand, scope)?;
                operators::unary(*operator, &operand).map_err(|failure| failure.at(span))
            }
            ExpressionKind::Binary { .. } => self.binary(expression, scope),
            ExpressionKind::Conditional { test, consequent, alternate } => {
                let value = self.evaluate(test, scope)?;
                let holds =
                    operators::condition(&value).map_err(|failure| failure.at(test.span))?;
                self.evaluate(if holds { consequent } else { alternate }, scope)
            }
        }
    }

    fn array(&mut self, items: &[Expression], scope: &Scope) -> Result<Value, Failure> {
        let items =
            items.iter().map(|item| self.evaluate(item, scope)).collect::<Result<_, _>>()?;
        Ok(Value::Array(Arc::new(Array::new(items)?)))
    }

    fn dictionary(
        &mut self,
        entries: &[(Expression, Expression)],
        scope: &Scope,
    ) -> Result<Value, Failure> {
        let entry = |(key, value): &(Expression, Expression)| {
            Ok((self.evaluate(key, scope)?, self.evaluate(value, scope)?))
        };
        let entries = entries.iter().map(entry).collect::<Result<_, Failure>>()?;
        Ok(Value::Dictionary(Arc::new(Dictionary::new(entries)?)))
    }

    fn member(
        &mut self,
        object: &Expression,
        property: &str,
        scope: &Scope,
        span: Span,
    ) -> Result<Value, Failure> {
        let object = self.evaluate(object, scope)?;
        member(&object, property).map_err(|failure| failure.at(span))
    }

    fn index(
        &mut self,
        object: &Expression,
        index: &Expression,
        scope: &Scope,
        span: Span,
    ) -> Result<Value, Failure> {
        let (object, index) = (self.evaluate(object, scope)?, self.evaluate(index, scope)?);
        element(&object, &index).map_err(|failure| failure.at(span))
    }

    /// A chain of operators leans to the left and may be long, so its spine is walked, not recursed into.
    fn binary(&mut self, expression: &Expression, scope: &Scope) -> Result<Value, Failure> {
        let mut spine = Vec::new();
        let mut current = expression;
        while let ExpressionKind::Binary { operator, left, right } = &current.kind {
            spine.push((*operator, right, current.span));
            current = left;
        }
        let mut value = self.evaluate(current, scope)?;
        for (operator, right, span) in spine.into_iter().rev() {
            let stops = match operator {
                BinaryOperator::And => Some(false),
                BinaryOperator::Or => Some(true),
                _ => None,
            };
            value = if let Some(stop) = stops {
                let mut holds = operators::condition(&value).map_err(|failure| failure.at(span))?;
                if holds != stop {
                    let right = self.evaluate(right, scope)?;
                    holds = operators::condition(&right).map_err(|failure| failure.at(span))?;
                }
                Value::Bool(holds)
            } else {
                let right = self.evaluate(right, scope)?;
                operators::binary(operator, &value, &right).map_err(|failure| failure.at(span))?
            };
        }
        Ok(value)
    }

    /// The same for pipes: their number is not limited by how deeply expressions may nest.
    fn pipe(&mut self, expression: &Expression, scope: &Scope) -> Result<Value, Failure> {
        let mut calls = Vec::new();
        let mut current = expression;
        while let ExpressionKind::Pipe { input, call } = &current.kind {
            calls.push(call);
            current = input;
        }
        let mut value = self.evaluate(current, scope)?;
        for call in calls.into_iter().rev() {
            let ExpressionKind::Call(function) = &call.kind else {
                return Err(Failure::check(call.span, "pipe destination must be a function call"));
            };
            value = self.call_expression(function, Some(value), scope, call.span)?;
        }
        Ok(value)
    }

    fn interpolate(
        &mut self,
        parts: &[StringPart],
        scope: &Scope,
        span: Span,
    ) -> Result<Value, Failure> {
        let mut texts = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                StringPart::Text(text) => texts.push(text.clone()),
                StringPart::Expression(expression) => {
                    let value = self.evaluate(expression, scope)?;
                    let text = value.to_text().ok_or_else(|| {
                        Failure::check(
                            expression.span,
                            format!("invalid interpolation type {}", value.type_name()),
                        )
                    })?;
                    texts.push(text);
                }
            }
        }
        operators::join_text(texts.iter().map(String::as_str))
            .map(Value::String)
            .map_err(|failure| failure.at(span))
    }

    fn record(
        &mut self,
        literal: &RecordLiteral,
        scope: &Scope,
        span: Span,
    ) -> Result<Value, Failure> {
        let mut properties = match &literal.base {
            None => Vec::new(),
            Some(base) => match lookup(&base.name, scope, base.span)? {
                Value::Record(record) => record.properties.clone(),
                other => {
                    let message = format!("expected record but found {}", other.type_name());
                    return Err(Failure::check(base.span, message));
                }
            },
        };
        for (name, value) in &literal.properties {
            let value = self.evaluate(value, scope)?;
            put(&mut properties, name.name.as_str(), value);
        }
        Ok(Value::Record(Arc::new(
            Record::new(properties, false).map_err(|failure| failure.at(span))?,
        )))
    }

    fn call_expression(
        &mut self,
        call: &Call,
        pipe: Option<Value>,
        scope: &Scope,
        span: Span,
    ) -> Result<Value, Failure> {
        let callee = self.evaluate(&call.callee, scope)?;
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (name, value) in &call.arguments {
            let place = value.span;
            arguments.push((Arc::from(name.name.as_str()), self.evaluate(value, scope)?, place));
        }
        self.call(&callee, arguments, pipe, span)
    }

    /// Calls a function.
    pub(crate) fn call(
        &mut self,
        function: &Value,
        arguments: Vec<(Arc<str>, Value, Span)>,
        pipe: Option<Value>,
        span: Span,
    ) -> Result<Value, Failure> {
        self.context.check()?;
        match function {
            Value::Builtin(builtin) => {
                let arguments = Arguments::bind(builtin.parameters, arguments, pipe, span)?;
                (builtin.run)(self, &arguments)
                    .map_err(|failure| failure.in_call(builtin.name, span))
            }
            Value::Closure(closure) => {
                let scope = self.bind(&closure.function, &closure.scope, arguments, pipe, span)?;
                self.body(&closure.function.body, &scope)
            }
            other => Err(Failure::check(
                span,
                format!("expected function but found {}", other.type_name()),
            )),
        }
    }

    fn bind(
        &mut self,
        function: &Function,
        defined_in: &Scope,
        mut arguments: Vec<(Arc<str>, Value, Span)>,
        mut pipe: Option<Value>,
        span: Span,
    ) -> Result<Scope, Failure> {
        let mut scope = defined_in.clone();
        for parameter in &function.parameters {
            let name = parameter.name.name.as_str();
            let given = arguments.iter().position(|(other, ..)| **other == *name);
            let value = match (&parameter.default, given) {
                (_, Some(index)) => arguments.swap_remove(index).1,
                (ParameterDefault::Value(default), None) => self.evaluate(default, defined_in)?,
                (ParameterDefault::Pipe, None) => pipe.take().ok_or_else(|| {
                    Failure::check(span, format!("missing required argument {name}"))
                })?,
                (ParameterDefault::None, None) => {
                    return Err(Failure::check(span, format!("missing required argument {name}")));
                }
            };
            scope = scope.with(name, value);
        }
        if let Some((name, ..)) = arguments.first() {
            return Err(Failure::check(span, format!("found unexpected argument {name}")));
        }
        if pipe.is_some() {
            return Err(Failure::check(span, "function does not take a pipe argument"));
        }
        Ok(scope)
    }

    fn body(&mut self, body: &FunctionBody, scope: &Scope) -> Result<Value, Failure> {
        let statements = match body {
            FunctionBody::Expression(expression) => return self.evaluate(expression, scope),
            FunctionBody::Block(statements) => statements,
        };
        let mut scope = scope.clone();
        for statement in statements {
            match statement {
                Statement::Assignment(assignment) => {
                    let value = self.evaluate(&assignment.value, &scope)?;
                    scope = scope.with(assignment.name.name.as_str(), value);
                }
                Statement::Return(expression) => return self.evaluate(expression, &scope),
                Statement::Expression(expression) => {
                    self.evaluate(expression, &scope)?;
                }
                Statement::Option(option) => {
                    return Err(Failure::check(
                        option.name.span,
                        "option statements belong outside of functions",
                    ));
                }
                Statement::Builtin(_) => {}
            }
        }
        Err(Failure::new("missing return statement in block"))
    }
}

fn closure(function: &Function, scope: &Scope, span: Span) -> Result<Value, Failure> {
    Ok(Value::Closure(Arc::new(Closure::new(function.clone(), scope.clone(), span)?)))
}

/// Sets a property of a record in its place, or behind the others.
pub(crate) fn put(properties: &mut Vec<(Arc<str>, Value)>, label: &str, value: Value) {
    match properties.iter_mut().find(|(other, _)| **other == *label) {
        Some((_, old)) => *old = value,
        None => properties.push((label.into(), value)),
    }
}

fn lookup(name: &str, scope: &Scope, span: Span) -> Result<Value, Failure> {
    let value = scope.get(name).cloned().or_else(|| functions::universe(name));
    value.ok_or_else(|| Failure::check(span, format!("undefined identifier {name}")))
}

/// `object.property`
pub(crate) fn member(object: &Value, property: &str) -> Result<Value, Failure> {
    match object {
        Value::Record(record) => match record.get(property) {
            Some(value) => Ok(value.clone()),
            None if record.row => Ok(Value::Null),
            None => Err(Failure::new(format!("record is missing label {property}"))),
        },
        Value::Package(package) => match package.member(property) {
            Some(Member::Function(builtin)) => Ok(Value::Builtin(builtin)),
            Some(Member::Constant(value)) => Ok(value()),
            None => Err(Failure::new(format!("undefined identifier {}.{property}", package.name))),
        },
        Value::Null => Ok(Value::Null),
        other => Err(Failure::new(format!("expected record but found {}", other.type_name()))),
    }
}

/// `array[index]`, `record[label]`
fn element(object: &Value, index: &Value) -> Result<Value, Failure> {
    match (object, index) {
        (Value::Array(array), Value::Int(index)) => {
            let item = usize::try_from(*index).ok().and_then(|index| array.items.get(index));
            item.cloned().ok_or_else(|| {
                let length = array.items.len();
                Failure::new(format!("cannot access element {index} of array of length {length}"))
            })
        }
        (Value::Record(_) | Value::Package(_), Value::String(label)) => member(object, label),
        (object, index) => Err(Failure::new(format!(
            "{} cannot be indexed by {}",
            object.type_name(),
            index.type_name()
        ))),
    }
}

/// A regular expression that matches in linear time and takes little memory, however it is written.
pub(crate) fn compile_regex(pattern: &str) -> Result<Value, Failure> {
    let regex = regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .nest_limit(64)
        .build();
    match regex {
        Ok(regex) => Ok(Value::Regex(Arc::new(regex))),
        Err(error) => Err(Failure::new(format!("regex parse error: {error}"))),
    }
}
