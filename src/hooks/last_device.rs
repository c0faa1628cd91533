//! The device whose dashboard was shown last, remembered in a cookie so that the server knows it too.

use super::cookie::{read_cookie, write_cookie};

const COOKIE: &str = "last_device";

/// Remembers a device for a year; without cookies (blocked by the person), `/dashboard` offers a choice. `id` has no character
/// that means something in a cookie.
///
/// ## Server-Side Rendering
///
/// Does nothing: a page that is only read changes nothing.
pub fn remember_device(id: String) {
    write_cookie(COOKIE, Some(&id));
}

/// The device that was remembered last, as the cookie has it: whoever uses it checks that it is an id.
///
/// ## Server-Side Rendering
///
/// Read from the request's cookies. Nothing in the browser asks for it.
pub fn last_device() -> Option<String> {
    read_cookie(COOKIE)
}
