//! The predicate of a delete: `key = value` and `key != value`, joined by `and`, in parentheses or not.
//!
//! <https://docs.influxdata.com/influxdb/v2/reference/syntax/delete-predicate/>. Refusals have InfluxDB's texts;
//! positions count characters, from 0.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::http::error::{ApiError, Code, Result};
use crate::storage::{TagOperator, TagPredicate};

/// Parentheses inside each other.
const DEEPEST: usize = 64;

/// Parses a predicate into conditions that must all hold. An empty one holds for everything.
pub(super) fn parse(text: &str) -> Result<Vec<TagPredicate>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser { tokens: tokens(text), next: 0, predicates: Vec::new() };
    parser.conjunction(DEEPEST)?;
    match parser.take() {
        (Token::End, _) => Ok(parser.predicates),
        (Token::Close, _) => Err(refused("extra ) seen")),
        (Token::Or, position) => Err(or(position)),
        (_, position) => Err(refused(&format!("bad logical expression, at position {position}"))),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A bare word or one in double quotes.
    Word(String),
    /// In single quotes, or without its closing quote: never good.
    Text(String),
    /// A number or a duration, as written.
    Number(String),
    Equal,
    NotEqual,
    Minus,
    And,
    Or,
    Open,
    Close,
    /// Everything else, as written.
    Other(String),
    End,
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    predicates: Vec<TagPredicate>,
}

impl Parser {
    fn peek(&self) -> (Token, usize) {
        // The last token is the end, and stays the last.
        self.tokens.get(self.next).or(self.tokens.last()).cloned().unwrap_or((Token::End, 0))
    }

    fn take(&mut self) -> (Token, usize) {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn conjunction(&mut self, depth: usize) -> Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(refused("too many parentheses inside each other"));
        };
        loop {
            match self.peek() {
                (Token::Open, _) => {
                    self.take();
                    self.conjunction(depth)?;
                    match self.take() {
                        (Token::Close, _) => {}
                        (Token::Or, position) => return Err(or(position)),
                        _ => return Err(refused("extra ( seen")),
                    }
                }
                _ => self.condition()?,
            }
            if self.peek().0 != Token::And {
                return Ok(());
            }
            self.take();
        }
    }

    fn condition(&mut self) -> Result<()> {
        let key = match self.take() {
            (Token::Word(key), _) => key,
            (token @ (Token::End | Token::And | Token::Close), position) => {
                return Err(unexpected(&token, position));
            }
            (_, position) => {
                return Err(refused(&format!("bad logical expression, at position {position}")));
            }
        };
        let operator = match self.take() {
            (Token::Equal, _) => TagOperator::Equal,
            (Token::NotEqual, _) => TagOperator::NotEqual,
            (Token::Other(operator), position) if matches!(operator.as_str(), "=~" | "!~") => {
                return Err(refused(&format!(
                    "operator: \"{operator}\" at position: {position} is not supported yet"
                )));
            }
            (token, position) => {
                return Err(refused(&format!(
                    "invalid operator \"{}\" at position: {position}",
                    name(&token)
                )));
            }
        };
        let mut value = String::new();
        loop {
            match self.take() {
                (Token::Minus, _) => "-".clone_into(&mut value),
                (Token::Word(text) | Token::Number(text), _) => {
                    value.push_str(&text);
                    break;
                }
                (Token::Text(text), position) => {
                    // Where the operator stands, as InfluxDB counts.
                    let position = position.saturating_sub(1);
                    return Err(refused(&format!(
                        "bad tag value: \"{text}\", at position {position}"
                    )));
                }
                (_, position) => {
                    return Err(refused(&format!("bad tag value: \"\", at position {position}")));
                }
            }
        }
        if key == "_field" {
            return Err(ApiError::new(Code::NotImplemented, "delete by field is not supported"));
        }
        self.predicates.push(TagPredicate { key, operator, value });
        Ok(())
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::invalid(message).within(super::CONTEXT)
}

fn or(position: usize) -> ApiError {
    refused(&format!("the logical operator OR is not supported yet at position {position}"))
}

fn unexpected(token: &Token, position: usize) -> ApiError {
    ApiError::invalid(format!(
        "invalid request; error parsing predicate: found {}, expected identifier, string, number, bool at line 1, \
         char {}",
        name(token),
        position + 1
    ))
}

fn name(token: &Token) -> &str {
    match token {
        Token::Word(text) | Token::Text(text) | Token::Number(text) | Token::Other(text) => text,
        Token::Equal => "=",
        Token::NotEqual => "!=",
        Token::Minus => "-",
        Token::And => "AND",
        Token::Or => "OR",
        Token::Open => "(",
        Token::Close => ")",
        Token::End => "EOF",
    }
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut end = 0;
    while let Some(&(start, first)) = characters.peek() {
        let position = text.get(..start).map_or(0, |before| before.chars().count());
        end = position + 1;
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        let token = match first {
            '"' | '\'' => quoted(&mut characters),
            '0'..='9' => {
                Token::Number(run(text, &mut characters, |c| c.is_alphanumeric() || c == '.'))
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let word = run(text, &mut characters, |c| c.is_ascii_alphanumeric() || c == '_');
                match word.to_ascii_lowercase().as_str() {
                    "and" => Token::And,
                    "or" => Token::Or,
                    _ => Token::Word(word),
                }
            }
            '(' | ')' | '-' => {
                characters.next();
                match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Minus,
                }
            }
            '=' | '!' | '<' | '>' => {
                characters.next();
                // `==` is two tokens, as in InfluxDB.
                let second = characters
                    .next_if(|(_, c)| *c == '~' || (first != '=' && matches!(c, '=' | '>')));
                match (first, second.map(|(_, c)| c)) {
                    ('=', None) => Token::Equal,
                    ('!', Some('=')) | ('<', Some('>')) => Token::NotEqual,
                    (first, second) => {
                        Token::Other([Some(first), second].into_iter().flatten().collect())
                    }
                }
            }
            other => {
                characters.next();
                Token::Other(other.to_string())
            }
        };
        end = text
            .get(..characters.peek().map_or(text.len(), |(next, _)| *next))
            .map_or(end, |t| t.chars().count());
        tokens.push((token, position));
    }
    tokens.push((Token::End, end + 1));
    tokens
}

