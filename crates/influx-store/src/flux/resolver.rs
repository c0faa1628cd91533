//! Names and arguments, checked before anything runs.
//!
//! All mistakes that can be seen without running are reported at once, with their places: names that nothing
//! defines, arguments that a function does not take or lacks, imports that do not exist. What is called through
//! a variable of unknown value is left to the interpreter.

use std::collections::BTreeMap;

use influx_wire::flux::ast::{
    Call, Expression, ExpressionKind, File, Function, FunctionBody, Identifier, ParameterDefault,
    Span, Statement, StringPart,
};

use super::arguments::{Need, unexpected};
use super::error::Failure;
use super::functions::{self, Builtin, Member, Package};
use super::value::Value;

/// How deep expressions may nest; chains of operators and pipes do not count.
const MAX_NESTING: u32 = 128;

/// What is known of a name without running the script.
#[derive(Debug, Clone)]
enum Known {
    Package(&'static Package),
    Builtin(&'static Builtin),
    Function(Signature),
    Anything,
}

#[derive(Debug, Clone)]
struct Signature {
    parameters: Vec<(String, Need)>,
}

/// Names of one block; looked up from the innermost outward.
type Names = BTreeMap<String, Known>;

#[derive(Debug, Default)]
pub(crate) struct Resolver {
    blocks: Vec<Names>,
    failures: Vec<Failure>,
    nesting: u32,
}

impl Resolver {
    /// Checks files that run one after the other in one scope, and returns what is wrong.
    pub(crate) fn check(files: &[&File]) -> Vec<Failure> {
        let mut resolver = Self::default();
        resolver.blocks.push(Names::new());
        for file in files {
            resolver.file(file);
        }
        resolver.failures
    }

    fn file(&mut self, file: &File) {
        for import in &file.imports {
            match functions::package(&import.path) {
                Some(package) => {
                    let name =
                        import.alias.as_ref().map_or(package.name, |alias| alias.name.as_str());
                    self.define(name, Known::Package(package));
                }
                None => self.fail(import.span, format!("invalid import path {}", import.path)),
            }
        }
        for statement in &file.body {
            self.statement(statement);
        }
    }

    fn fail(&mut self, span: Span, message: impl Into<String>) {
        self.failures.push(Failure::check(span, message));
    }

    fn define(&mut self, name: &str, known: Known) {
        if let Some(block) = self.blocks.last_mut() {
            block.insert(name.to_owned(), known);
        }
    }

    fn lookup(&self, name: &str) -> Option<Known> {
        let defined = self.blocks.iter().rev().find_map(|block| block.get(name));
        defined.cloned().or_else(|| {
            functions::universe(name).map(|value| match value {
                Value::Builtin(builtin) => Known::Builtin(builtin),
                _ => Known::Anything,
            })
        })
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Assignment(assignment) => {
                self.assignment(&assignment.name, &assignment.value);
            }
            Statement::Option(option) => {
                let known = self.expression(&option.value);
                if option.package.is_none() && option.name.name != "now" {
                    self.define(&option.name.name, known);
                }
            }
            Statement::Expression(expression) | Statement::Return(expression) => {
                self.expression(expression);
            }
            Statement::Builtin(name) => self.define(&name.name, Known::Anything),
        }
    }

    fn assignment(&mut self, name: &Identifier, value: &Expression) {
        let known = self.expression(value);
        if self.blocks.last().is_some_and(|block| block.contains_key(&name.name)) {
            self.fail(name.span, format!("variable {:?} reassigned", name.name));
        }
        self.define(&name.name, known);
    }

    /// Checks an expression and says what is known of its value.
    fn expression(&mut self, expression: &Expression) -> Known {
        self.nesting += 1;
        let known = if self.nesting <= MAX_NESTING {
            self.nested(expression)
        } else {
            if self.nesting == MAX_NESTING + 1 {
                self.failures.push(Failure::limit("expressions nested too deeply"));
            }
            Known::Anything
        };
        self.nesting -= 1;
        known
    }

    fn nested(&mut self, expression: &Expression) -> Known {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Identifier(name) => self.lookup(name).unwrap_or_else(|| {
                self.fail(span, format!("undefined identifier {name}"));
                Known::Anything
            }),
            ExpressionKind::Function(function) => self.function(function),
            ExpressionKind::Call(call) => self.call(call, false, span),
            ExpressionKind::Pipe { .. } => self.pipe(expression),
            ExpressionKind::Member { object, property } => {
                let Known::Package(package) = self.expression(object) else {
                    return Known::Anything;
                };
                match package.member(property) {
                    Some(Member::Function(builtin)) => Known::Builtin(builtin),
                    Some(Member::Constant(_)) => Known::Anything,
                    None => {
                        self.fail(
                            span,
                            format!("undefined identifier {}.{property}", package.name),
                        );
                        Known::Anything
                    }
                }
            }
            ExpressionKind::Binary { .. } => {
                // Chains lean to the left and may be long.
                let mut current = expression;
                while let ExpressionKind::Binary { left, right, .. } = &current.kind {
                    self.expression(right);
                    current = left;
                }
                self.expression(current);
                Known::Anything
            }
            other => {
                self.parts(other, span);
                Known::Anything
            }
        }
    }

