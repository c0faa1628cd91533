//! Ids of devices as people paste them: one a line, or a CSV whose first column, or whose column `deviceId`, has them.

use std::collections::HashMap;

use super::device::DeviceId;

/// So many devices are registered at once, at most.
pub const MOST: usize = 1_000;

/// Names of the column with the ids, in lower case and without what is between words.
const ID_COLUMNS: [&str; 3] = ["deviceid", "id", "clientid"];

/// What may stand between cells; no id has one of them.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// What was found, in the order of the lines that are not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pasted {
    pub lines: Vec<Line>,
    /// There are columns that nobody reads.
    pub has_other_columns: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1, blank lines counted.
    pub number: usize,
    pub entry: Entry,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Device(DeviceId),
    /// The id stands in that line already.
    Again {
        device: DeviceId,
        line: usize,
    },
    /// What stands there in the place of an id, and what is wrong with it.
    Invalid {
        text: String,
        reason: String,
    },
}

/// Why nothing was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    #[error("There is no ID in the list.")]
    Empty,
    #[error(
        "The list has {0} lines. Up to {MOST} devices are registered at once: paste it in parts."
    )]
    TooMany(usize),
}

/// Reads a list or a CSV.
pub fn read(text: &str) -> Result<Pasted, NotRead> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).peekable();
    let Some((first, _)) = lines.peek() else { return Err(NotRead::Empty) };
    let delimiter = delimiter_of(first);
    let header = cells(first, delimiter).and_then(|cells| id_column(&cells));
    if header.is_some() {
        lines.next();
    }
    let column = header.unwrap_or(0);
    let mut has_other_columns = false;
    let mut seen: HashMap<DeviceId, usize> = HashMap::new();
    let mut read = Vec::new();
    for (line, number) in lines {
        let entry = match id_of(line, delimiter, column, &mut has_other_columns) {
            Err(invalid) => invalid,
            Ok(device) => match *seen.entry(device.clone()).or_insert(number) {
                first if first < number => Entry::Again { device, line: first },
                _ => Entry::Device(device),
            },
        };
        read.push(Line { number, entry });
    }
    match read.len() {
        0 => Err(NotRead::Empty),
        count if count > MOST => Err(NotRead::TooMany(count)),
        _ => Ok(Pasted { lines: read, has_other_columns }),
    }
}

/// The id that stands in a column of a line, or what stands there instead.
fn id_of(
    line: &str,
    delimiter: char,
    column: usize,
    has_other_columns: &mut bool,
) -> Result<DeviceId, Entry> {
    let invalid = |text: &str, reason: String| Entry::Invalid { text: shorten(text), reason };
    let cells = cells(line, delimiter)
        .ok_or_else(|| invalid(line, "a quotation mark is not closed".to_owned()))?;
    *has_other_columns |= cells.len() > 1;
    let text = cells.get(column).map(|cell| cell.trim()).unwrap_or_default();
    DeviceId::parse(text).map_err(|error| invalid(text, error.to_string()))
}

/// The one that the first line has most of.
fn delimiter_of(line: &str) -> char {
    let mut is_quoted = false;
    let mut counts = DELIMITERS.map(|_| 0);
    for character in line.chars() {
        is_quoted ^= character == '"';
        for (delimiter, count) in DELIMITERS.iter().zip(&mut counts) {
            *count += usize::from(!is_quoted && character == *delimiter);
        }
    }
    // Of several that come as often, the first.
    let most = DELIMITERS.into_iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    most.map_or(',', |(delimiter, _)| delimiter)
}

fn id_column(cells: &[String]) -> Option<usize> {
    cells.iter().position(|cell| {
        let name: String = cell
            .chars()
            .filter(|character| !matches!(character, '_' | '-' | ' '))
            .flat_map(char::to_lowercase)
            .collect();
        ID_COLUMNS.contains(&name.as_str())
    })
}

/// The cells of a line, as RFC 4180 quotes them; `None` if a quoted one does not end.
fn cells(line: &str, delimiter: char) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, behind) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => {
                let (cell, behind) = quoted_cell(quoted)?;
                // Whatever stands between the quotation mark and the delimiter belongs to the cell.
                match behind.split_once(delimiter) {
                    Some((tail, behind)) => (cell + tail, Some(behind)),
                    None => (cell + behind, None),
                }
            }
            None => match rest.split_once(delimiter) {
                Some((cell, behind)) => (cell.to_owned(), Some(behind)),
                None => (rest.to_owned(), None),
            },
        };
        cells.push(cell);
        match behind {
            Some(behind) => rest = behind,
            None => return Some(cells),
        }
    }
}

