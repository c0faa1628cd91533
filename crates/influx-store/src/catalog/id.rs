//! Ids as InfluxDB has them: 64 random bits, never zero, written as 16 lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ParseIdError;
use crate::storage::BucketId;

/// Identifies an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganizationId(pub u64);

/// Identifies a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub u64);

/// Identifies an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthorizationId(pub u64);

macro_rules! id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:016x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(OrganizationId);
id!(UserId);
id!(AuthorizationId);
id!(BucketId);

fn parse(text: &str) -> Result<u64, ParseIdError> {
    if text.len() != 16 {
        return Err(ParseIdError::Length);
    }
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(ParseIdError::Digits);
    }
    match u64::from_str_radix(text, 16) {
        Ok(0) | Err(_) => Err(ParseIdError::Digits),
        Ok(id) => Ok(id),
    }
}

/// An id that is not in use.
pub(super) fn random(is_in_use: impl Fn(u64) -> bool) -> Result<u64, getrandom::Error> {
    loop {
        let id = getrandom::u64()?;
        if id != 0 && !is_in_use(id) {
            return Ok(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_as_16_digits() {
        assert_eq!(BucketId(0x00ab).to_string(), "00000000000000ab");
        assert_eq!("00000000000000ab".parse(), Ok(BucketId(0xab)));
        assert_eq!("ab".parse::<BucketId>(), Err(ParseIdError::Length));
        for text in ["00000000000000AB", "+0000000000000ab", "0000000000000000", "000000000000000g"]
        {
            assert_eq!(text.parse::<BucketId>(), Err(ParseIdError::Digits), "{text}");
        }
    }
}
