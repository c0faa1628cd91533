//! A syntax tree into Flux text: the one place that escapes literals.
//!
//! Whatever names and texts a tree holds, the text has the same shape as the tree: a string stays one string,
//! a name that could not be a name is changed until it can.

use std::fmt::Write;

use super::ast::{
    BinaryOperator, Duration, Expression, ExpressionKind, File, Function, FunctionBody, Identifier,
    OptionStatement, ParameterDefault, Record, Statement, StringPart, UnaryOperator,
};
use super::lexer;
use crate::csv::write_float;
use crate::time::format_rfc3339;

/// Prints a script, one statement and one call of a pipe a line.
///
/// Flux has no sign between statements: one that begins with a bracket, a sign or a regular expression is
/// read as the continuation of the statement before it.
pub fn print(file: &File) -> String {
    let mut printer = Printer::default();
    if let Some(package) = &file.package {
        printer.put("package ");
        printer.identifier(&package.name);
        printer.put("\n\n");
    }
    for import in &file.imports {
        printer.put("import ");
        if let Some(alias) = &import.alias {
            printer.identifier(&alias.name);
            printer.put(" ");
        }
        printer.string(&import.path);
        printer.put("\n");
    }
    if !file.imports.is_empty() {
        printer.put("\n");
    }
    for statement in &file.body {
        printer.statement(statement);
        printer.put("\n");
    }
    printer.out
}

/// Prints an expression.
pub(super) fn print_expression(expression: &Expression) -> String {
    let mut printer = Printer::default();
    printer.expression(expression, Level::Any);
    printer.out
}

/// How tightly an expression holds together, from the loosest; the table of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Conditionals and functions, which reach as far as they can.
    Any,
    Or,
    And,
    LogicalUnary,
    Comparison,
    Sum,
    Product,
    Power,
    Pipe,
    Unary,
    /// Numbers, durations and times: a point behind them would be read as theirs.
    Number,
    Postfix,
}

fn level(expression: &Expression) -> Level {
    match &expression.kind {
        ExpressionKind::Conditional { .. } | ExpressionKind::Function(_) => Level::Any,
        ExpressionKind::Binary { operator, .. } => operator_level(*operator).0,
        ExpressionKind::Unary { operator: UnaryOperator::Not | UnaryOperator::Exists, .. } => {
            Level::LogicalUnary
        }
        ExpressionKind::Pipe { .. } => Level::Pipe,
        ExpressionKind::Unary { .. } => Level::Unary,
        ExpressionKind::Integer(value) if *value < 0 => Level::Unary,
        ExpressionKind::Float(value) if value.is_sign_negative() => Level::Unary,
        ExpressionKind::Duration(duration) if duration.negative => Level::Unary,
        ExpressionKind::Integer(_)
        | ExpressionKind::Float(_)
        | ExpressionKind::Duration(_)
        | ExpressionKind::Time(_) => Level::Number,
        _ => Level::Postfix,
    }
}

/// The level of an operator, that of its right operand, and its sign.
fn operator_level(operator: BinaryOperator) -> (Level, Level, &'static str) {
    match operator {
        BinaryOperator::Or => (Level::Or, Level::And, "or"),
        BinaryOperator::And => (Level::And, Level::LogicalUnary, "and"),
        BinaryOperator::Equal => (Level::Comparison, Level::Sum, "=="),
        BinaryOperator::NotEqual => (Level::Comparison, Level::Sum, "!="),
        BinaryOperator::Less => (Level::Comparison, Level::Sum, "<"),
        BinaryOperator::LessOrEqual => (Level::Comparison, Level::Sum, "<="),
        BinaryOperator::Greater => (Level::Comparison, Level::Sum, ">"),
        BinaryOperator::GreaterOrEqual => (Level::Comparison, Level::Sum, ">="),
        BinaryOperator::RegexMatch => (Level::Comparison, Level::Sum, "=~"),
        BinaryOperator::RegexNotMatch => (Level::Comparison, Level::Sum, "!~"),
        BinaryOperator::Add => (Level::Sum, Level::Product, "+"),
        BinaryOperator::Subtract => (Level::Sum, Level::Product, "-"),
        BinaryOperator::Multiply => (Level::Product, Level::Power, "*"),
        BinaryOperator::Divide => (Level::Product, Level::Power, "/"),
        BinaryOperator::Modulo => (Level::Product, Level::Power, "%"),
        BinaryOperator::Power => (Level::Power, Level::Pipe, "^"),
    }
}

#[derive(Debug, Default)]
struct Printer {
    out: String,
    /// Levels of blocks around.
    indent: usize,
    /// Brackets around: inside of them everything stays on one line.
    brackets: usize,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn new_line(&mut self, further: usize) {
        if self.brackets > 0 {
            self.put(" ");
            return;
        }
        self.put("\n");
        for _ in 0..self.indent + further {
            self.put("    ");
        }
    }

