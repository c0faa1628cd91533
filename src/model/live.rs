//! What a dashboard is told while it is live: frames, one after the other in a stream of bytes that never ends by itself.
//!
//! ```text
//! frame    length of what follows (u32, little endian) kind(u8) payload
//! kind 0   Alive: the server's clock, milliseconds since the Unix epoch (i64, little endian)
//!      1   Points: a series in its binary form
//!      2   Trouble: a sentence in UTF-8
//! ```
//!
//! Every frame says how things stand: after `Trouble` the points are delayed until `Alive` says that they are not any more.
//! `Points` say nothing about that.

use super::series::{DecodeError, Series};
use super::time::Timestamp;

/// How new points come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LiveState {
    /// What is shown does not end now, or the stream has not begun.
    #[default]
    Off,
    Live,
    /// The server cannot read new points at the moment, or is silent.
    Delayed,
    /// The server cannot be reached.
    Offline,
}

/// A frame says no longer length than this; who claims to is not believed.
const LONGEST: usize = 16 << 20;

/// More rows are sent as several frames: each takes 160 bytes at most, also when no value is like another.
pub const MOST_ROWS: usize = 100_000;

const ALIVE: u8 = 0;
const POINTS: u8 = 1;
const TROUBLE: u8 = 2;

/// One thing that a dashboard is told.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveFrame {
    /// All points that were found have been sent. Comes first, after trouble is over, and in every silence of some seconds.
    Alive { now: Timestamp },
    /// Points that are newer than all before; [`MOST_ROWS`] of them at most.
    Points(Series),
    /// The points cannot be read at the moment, and why. The stream goes on; what is missed comes later.
    Trouble(String),
}

impl LiveFrame {
    pub fn encode(&self) -> Vec<u8> {
        let (kind, payload) = match self {
            Self::Alive { now } => (ALIVE, now.0.to_le_bytes().to_vec()),
            Self::Points(series) => (POINTS, series.encode()),
            Self::Trouble(sentence) => (TROUBLE, sentence.as_bytes().to_vec()),
        };
        let mut bytes = Vec::with_capacity(5 + payload.len());
        bytes.extend_from_slice(&(1 + payload.len() as u32).to_le_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&payload);
        bytes
    }

    /// Reads what stands behind the length.
    fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let (kind, payload) = bytes.split_first().ok_or(FrameError::Length)?;
        match *kind {
            ALIVE => {
                let now = payload.try_into().map_err(|_| FrameError::Length)?;
                Ok(Self::Alive { now: Timestamp(i64::from_le_bytes(now)) })
            }
            POINTS => Ok(Self::Points(Series::decode(payload)?)),
            TROUBLE => {
                let sentence = std::str::from_utf8(payload).map_err(|_| FrameError::Text)?;
                Ok(Self::Trouble(sentence.to_owned()))
            }
            _ => Err(FrameError::Kind),
        }
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    #[error("a frame has no fitting length")]
    Length,
    #[error("a frame is of an unknown kind")]
    Kind,
    #[error("a sentence is not UTF-8")]
    Text,
    #[error(transparent)]
    Series(#[from] DecodeError),
}

/// Puts frames together from pieces, whatever the pieces are.
///
/// Total: any bytes give frames or an error, and after an error only that error again. Holds one frame and what was pushed
/// since the last call of [`Self::next`].
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
    /// So many of them have been read.
    read: usize,
}

impl FrameReader {
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// The next frame; `None` until more is pushed. Call it until then after every piece.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would be over where this one only waits"
    )]
    pub fn next(&mut self) -> Result<Option<LiveFrame>, FrameError> {
        let unread = self.bytes.get(self.read..).unwrap_or_default();
        let Some((length, rest)) = unread.split_first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if !(1..=LONGEST).contains(&length) {
            return Err(FrameError::Length);
        }
        let Some(bytes) = rest.get(..length) else { return Ok(None) };
        let frame = LiveFrame::decode(bytes)?;
        self.read += 4 + length;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::field::Field;
    use crate::model::series::Column;

    /// A series of times alone: what columns hold is the series' own concern.
    fn times(times: Vec<i64>) -> Series {
        let mut series = Series::default();
        series.times.extend(times);
        series
    }

    fn any_frame() -> impl Strategy<Value = LiveFrame> {
        prop_oneof![
            any::<i64>().prop_map(|now| LiveFrame::Alive { now: Timestamp(now) }),
            prop::collection::btree_set(any::<i64>(), 0..20)
                .prop_map(|set| LiveFrame::Points(times(set.into_iter().collect()))),
            any::<String>().prop_map(LiveFrame::Trouble),
        ]
    }

    fn all_frames(reader: &mut FrameReader) -> Vec<LiveFrame> {
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    #[test]
    fn a_frame_is_its_length_its_kind_and_its_payload() {
        assert_eq!(
            LiveFrame::Alive { now: Timestamp(1) }.encode(),
            [9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(LiveFrame::Trouble("é".into()).encode(), [3, 0, 0, 0, 2, 0xc3, 0xa9]);
    }

    #[test]
    fn absurd_lengths_are_refused_at_once_and_for_good() {
        for length in [0, LONGEST as u32 + 1, u32::MAX] {
            let mut reader = FrameReader::default();
            reader.push(&length.to_le_bytes());
            assert_eq!(reader.next(), Err(FrameError::Length));
            reader.push(&LiveFrame::Alive { now: Timestamp(1) }.encode());
            assert_eq!(reader.next(), Err(FrameError::Length));
        }
    }

    #[test]
    fn the_largest_frame_is_read() {
        // Nothing repeats, nothing is decimal, and every second value is missing.
        let wide = |row: usize| (row as i64 * 7_919) << 26;
        let value = |row: usize| if row.is_multiple_of(2) { (row as f64).sqrt() } else { f64::NAN };
        let mut series = times((0..MOST_ROWS).map(wide).collect());
        let column = |field| Column::new(field, (0..MOST_ROWS).map(value).collect());
        series.columns.extend(Field::ALL.map(column));
        let bytes = LiveFrame::Points(series).encode();
        assert!(bytes.len() <= LONGEST, "{}", bytes.len());
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        assert_eq!(all_frames(&mut reader).len(), 1);
    }

    proptest! {
        #[test]
        fn frames_come_back_in_pieces_of_any_size(
            frames in prop::collection::vec(any_frame(), 0..8),
            sizes in prop::collection::vec(1usize..40, 1..20),
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(LiveFrame::encode).collect();
            let (mut reader, mut read, mut rest) = (FrameReader::default(), Vec::new(), bytes.as_slice());
            for size in sizes.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, left) = rest.split_at(size.min(rest.len()));
                rest = left;
                reader.push(piece);
                read.extend(all_frames(&mut reader));
            }
            prop_assert_eq!(read, frames);
            prop_assert_eq!(reader.read, reader.bytes.len());
        }

        #[test]
        fn no_bytes_bring_it_down(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let mut reader = FrameReader::default();
            for piece in pieces {
                reader.push(&piece);
                while let Ok(Some(_)) = reader.next() {}
            }
        }

        #[test]
        fn damaged_frames_bring_nothing_down(frame in any_frame(), place in any::<prop::sample::Index>(), byte: u8) {
            let mut bytes = frame.encode();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let mut reader = FrameReader::default();
            reader.push(&bytes);
            while let Ok(Some(_)) = reader.next() {}
        }
    }
}
