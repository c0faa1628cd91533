//! Flux tokens into a syntax tree: recursive descent after the specification's grammar.
//!
//! Scripts come from anybody, so everything that could exhaust the stack is limited here: how long a script
//! is, how deep it nests, and how high a tree of long chains (`a + b + …`, `… |> f() |> g()`) grows.

mod expression;
mod statement;

use super::ast::{File, Span};
use super::lexer::{self, Kind, Lexer, Token, problem};

/// Longest script, in bytes.
const MAXIMUM_LENGTH: usize = 256 * 1024;

/// Deepest nesting of parentheses, functions, conditionals and the like.
const MAXIMUM_NESTING: u32 = 64;

/// Most nodes from the root of an expression to a leaf. Whoever walks a tree may use recursion.
const MAXIMUM_HEIGHT: u32 = 512;

/// Why a script is not Flux: one or more places, as InfluxDB words them (`error @1:4-1:4: …`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("compilation failed: {message}")]
pub struct Error {
    pub message: String,
}

/// Parses a script.
///
/// ```
/// use influx_wire::flux;
///
/// let file = flux::parse(r#"from(bucket: "iot_center") |> range(start: -1h)"#)?;
/// assert_eq!(file.body.len(), 1);
///
/// let error = flux::parse("x = ").expect_err("something is missing");
/// assert_eq!(
///     error.to_string(),
///     "compilation failed: error @1:5-1:5: expected an expression, found the end of the script",
/// );
/// # Ok::<(), flux::Error>(())
/// ```
pub fn parse(script: &str) -> Result<File, Error> {
    if script.len() > MAXIMUM_LENGTH {
        let message = format!("error @1:1-1:1: the script is longer than {MAXIMUM_LENGTH} bytes");
        return Err(Error { message });
    }
    Parser::new(script).and_then(|mut parser| parser.file()).map_err(|problem| Error {
        message: format!("error {}: {}", problem.span.locate(script), problem.text),
    })
}

/// Reads one token ahead.
#[derive(Debug, Clone, Copy)]
struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    /// The end of the token before.
    end: u32,
    nesting: u32,
    /// The height of the expression that was returned last.
    height: u32,
}

impl<'a> Parser<'a> {
    fn new(script: &'a str) -> lexer::Result<Self> {
        let mut lexer = Lexer::new(script);
        let token = lexer.next()?;
        Ok(Self { lexer, token, end: 0, nesting: 0, height: 0 })
    }

    fn advance(&mut self) -> lexer::Result<Token> {
        let token = self.token;
        self.end = token.span.end;
        self.token = self.lexer.next()?;
        Ok(token)
    }

    /// The kind of the token after this one.
    fn peek(&self) -> lexer::Result<Kind> {
        let mut lexer = self.lexer;
        Ok(lexer.next()?.kind)
    }

    fn text(&self, token: Token) -> &'a str {
        self.lexer.text(token.span)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.token.kind, Kind::Sign(found) if found == sign)
    }

    /// Takes a sign if it is the next token.
    fn accept(&mut self, sign: &str) -> lexer::Result<bool> {
        let found = self.is_sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &str) -> lexer::Result<Token> {
        if self.is_sign(sign) { self.advance() } else { self.unexpected(&format!("`{sign}`")) }
    }

    /// The error for a token that cannot stand here.
    fn unexpected<T>(&self, expected: &str) -> lexer::Result<T> {
        let found = match self.token.kind {
            Kind::End => "the end of the script".to_owned(),
            Kind::Quote => "a string".to_owned(),
            _ => {
                let text = self.text(self.token);
                format!("`{}`", text.chars().take(40).collect::<String>())
            }
        };
        problem(self.token.span, format!("expected {expected}, found {found}"))
    }

    fn span_from(&self, start: u32) -> Span {
        Span { start, end: self.end }
    }

    /// Runs a part of the grammar that may contain itself.
    fn nested<T>(&mut self, part: impl FnOnce(&mut Self) -> lexer::Result<T>) -> lexer::Result<T> {
        if self.nesting >= MAXIMUM_NESTING {
            let text = format!("the script is nested deeper than {MAXIMUM_NESTING} levels");
            return problem(self.token.span, text);
        }
        self.nesting += 1;
        let result = part(self)?;
        self.nesting -= 1;
        Ok(result)
    }

    /// Says that an expression was made whose highest part has this height.
    fn grow(&mut self, height: u32, span: Span) -> lexer::Result<()> {
        if height >= MAXIMUM_HEIGHT {
            let text = format!("the expression has more than {MAXIMUM_HEIGHT} levels");
            return problem(span, text);
        }
        self.height = height + 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
