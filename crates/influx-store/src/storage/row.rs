//! One row on disk: the fields of a series at one time.
//!
//! A row is a sequence of fields, ascending by field id. A field is `varint(id << 3 | kind)` and its value:
//! 8 bytes of a float, a varint of an unsigned integer, a zigzag varint of an integer, a length and the bytes of
//! a string, nothing for a boolean, whose value is the kind. The kind is there so that a row can be read, and
//! checked, without the catalog.

use std::sync::Arc;

use super::{FieldId, FieldValue};

const FLOAT: u64 = 0;
const INTEGER: u64 = 1;
const UNSIGNED: u64 = 2;
const FALSE: u64 = 3;
const TRUE: u64 = 4;
const STRING: u64 = 5;

/// Bytes that are no row: the engine's checksums did not find what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Corrupt;

/// A value inside of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ValueRef<'a> {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    Boolean(bool),
    String(&'a str),
}

impl ValueRef<'_> {
    pub(super) fn to_owned(self) -> FieldValue {
        match self {
            Self::Float(value) => FieldValue::Float(value),
            Self::Integer(value) => FieldValue::Integer(value),
            Self::Unsigned(value) => FieldValue::Unsigned(value),
            Self::Boolean(value) => FieldValue::Boolean(value),
            Self::String(value) => FieldValue::String(Arc::from(value)),
        }
    }
}

impl<'a> From<&'a FieldValue> for ValueRef<'a> {
    fn from(value: &'a FieldValue) -> Self {
        match value {
            FieldValue::Float(value) => Self::Float(*value),
            FieldValue::Integer(value) => Self::Integer(*value),
            FieldValue::Unsigned(value) => Self::Unsigned(*value),
            FieldValue::Boolean(value) => Self::Boolean(*value),
            FieldValue::String(value) => Self::String(value),
        }
    }
}

/// Appends one field. The caller appends fields in ascending order of their ids, none twice.
pub(super) fn push(row: &mut Vec<u8>, field: FieldId, value: ValueRef<'_>) {
    let kind = match value {
        ValueRef::Float(_) => FLOAT,
        ValueRef::Integer(_) => INTEGER,
        ValueRef::Unsigned(_) => UNSIGNED,
        ValueRef::Boolean(false) => FALSE,
        ValueRef::Boolean(true) => TRUE,
        ValueRef::String(_) => STRING,
    };
    push_varint(row, u64::from(field.0) << 3 | kind);
    match value {
        ValueRef::Float(value) => row.extend_from_slice(&value.to_be_bytes()),
        ValueRef::Integer(value) => {
            push_varint(row, ((value << 1) ^ (value >> 63)).cast_unsigned());
        }
        ValueRef::Unsigned(value) => push_varint(row, value),
        ValueRef::Boolean(_) => {}
        ValueRef::String(value) => {
            push_varint(row, value.len() as u64);
            row.extend_from_slice(value.as_bytes());
        }
    }
}

/// The fields of a row, in ascending order of their ids.
pub(super) fn fields(row: &[u8]) -> Fields<'_> {
    Fields { rest: row }
}

