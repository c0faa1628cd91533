//! Field values: numbers, booleans and strings as they stand behind `key=`.

use std::borrow::Cow;

use super::FieldValue;
use crate::number::Decimal;

type Reason = Cow<'static, str>;

/// Reads the value at the beginning of a text. What is behind it is empty or begins with a comma or a space.
pub(super) fn parse(text: &str) -> Result<(FieldValue<'_>, &str), Reason> {
    match text.as_bytes() {
        [] | [b',' | b' ', ..] => Err("missing field value".into()),
        [b'"', ..] => parse_string(text),
        // `N` and `n` begin a NaN, which InfluxDB refuses as a number.
        [b'0'..=b'9' | b'.' | b'-' | b'N' | b'n', ..] => parse_number(text),
        _ => {
            let (word, rest) = split_word(text);
            match word {
                "t" | "T" | "true" | "True" | "TRUE" => Ok((FieldValue::Boolean(true), rest)),
                "f" | "F" | "false" | "False" | "FALSE" => Ok((FieldValue::Boolean(false), rest)),
                _ => Err("invalid boolean".into()),
            }
        }
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| matches!(byte, b',' | b' ')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn parse_string(text: &str) -> Result<(FieldValue<'_>, &str), Reason> {
    let quoted = text.get(1..).unwrap_or_default();
    let bytes = quoted.as_bytes();
    let mut has_escapes = false;
    let mut position = 0;
    let end = loop {
        let rest = bytes.get(position..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
            return Err("unbalanced quotes".into());
        };
        position += found;
        if bytes.get(position) == Some(&b'"') {
            break position;
        }
        // Whatever stands behind a backslash does not end the string.
        has_escapes = true;
        position += 2;
    };
    let (inside, behind) = quoted.split_at_checked(end).unwrap_or((quoted, ""));
    let behind = behind.get(1..).unwrap_or_default();
    if !matches!(behind.as_bytes(), [] | [b',' | b' ', ..]) {
        return Err("invalid field format".into());
    }
    if !has_escapes {
        return Ok((FieldValue::String(Cow::Borrowed(inside)), behind));
    }
    let mut unescaped = String::with_capacity(inside.len());
    let mut characters = inside.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\')
            .then(|| characters.next_if(|&next| matches!(next, '"' | '\\')))
            .flatten();
        unescaped.push(escaped.unwrap_or(character));
    }
    Ok((FieldValue::String(Cow::Owned(unescaped)), behind))
}

fn parse_number(text: &str) -> Result<(FieldValue<'_>, &str), Reason> {
    let Some(decimal) = Decimal::read(text.as_bytes()) else {
        return parse_unusual_number(text);
    };
    let behind = text.get(decimal.length..).unwrap_or_default();
    match (behind.as_bytes(), decimal.integer()) {
        ([] | [b',' | b' ', ..], _) => Ok((FieldValue::Float(decimal.float()), behind)),
        ([b'i'] | [b'i', b',' | b' ', ..], Some(value)) => {
            Ok((FieldValue::Integer(value), behind.get(1..).unwrap_or_default()))
        }
        _ => parse_unusual_number(text),
    }
}

fn parse_unusual_number(text: &str) -> Result<(FieldValue<'_>, &str), Reason> {
    let (word, rest) = split_word(text);
    let invalid = || Reason::from("invalid number");
    let is_whole = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if let Some(number) = word.strip_suffix('i') {
        if !is_whole(number.strip_prefix('-').unwrap_or(number)) {
            return Err(invalid());
        }
        let value = number.parse().map_err(|_| out_of_range("integer", "Int", number))?;
        return Ok((FieldValue::Integer(value), rest));
    }
    if let Some(number) = word.strip_suffix('u') {
        if !is_whole(number) {
            return Err(invalid());
        }
        let value = number.parse().map_err(|_| out_of_range("unsigned", "Uint", number))?;
        return Ok((FieldValue::Unsigned(value), rest));
    }
    // What is left is a float, and must look like one: the standard library also takes `inf`.
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(decimals) || whole.is_empty() && decimals.is_empty() {
        return Err(invalid());
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if !are_digits(digits) {
            return Err(invalid());
        }
    }
    match word.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((FieldValue::Float(value), rest)),
        _ => Err("invalid float".into()),
    }
}

fn out_of_range(kind: &str, function: &str, number: &str) -> Reason {
    format!(
        "unable to parse {kind} {number}: strconv.Parse{function}: parsing \"{number}\": value out of range"
    )
    .into()
}
