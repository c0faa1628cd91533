//! Texts as literals of the languages that devices are programmed and configured in.
//!
//! **Invariant: whatever the text is, what comes out is one literal that means exactly this text.** Names of organizations and buckets
//! may have quotes, backslashes and dollar signs; device ids may not, and stand in programs as they are.

use std::fmt::Write as _;

/// As one word of a POSIX shell, where nothing inside is special.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same without quotes where none are needed: files of `NAME=value` lines are also read by programs that know no quotes.
pub fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':' | b'=' | b'+')
    };
    if !text.is_empty() && text.bytes().all(is_plain) { text.to_owned() } else { shell(text) }
}

/// As a string literal of Python.
pub fn python(text: &str) -> String {
    // The same escapes as in C, of exactly as many digits.
    c(text)
}

/// As a string literal of C and C++.
pub fn c(text: &str) -> String {
    quoted(text, |character, literal| match character {
        // Octal: the digits of a hexadecimal escape have no end.
        character if character.is_control() && character.is_ascii() => {
            write!(literal, "\\{:03o}", u32::from(character))
        }
        character => write!(literal, "{character}"),
    })
}

/// As a basic string of TOML, in a file in which Telegraf replaces `$NAME` before it reads the TOML.
pub fn toml(text: &str) -> String {
    quoted(text, |character, literal| match character {
        // The control characters of TOML end with U+007F.
        '$' | '\0'..='\u{1f}' | '\u{7f}' => write!(literal, "\\u{:04X}", u32::from(character)),
        character => write!(literal, "{character}"),
    })
}

/// In double quotes: `escape` writes what is neither a quote nor a backslash.
fn quoted(text: &str, escape: impl Fn(char, &mut String) -> std::fmt::Result) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            literal.push('\\');
            literal.push(character);
        } else {
            // Writing into a string cannot fail.
            let _ = escape(character, &mut literal);
        }
    }
    literal.push('"');
    literal
}

/// As a value within the query of a URL.
pub fn url_value(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut value, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            value.push(char::from(byte));
        } else {
            let _ = write!(value, "%{byte:02X}");
        }
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_see_one_word() {
        for (text, literal) in [
            ("iot", "'iot'"),
            ("", "''"),
            ("it's", r"'it'\''s'"),
            ("$HOME `id` \\ \"x\"\n", "'$HOME `id` \\ \"x\"\n'"),
        ] {
            assert_eq!(shell(text), literal);
        }
        assert_eq!(shell_word("http://127.0.0.1:8086"), "http://127.0.0.1:8086");
        assert_eq!(shell_word("aZ0_-==/+"), "aZ0_-==/+");
        for text in ["", "a b", "$x", "~", "#a", "a;b", "é", "it's", "a\nb", "*"] {
            assert_eq!(shell_word(text), shell(text));
        }
    }

    #[test]
    fn string_literals() {
        for (text, in_c, in_toml) in [
            ("iot", r#""iot""#, r#""iot""#),
            (r#"a"b\c"#, r#""a\"b\\c""#, r#""a\"b\\c""#),
            ("a\n1\t\0", "\"a\\0121\\011\\000\"", r#""a\u000A1\u0009\u0000""#),
            ("${X}é\u{7f}", "\"${X}é\\177\"", "\"\\u0024{X}é\\u007F\""),
        ] {
            assert_eq!((c(text).as_str(), toml(text).as_str()), (in_c, in_toml));
            assert_eq!(python(text), c(text));
        }
    }

    #[test]
    fn values_of_queries() {
        assert_eq!(url_value("iot_center-1.~"), "iot_center-1.~");
        assert_eq!(url_value("a b&c=é/%"), "a%20b%26c%3D%C3%A9%2F%25");
    }
}