#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(FieldId, ValueRef<'a>), Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    /// The value of a field. Fields are asked for in ascending order of their ids; those in front of it are passed
    /// over without a look at their values, which makes it the fast way through many rows.
    #[inline]
    pub(super) fn value_of(&mut self, wanted: FieldId) -> Result<Option<ValueRef<'a>>, Corrupt> {
        while !self.rest.is_empty() {
            let here = self.rest;
            let (field, kind) = self.head()?;
            if field == wanted {
                return self.value(kind).map(Some);
            }
            if field > wanted {
                self.rest = here;
                return Ok(None);
            }
            self.pass_over(kind)?;
        }
        Ok(None)
    }

    fn field(&mut self) -> Result<(FieldId, ValueRef<'a>), Corrupt> {
        let (field, kind) = self.head()?;
        Ok((field, self.value(kind)?))
    }

    #[inline]
    fn head(&mut self) -> Result<(FieldId, u64), Corrupt> {
        let head = self.varint()?;
        Ok((FieldId(u32::try_from(head >> 3).map_err(|_| Corrupt)?), head & 7))
    }

    #[inline]
    fn value(&mut self, kind: u64) -> Result<ValueRef<'a>, Corrupt> {
        Ok(match kind {
            FLOAT => {
                let (bytes, rest) = self.rest.split_first_chunk().ok_or(Corrupt)?;
                self.rest = rest;
                ValueRef::Float(f64::from_be_bytes(*bytes))
            }
            INTEGER => {
                let value = self.varint()?;
                ValueRef::Integer((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
            }
            UNSIGNED => ValueRef::Unsigned(self.varint()?),
            FALSE => ValueRef::Boolean(false),
            TRUE => ValueRef::Boolean(true),
            STRING => {
                let length = usize::try_from(self.varint()?).map_err(|_| Corrupt)?;
                ValueRef::String(str::from_utf8(self.bytes(length)?).map_err(|_| Corrupt)?)
            }
            _ => return Err(Corrupt),
        })
    }

    #[inline]
    fn pass_over(&mut self, kind: u64) -> Result<(), Corrupt> {
        match kind {
            FLOAT => self.bytes(size_of::<f64>()).map(|_| ()),
            INTEGER | UNSIGNED => self.varint().map(|_| ()),
            FALSE | TRUE => Ok(()),
            STRING => {
                let length = usize::try_from(self.varint()?).map_err(|_| Corrupt)?;
                self.bytes(length).map(|_| ())
            }
            _ => Err(Corrupt),
        }
    }

    #[inline]
    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Corrupt)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Mostly one byte, like the heads of the first fields of a store.
    #[inline]
    fn varint(&mut self) -> Result<u64, Corrupt> {
        match self.rest.split_first() {
            Some((byte, rest)) if byte & 0x80 == 0 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Corrupt> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Corrupt)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Corrupt)
    }
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Both rows in one; where both have a field, the value of `newer`.
pub(super) fn merge(older: &[u8], newer: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut merged = Vec::with_capacity(older.len() + newer.len());
    let mut older = fields(older).peekable();
    for field in fields(newer) {
        let (id, value) = field?;
        while let Some(&Ok((older_id, older_value))) = older.peek()
            && older_id <= id
        {
            if older_id < id {
                push(&mut merged, older_id, older_value);
            }
            older.next();
        }
        push(&mut merged, id, value);
    }
    for field in older {
        let (id, value) = field?;
        push(&mut merged, id, value);
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(values: &[(u32, FieldValue)]) -> Vec<u8> {
        let mut row = Vec::new();
        for (id, value) in values {
            push(&mut row, FieldId(*id), value.into());
        }
        row
    }

    fn decode(row: &[u8]) -> Vec<(u32, FieldValue)> {
        fields(row)
            .map(|field| field.map(|(id, value)| (id.0, value.to_owned())).unwrap())
            .collect()
    }

    fn any_value() -> impl Strategy<Value = FieldValue> {
        prop_oneof![
            any::<f64>()
                .prop_filter("NaN is not equal to itself", |value| !value.is_nan())
                .prop_map(FieldValue::Float),
            any::<i64>().prop_map(FieldValue::Integer),
            any::<u64>().prop_map(FieldValue::Unsigned),
            any::<bool>().prop_map(FieldValue::Boolean),
            any::<String>().prop_map(|text| FieldValue::String(text.into())),
        ]
    }

    fn any_fields() -> impl Strategy<Value = std::collections::BTreeMap<u32, FieldValue>> {
        proptest::collection::btree_map(prop_oneof![0..12_u32, any::<u32>()], any_value(), 0..8)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in any_fields()) {
            let values: Vec<_> = values.into_iter().collect();
            prop_assert_eq!(decode(&encode(&values)), values);
        }

        #[test]
        fn fields_are_found_among_others(values in any_fields(), wanted in proptest::collection::btree_set(0..14_u32, 0..8)) {
            let row = encode(&values.clone().into_iter().collect::<Vec<_>>());
            let mut fields = fields(&row);
            for id in wanted {
                let value = fields.value_of(FieldId(id)).unwrap().map(ValueRef::to_owned);
                prop_assert_eq!(value.as_ref(), values.get(&id));
            }
        }

        #[test]
        fn a_merge_is_a_union_in_which_the_newer_value_wins(older in any_fields(), newer in any_fields()) {
            let encode = |values: &std::collections::BTreeMap<u32, FieldValue>| encode(&values.clone().into_iter().collect::<Vec<_>>());
            let merged = merge(&encode(&older), &encode(&newer)).unwrap();
            let mut expected = older;
            expected.extend(newer);
            prop_assert_eq!(decode(&merged), expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for field in fields(&bytes) {
                if field.is_err() {
                    break;
                }
            }
            let mut fields = fields(&bytes);
            let _ = fields.value_of(FieldId(3)).and_then(|_| fields.value_of(FieldId(u32::MAX)));
        }
    }

    #[test]
    fn every_truncation_inside_of_a_field_is_noticed() {
        let row =
            encode(&[(3, FieldValue::Float(1.5)), (70_000, FieldValue::String("text".into()))]);
        let whole: Vec<usize> = vec![0, 9, row.len()];
        for length in 0..=row.len() {
            let read: Result<Vec<_>, _> = fields(&row[..length]).collect();
            assert_eq!(read.is_ok(), whole.contains(&length), "{length}");
        }
    }
}
