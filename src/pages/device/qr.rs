//! QR codes as SVG: drawn by the server, without a script.

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcodegen::{QrCode as Code, QrCodeEcc};

/// Modules of nothing around the code, without which it is not found.
const QUIET_ZONE: i32 = 4;

/// A text as a QR code; nothing where it is too long for one. Dark on light in every theme: not every reader takes it the other way round.
#[component]
pub fn QrCode(
    text: String,
    /// What it is, for people who hear the page.
    title: &'static str,
) -> impl IntoView {
    let drawn = draw(&text)?;
    let Drawn { size, path } = drawn;
    Some(view! {
        <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-labelledby="qr-title" shape-rendering="crispEdges">
            <title id="qr-title">{title}</title>
            <rect class="qr__light" width=size height=size></rect>
            <path class="qr__dark" d=path></path>
        </svg>
    })
}

struct Drawn {
    /// Width and height, quiet zone included.
    size: i32,
    path: String,
}

/// One rectangle for each run of dark modules in a row.
fn draw(text: &str) -> Option<Drawn> {
    let code = Code::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let length = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            if length > 0 {
                // Writing into a string cannot fail.
                let _ =
                    write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += i32::try_from(length).unwrap_or(0) + 1;
        }
    }
    Some(Drawn { size: code.size() + 2 * QUIET_ZONE, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture that the path draws, so many dots a module, as a telephone sees it.
    fn read(drawn: &Drawn) -> String {
        const DOTS: usize = 4;
        let size = drawn.size as usize;
        let mut dark = vec![false; size * size];
        for rectangle in drawn.path.split_terminator('z') {
            let (start, rest) = rectangle.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let (length, rest) = rest.split_once("v1h-").unwrap();
            assert_eq!(length, rest, "goes back as far as it has come");
            let row = y * size + x;
            dark[row..row + length.parse::<usize>().unwrap()].fill(true);
        }
        let picture = |x: usize, y: usize| if dark[y / DOTS * size + x / DOTS] { 0 } else { 255 };
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(size * DOTS, size * DOTS, picture);
        image.detect_grids()[0].decode().unwrap().1
    }

    #[test]
    fn a_reader_reads_what_was_drawn() {
        for text in [
            "http://localhost:3000/devices/a".to_owned(),
            format!("http://[fd00::1234:5678:9abc:def0]:3000/devices/{}", "X:".repeat(32)),
            "é ünïcode".to_owned(),
        ] {
            assert_eq!(read(&draw(&text).unwrap()), text);
        }
    }

    #[test]
    fn what_is_too_long_is_not_drawn() {
        assert!(draw(&"x".repeat(3_000)).is_none());
    }
}
