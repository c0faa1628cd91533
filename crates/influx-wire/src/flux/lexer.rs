//! Flux text into tokens.
//!
//! Tokens are made one at a time as the parser asks for them, because only the parser knows whether a slash
//! begins a regular expression and where the text of a string goes on behind an interpolated expression.

use std::borrow::Cow;

use super::ast::{Duration, Span};
use crate::time;

/// A word or sign of the language; names and numbers are read from the text when they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    Identifier,
    Keyword(Keyword),
    Integer,
    Float,
    Duration,
    Time,
    /// The quote that opens a string.
    Quote,
    Sign(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
    Exists,
    If,
    Then,
    Else,
    Import,
    Package,
    Option,
    Return,
    Builtin,
    Testcase,
}

/// `None` for a name that may be used for a variable.
pub(super) fn keyword(name: &str) -> Option<Keyword> {
    Some(match name {
        "and" => Keyword::And,
        "or" => Keyword::Or,
        "not" => Keyword::Not,
        "exists" => Keyword::Exists,
        "if" => Keyword::If,
        "then" => Keyword::Then,
        "else" => Keyword::Else,
        "import" => Keyword::Import,
        "package" => Keyword::Package,
        "option" => Keyword::Option,
        "return" => Keyword::Return,
        "builtin" => Keyword::Builtin,
        "testcase" => Keyword::Testcase,
        _ => return None,
    })
}

/// Whether a text may stand as a name in a script.
pub(super) fn is_identifier(name: &str) -> bool {
    name.starts_with(begins_name) && name.chars().all(continues_name) && keyword(name).is_none()
}

pub(super) fn begins_name(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

pub(super) fn continues_name(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) span: Span,
    pub(super) text: Cow<'static, str>,
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

pub(super) fn problem<T>(span: Span, text: impl Into<Cow<'static, str>>) -> Result<T> {
    Err(Problem { span, text: text.into() })
}

/// Longer signs before those that they begin with.
const SIGNS: [&str; 31] = [
    "=>", "=~", "==", "!~", "!=", "<-", "<=", ">=", "|>", "=", "<", ">", "+", "-", "*", "/", "%",
    "^", "(", ")", "[", "]", "{", "}", ",", ":", ".", "@", "?", "!", "|",
];

/// Where in a script the next token begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    script: &'a str,
    position: usize,
}

