//! The keys of both key spaces. All numbers are big-endian, so that keys sort as what they mean.

use super::{FieldId, SeriesId};

pub(crate) const POINT_KEY_LENGTH: usize = 16;

/// Series id, then the time with its sign bit flipped.
pub(crate) fn point(series: SeriesId, time: i64) -> [u8; POINT_KEY_LENGTH] {
    let time = time.cast_unsigned() ^ (1 << 63);
    ((u128::from(series.0) << 64) | u128::from(time)).to_be_bytes()
}

/// Series id and time of a point's key; `None` if it is no such key.
pub(crate) fn parse_point(key: &[u8]) -> Option<(SeriesId, i64)> {
    let (series, time) = key.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(time.try_into().ok()?) ^ (1 << 63);
    Some((SeriesId(u64::from_be_bytes(*series)), time.cast_signed()))
}

/// The version of the format, written when the store is created.
pub(crate) const FORMAT: &[u8] = b"v";

/// The kinds of records in the catalog: the first byte of their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Authorization = b'a' as isize,
    Bucket = b'b' as isize,
    Field = b'f' as isize,
    /// Series ids, from the one in the key up to, not including, the one in the value, of which points may be left
    /// on disk although nothing refers to them any more.
    Garbage = b'g' as isize,
    Organization = b'o' as isize,
    Series = b's' as isize,
    User = b'u' as isize,
}

impl Kind {
    /// The key of a record.
    pub(crate) fn key(self, id: u64) -> [u8; 9] {
        let mut key = [self as u8; 9];
        for (byte, digit) in key.iter_mut().skip(1).zip(id.to_be_bytes()) {
            *byte = digit;
        }
        key
    }

    /// The keys of all records of this kind: from the first, up to, not including, the second.
    pub(crate) fn range(self) -> ([u8; 1], [u8; 1]) {
        ([self as u8], [self as u8 + 1])
    }

    /// The id in a key of this kind.
    pub(crate) fn id(self, key: &[u8]) -> Option<u64> {
        let (kind, id) = key.split_first()?;
        (*kind == self as u8).then_some(u64::from_be_bytes(id.try_into().ok()?))
    }
}

pub(crate) fn series(id: SeriesId) -> [u8; 9] {
    Kind::Series.key(id.0)
}

pub(crate) fn field(id: FieldId) -> [u8; 9] {
    Kind::Field.key(u64::from(id.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn point_keys_sort_by_series_then_time() {
        let times = [i64::MIN, -1, 0, 1, i64::MAX];
        let keys: Vec<_> = [0, 1, u64::MAX]
            .iter()
            .flat_map(|series| times.map(|time| point(SeriesId(*series), time)))
            .collect();
        assert!(keys.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn keys_are_read_back() {
        assert_eq!(parse_point(&point(SeriesId(7), -5)), Some((SeriesId(7), -5)));
        assert_eq!(parse_point(b"short"), None);
        assert_eq!(Kind::Bucket.id(&Kind::Bucket.key(12)), Some(12));
        assert_eq!(Kind::Bucket.id(&Kind::User.key(12)), None);
    }
}
