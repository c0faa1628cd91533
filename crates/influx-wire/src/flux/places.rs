//! Where the parts of a script stand that was printed from the tree of another text.
//!
//! Whoever has written a script wants to hear of its faults at the places where he has written them, although what
//! InfluxDB was sent is the text of the [printer](super::print()).

use std::fmt::Write;

use super::ast::Span;
use super::{parse, walk};

/// Pairs of places: of each part of the tree in the printed text and in the written one.
#[derive(Debug, Clone)]
pub struct Places<'a> {
    printed: &'a str,
    written: &'a str,
    pairs: Vec<(Span, Span)>,
}

impl<'a> Places<'a> {
    /// `None` if the two texts are not of one tree.
    pub fn new(printed: &'a str, written: &'a str) -> Option<Self> {
        let (one, other) = (parse(printed).ok()?, parse(written).ok()?);
        if one != other {
            return None;
        }
        let spans = |file| {
            let mut spans = Vec::new();
            walk(file, &mut |node| spans.push(node.span()));
            spans
        };
        Some(Self { printed, written, pairs: spans(&one).into_iter().zip(spans(&other)).collect() })
    }

    /// A message about the printed text with the places of the written one.
    pub fn translate(&self, message: &str) -> String {
        let mut translated = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(at) = rest.find('@') {
            let (before, behind) = rest.split_at(at);
            translated.push_str(before);
            rest = if let Some((location, length)) = read_location(behind) {
                let (start, end) = self.written_as(location);
                let _ = write!(translated, "@{}:{}-{}:{}", start.0, start.1, end.0, end.1);
                behind.get(length..).unwrap_or_default()
            } else {
                translated.push('@');
                behind.get(1..).unwrap_or_default()
            };
        }
        translated.push_str(rest);
        translated
    }

    /// The place of the smallest part that holds all of a place.
    fn written_as(&self, location: Location) -> Location {
        let (start, end) = location;
        let (from, to) = (self.offset(start), self.offset(end));
        let holding = self
            .pairs
            .iter()
            .filter(|(printed, _)| printed.start <= from && to.max(from) <= printed.end);
        let smallest = holding.min_by_key(|(printed, _)| printed.end - printed.start);
        let written = smallest.map_or_else(Span::default, |(_, written)| *written);
        let found = written.locate(self.written);
        (found.start, found.end)
    }

    fn offset(&self, (line, column): Position) -> u32 {
        let before: usize = self
            .printed
            .split_inclusive('\n')
            .take(line.saturating_sub(1) as usize)
            .map(str::len)
            .sum();
        before as u32 + column.saturating_sub(1)
    }
}

/// Line and column, both from 1; columns count bytes.
type Position = (u32, u32);
type Location = (Position, Position);

/// The first place that a message names, as `@2:3` or `@2:3-2:9`: line and column, both from 1, columns counted in bytes.
pub fn first_position(message: &str) -> Option<(u32, u32)> {
    message.match_indices('@').find_map(|(at, _)| Some(read_location(message.get(at..)?)?.0.0))
}

/// Reads `@1:5-1:9` or `@1:5`; gives its length, too.
fn read_location(text: &str) -> Option<(Location, usize)> {
    let rest = text.strip_prefix('@')?;
    let (start, behind) = read_position(rest)?;
    let whole = behind.strip_prefix('-').and_then(read_position);
    let (end, behind) = whole.unwrap_or((start, behind));
    Some(((start, end), text.len() - behind.len()))
}

/// Reads `1:5`; gives what stands behind it, too.
fn read_position(text: &str) -> Option<(Position, &str)> {
    let (line, rest) = read_number(text)?;
    let (column, rest) = read_number(rest.strip_prefix(':')?)?;
    Some(((line, column), rest))
}

fn read_number(text: &str) -> Option<(u32, &str)> {
    let length = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flux::print;

    #[test]
    fn places_of_a_message_are_those_of_the_written_text() {
        let written =
            "// what I want to know\nfrom(bucket:\"b\")|>range(start:-1h)|>lmit(n:  5) // so";
        let printed = print(&parse(written).unwrap());
        assert_eq!(printed, "from(bucket: \"b\")\n    |> range(start: -1h)\n    |> lmit(n: 5)\n");
        let places = Places::new(&printed, written).unwrap();
        for (message, expected) in [
            (
                "error @3:8-3:12: undefined identifier lmit",
                "error @2:37-2:41: undefined identifier lmit",
            ),
            ("error @3:16-3:17: a; error @1:1-1:18: b", "error @2:46-2:47: a; error @2:1-2:17: b"),
            // Between two parts: the pipe that holds both.
            ("@3:5-3:12", "@2:1-2:48"),
            // Nowhere.
            ("@9:9-9:9", "@1:1-1:1"),
            ("me@example.com @ @1: @1:x", "me@example.com @ @1: @1:x"),
            ("no place", "no place"),
        ] {
            assert_eq!(places.translate(message), expected);
        }
        assert!(Places::new("a", "b").is_none());
        assert!(Places::new("a =", "a =").is_none());
    }

    #[test]
    fn the_first_position_of_a_message() {
        for (message, expected) in [
            ("compilation failed: error @1:5-1:9: expected", Some((1, 5))),
            ("error @2:3: x @1:1", Some((2, 3))),
            ("runtime error: me@home", None),
            ("@4294967296:1", None),
            ("", None),
        ] {
            assert_eq!(first_position(message), expected, "{message}");
        }
    }
}