    /// The expressions that need nothing but their parts checked.
    fn parts(&mut self, kind: &ExpressionKind, span: Span) {
        match kind {
            ExpressionKind::Interpolation(parts) => {
                for part in parts {
                    if let StringPart::Expression(expression) = part {
                        self.expression(expression);
                    }
                }
            }
            ExpressionKind::Array(items) => {
                for item in items {
                    self.expression(item);
                }
            }
            ExpressionKind::Dictionary(entries) => {
                for (key, value) in entries {
                    self.expression(key);
                    self.expression(value);
                }
            }
            ExpressionKind::Record(record) => {
                if let Some(base) = &record.base
                    && self.lookup(&base.name).is_none()
                {
                    self.fail(base.span, format!("undefined identifier {}", base.name));
                }
                for (_, value) in &record.properties {
                    self.expression(value);
                }
            }
            ExpressionKind::Index { object, index } => {
                self.expression(object);
                self.expression(index);
            }
            ExpressionKind::Unary { operand, .. } => {
                self.expression(operand);
            }
            ExpressionKind::Conditional { test, consequent, alternate } => {
                for expression in [test, consequent, alternate] {
                    self.expression(expression);
                }
            }
            ExpressionKind::Regex(pattern) => {
                if let Err(failure) = super::interpreter::compile_regex(pattern) {
                    self.failures.push(failure.at(span));
                }
            }
            _ => {}
        }
    }

    fn pipe(&mut self, expression: &Expression) -> Known {
        let mut calls = Vec::new();
        let mut current = expression;
        while let ExpressionKind::Pipe { input, call } = &current.kind {
            calls.push(call);
            current = input;
        }
        self.expression(current);
        for call in calls.into_iter().rev() {
            match &call.kind {
                ExpressionKind::Call(function) => {
                    self.call(function, true, call.span);
                }
                _ => self.fail(call.span, "pipe destination must be a function call"),
            }
        }
        Known::Anything
    }

    fn function(&mut self, function: &Function) -> Known {
        let mut block = Names::new();
        let mut parameters = Vec::with_capacity(function.parameters.len());
        for parameter in &function.parameters {
            let need = match &parameter.default {
                ParameterDefault::None => Need::Required,
                ParameterDefault::Pipe => Need::Piped,
                ParameterDefault::Value(value) => {
                    self.expression(value);
                    Need::Optional
                }
            };
            let name = parameter.name.name.clone();
            if block.insert(name.clone(), Known::Anything).is_some() {
                self.fail(
                    parameter.name.span,
                    format!("function types cannot have duplicate parameter {name}"),
                );
            }
            parameters.push((name, need));
        }
        self.blocks.push(block);
        match &function.body {
            FunctionBody::Expression(expression) => {
                self.expression(expression);
            }
            FunctionBody::Block(statements) => {
                // A block may use the name of a parameter anew.
                self.blocks.push(Names::new());
                for statement in statements {
                    self.statement(statement);
                }
                self.blocks.pop();
            }
        }
        self.blocks.pop();
        Known::Function(Signature { parameters })
    }

    fn call(&mut self, call: &Call, piped: bool, span: Span) -> Known {
        let callee = self.expression(&call.callee);
        for (_, value) in &call.arguments {
            self.expression(value);
        }
        let given: Vec<&str> = call.arguments.iter().map(|(name, _)| name.name.as_str()).collect();
        let (parameters, refusal): (Vec<(String, Need)>, Option<String>) = match callee {
            Known::Builtin(builtin) => {
                let known = |name: &&str| {
                    builtin.parameters.iter().any(|parameter| parameter.name == *name)
                };
                let strange = given.iter().find(|name| !known(name));
                let refusal = strange.map(|name| unexpected(name, builtin.parameters, &given));
                let parameters = builtin.parameters.iter();
                (
                    parameters
                        .map(|parameter| (parameter.name.to_owned(), parameter.need))
                        .collect(),
                    refusal,
                )
            }
            Known::Function(signature) => {
                let known =
                    |name: &&str| signature.parameters.iter().any(|(other, _)| other == name);
                let refusal = given.iter().find(|name| !known(name));
                let refusal = refusal.map(|name| format!("found unexpected argument {name}"));
                (signature.parameters, refusal)
            }
            Known::Package(_) | Known::Anything => return Known::Anything,
        };
        if let Some(message) = refusal {
            self.fail(span, message);
        }
        for (name, need) in &parameters {
            let missing = match need {
                Need::Optional => false,
                Need::Required => !given.contains(&name.as_str()),
                Need::Piped => !piped && !given.contains(&name.as_str()),
            };
            if missing {
                self.fail(span, format!("missing required argument {name}"));
            }
        }
        if piped && !parameters.iter().any(|(_, need)| *need == Need::Piped) {
            self.fail(span, "function does not take a pipe argument");
        }
        Known::Anything
    }
}