    /// Names come from programs, not from people; one that is none must still not become something else.
    fn identifier(&mut self, name: &str) {
        if lexer::is_identifier(name) {
            self.put(name);
            return;
        }
        self.put("_");
        self.out
            .extend(name.chars().map(|next| if lexer::continues_name(next) { next } else { '_' }));
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Assignment(assignment) => self.assign(&assignment.name, &assignment.value),
            Statement::Option(OptionStatement { package, name, value }) => {
                self.put("option ");
                if let Some(package) = package {
                    self.identifier(&package.name);
                    self.put(".");
                }
                self.assign(name, value);
            }
            Statement::Expression(expression) => self.expression(expression, Level::Any),
            Statement::Return(value) => {
                self.put("return ");
                self.expression(value, Level::Any);
            }
            Statement::Builtin(name) => {
                self.put("builtin ");
                self.identifier(&name.name);
                self.put(" : A");
            }
        }
    }

    fn assign(&mut self, name: &Identifier, value: &Expression) {
        self.identifier(&name.name);
        self.put(" = ");
        self.expression(value, Level::Any);
    }

    /// Prints an expression where the grammar wants one of at least this level.
    fn expression(&mut self, expression: &Expression, least: Level) {
        if level(expression) >= least {
            return self.bare(expression);
        }
        self.put("(");
        self.brackets += 1;
        self.bare(expression);
        self.brackets -= 1;
        self.put(")");
    }

    fn bare(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Identifier(name) => self.identifier(name),
            ExpressionKind::Integer(value) => self.integer(*value),
            ExpressionKind::Float(value) => self.float(*value),
            ExpressionKind::String(text) => self.string(text),
            ExpressionKind::Interpolation(parts) => self.interpolation(parts),
            ExpressionKind::Duration(duration) => self.duration(*duration),
            ExpressionKind::Time(nanoseconds) => self.put(&format_rfc3339(*nanoseconds)),
            ExpressionKind::Regex(pattern) => self.regex(pattern),
            ExpressionKind::Array(elements) => self.list("[", "]", elements, |printer, element| {
                printer.expression(element, Level::Any);
            }),
            ExpressionKind::Dictionary(entries) if entries.is_empty() => self.put("[:]"),
            ExpressionKind::Dictionary(entries) => {
                self.list("[", "]", entries, |printer, (key, value)| {
                    printer.expression(key, Level::Any);
                    printer.put(": ");
                    printer.expression(value, Level::Any);
                });
            }
            ExpressionKind::Record(record) => self.record(record),
            ExpressionKind::Function(function) => self.function(function),
            ExpressionKind::Call(call) => {
                self.expression(&call.callee, Level::Postfix);
                self.list("(", ")", &call.arguments, |printer, (name, value)| {
                    printer.identifier(&name.name);
                    printer.put(": ");
                    printer.expression(value, Level::Any);
                });
            }
            ExpressionKind::Member { object, property } => {
                self.expression(object, Level::Postfix);
                if lexer::is_identifier(property) {
                    self.put(".");
                    self.put(property);
                } else {
                    self.put("[");
                    self.string(property);
                    self.put("]");
                }
            }
            ExpressionKind::Index { object, index } => {
                self.expression(object, Level::Postfix);
                self.list("[", "]", std::slice::from_ref(index.as_ref()), |printer, index| {
                    printer.expression(index, Level::Any);
                });
            }
            ExpressionKind::Pipe { input, call } => {
                self.expression(input, Level::Pipe);
                self.new_line(1);
                self.put("|> ");
                self.expression(call, Level::Postfix);
            }
            ExpressionKind::Unary { operator, operand } => {
                let (sign, least) = match operator {
                    UnaryOperator::Plus => ("+", Level::Unary),
                    UnaryOperator::Minus => ("-", Level::Unary),
                    UnaryOperator::Not => ("not ", Level::LogicalUnary),
                    UnaryOperator::Exists => ("exists ", Level::LogicalUnary),
                };
                self.put(sign);
                self.expression(operand, least);
            }
            ExpressionKind::Binary { operator, left, right } => {
                let (left_level, right_level, sign) = operator_level(*operator);
                self.expression(left, left_level);
                self.put(" ");
                self.put(sign);
                self.put(" ");
                self.expression(right, right_level);
            }
            ExpressionKind::Conditional { test, consequent, alternate } => {
                self.put("if ");
                self.expression(test, Level::Any);
                self.put(" then ");
                self.expression(consequent, Level::Any);
                self.put(" else ");
                self.expression(alternate, Level::Any);
            }
        }
    }

    fn list<T>(
        &mut self,
        opening: &str,
        closing: &str,
        items: &[T],
        print: impl Fn(&mut Self, &T),
    ) {
        self.put(opening);
        self.brackets += 1;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            print(self, item);
        }
        self.brackets -= 1;
        self.put(closing);
    }

    fn record(&mut self, record: &Record) {
        self.put("{");
        if let Some(base) = &record.base {
            self.identifier(&base.name);
            self.put(" with ");
        }
        self.list("", "}", &record.properties, |printer, (name, value)| {
            if lexer::is_identifier(&name.name) {
                printer.put(&name.name);
            } else {
                printer.string(&name.name);
            }
            printer.put(": ");
            printer.expression(value, Level::Any);
        });
    }

    fn function(&mut self, function: &Function) {
        self.list("(", ") => ", &function.parameters, |printer, parameter| {
            printer.identifier(&parameter.name.name);
            match &parameter.default {
                ParameterDefault::None => {}
                ParameterDefault::Value(value) => {
                    printer.put("=");
                    printer.expression(value, Level::Any);
                }
                ParameterDefault::Pipe => printer.put("=<-"),
            }
        });
        match &function.body {
            FunctionBody::Expression(body) => {
                let start = self.out.len();
                self.expression(body, Level::Any);
                // A brace would begin a block.
                if self.out.get(start..).is_some_and(|body| body.starts_with('{')) {
                    self.out.insert(start, '(');
                    self.put(")");
                }
            }
            FunctionBody::Block(statements) => {
                self.put("{");
                self.indent += 1;
                for statement in statements {
                    self.new_line(0);
                    self.statement(statement);
                }
                self.indent -= 1;
                self.new_line(0);
                self.put("}");
            }
        }
    }

    fn integer(&mut self, value: i64) {
        if value == i64::MIN {
            // Its absolute value is no integer, so a sign before a literal cannot say it.
            self.put("int(v: \"-9223372036854775808\")");
        } else {
            let _ = write!(self.out, "{value}");
        }
    }

    fn float(&mut self, value: f64) {
        let mut text = Vec::new();
        write_float(&mut text, value);
        let text = String::from_utf8_lossy(&text);
        if !value.is_finite() {
            let _ = write!(self.out, "float(v: \"{text}\")");
            return;
        }
        self.put(&text);
        if !text.contains('.') {
            self.put(".0");
        }
    }

    fn duration(&mut self, duration: Duration) {
        // Without weeks: people say 30 days, not four weeks and two days.
        const UNITS: [(u64, &str); 7] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        if duration.negative {
            self.put("-");
        }
        let start = self.out.len();
        let months = duration.months.unsigned_abs();
        for (count, unit) in [(months / 12, "y"), (months % 12, "mo")] {
            if count > 0 {
                let _ = write!(self.out, "{count}{unit}");
            }
        }
        let mut rest = duration.nanoseconds.unsigned_abs();
        for (length, unit) in UNITS {
            if rest >= length {
                let _ = write!(self.out, "{}{unit}", rest / length);
                rest %= length;
            }
        }
        if self.out.len() == start {
            self.put("0s");
        }
    }

    fn string(&mut self, text: &str) {
        self.put("\"");
        self.escaped(text);
        self.put("\"");
    }

    fn interpolation(&mut self, parts: &[StringPart]) {
        self.put("\"");
        for part in parts {
            match part {
                StringPart::Text(text) => self.escaped(text),
                StringPart::Expression(expression) => {
                    self.list("${", "}", std::slice::from_ref(expression), |printer, inner| {
                        printer.expression(inner, Level::Any);
                    });
                }
            }
        }
        self.put("\"");
    }

    /// The text of a string, as it may stand between quotes.
    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\\' => self.put("\\\\"),
                '"' => self.put("\\\""),
                '\n' => self.put("\\n"),
                '\r' => self.put("\\r"),
                '\t' => self.put("\\t"),
                // InfluxDB takes a bare `$` together with the character behind it, even with the backslash of an escape sequence:
                // in `"$\\"` it sees a string that goes on.
                '$' => self.put("\\x24"),
                control if control.is_ascii_control() => {
                    let _ = write!(self.out, "\\x{:02x}", u32::from(control));
                }
                other => self.out.push(other),
            }
        }
    }

    fn regex(&mut self, pattern: &str) {
        if pattern.is_empty() {
            // Two slashes would begin a comment.
            return self.put("/(?:)/");
        }
        self.put("/");
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                '/' => self.put("\\/"),
                '\n' => self.put("\\n"),
                '\\' => {
                    self.put("\\");
                    match characters.next() {
                        Some('\n') => self.put("n"),
                        Some(escaped) => self.out.push(escaped),
                        None => self.put("\\"),
                    }
                }
                other => self.out.push(other),
            }
        }
        self.put("/");
    }
}

#[cfg(test)]
mod tests;