/// What ends a piece of a string's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StringEnd {
    Quote,
    /// `${`: an expression follows.
    Interpolation,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(script: &'a str) -> Self {
        Self { script, position: 0 }
    }

    pub(super) fn text(&self, span: Span) -> &'a str {
        self.script.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(super) fn position(&self) -> u32 {
        self.position as u32
    }

    /// Goes on reading at a byte offset that a token has begun or ended at.
    pub(super) fn seek(&mut self, position: u32) {
        self.position = position as usize;
    }

    fn rest(&self) -> &'a str {
        self.script.get(self.position..).unwrap_or_default()
    }

    fn span(&self, length: usize) -> Span {
        Span { start: self.position as u32, end: (self.position + length) as u32 }
    }

    pub(super) fn next(&mut self) -> Result<Token> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.position += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                break;
            }
            self.position += trimmed.find('\n').unwrap_or(trimmed.len());
        }
        let rest = self.rest();
        let mut characters = rest.chars();
        let (kind, length) = match characters.next() {
            None => (Kind::End, 0),
            Some('"') => (Kind::Quote, 1),
            Some('0'..='9') => self.number(rest)?,
            Some('.') if characters.next().is_some_and(|next| next.is_ascii_digit()) => {
                self.number(rest)?
            }
            Some(first) if begins_name(first) => {
                let length = rest.find(|next| !continues_name(next)).unwrap_or(rest.len());
                let name = rest.get(..length).unwrap_or_default();
                (keyword(name).map_or(Kind::Identifier, Kind::Keyword), length)
            }
            Some(first) => {
                let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
                    let span = self.span(first.len_utf8());
                    return problem(span, format!("invalid character {first:?}"));
                };
                (Kind::Sign(sign), sign.len())
            }
        };
        let span = self.span(length);
        self.position += length;
        Ok(Token { kind, span })
    }

    /// The kind and length of the number, duration or time that a text begins with.
    fn number(&self, rest: &str) -> Result<(Kind, usize)> {
        let bytes = rest.as_bytes();
        let digits =
            |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let whole = digits(0);
        let is_date = whole == 4
            && bytes.get(4) == Some(&b'-')
            && digits(5) == 2
            && bytes.get(7) == Some(&b'-')
            && digits(8) == 2;
        if is_date {
            return Ok((Kind::Time, time_length(rest)));
        }
        let (kind, length) = if bytes.get(whole) == Some(&b'.') {
            (Kind::Float, whole + 1 + digits(whole + 1))
        } else {
            let mut length = whole;
            let mut kind = Kind::Integer;
            while let Some((_, unit_length)) =
                rest.get(length..).and_then(duration_unit).filter(|_| length > 0)
            {
                kind = Kind::Duration;
                length += unit_length;
                match digits(length) {
                    0 => break,
                    more => length += more,
                }
            }
            (kind, length)
        };
        let behind = rest.get(length..).unwrap_or_default();
        let lacks_unit = kind == Kind::Duration && rest.get(..length).is_some_and(ends_open);
        if lacks_unit || behind.starts_with(begins_name) {
            let more = behind.find(|next| !continues_name(next)).unwrap_or(behind.len());
            let text = rest.get(..length + more).unwrap_or_default();
            let span = self.span(length + more);
            return problem(span, format!("invalid number or duration {text:?}"));
        }
        Ok((kind, length))
    }

    /// Reads the text of a string from here up to its end or to an interpolated expression.
    pub(super) fn string(&mut self) -> Result<(String, StringEnd)> {
        let start = self.position as u32;
        let mut out: Vec<u8> = Vec::new();
        let end = loop {
            let rest = self.rest();
            let Some(length) = rest.find(['"', '\\', '$']) else {
                let end = self.script.len() as u32;
                return problem(
                    Span { start: start.saturating_sub(1), end },
                    "unterminated string literal",
                );
            };
            let (before, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            out.extend_from_slice(before.as_bytes());
            self.position += length;
            let (bytes, length): (&[u8], usize) = match behind.as_bytes() {
                [b'"', ..] => {
                    self.position += 1;
                    break StringEnd::Quote;
                }
                [b'$', b'{', ..] => {
                    self.position += 2;
                    break StringEnd::Interpolation;
                }
                // InfluxDB takes a dollar sign together with whatever stands behind it, and so sees another string than people do
                // where that is half of an escape sequence.
                [b'$', b'\\', b'"' | b'\\' | b'$', ..] => {
                    return problem(
                        self.span(2),
                        "ambiguous string literal: write \\x24 for a dollar sign in front of a backslash",
                    );
                }
                [b'$', b'$', ..] => (b"$$", 2),
                [b'$', ..] => (b"$", 1),
                [b'\\', b'n', ..] => (b"\n", 2),
                [b'\\', b'r', ..] => (b"\r", 2),
                [b'\\', b't', ..] => (b"\t", 2),
                [b'\\', b'"', ..] => (b"\"", 2),
                [b'\\', b'\\', ..] => (b"\\", 2),
                [b'\\', b'$', b'{', ..] => (b"${", 3),
                [b'\\', b'x', high, low, ..] if let Some(byte) = hexadecimal(*high, *low) => {
                    (&[byte], 4)
                }
                _ => {
                    let length = behind.chars().take(2).map(char::len_utf8).sum();
                    let sequence: String = behind.chars().take(2).collect();
                    return problem(
                        self.span(length),
                        format!("invalid escape sequence {sequence} in string literal"),
                    );
                }
            };
            out.extend_from_slice(bytes);
            self.position += length;
        };
        let Ok(text) = String::from_utf8(out) else {
            let span = Span { start, end: self.position as u32 };
            return problem(span, "string literal is not valid UTF-8");
        };
        Ok((text, end))
    }

    /// Reads a regular expression from behind its opening slash; the pattern, `\/` turned into `/`.
    pub(super) fn regex(&mut self) -> Result<String> {
        let start = (self.position as u32).saturating_sub(1);
        let mut pattern = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((offset, character)) = characters.next() {
            match character {
                '/' => {
                    self.position += offset + 1;
                    return Ok(pattern);
                }
                '\n' => break,
                '\\' => match characters.next() {
                    Some((_, '/')) => pattern.push('/'),
                    Some((_, '\n')) | None => break,
                    Some((_, escaped)) => {
                        pattern.push('\\');
                        pattern.push(escaped);
                    }
                },
                _ => pattern.push(character),
            }
        }
        problem(Span { start, end: start + 1 }, "unterminated regular expression literal")
    }
}

