//! The server.

#[cfg(feature = "ssr")]
fn main() {}

/// The browser's half of the program is the library; this binary has nothing to do there.
#[cfg(not(feature = "ssr"))]
fn main() {}
