//! How little of an answer takes little code to read.
//!
//! No answer that a browser reads is JSON: its reader brings code for every type, and a first visit would load it all.

use std::convert::Infallible;

use bytes::Bytes;
use leptos::server_fn::codec::Post;
use leptos::server_fn::{ContentType, Decodes, Encodes, Format, FormatType};

use super::ApiError;

/// The output of server functions that have nothing to say but that they went well: no bytes.
pub type Nothing = Post<Text>;

/// Text that a person can read as well.
#[derive(Debug, Clone, Copy)]
pub struct Text;

impl ContentType for Text {
    const CONTENT_TYPE: &'static str = "text/plain; charset=utf-8";
}

impl FormatType for Text {
    const FORMAT_TYPE: Format = Format::Text;
}

impl Encodes<()> for Text {
    type Error = Infallible;

    fn encode((): &()) -> Result<Bytes, Infallible> {
        Ok(Bytes::new())
    }
}

impl Decodes<()> for Text {
    type Error = Infallible;

    fn decode(_: Bytes) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Encodes<ApiError> for Text {
    type Error = Infallible;

    fn encode(error: &ApiError) -> Result<Bytes, Infallible> {
        Ok(error.to_text().into())
    }
}

impl Decodes<ApiError> for Text {
    type Error = Infallible;

    fn decode(bytes: Bytes) -> Result<ApiError, Infallible> {
        Ok(ApiError::from_text(&String::from_utf8_lossy(&bytes)))
    }
}