/// The length of a date and the time of day that may follow, right or wrong.
fn time_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut length = "2021-01-01".len();
    if bytes.get(length) != Some(&b'T') {
        return length;
    }
    let clock = |from: usize, most: usize| {
        let rest = bytes.iter().skip(from).take(most);
        rest.take_while(|&&byte| byte.is_ascii_digit() || byte == b':').count()
    };
    length += 1;
    length += clock(length, "10:00:00".len());
    if bytes.get(length) == Some(&b'.') {
        length += 1;
        length += bytes.iter().skip(length).take_while(|byte| byte.is_ascii_digit()).count();
    }
    if let Some(b'+' | b'-') = bytes.get(length) {
        length += 1;
        length += clock(length, "01:00".len());
    }
    // The `Z`, or letters that have no business here.
    let behind = text.get(length..).unwrap_or_default();
    length + behind.find(|next| !continues_name(next)).unwrap_or(behind.len())
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

/// Whether digits stand at the end, which in a duration lack their unit.
fn ends_open(text: &str) -> bool {
    text.ends_with(|last: char| last.is_ascii_digit())
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Months(i64),
    Nanoseconds(i64),
}

const HOUR: i64 = 3_600_000_000_000;

/// Longer units before those that they begin with.
const UNITS: [(&str, Unit); 11] = [
    ("mo", Unit::Months(1)),
    ("ms", Unit::Nanoseconds(1_000_000)),
    ("us", Unit::Nanoseconds(1_000)),
    ("µs", Unit::Nanoseconds(1_000)),
    ("ns", Unit::Nanoseconds(1)),
    ("y", Unit::Months(12)),
    ("w", Unit::Nanoseconds(7 * 24 * HOUR)),
    ("d", Unit::Nanoseconds(24 * HOUR)),
    ("h", Unit::Nanoseconds(HOUR)),
    ("m", Unit::Nanoseconds(60_000_000_000)),
    ("s", Unit::Nanoseconds(1_000_000_000)),
];

fn duration_unit(text: &str) -> Option<(Unit, usize)> {
    UNITS.iter().find(|(name, _)| text.starts_with(name)).map(|(name, unit)| (*unit, name.len()))
}

/// The value of an integer as written.
pub(super) fn integer(text: &str, span: Span) -> Result<i64> {
    if text.len() > 1 && text.starts_with('0') {
        return problem(
            span,
            format!("invalid integer literal {text:?}: nonzero value cannot start with 0"),
        );
    }
    match text.parse() {
        Ok(value) => Ok(value),
        Err(_) => problem(span, format!("invalid integer literal {text:?}: value out of range")),
    }
}

/// The value of a duration as written, without a sign.
pub(super) fn duration(text: &str, span: Span) -> Result<Duration> {
    let mut duration = Duration::default();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let sum = duration_unit(behind).and_then(|(unit, length)| {
            rest = behind.get(length..)?;
            let number: i64 = number.parse().ok()?;
            match unit {
                Unit::Months(months) => {
                    duration.months = number.checked_mul(months)?.checked_add(duration.months)?;
                }
                Unit::Nanoseconds(nanoseconds) => {
                    let nanoseconds = number.checked_mul(nanoseconds)?;
                    duration.nanoseconds = nanoseconds.checked_add(duration.nanoseconds)?;
                }
            }
            Some(())
        });
        if sum.is_none() {
            return problem(span, format!("invalid duration literal {text:?}: value out of range"));
        }
    }
    Ok(duration)
}

/// The value of a date or time as written, in nanoseconds since the Unix epoch.
pub(super) fn time(text: &str, span: Span) -> Result<i64> {
    match time::parse_date(text.as_bytes()).or_else(|| time::parse_bytes(text.as_bytes())) {
        Some(value) => Ok(value),
        None => problem(span, format!("invalid date literal {text:?}")),
    }
}
