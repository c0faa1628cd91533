//! Gzip from outside, with limits: what is small on the wire may be gigabytes unpacked.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

/// A body is at most so long when unpacked.
pub const MOST_UNPACKED: usize = 50 << 20;

/// Above this ratio, and above a mebibyte, it is no line protocol but a bomb.
const LARGEST_RATIO: usize = 100;

/// Why something packed is not unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GzipError {
    #[error("it is not valid gzip: {0}")]
    Broken(String),
    #[error("it is too large when unpacked")]
    TooLarge,
    /// There is no memory for it at the moment.
    #[error("too much is being unpacked at the moment")]
    NoRoom,
}

/// Whether bytes begin like gzip; no line protocol does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Unpacks. `reserve` is asked for each piece of memory before it is used, in bytes.
pub fn unpack(packed: &[u8], mut reserve: impl FnMut(usize) -> bool) -> Result<Vec<u8>, GzipError> {
    let most = packed.len().saturating_mul(LARGEST_RATIO).clamp(1 << 20, MOST_UNPACKED);
    let mut decoder = MultiGzDecoder::new(packed);
    let mut unpacked = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let length =
            decoder.read(&mut piece).map_err(|error| GzipError::Broken(error.to_string()))?;
        if length == 0 {
            return Ok(unpacked);
        }
        if unpacked.len() + length > most {
            return Err(GzipError::TooLarge);
        }
        if !reserve(length) {
            return Err(GzipError::NoRoom);
        }
        unpacked.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        let content = "m,t=1 f=1i 1\n".repeat(10_000).into_bytes();
        assert!(is_gzip(&packed(&content)) && !is_gzip(&content));
        let mut reserved = 0;
        let unpacked = unpack(&packed(&content), |more| {
            reserved += more;
            true
        });
        assert_eq!((unpacked, reserved), (Ok(content.clone()), content.len()));
        let twice = [packed(b"a f=1\n"), packed(b"b f=1\n")].concat();
        assert_eq!(unpack(&twice, |_| true), Ok(b"a f=1\nb f=1\n".to_vec()));
    }

    #[test]
    fn what_is_broken_or_a_bomb_is_refused() {
        let whole = packed(b"m f=1 1\n");
        assert!(matches!(unpack(&whole[..whole.len() - 1], |_| true), Err(GzipError::Broken(_))));
        assert!(matches!(unpack(b"\x1f\x8bnothing", |_| true), Err(GzipError::Broken(_))));
        let bomb = packed(&vec![b'#'; 3 << 20]);
        assert_eq!(unpack(&bomb, |_| true), Err(GzipError::TooLarge));
        assert_eq!(unpack(&whole, |_| false), Err(GzipError::NoRoom));
    }
}