fn run(
    text: &str,
    characters: &mut Peekable<CharIndices<'_>>,
    belongs: impl Fn(char) -> bool,
) -> String {
    let start = characters.peek().map_or(text.len(), |(start, _)| *start);
    while characters.next_if(|(_, character)| belongs(*character)).is_some() {}
    let end = characters.peek().map_or(text.len(), |(end, _)| *end);
    text.get(start..end).unwrap_or_default().to_owned()
}

fn quoted(characters: &mut Peekable<CharIndices<'_>>) -> Token {
    let quote = characters.next().map_or('"', |(_, quote)| quote);
    let mut content = String::new();
    while let Some((_, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, 'n')) => content.push('\n'),
                Some((_, escaped)) => content.push(escaped),
                None => return Token::Text(content),
            },
            closing if closing == quote => {
                return if quote == '"' { Token::Word(content) } else { Token::Text(content) };
            }
            other => content.push(other),
        }
    }
    Token::Text(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, TagOperator, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, operator, value)| TagPredicate {
                key: (*key).to_owned(),
                operator: *operator,
                value: (*value).to_owned(),
            })
            .collect();
        assert_eq!(parse(text), Ok(expected), "{text}");
    }

    #[test]
    fn predicates_that_are_good() {
        use TagOperator::{Equal, NotEqual};
        check("", &[]);
        check("a=b", &[("a", Equal, "b")]);
        check("a = \"b c\"", &[("a", Equal, "b c")]);
        check("\"a b\"=\"c\"", &[("a b", Equal, "c")]);
        check(
            "a=b and c!=d AND e<>f",
            &[("a", Equal, "b"), ("c", NotEqual, "d"), ("e", NotEqual, "f")],
        );
        check("((a=b) and (c=d))", &[("a", Equal, "b"), ("c", Equal, "d")]);
        check("(a=b and c=d) and e=f", &[("a", Equal, "b"), ("c", Equal, "d"), ("e", Equal, "f")]);
        check("a=5", &[("a", Equal, "5")]);
        check("a=-5", &[("a", Equal, "-5")]);
        check("a=5h", &[("a", Equal, "5h")]);
        check("a=1.5", &[("a", Equal, "1.5")]);
        check("a=true", &[("a", Equal, "true")]);
        check("a\n=\nb", &[("a", Equal, "b")]);
        check("tag=\"üñ\"", &[("tag", Equal, "üñ")]);
        check(r#"a="b\"c\\d\n""#, &[("a", Equal, "b\"c\\d\n")]);
        let registration = "_measurement=\"deviceauth\" AND deviceId=\"a-b\"";
        check(registration, &[("_measurement", Equal, "deviceauth"), ("deviceId", Equal, "a-b")]);
    }

    #[test]
    fn predicates_that_are_refused() {
        let decoding = |text: &str| format!("error decoding json body: {text}");
        let parsing = |found: &str, at: usize| {
            format!(
                "invalid request; error parsing predicate: found {found}, expected identifier, string, number, bool \
                 at line 1, char {at}"
            )
        };
        for (text, expected) in [
            ("a=b or c=d", decoding("the logical operator OR is not supported yet at position 4")),
            ("a=b OR c=d", decoding("the logical operator OR is not supported yet at position 4")),
            (
                "(a=b or c=d)",
                decoding("the logical operator OR is not supported yet at position 5"),
            ),
            ("a=~b", decoding("operator: \"=~\" at position: 1 is not supported yet")),
            ("a!~/b/", decoding("operator: \"!~\" at position: 1 is not supported yet")),
            ("a>b", decoding("invalid operator \">\" at position: 1")),
            ("a<=b", decoding("invalid operator \"<=\" at position: 1")),
            ("a='p'", decoding("bad tag value: \"p\", at position 1")),
            ("a=\"b", decoding("bad tag value: \"b\", at position 1")),
            ("'a'=b", decoding("bad logical expression, at position 0")),
            ("a", decoding("invalid operator \"EOF\" at position: 2")),
            ("=b", decoding("bad logical expression, at position 0")),
            ("a==b", decoding("bad tag value: \"\", at position 2")),
            ("a=b.c", decoding("bad logical expression, at position 3")),
            ("a=b-c", decoding("bad logical expression, at position 3")),
            ("(a=b", decoding("extra ( seen")),
            ("a=b)", decoding("extra ) seen")),
            ("a=b and", parsing("EOF", 9)),
            ("a=b and and c=d", parsing("AND", 9)),
            ("a=b and ()", parsing(")", 10)),
            ("  ", parsing("EOF", 4)),
        ] {
            assert_eq!(parse(text), Err(ApiError::invalid(expected)), "{text}");
        }
        assert_eq!(
            parse("_field=\"x\" and a=b"),
            Err(ApiError::new(Code::NotImplemented, "delete by field is not supported"))
        );
    }

    #[test]
    fn deep_parentheses_do_not_overflow() {
        // A body of 64 KiB holds no more of them.
        assert!(parse(&"(".repeat(64 * 1024)).is_err());
    }
}
