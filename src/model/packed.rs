//! What an island is about, on its way through the page.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something that leptos sees as one text: its bytes in postcard's encoding, as hexadecimal digits.
///
/// Leptos writes the properties of islands as JSON. To read structs from JSON takes code for every one of them, by which
/// the WebAssembly of a first visit would be a tenth larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<T>(pub T);

impl<T: Serialize> Packed<T> {
    /// As text that needs no escaping anywhere.
    fn to_text(&self) -> Result<String, postcard::Error> {
        let bytes = postcard::to_allocvec(&self.0)?;
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
        Ok(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect())
    }
}

impl<T: DeserializeOwned> Packed<T> {
    /// Reads what the server has written; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        postcard::from_bytes(&bytes_of(text)?).ok().map(Self)
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes =
        pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok());
    bytes.collect::<Option<_>>().filter(|_| rest.is_empty())
}

impl<T: Serialize> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text)?;
        Self::from_text(&text).ok_or_else(|| D::Error::custom("other data than expected"))
    }
}

/// Reads a text; the same code for whatever is in it.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("hexadecimal digits")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Anything = (Option<String>, Vec<i64>, u32, bool, (f64, String));

    proptest! {
        #[test]
        fn everything_survives_json(value: Anything) {
            let text = serde_json::to_string(&Packed(value.clone())).expect("is written");
            prop_assert!(text.trim_matches('"').bytes().all(|byte| byte.is_ascii_hexdigit()));
            let read: Packed<Anything> = serde_json::from_str(&text).expect("is read");
            prop_assert_eq!(read.0, value);
        }

        #[test]
        fn other_texts_are_refused_or_read_as_something(text: String) {
            let _ = Packed::<Anything>::from_text(&text);
        }
    }

    #[test]
    fn what_is_no_packed_value_is_refused() {
        for text in ["0", "0g", "é", "ff", ""] {
            assert_eq!(Packed::<(bool, String)>::from_text(text), None, "{text}");
        }
    }
}
