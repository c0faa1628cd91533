//! Annotated CSV, cell by cell: the evaluator of the store knows best how to walk its columns.
//!
//! Lines end with CR LF. What InfluxDB's own writer does to the bytes (quoting, line ends inside cells) is
//! done here too, because clients compare answers byte by byte.

use super::{Annotation, ColumnMeta, DataType, Dialect};

const LINE_END: &[u8] = b"\r\n";

/// Appends a cell with a string, quoted where InfluxDB's writer quotes.
///
/// Inside quotes a line feed becomes CR LF and other carriage returns are dropped.
pub fn write_text(out: &mut Vec<u8>, text: &str, delimiter: u8) {
    let bytes = text.as_bytes();
    let needs_quotes = bytes == br"\."
        || text.chars().next().is_some_and(char::is_whitespace)
        || memchr::memchr3(b'"', b'\r', b'\n', bytes).is_some()
        || memchr::memchr(delimiter, bytes).is_some();
    if !needs_quotes {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\"\""),
            b'\r' => {}
            b'\n' => out.extend_from_slice(LINE_END),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a float: shortest decimal without exponent, no point for whole numbers, `+Inf -Inf NaN`.
pub fn write_float(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        out.extend_from_slice(match value {
            f64::INFINITY => b"+Inf",
            f64::NEG_INFINITY => b"-Inf",
            _ => b"NaN",
        });
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    let Some((digits, exponent)) = shortest.split_once('e') else {
        let whole = shortest.strip_suffix(".0").unwrap_or(shortest);
        out.extend_from_slice(whole.as_bytes());
        return;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    // Scientific notation has one digit before the point.
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = decimals.trim_end_matches('0');
    out.extend_from_slice(sign.as_bytes());
    let zeros = |out: &mut Vec<u8>, count: usize| out.resize(out.len() + count, b'0');
    if let Ok(exponent) = usize::try_from(exponent) {
        let moved = decimals.len().min(exponent);
        let (before, after) = decimals.split_at_checked(moved).unwrap_or((decimals, ""));
        out.extend_from_slice(whole.as_bytes());
        out.extend_from_slice(before.as_bytes());
        zeros(out, exponent - moved);
        if !after.is_empty() {
            out.push(b'.');
            out.extend_from_slice(after.as_bytes());
        }
    } else {
        out.extend_from_slice(b"0.");
        zeros(out, exponent.unsigned_abs() as usize - 1);
        out.extend_from_slice(whole.as_bytes());
        out.extend_from_slice(decimals.as_bytes());
    }
}

/// Appends the annotation rows and the row of names. `empty` gives, for a table without rows, the table's number
/// and the text of each column's group-key value (empty for other columns), which go into `#default`.
pub fn write_header(
    out: &mut Vec<u8>,
    dialect: &Dialect,
    result: &str,
    columns: &[ColumnMeta],
    empty: Option<(i64, &[String])>,
) {
    let delimiter = dialect.delimiter;
    for annotation in &dialect.annotations {
        match annotation {
            Annotation::DataType => {
                write_row(out, delimiter, ["#datatype", "string", "long"]);
                for column in columns {
                    write_further(out, delimiter, column.data_type.as_str());
                }
            }
            Annotation::Group => {
                write_row(out, delimiter, ["#group", "false", "false"]);
                for column in columns {
                    write_further(out, delimiter, if column.group { "true" } else { "false" });
                }
            }
            Annotation::Default => {
                let mut number = itoa::Buffer::new();
                let table = empty.map_or("", |(table, _)| number.format(table));
                write_row(out, delimiter, ["#default", result, table]);
                let mut values = empty.map_or(&[][..], |(_, values)| values).iter();
                for _ in columns {
                    write_further(out, delimiter, values.next().map_or("", String::as_str));
                }
            }
        }
        out.extend_from_slice(LINE_END);
    }
    if dialect.header {
        write_row(out, delimiter, ["", "result", "table"]);
        for column in columns {
            write_further(out, delimiter, &column.label);
        }
        out.extend_from_slice(LINE_END);
    }
}

/// Appends the table in which a query reports an error after its output has begun.
///
/// It begins with a blank line, which ends the table before it.
pub fn write_error_table(out: &mut Vec<u8>, dialect: &Dialect, message: &str) {
    let delimiter = dialect.delimiter;
    out.extend_from_slice(LINE_END);
    for annotation in &dialect.annotations {
        let cells = match annotation {
            Annotation::DataType => {
                ["#datatype", DataType::String.as_str(), DataType::String.as_str()]
            }
            Annotation::Group => ["#group", "true", "true"],
            Annotation::Default => ["#default", "", ""],
        };
        write_row(out, delimiter, cells);
        out.extend_from_slice(LINE_END);
    }
    write_row(out, delimiter, ["", "error", "reference"]);
    out.extend_from_slice(LINE_END);
    write_row(out, delimiter, ["", message, ""]);
    out.extend_from_slice(LINE_END);
}

fn write_row(out: &mut Vec<u8>, delimiter: u8, cells: [&str; 3]) {
    let [first, second, third] = cells;
    write_text(out, first, delimiter);
    write_further(out, delimiter, second);
    write_further(out, delimiter, third);
}

fn write_further(out: &mut Vec<u8>, delimiter: u8, cell: &str) {
    out.push(delimiter);
    write_text(out, cell, delimiter);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_text(text: &str, expected: &str) {
        let mut out = Vec::new();
        write_text(&mut out, text, b',');
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    fn float(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_where_influxdb_quotes() {
        check_text("", "");
        check_text("plain text", "plain text");
        check_text("a,b", "\"a,b\"");
        check_text("a\"b", "\"a\"\"b\"");
        check_text(" a", "\" a\"");
        check_text("\ta", "\"\ta\"");
        check_text("a ", "a ");
        check_text("\\.", "\"\\.\"");
        check_text("\\.a", "\\.a");
        check_text("a\nb", "\"a\r\nb\"");
        check_text("a\r\nb", "\"a\r\nb\"");
        check_text("a\rb", "\"ab\"");
        check_text("ä;b", "ä;b");
    }

    #[test]
    fn other_delimiters_are_quoted() {
        let mut out = Vec::new();
        write_text(&mut out, "a;b", b';');
        write_text(&mut out, "a,b", b';');
        assert_eq!(out, b"\"a;b\"a,b");
    }

    #[test]
    fn floats_have_no_exponent() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (17.0, "17"),
            (980.3, "980.3"),
            (-0.5, "-0.5"),
            (1e21, "1000000000000000000000"),
            (1.5e22, "15000000000000000000000"),
            (1e-7, "0.0000001"),
            (-1.25e-9, "-0.00000000125"),
            (123_456_789.125, "123456789.125"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float(value), text);
        }
        assert_eq!(float(f64::MAX).len(), 309);
        assert_eq!(float(f64::MIN_POSITIVE).len(), 326);
    }

    fn columns() -> Vec<ColumnMeta> {
        let column = |label: &str, data_type, group| ColumnMeta {
            label: label.to_owned(),
            data_type,
            group,
        };
        vec![
            column("_time", DataType::Time, false),
            column("_value", DataType::Double, false),
            column("host", DataType::String, true),
        ]
    }

    #[test]
    fn annotations_come_in_the_order_asked_for() {
        let dialect = Dialect {
            annotations: vec![Annotation::Group, Annotation::DataType, Annotation::Default],
            ..Dialect::default()
        };
        let mut out = Vec::new();
        write_header(&mut out, &dialect, "mean", &columns(), None);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "#group,false,false,false,false,true\r\n\
             #datatype,string,long,dateTime:RFC3339,double,string\r\n\
             #default,mean,,,,\r\n\
             ,result,table,_time,_value,host\r\n"
        );
    }

    #[test]
    fn a_table_without_rows_tells_its_key_in_the_defaults() {
        let dialect = Dialect { annotations: vec![Annotation::Default], ..Dialect::default() };
        let values = [String::new(), String::new(), "a,b".to_owned()];
        let mut out = Vec::new();
        write_header(&mut out, &dialect, "_result", &columns(), Some((3, &values)));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "#default,_result,3,,,\"a,b\"\r\n,result,table,_time,_value,host\r\n"
        );
    }

    #[test]
    fn without_a_header_nothing_is_written_for_a_plain_dialect() {
        let mut out = Vec::new();
        let dialect = Dialect { header: false, ..Dialect::default() };
        write_header(&mut out, &dialect, "_result", &columns(), None);
        assert_eq!(out, b"");
    }

    #[test]
    fn error_table() {
        let dialect = Dialect {
            annotations: vec![Annotation::DataType, Annotation::Group, Annotation::Default],
            ..Dialect::default()
        };
        let mut out = Vec::new();
        write_error_table(&mut out, &dialect, "a \"bad\" thing");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n\
             ,error,reference\r\n,\"a \"\"bad\"\" thing\",\r\n"
        );
    }

    #[test]
    fn of_two_texts_as_near_the_even_one_is_taken_as_influxdb_does() {
        assert_eq!(float(f64::from_bits(14_059_495_701_678_162_493)), "-2066216070553743.2");
    }

    proptest! {
        /// Rust prints floats in the very form that is wanted, only slower; where two texts are as short and as near, it may take
        /// the other one.
        #[test]
        fn floats_print_as_rust_does(bits: u64) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let (ours, rusts) = (float(value), value.to_string());
                prop_assert_eq!(ours.len(), rusts.len(), "{} for {}", ours, rusts);
                prop_assert_eq!(ours.parse::<f64>().map(f64::to_bits), Ok(bits), "{}", ours);
                prop_assert_eq!(&ours[..ours.len() - 1], &rusts[..rusts.len() - 1]);
            }
        }
    }
}
