//! How answers travel to the browser.

use bytes::Bytes;
use leptos::server_fn::codec::Post;
use leptos::server_fn::{ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The output of server functions.
pub type Json = Post<JsonText>;

/// JSON that is read as text.
///
/// The encoding that comes with leptos reads bytes, while the properties of islands are read as text. Each of the two
/// readers brings its own code for every type: with one for both, a first visit loads that much less WebAssembly.
#[derive(Debug, Clone, Copy)]
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        // What is no text is no JSON either; the reader then says where it ends.
        serde_json::from_str(&String::from_utf8_lossy(&bytes))
    }
}
