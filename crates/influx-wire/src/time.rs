//! Instants as InfluxDB writes them: RFC 3339 with up to nine decimals, trailing zeros cut, `Z`.

/// An instant that is not RFC 3339, or outside of what 64 bits of nanoseconds hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time between 1677 and 2262")]
pub struct ParseError(pub String);

/// Appends nanoseconds since the Unix epoch as RFC 3339 (`2022-02-08T22:39:00Z`, `…00.057014Z`).
pub fn write_rfc3339(_out: &mut Vec<u8>, _nanoseconds: i64) {
    todo!()
}

/// Nanoseconds since the Unix epoch as RFC 3339.
pub fn format_rfc3339(_nanoseconds: i64) -> String {
    todo!()
}

/// Reads RFC 3339 with any offset into nanoseconds since the Unix epoch.
pub fn parse_rfc3339(_text: &str) -> Result<i64, ParseError> {
    todo!()
}
