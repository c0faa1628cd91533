//! Points in and points out: write and delete.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Method, StatusCode};
use influx_wire::api::DeleteRequest;
use influx_wire::line_protocol::Precision;

use crate::error::{Error, Result};
use crate::retry::Repeating;
use crate::transport::{Answer, Body, Call, Client};

/// Below this size compressing saves nothing.
const SMALLEST_COMPRESSED: usize = 1_000;

impl Client {
    /// Writes lines that all carry a timestamp in the unit `precision`, into a bucket named by its name or id.
    ///
    /// Writing such lines twice leaves the same points, so the call is repeated after a time-out or a broken
    /// connection. `Ok` means that InfluxDB has them for good. Batches of about 5,000 lines are a good size.
    pub async fn write(
        &self,
        bucket: &str,
        lines: impl Into<Bytes>,
        precision: Precision,
    ) -> Result<()> {
        self.write_lines(bucket, lines.into(), precision, Repeating::HarmlessWrite).await
    }

    /// Writes lines of which some have no timestamp: InfluxDB takes the time of their arrival, so they are sent
    /// again only if they surely did not arrive.
    pub async fn write_untimed(
        &self,
        bucket: &str,
        lines: impl Into<Bytes>,
        precision: Precision,
    ) -> Result<()> {
        self.write_lines(bucket, lines.into(), precision, Repeating::Harmful).await
    }

    async fn write_lines(
        &self,
        bucket: &str,
        lines: Bytes,
        precision: Precision,
        repeating: Repeating,
    ) -> Result<()> {
        let gzip = !self.is_loopback() && lines.len() >= SMALLEST_COMPRESSED;
        let bytes = if gzip { compressed(&lines)? } else { lines };
        let mut call = Call::new(Method::POST, "api/v2/write", repeating)
            .parameter("org", self.organization())
            .parameter("bucket", bucket)
            .parameter("precision", precision.as_str());
        call.body = Some(Body { bytes, content_type: "text/plain; charset=utf-8", gzip });
        acknowledged(&self.send(&call).await?)
    }

    /// Deletes the points of a bucket from `start` to `stop`, both inclusive and RFC 3339, for which `predicate`
    /// (`_measurement="m" AND tag="value"`) holds; without a predicate all of them.
    pub async fn delete(&self, bucket: &str, request: &DeleteRequest) -> Result<()> {
        let call = Call::new(Method::POST, "api/v2/delete", Repeating::Harmless)
            .parameter("org", self.organization())
            .parameter("bucket", bucket)
            .json(request)?;
        acknowledged(&self.send(&call).await?)
    }
}

/// Only 204 is InfluxDB's word that the points are stored; a proxy's or a sign-in page's 200 is not.
fn acknowledged(answer: &Answer) -> Result<()> {
    if answer.status == StatusCode::NO_CONTENT {
        return Ok(());
    }
    Err(Error::Malformed { reason: format!("HTTP {} in place of 204", answer.status.as_u16()) })
}

fn compressed(lines: &[u8]) -> Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
    encoder.write_all(lines).and_then(|()| encoder.finish()).map(Bytes::from).map_err(|error| {
        Error::Invalid { message: format!("the lines cannot be compressed: {error}") }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn compressed_lines_are_the_same_lines() {
        let lines = "m,t=1 f=1i 1\n".repeat(1_000);
        let packed = compressed(lines.as_bytes()).unwrap();
        assert!(packed.len() < lines.len() / 10);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(packed.as_ref()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, lines);
    }
}
