//! Files and statements.

use super::super::ast::{
    Assignment, Expression, ExpressionKind, File, Identifier, Import, OptionStatement, Statement,
};
use super::super::lexer::{Keyword, Kind, Result, problem};
use super::Parser;

impl Parser<'_> {
    pub(super) fn file(&mut self) -> Result<File> {
        let mut file = File::default();
        self.attributes()?;
        if self.token.kind == Kind::Keyword(Keyword::Package) {
            self.advance()?;
            file.package = Some(self.identifier("the name of the package")?);
            self.attributes()?;
        }
        while self.token.kind == Kind::Keyword(Keyword::Import) {
            file.imports.push(self.import()?);
            self.attributes()?;
        }
        while self.token.kind != Kind::End {
            let statement = self.statement()?;
            if let Statement::Return(value) = &statement {
                return problem(value.span, "a return statement can stand in a function only");
            }
            file.body.push(statement);
            self.attributes()?;
        }
        Ok(file)
    }

    /// `@name` and `@name(…)`, which say nothing that matters here.
    fn attributes(&mut self) -> Result<()> {
        while self.accept("@")? {
            self.identifier("the name of the attribute")?;
            if self.is_sign("(") {
                self.skip_brackets()?;
            }
        }
        Ok(())
    }

    /// Skips a bracket, what it encloses and the bracket that closes it.
    fn skip_brackets(&mut self) -> Result<()> {
        let opening = self.token.span;
        let mut depth = 0_usize;
        loop {
            match self.token.kind {
                Kind::Sign("(" | "[" | "{") => depth += 1,
                Kind::Sign(")" | "]" | "}") => depth -= 1,
                Kind::Quote => {
                    self.string_literal()?;
                    continue;
                }
                Kind::End => return problem(opening, "the bracket is never closed"),
                _ => {}
            }
            self.advance()?;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn import(&mut self) -> Result<Import> {
        let start = self.advance()?.span.start;
        let alias = match self.token.kind {
            Kind::Identifier => Some(self.identifier("an alias")?),
            _ => None,
        };
        if self.token.kind != Kind::Quote {
            return self.unexpected("the path of a package");
        }
        let path = self.string_literal()?;
        Ok(Import { alias, path, span: self.span_from(start) })
    }

    pub(super) fn identifier(&mut self, expected: &str) -> Result<Identifier> {
        if self.token.kind != Kind::Identifier {
            return self.unexpected(expected);
        }
        let token = self.advance()?;
        Ok(Identifier { name: self.text(token).to_owned(), span: token.span })
    }

    fn statement(&mut self) -> Result<Statement> {
        match self.token.kind {
            Kind::Keyword(Keyword::Option) => self.option(),
            Kind::Keyword(Keyword::Return) => {
                self.advance()?;
                Ok(Statement::Return(self.expression()?))
            }
            Kind::Keyword(Keyword::Builtin) => self.builtin(),
            Kind::Keyword(Keyword::Import | Keyword::Package | Keyword::Testcase) => {
                problem(self.token.span, format!("invalid statement: {}", self.text(self.token)))
            }
            Kind::Identifier if self.peek()? == Kind::Sign("=") => {
                let name = self.identifier("a name")?;
                self.expect("=")?;
                Ok(Statement::Assignment(Assignment { name, value: self.expression()? }))
            }
            _ => Ok(Statement::Expression(self.expression()?)),
        }
    }

    fn option(&mut self) -> Result<Statement> {
        self.advance()?;
        let first = self.identifier("the name of an option")?;
        let (package, name) = if self.accept(".")? {
            (Some(first), self.identifier("the name of an option")?)
        } else {
            (None, first)
        };
        self.expect("=")?;
        Ok(Statement::Option(OptionStatement { package, name, value: self.expression()? }))
    }

    fn builtin(&mut self) -> Result<Statement> {
        self.advance()?;
        let name = self.identifier("the name of a built-in")?;
        self.expect(":")?;
        self.skip_type()?;
        // `where A: Addable + Comparable, B: Record`
        if self.token.kind == Kind::Identifier && self.text(self.token) == "where" {
            loop {
                self.advance()?;
                self.identifier("a type variable")?;
                self.expect(":")?;
                self.identifier("a kind")?;
                while self.accept("+")? {
                    self.identifier("a kind")?;
                }
                if !self.is_sign(",") {
                    break;
                }
            }
        }
        Ok(Statement::Builtin(name))
    }

    fn skip_type(&mut self) -> Result<()> {
        self.nested(|parser| match parser.token.kind {
            Kind::Sign("[" | "{") => parser.skip_brackets(),
            Kind::Sign("(") => {
                parser.skip_brackets()?;
                parser.expect("=>")?;
                parser.skip_type()
            }
            _ => {
                parser.identifier("a type")?;
                if parser.is_sign("[") { parser.skip_brackets() } else { Ok(()) }
            }
        })
    }

    /// The statements of a function, with the braces. The last one returns, and no other.
    pub(super) fn block(&mut self) -> Result<Vec<Statement>> {
        let start = self.expect("{")?.span.start;
        let mut statements = Vec::new();
        let mut height = 0;
        while !self.is_sign("}") {
            if self.token.kind == Kind::End {
                return self.unexpected("`}`");
            }
            if let Some(Statement::Return(_)) = statements.last() {
                return problem(self.token.span, "statements behind return are never reached");
            }
            let statement = self.statement()?;
            if matches!(statement, Statement::Option(_) | Statement::Builtin(_)) {
                let span = self.span_from(start);
                return problem(span, "option and builtin cannot stand in a function");
            }
            height = height.max(self.height);
            statements.push(statement);
        }
        self.advance()?;
        self.height = height;
        match statements.last() {
            Some(Statement::Return(_)) => Ok(statements),
            _ => problem(self.span_from(start), "missing return statement in block"),
        }
    }

    /// A string that must be known before anything is evaluated.
    fn string_literal(&mut self) -> Result<String> {
        let Expression { kind, span } = self.string()?;
        match kind {
            ExpressionKind::String(text) => Ok(text),
            _ => problem(span, "this string cannot contain an expression"),
        }
    }
}