/// What is in the quotation marks, the first of which is not in `text`, and what comes behind.
fn quoted_cell(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (inside, behind) = rest.split_once('"')?;
        cell.push_str(inside);
        match behind.strip_prefix('"') {
            // Two of them stand for one.
            Some(behind) => {
                cell.push('"');
                rest = behind;
            }
            None => return Some((cell, behind)),
        }
    }
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers of lines with ids, `again 1` or `wrong`.
    fn found(text: &str) -> Vec<String> {
        let pasted = read(text).unwrap();
        let word = |line: Line| match line.entry {
            Entry::Device(device) => format!("{} {device}", line.number),
            Entry::Again { line: first, .. } => format!("{} again {first}", line.number),
            Entry::Invalid { text, .. } => format!("{} wrong {text}", line.number),
        };
        pasted.lines.into_iter().map(word).collect()
    }

    #[test]
    fn lists() {
        assert_eq!(found("a\nb\n"), ["1 a", "2 b"]);
        assert_eq!(found("\u{feff}a\r\n\r\n  b  \r\na\r\n"), ["1 a", "3 b", "4 again 1"]);
        assert_eq!(found("a\rb"), ["1 a", "2 b"]);
        assert_eq!(found("a\n../x\nb c"), ["1 a", "2 wrong ../x", "3 wrong b c"]);
    }

    #[test]
    fn tables() {
        assert_eq!(found("deviceId,place\na,kitchen\nb,\"cellar, left\""), ["2 a", "3 b"]);
        assert_eq!(found("place;Device_ID\nkitchen;a\n1,5;b\ncellar"), ["2 a", "3 b", "4 wrong "]);
        assert_eq!(found("\"id\"\t\"x\"\n\"a\"\t\"1\""), ["2 a"]);
        assert_eq!(found("a,kitchen\nb,cellar"), ["1 a", "2 b"]);
        assert_eq!(found("id\n\"a\nb"), ["2 wrong \"a", "3 b"]);
        assert_eq!(found("\"a\"\"b\",x"), ["1 wrong a\"b"]);
        assert_eq!(found(" \"a\" ,x"), ["1 a"]);
    }

    #[test]
    fn other_columns_are_told_of() {
        assert!(read("id,x\na,1").unwrap().has_other_columns);
        assert!(!read("id\na").unwrap().has_other_columns);
        assert!(
            read("a,b").unwrap().has_other_columns,
            "no line of several ids is read in silence"
        );
    }

    #[test]
    fn nothing_and_too_much() {
        for text in ["", " \n\t\r\n", "\u{feff}", "deviceId\n"] {
            assert_eq!(read(text), Err(NotRead::Empty), "{text:?}");
        }
        let list = |count: usize| {
            (0..count).map(|index| format!("d{index}")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(read(&list(MOST)).unwrap().lines.len(), MOST);
        assert_eq!(read(&list(MOST + 1)), Err(NotRead::TooMany(MOST + 1)));
    }

    #[test]
    fn long_texts_are_repeated_in_part() {
        let long = "ä".repeat(200);
        let pasted = read(&long).unwrap();
        let Some(Entry::Invalid { text, .. }) = pasted.lines.first().map(|line| &line.entry) else {
            panic!("{pasted:?}")
        };
        assert_eq!(text.chars().count(), 81);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = read(&text);
        }

        /// However its cells are quoted, a table has the ids that were written.
        #[test]
        fn ids_of_a_table_come_back(ids in proptest::collection::vec("[a-z][a-z0-9._:-]{0,9}", 1..20), other in "[ -~]{0,20}") {
            let quoted = other.replace('"', "\"\"");
            for delimiter in DELIMITERS {
                let mut text = format!("note{delimiter}deviceId\n");
                for id in &ids {
                    text.extend(["\"", &quoted, "\"", &delimiter.to_string(), id, "\n"]);
                }
                let read = read(&text).unwrap();
                let found: Vec<&str> = read.lines.iter().map(|line| match &line.entry {
                    Entry::Device(device) | Entry::Again { device, .. } => device.as_str(),
                    Entry::Invalid { text, .. } => text,
                }).collect();
                prop_assert_eq!(&found, &ids);
            }
        }
    }
}
