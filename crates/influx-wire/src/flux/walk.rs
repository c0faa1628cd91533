//! All parts of a syntax tree, one after the other.

use super::ast::{
    Expression, ExpressionKind, File, FunctionBody, Identifier, Import, ParameterDefault, Record,
    Span, Statement, StringPart,
};

/// A part of a tree that has a place in the script.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    Import(&'a Import),
    /// `builtin name : type`
    Builtin(&'a Identifier),
    /// Any other name that is no expression: of a variable, a parameter, an argument, a property.
    Name(&'a Identifier),
    Expression(&'a Expression),
}

impl Node<'_> {
    pub fn span(&self) -> Span {
        match self {
            Self::Import(import) => import.span,
            Self::Builtin(name) | Self::Name(name) => name.span,
            Self::Expression(expression) => expression.span,
        }
    }
}

/// Shows every part of a script to `visit`, outer ones before inner ones: equal trees are walked in the same way.
///
/// Recursive: the parser limits how high a tree grows.
pub fn walk<'a>(file: &'a File, visit: &mut impl FnMut(Node<'a>)) {
    if let Some(package) = &file.package {
        visit(Node::Name(package));
    }
    for import in &file.imports {
        visit(Node::Import(import));
        if let Some(alias) = &import.alias {
            visit(Node::Name(alias));
        }
    }
    statements(&file.body, visit);
}

fn statements<'a>(all: &'a [Statement], visit: &mut impl FnMut(Node<'a>)) {
    for statement in all {
        match statement {
            Statement::Assignment(assignment) => {
                visit(Node::Name(&assignment.name));
                expression(&assignment.value, visit);
            }
            Statement::Option(option) => {
                if let Some(package) = &option.package {
                    visit(Node::Name(package));
                }
                visit(Node::Name(&option.name));
                expression(&option.value, visit);
            }
            Statement::Expression(value) | Statement::Return(value) => expression(value, visit),
            Statement::Builtin(name) => visit(Node::Builtin(name)),
        }
    }
}

fn properties<'a>(all: &'a [(Identifier, Expression)], visit: &mut impl FnMut(Node<'a>)) {
    for (name, value) in all {
        visit(Node::Name(name));
        expression(value, visit);
    }
}

fn expression<'a>(whole: &'a Expression, visit: &mut impl FnMut(Node<'a>)) {
    visit(Node::Expression(whole));
    match &whole.kind {
        ExpressionKind::Identifier(_)
        | ExpressionKind::Integer(_)
        | ExpressionKind::Float(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Duration(_)
        | ExpressionKind::Time(_)
        | ExpressionKind::Regex(_) => {}
        ExpressionKind::Interpolation(parts) => {
            for part in parts {
                if let StringPart::Expression(inner) = part {
                    expression(inner, visit);
                }
            }
        }
        ExpressionKind::Array(elements) => {
            for element in elements {
                expression(element, visit);
            }
        }
        ExpressionKind::Dictionary(entries) => {
            for (key, value) in entries {
                expression(key, visit);
                expression(value, visit);
            }
        }
        ExpressionKind::Record(Record { base, properties: all }) => {
            if let Some(base) = base {
                visit(Node::Name(base));
            }
            properties(all, visit);
        }
        ExpressionKind::Function(function) => {
            for parameter in &function.parameters {
                visit(Node::Name(&parameter.name));
                if let ParameterDefault::Value(value) = &parameter.default {
                    expression(value, visit);
                }
            }
            match &function.body {
                FunctionBody::Expression(body) => expression(body, visit),
                FunctionBody::Block(block) => statements(block, visit),
            }
        }
        ExpressionKind::Call(call) => {
            expression(&call.callee, visit);
            properties(&call.arguments, visit);
        }
        ExpressionKind::Member { object: one, .. } | ExpressionKind::Unary { operand: one, .. } => {
            expression(one, visit);
        }
        ExpressionKind::Index { object: one, index: other }
        | ExpressionKind::Pipe { input: one, call: other }
        | ExpressionKind::Binary { left: one, right: other, .. } => {
            expression(one, visit);
            expression(other, visit);
        }
        ExpressionKind::Conditional { test, consequent, alternate } => {
            for part in [test, consequent, alternate] {
                expression(part, visit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flux::parse;

    #[test]
    fn every_part_is_visited() {
        let script = r#"package p import d "date" option a.b = 1 option c = 2 builtin f : int
            g = (x, y=3, t=<-) => { z = {w with v: "u${4}"} return z.s[5] }
            m = [6, [7: 8]] q() |> h(i: if not j then -9 else k == /l/)"#;
        let file = parse(script).unwrap();
        let mut found = Vec::new();
        walk(&file, &mut |node| {
            let Span { start, end } = node.span();
            found.push(&script[start as usize..end as usize]);
        });
        let names = "p d a b c f g x y t z w v m i";
        let leaves = "1 2 3 4 5 6 7 8 9 q j k /l/ h";
        for part in names.split(' ').chain(leaves.split(' ')) {
            assert!(found.contains(&part), "{part} is not among {found:?}");
        }
        assert!(found.iter().any(|part| part.starts_with("import d")), "{found:?}");
    }
}
