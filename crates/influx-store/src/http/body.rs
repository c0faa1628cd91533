//! Request bodies, counted while they arrive: nothing is held that is larger than its limit.

use std::io::Write as _;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use flate2::write::MultiGzDecoder;
use futures::StreamExt;

use super::error::{ApiError, Result};

/// What is above this ratio of content to transfer, and more than a mebibyte, is no line protocol but a bomb.
const LARGEST_RATIO: usize = 100;

/// Of a body that says its length, so many bytes get room before they have arrived.
const LARGEST_PROMISE: usize = 2 << 20;

/// How much a body may be, on the wire and unpacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) wire: usize,
    pub(crate) unpacked: usize,
}

/// Reads a body of at most `limit` bytes, of which the next one never takes longer than `idle`.
pub(crate) async fn read(body: Body, limit: usize, idle: Duration) -> Result<Bytes> {
    let mut content = Vec::new();
    receive(body, limit, idle, |chunk| {
        content.extend_from_slice(chunk);
        Ok(())
    })
    .await?;
    Ok(content.into())
}

/// Reads a body, unpacked if it is packed. `reserve` is asked for each piece of memory before it is used.
pub(crate) async fn read_packed(
    body: Body,
    gzip: bool,
    limits: Limits,
    idle: Duration,
    mut reserve: impl FnMut(usize) -> Result<()> + Send,
) -> Result<Vec<u8>> {
    if !gzip {
        // Room that is promised and not used costs nothing yet.
        let declared = body.size_hint().exact().map_or(0, |length| length as usize);
        let mut content = Vec::with_capacity(declared.min(LARGEST_PROMISE));
        receive(body, limits.wire.min(limits.unpacked), idle, |chunk| {
            reserve(chunk.len())?;
            content.extend_from_slice(chunk);
            Ok(())
        })
        .await?;
        return Ok(content);
    }

    let sink =
        Sink { content: Vec::new(), wire: 0, limit: limits.unpacked, refusal: None, reserve };
    let mut decoder = MultiGzDecoder::new(sink);
    let mut any = false;
    receive(body, limits.wire, idle, |chunk| {
        any |= !chunk.is_empty();
        decoder.get_mut().wire += chunk.len();
        decoder.write_all(chunk).map_err(|error| refused(decoder.get_mut(), &error))
    })
    .await?;
    if !any {
        return Ok(Vec::new());
    }
    // Reports an end that comes too early and a wrong checksum.
    if let Err(error) = decoder.try_finish() {
        return Err(refused(decoder.get_mut(), &error));
    }
    Ok(std::mem::take(&mut decoder.get_mut().content))
}

async fn receive(
    body: Body,
    limit: usize,
    idle: Duration,
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut stream = body.into_data_stream();
    let mut length = 0;
    loop {
        let Ok(next) = tokio::time::timeout(idle, stream.next()).await else {
            return Err(ApiError::invalid("the body did not arrive in time"));
        };
        let Some(chunk) = next else { return Ok(()) };
        let chunk = chunk.map_err(|_| ApiError::invalid("the body ended before its time"))?;
        length += chunk.len();
        if length > limit {
            return Err(ApiError::too_large());
        }
        each(&chunk)?;
    }
}

fn refused<R>(sink: &mut Sink<R>, error: &std::io::Error) -> ApiError {
    sink.refusal
        .take()
        .unwrap_or_else(|| ApiError::invalid(format!("the body is not valid gzip: {error}")))
}

/// Where unpacked bytes go, up to the limit.
struct Sink<R> {
    content: Vec<u8>,
    wire: usize,
    limit: usize,
    refusal: Option<ApiError>,
    reserve: R,
}

impl<R: FnMut(usize) -> Result<()>> std::io::Write for Sink<R> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = self.content.len() + bytes.len();
        let is_bomb = length > (1 << 20) && length / LARGEST_RATIO > self.wire;
        let reserved = if length > self.limit || is_bomb {
            Err(ApiError::too_large())
        } else {
            (self.reserve)(bytes.len())
        };
        if let Err(error) = reserved {
            self.refusal = Some(error);
            return Err(std::io::Error::other("over the limit"));
        }
        self.content.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const LIMITS: Limits = Limits { wire: 1 << 20, unpacked: 4 << 20 };
    const IDLE: Duration = Duration::from_secs(10);

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// In pieces, as they come from a network.
    async fn unpack(bytes: Vec<u8>, piece: usize) -> Result<Vec<u8>> {
        let pieces: Vec<_> =
            bytes.chunks(piece).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        read_packed(
            Body::from_stream(futures::stream::iter(pieces)),
            true,
            LIMITS,
            IDLE,
            |_| Ok(()),
        )
        .await
    }

    #[tokio::test]
    async fn gzip_in_pieces_of_any_size() {
        let content = "m,t=1 f=1i 1\n".repeat(1_000).into_bytes();
        for piece in [1, 7, 1_000_000] {
            assert_eq!(unpack(packed(&content), piece).await, Ok(content.clone()));
        }
        // Two members are one body, as in `cat a.gz b.gz`.
        let twice = [packed(b"a f=1\n"), packed(b"b f=1\n")].concat();
        assert_eq!(unpack(twice, 3).await, Ok(b"a f=1\nb f=1\n".to_vec()));
        assert_eq!(unpack(Vec::new(), 1).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn gzip_that_is_broken() {
        let good = packed(b"m f=1 1\n");
        let mut wrong_checksum = good.clone();
        let checksum = wrong_checksum.len() - 6;
        wrong_checksum[checksum] ^= 1;
        for bytes in [
            b"m f=1".to_vec(),
            good[..good.len() - 1].to_vec(),
            good[..12].to_vec(),
            wrong_checksum,
        ] {
            let error = unpack(bytes, 5).await.unwrap_err();
            assert!(format!("{error:?}").contains("Invalid"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn bombs_and_giants_are_refused() {
        // 1000:1
        assert_eq!(unpack(packed(&vec![b'a'; 3 << 20]), 100).await, Err(ApiError::too_large()));
        // Ordinary text that is too long when unpacked.
        let long: Vec<u8> =
            (0..700_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        assert!(long.len() > LIMITS.unpacked);
        assert_eq!(unpack(packed(&long), 10_000).await, Err(ApiError::too_large()));
        // Too long on the wire.
        let plain = Body::from(vec![b'#'; LIMITS.wire + 1]);
        assert_eq!(
            read_packed(plain, false, LIMITS, IDLE, |_| Ok(())).await,
            Err(ApiError::too_large())
        );
    }

    #[tokio::test]
    async fn memory_is_asked_for_before_it_is_used() {
        let refuse = |_| Err(ApiError::busy("full"));
        let result = read_packed(Body::from(packed(b"m f=1")), true, LIMITS, IDLE, refuse).await;
        assert_eq!(result, Err(ApiError::busy("full")));
        let result = read_packed(Body::from("m f=1"), false, LIMITS, IDLE, refuse).await;
        assert_eq!(result, Err(ApiError::busy("full")));
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let stalled = Body::from_stream(futures::stream::pending::<std::io::Result<Vec<u8>>>());
        let result = read(stalled, 10, Duration::from_millis(20)).await;
        assert_eq!(result, Err(ApiError::invalid("the body did not arrive in time")));
    }
}
