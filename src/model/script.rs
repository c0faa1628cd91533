//! What is wrong with a script, and where.

use serde::{Deserialize, Serialize};

/// Why InfluxDB, or this program before it, does not run a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// In InfluxDB's words where it has any.
    pub message: String,
    /// Of the first fault.
    pub position: Option<Position>,
}

/// A place in a script, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    /// Counted in bytes, as InfluxDB counts.
    pub column: u32,
}

/// The line of a script that a position is in, cut in two where the position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    pub before: &'a str,
    pub behind: &'a str,
}

impl Position {
    /// `None` if the script has no such line; a column behind its end is its end.
    pub fn line_of(self, script: &str) -> Option<Line<'_>> {
        let line = script.split('\n').nth(self.line.checked_sub(1)? as usize)?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let column = line.floor_char_boundary(self.column.saturating_sub(1) as usize);
        let (before, behind) = line.split_at(column);
        Some(Line { before, behind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_position() {
        let script = "a = 1\r\nž = foo\n";
        for (line, column, expected) in [
            (1, 1, Some(("", "a = 1"))),
            (1, 6, Some(("a = 1", ""))),
            (1, 99, Some(("a = 1", ""))),
            (2, 6, Some(("ž = ", "foo"))),
            // In the middle of a character.
            (2, 2, Some(("", "ž = foo"))),
            (3, 1, Some(("", ""))),
            (4, 1, None),
            (0, 0, None),
        ] {
            let found = Position { line, column }.line_of(script);
            assert_eq!(found.map(|line| (line.before, line.behind)), expected, "{line}:{column}");
        }
    }
}
